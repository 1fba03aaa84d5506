"""Tests that a trained system should pass: correctness, calibration, fairness, robustness, consistency.

Each test compares a number with a limit that is stated here. The interval of the number, for other speakers, decides:
passed where all of it is on the right side of the limit, failed where none of it is, else undecided. A number without
an interval decides by itself; a test without a number, such as one under a condition that was not computed, is not
tested. The tests are ours; Derington et al. 2023 (Testing speech emotion recognition machine learning models) have
more, on recordings that they do not publish.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Final, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from ser.config.disturbances import MILD, UNNOTICED
from ser.evaluation import comparison, intervals, subgroups
from ser.evaluation.calibration import calibration_error, reliability
from ser.evaluation.intervals import Estimate, Tally
from ser.evaluation.subgroups import Group

TestVerdict = Literal["passed", "failed", "undecided", "not tested"]
VERDICTS: Final = get_args(TestVerdict)
KINDS = ("correctness", "calibration", "fairness", "robustness", "consistency")
MOST_PREDICTED = 2.0  # how often a class may be predicted, of how often it occurs
MOST_ERROR = 0.10  # expected calibration error
MOST_GAP = 0.10  # of UA, between the best and the worst group
MOST_LOSS = 0.05  # of UA, under a mild condition
LEAST_AGREEMENT = 0.90  # share of utterances whose answer stays after a change that should change none
UNKNOWN = Estimate(nan, nan, nan, nan, "")
Disturbed = Callable[[str, float], pd.DataFrame | None]  # condition and strength: the predictions, None without


@dataclass(frozen=True)
class Finding:
    """One test. value with low and high, its 95 % interval, NaN without one; it should be at least, or most, limit.

    A value of NaN is not known.
    """

    kind: str
    test: str
    value: float
    low: float
    high: float
    limit: float
    at_least: bool = True

    @property
    def verdict(self) -> TestVerdict:
        """Passed, failed, undecided or not tested."""
        if isnan(self.value):
            return "not tested"
        low, high = (self.value, self.value) if isnan(self.low) else (self.low, self.high)
        side = 1 if self.at_least else -1
        ends = sorted((side * (low - self.limit), side * (high - self.limit)))
        return "passed" if ends[0] >= 0 else "failed" if ends[1] < 0 else "undecided"


def findings(
    clean: pd.DataFrame, classes: Sequence[str], error: float, groups: Iterable[Group], disturbed: Disturbed
) -> Iterator[Finding]:
    """Yield every test of one system: 17, and one per attribute that tells groups of utterances apart, at least one.

    clean: seed, fold, utterance, speaker, label, predicted, of all seeds and folds; error: expected calibration error,
    NaN where it is not known; groups: of ``clean``; disturbed: the same utterances under a condition.
    """
    tally = intervals.tally(clean, classes)
    yield from _correctness(clean, classes, tally)
    yield Finding("calibration", "expected calibration error", error, nan, nan, MOST_ERROR, at_least=False)
    yield from _fairness(groups)
    for condition, strength in MILD.items():
        found = _loss(disturbed(condition, strength), tally, classes)
        yield _finding("robustness", f"UA, {condition} {strength:g} less undisturbed", found, -MOST_LOSS)
    for condition, strength in UNNOTICED:
        found = _agreement(disturbed(condition, strength), clean, classes)
        yield _finding("consistency", f"same answer, {condition} {strength:g}", found, LEAST_AGREEMENT)


def calibration_error_of(clean: pd.DataFrame, probabilities: ArrayLike, classes: Sequence[str]) -> float:
    """Return the expected calibration error, 0…1, mean over seeds. probabilities: (rows of ``clean``, classes)."""
    truth, given = pd.Index(classes).get_indexer(pd.Index(clean["label"])), np.asarray(probabilities)
    rows = (np.flatnonzero(clean["seed"] == seed) for seed in clean["seed"].unique())
    return float(np.mean([calibration_error(reliability(given[mine], truth[mine])) for mine in rows]))


def _correctness(clean: pd.DataFrame, classes: Sequence[str], tally: Tally) -> Iterator[Finding]:
    chance = 1 / len(classes)
    yield _finding("correctness", "UA above chance", intervals.estimate(tally, "UA"), chance)
    recalls = {
        str(name): intervals.estimate(intervals.tally(rows, classes), "WA") for name, rows in clean.groupby("label")
    }
    worst = min(recalls, key=lambda name: recalls[name].value)
    yield _finding("correctness", f"lowest recall ({worst}) above chance", recalls[worst], chance)
    shares = (clean["predicted"].value_counts() / clean["label"].value_counts()).reindex(clean["predicted"].unique())
    most, often = max(shares.fillna(np.inf).items(), key=lambda one: float(one[1]))  # never true: infinitely often
    text = f"predicted over true, {most}"
    yield Finding("correctness", text, float(often), nan, nan, MOST_PREDICTED, at_least=False)


def _fairness(groups: Iterable[Group]) -> Iterator[Finding]:
    worst = [(one, one.gap) for one in subgroups.largest(list(groups)) if one.gap is not None]
    for one, gap in worst:
        yield _finding("fairness", f"UA by {one.attribute}, {one.name} less {one.best}", gap, -MOST_GAP)
    if not worst:
        yield _finding("fairness", "UA by groups: none is large enough", UNKNOWN, -MOST_GAP)


def _loss(rows: pd.DataFrame | None, clean: Tally, classes: Sequence[str]) -> Estimate:
    """Return the difference in UA, paired by utterance; not known where the seeds test different utterances."""
    if rows is None:
        return UNKNOWN
    tally = intervals.tally(rows, classes)
    if tally.tested is None or clean.tested is None:
        return UNKNOWN
    return intervals.estimate(comparison.difference(tally, clean), "UA")


def _agreement(rows: pd.DataFrame | None, clean: pd.DataFrame, classes: Sequence[str]) -> Estimate:
    """Return the share of utterances whose predicted class is that of the undisturbed one."""
    if rows is None:
        return UNKNOWN
    key = ["seed", "fold", "utterance"]
    before = clean[[*key, "predicted"]].rename(columns={"predicted": "label"})
    both = rows.drop(columns="label").merge(before, on=key, how="left", validate="one_to_one")
    return intervals.estimate(intervals.tally(both, classes), "WA")


def _finding(kind: str, test: str, found: Estimate, limit: float) -> Finding:
    return Finding(kind, test, found.value, found.low, found.high, limit)
