"""What a bundle states about its system: how good it is, and how its probabilities are calibrated."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of a bundle's record. A key that a later version adds is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class CrossValidation(Part):
    """What the cross-validation of a system says, on speakers that a run of it did not train on.

    metrics: value and 95 % interval (None: not known), 0…1, of all folds of a seed pooled, mean over seeds; protocol:
    its name; clusters: how many, of ``kind``: speaker, or utterance where speakers are not known.
    """

    protocol: str
    metrics: dict[str, tuple[float, float | None, float | None]]
    folds: int
    seeds: tuple[int, ...]
    utterances: int
    clusters: int
    kind: str


class StatedTest(Part):
    """A test of ``ser assess``, as a ``Finding`` of ser/evaluation/model_tests.py; None: not known."""

    kind: str
    test: str
    value: float | None
    low: float | None
    high: float | None
    limit: float
    at_least: bool
    verdict: str


class Assessment(Part):
    """The tests of ``ser assess`` on the cross-validation of a system: all folds and seeds of its runs together.

    utterances: that were tested; clusters: how many, of ``kind``, as in ``CrossValidation``.
    """

    protocol: str
    utterances: int
    clusters: int
    kind: str
    tests: tuple[StatedTest, ...]


class HeldOut(Part):
    """The same calibration by the dev part of each fold, measured on its test part, all folds together.

    error, calibrated: expected calibration error before and after, 0…1; unsure_right, unsure_wrong: shares of the right
    and of the wrong answers that are less sure than the limit of the rule, None without one.
    """

    folds: int
    utterances: int
    error: float
    calibrated: float
    unsure_right: float | None
    unsure_wrong: float | None


class Calibration(Part):
    """temperature: probabilities become proportional to p^(1/T); utterances: of dev, on which it was fitted.

    error, calibrated: expected calibration error on that part before and after, 0…1: the second is too low, since T
    was fitted there.
    """

    temperature: float
    utterances: int
    error: float
    calibrated: float
    held_out: HeldOut | None = None
