"""How well what is learned on one corpus, language or gender holds on another: a value per fold that has a name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import attrgetter

from ser.evaluation import intervals
from ser.evaluation.intervals import Estimate
from ser.report.data.experiment import ReportData
from ser.report.data.results import INDEPENDENT, Result


@dataclass(frozen=True, eq=False)
class Transfer:
    """One direction of one result. estimates: by metric, with the 95 % interval that is clustered by speaker.

    trained, tested: values of the column by which the protocol divides the corpus; within: the result of the same
    system on the tested corpus alone, trained on its other speakers, where the experiment has it.
    """

    result: Result
    fold: int
    trained: tuple[str, ...]
    tested: str
    utterances: int
    clusters: int
    cluster_kind: str
    estimates: Mapping[str, Estimate]
    within: Result | None = None

    @property
    def train(self) -> str:
        """What is trained on: ``a + b``."""
        return " + ".join(self.trained)

    @property
    def name(self) -> str:
        """The name of the fold: ``a + b → c``."""
        return f"{self.train} → {self.tested}"

    @property
    def by(self) -> str:
        """The column that sets train and test apart: corpus, language, gender, …"""
        return str(self.result.first.protocol.options.get("by", ""))


@lru_cache(maxsize=1)
def transfers(data: ReportData) -> list[Transfer]:
    """Return the directions of every result under a protocol whose folds have names, result by result."""
    return [one for result in data.by_name for one in _of_result(data, result)]


def by_result(found: Sequence[Transfer]) -> list[list[Transfer]]:
    """Return the directions of each result together."""
    return [list(group) for _, group in groupby(found, key=attrgetter("result"))]


def _of_result(data: ReportData, result: Result) -> list[Transfer]:
    read = data.predictions[result.key]
    rows = read.rows
    found = []
    for fold, (trained, tested) in enumerate(result.first.protocol.directions()):
        if not (mine := rows[rows["fold"] == fold]).empty:
            tally = intervals.tally(mine, result.first.classes, "", read.dimensions)
            estimates = {metric: intervals.estimate(tally, metric) for metric in data.metrics}
            sizes = mine["utterance"].nunique(), len(tally.clusters), tally.kind
            found.append(Transfer(result, fold, trained, tested, *sizes, estimates, _within(data, result, tested)))
    return found


def _within(data: ReportData, result: Result, tested: str) -> Result | None:
    """Return the speaker-independent result of the system on the tested corpus alone, with the same classes or
    dimensions.

    One that leaves out a gender or another value is none: it is a transfer itself.
    """
    if result.first.protocol.options.get("by") != "corpus":
        return None
    same = [one for one in data.results if (one.corpus, one.system) == (tested, result.system)]
    ranked = [one for one in same if one.kind == INDEPENDENT and not one.unranked]
    whole = [one for one in ranked if not one.first.protocol.directions()]
    return next((one for one in whole if _target(one) == _target(result)), None)


def _target(result: Result) -> set[str]:
    return {*result.first.classes, *result.dimensions}
