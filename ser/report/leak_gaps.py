"""What a leak adds: the same system on the same utterances, under a protocol with the leak and under one without."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby, permutations
from operator import attrgetter

import numpy as np
import pandas as pd

from ser import dimension_metrics
from ser.evaluation.intervals import Estimate, Tally, estimate
from ser.evaluation.predictions import Predictions
from ser.report import dimension_gaps
from ser.report.data.audits import Leak
from ser.report.data.experiment import ReportData
from ser.report.data.results import Result, ResultGroup
from ser.report.formats import spans

PROTOCOLS = attrgetter("group.corpus", "less.protocol", "more.protocol")


@dataclass(frozen=True, eq=False)
class Gap:
    """One system, or the mean over ``systems``, under a protocol with more leaks and under one with fewer.

    leaks: those that only ``more`` has. seeds: those that both have; empty: means over different seeds. changes: by
    metric, more less fewer, with the 95 % interval that is clustered by speaker; NaN limits where none is known.
    pair: the counts on the utterances that both tested; None where they have none in common. differs: what else sets
    the two protocols apart. Of a mean, less and more are the results of the first system.
    """

    group: ResultGroup
    less: Result
    more: Result
    leaks: tuple[Leak, ...]
    seeds: tuple[int, ...]
    pair: Tally | None
    utterances: int
    changes: Mapping[str, Estimate]
    differs: tuple[str, ...]
    systems: int = 1

    @property
    def remark(self) -> str:
        """What else sets the two rows apart, and which folds are missing."""
        sides = (self.less, self.more)
        remarks = [f"{result.protocol} is {result.partial}" for result in sides if result.partial]
        remarks += [f"{result.untrained} under {result.protocol}" for result in sides if result.untrained]
        if self.differs:
            remarks.append(f"the protocols also differ in {', '.join(self.differs)}")
        if not self.seeds:
            remarks.append("no seed in common: means over different seeds")
        elif set(self.seeds) != set(self.less.seeds) | set(self.more.seeds):
            remarks.append(f"Δ over seeds {spans(self.seeds)} only")
        if self.pair is None:
            remarks.append("not on the same utterances, so without an interval")
        elif {self.less.utterances, self.more.utterances} != {self.utterances}:
            remarks.append(f"Δ on the {self.utterances} utterances that both tested")
        return "; ".join(remarks)


@lru_cache(maxsize=1)
def gaps(data: ReportData) -> list[Gap]:
    """Return, within every group, each system under two protocols of which one leaks more than the other."""
    found = [
        _gap(data, group, less, more, added)
        for group in data.groups
        for less, more in permutations(group.results, 2)
        if less.system == more.system and (added := _added(less, more, group))
    ]
    return sorted(found, key=PROTOCOLS)


@lru_cache(maxsize=1)
def mean_gaps(data: ReportData) -> list[Gap]:
    """Return the mean over systems between every two protocols, where all systems tested the same utterances."""
    linear = [metric for metric in data.ranking_first if dimension_metrics.find(metric).linear]
    found = []
    for group in by_protocols(gap for gap in gaps(data) if not (gap.less.unranked or gap.more.unranked)):
        pairs = [gap.pair for gap in group if gap.pair is not None]
        totals = [pair.counts[:, 0, ..., :2] if pair.dimensions else pair.counts.sum(-1) for pair in pairs]
        if pairs and all(totals[0].shape == total.shape and np.allclose(totals[0], total) for total in totals):
            mean = dimension_gaps.mean(pairs) if pairs[0].dimensions else _mean(pairs)
            changes = {metric: estimate(mean, metric) for metric in (data.metrics if mean.dimensions else linear)}
            found.append(replace(group[0], pair=mean, changes=changes, systems=len(pairs)))
    return found


def _mean(pairs: Sequence[Tally]) -> Tally:
    counts, other = (np.mean([getattr(pair, side) for pair in pairs], axis=0) for side in ("counts", "other"))
    return replace(pairs[0], counts=counts, other=other)


def by_protocols(found: Iterable[Gap]) -> list[list[Gap]]:
    """Return the gaps, sorted as in ``gaps``, between the same two protocols together."""
    return [list(group) for _, group in groupby(found, key=PROTOCOLS)]


def _added(less: Result, more: Result, group: ResultGroup) -> set[str]:
    """Return the leaks that ``more`` adds; empty where the two protocols are no neighbours.

    They are neighbours if one has all leaks of the other and some more, and no protocol of this system lies between. A
    protocol that ends speaker independence without having all leaks of any other is compared with all that keep it.
    """
    fewer, many = _declared(less), _declared(more)
    others = [_declared(one) for one in group.results if one.system == more.system]
    if fewer < many:
        between = any(fewer < other < many for other in others)
    else:
        between = less.leaking or not more.leaking or any(other < many for other in others)
    return set() if between else many - fewer


def _declared(result: Result) -> set[str]:
    return set(result.first.protocol.leaks)


def _gap(data: ReportData, group: ResultGroup, less: Result, more: Result, added: set[str]) -> Gap:
    seeds = tuple(sorted(set(less.seeds) & set(more.seeds)))
    read = data.predictions[less.key], data.predictions[more.key]
    if less.dimensions:
        pair, common = dimension_gaps.pair(*read, seeds)
    else:
        pair, common = _pair(*(_shares(one, seeds, less.first.classes) for one in read))
    if pair is None:
        changes = {metric: _unpaired(less, more, metric, seeds) for metric in data.metrics}
    else:
        changes = {metric: estimate(pair, metric) for metric in data.metrics}
    one, two = (result.first.protocol.model_dump(mode="json") for result in (less, more))
    differs = [key for key in ("normalisation", "selection") if one[key] != two[key] and key not in " ".join(added)]
    if less.first.folds != more.first.folds:
        differs.append(f"folds ({less.first.folds} and {more.first.folds})")
    leaks = tuple(leak for leak in data.leaks(more) if leak.name in added)
    return Gap(group, less, more, leaks, seeds, pair, common, changes, tuple(differs))


def _shares(predictions: Predictions, seeds: tuple[int, ...], classes: Sequence[str]) -> pd.DataFrame:
    """Return the share of each predicted class over seeds and repeated tests, by utterance, label and speaker."""
    rows = predictions.rows
    chosen = rows[rows["seed"].isin(seeds)] if seeds else rows
    keys = [chosen[name].fillna("") for name in ("utterance", "label", "speaker")]
    return pd.crosstab(keys, chosen["predicted"], normalize="index").reindex(columns=list(classes), fill_value=0.0)


def _pair(less: pd.DataFrame, more: pd.DataFrame) -> tuple[Tally | None, int]:
    """Return the confusion counts of both, on their common utterances, by speaker, and how many these are."""
    common = less.index.intersection(more.index)
    if not len(common):
        return None, 0
    less, more = less.loc[common], more.loc[common]
    names = less.index.to_frame(index=False)
    known = (names["speaker"] != "").all() and names["speaker"].nunique() > 1
    kind = "speaker" if known else "utterance"
    cluster, clusters = pd.factorize(names[kind], sort=True)
    label = less.columns.get_indexer(pd.Index(names["label"]))
    counts = np.zeros((2, len(clusters), 1, less.shape[1], less.shape[1]))
    for side, shares in zip(counts, (more, less), strict=True):
        np.add.at(side, (cluster, np.zeros_like(cluster), label), shares.to_numpy())
    return Tally("", counts[0], kind, tuple(clusters), None, other=counts[1]), len(common)


def _unpaired(less: Result, more: Result, metric: str, seeds: tuple[int, ...]) -> Estimate:
    """Return the difference of two means over ``seeds``, without an interval."""
    means = []
    for result in (more, less):
        values = result.scores[metric].by_seed
        means.append(sum(values[seed] for seed in seeds or values) / len(seeds or values))
    return Estimate(means[0] - means[1], math.nan, math.nan, math.nan, "")
