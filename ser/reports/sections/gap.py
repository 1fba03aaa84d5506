"""What a leak adds: the same system on the same utterances, under a protocol with the leak and under one without."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np
import pandas as pd

from ser.evaluation.intervals import Estimate, Tally, estimate
from ser.metrics import DEFAULT
from ser.reports.gathered.answers import Answers, Key
from ser.reports.gathered.numerals import NONE, limits, percent, points
from ser.reports.gathered.results import Block, Result
from ser.reports.gathered.runs import spans
from ser.reports.gathered.tables import Table


@dataclass(frozen=True, eq=False)
class Gap:
    """One system under a protocol with more leaks and under one with fewer: what those add.

    ua, wa: more less fewer, −1…1, with the 95 % interval that is clustered by speaker; NaN limits where none is known.
    paired: on the utterances that both tested; None where they have none in common.
    """

    block: Block
    less: Result
    more: Result
    leaks: tuple[str, ...]  # that only ``more`` has
    seeds: tuple[int, ...]  # that both have; empty: means over different seeds
    paired: Tally | None
    utterances: int  # that both tested
    ua: Estimate
    wa: Estimate
    differs: tuple[str, ...]  # what sets the two protocols apart beside their rule


@dataclass(frozen=True)
class Gain:
    """What the leaks of one protocol add over another, mean over systems."""

    corpus: str
    less: str
    more: str
    leaks: tuple[str, ...]
    systems: int
    ua: Estimate
    wa: Estimate


def gaps(blocks: Iterable[Block], answers: Mapping[Key, Answers]) -> list[Gap]:
    """Return, within every block, each system under two protocols of which one leaks more than the other."""
    found = []
    for block in blocks:
        for less, more in permutations(block.results, 2):
            if less.system == more.system and (leaks := _added(less, more, block)):
                found.append(_gap(block, less, more, leaks, answers))
    return sorted(found, key=lambda gap: (gap.block.corpus, gap.less.protocol, gap.more.protocol))


def _added(less: Result, more: Result, block: Block) -> tuple[str, ...]:
    """Return the leaks that ``more`` adds; none where the two protocols do not stand next to each other.

    They do if one has all leaks of the other and some besides, and no protocol of this system lies between them. A
    protocol that ends speaker independence without having all leaks of any other is held against all that keep it.
    """
    fewer, many = _leaks(less), _leaks(more)
    others = [_leaks(one) for one in block.results if one.system == more.system]
    if fewer < many:
        between = any(fewer < other < many for other in others)
    else:
        between = less.leaking or not more.leaking or any(other < many for other in others)
    return () if between else tuple(leak for leak in more.first.protocol.leaks if leak not in fewer)


def _leaks(result: Result) -> set[str]:
    return set(result.first.protocol.leaks)


def grouped(found: Iterable[Gap]) -> list[list[Gap]]:
    """Return the gaps between the same two protocols on the same utterances together."""
    groups: dict[tuple[str, str, str, str], list[Gap]] = {}
    for gap in found:
        key = (gap.block.corpus, gap.block.classes, gap.less.protocol, gap.more.protocol)
        groups.setdefault(key, []).append(gap)
    return list(groups.values())


def gains(found: Iterable[Gap]) -> list[Gain]:
    """Return the mean over systems of the gaps between every two protocols, where all tested the same utterances."""
    whole = ([gap for gap in group if not (gap.less.partial or gap.more.partial)] for group in grouped(found))
    return [gain for group in whole if (gain := _gain(group)) is not None]


def remark(gap: Gap) -> str:
    """Return what else sets the two rows of a gap apart, and which folds are missing."""
    remarks = [f"{result.protocol} is {result.partial}" for result in (gap.less, gap.more) if result.partial]
    if gap.differs:
        remarks.append(f"the protocols also differ in {', '.join(gap.differs)}")
    if not gap.seeds:
        remarks.append("no seed in common: means over different seeds")
    elif set(gap.seeds) != set(gap.less.seeds) | set(gap.more.seeds):
        remarks.append(f"Δ over seeds {spans(gap.seeds)} only")
    if gap.paired is None:
        remarks.append("not on the same utterances, so without an interval")
    elif {gap.less.utterances, gap.more.utterances} != {gap.utterances}:
        remarks.append(f"Δ on the {gap.utterances} utterances that both tested")
    return "; ".join(remarks)


def tables(found: Sequence[Gap], means: Sequence[Gain], warning: str) -> list[Table]:
    """Return what each system gains, and the mean over systems."""
    columns: tuple[str, ...] = ("Corpus", "System", "Without leak", "With leak", "Leak", "UA", "UA with leak")
    columns += ("Δ UA", "Δ UA 95 %", "Δ WA", "Δ WA 95 %", "Remark")
    text = frozenset({"Corpus", "System", "Without leak", "With leak", "Leak", "Remark"})
    rows = tuple(
        (
            *(gap.block.corpus, gap.less.system, gap.less.protocol, gap.more.protocol, "; ".join(gap.leaks)),
            *(percent(gap.less.ua.mean), percent(gap.more.ua.mean), *_cells(gap.ua), *_cells(gap.wa), remark(gap)),
        )
        for gap in found
    )
    caption = "What each leak adds: UA in percent, differences in points, with the leak less without, the same system "
    caption += "on the same utterances, with 95 % intervals for other test speakers. From predictions.parquet."
    mean = tuple(
        (
            *(gain.corpus, gain.less, gain.more, "; ".join(gain.leaks), str(gain.systems)),
            *(*_cells(gain.ua), *_cells(gain.wa)),
        )
        for gain in means
    )
    names = ("Corpus", "Without leak", "With leak", "Leak", "Systems", "Δ UA", "Δ UA 95 %", "Δ WA", "Δ WA 95 %")
    made = [Table(caption, warning, columns, rows, text)] if rows else []
    title = "What each leak adds, mean over systems. From predictions.parquet."
    return [*made, Table(title, warning, names, mean, text)] if mean else made


def frame(found: Iterable[Gap]) -> pd.DataFrame:
    """Return one row per gap, in percent and points."""
    changes = [f"{metric}_{name}" for metric in ("UA", "WA") for name in ("difference", "low", "high")]
    columns = ["corpus", "system", "without", "with", "leaks", *changes, "utterances", "method", "remark", "note"]
    rows = [
        (
            *(gap.block.corpus, gap.less.system, gap.less.protocol, gap.more.protocol, "; ".join(gap.leaks)),
            *(round(100 * value, 4) for one in (gap.ua, gap.wa) for value in (one.value, one.low, one.high)),
            *(gap.utterances, gap.ua.method, remark(gap), gap.block.warning),
        )
        for gap in found
    ]
    return pd.DataFrame(rows, columns=columns)


def _cells(found: Estimate) -> tuple[str, str]:
    return points(found.value), limits(found.low, found.high) or NONE


def _gap(block: Block, less: Result, more: Result, leaks: tuple[str, ...], answers: Mapping[Key, Answers]) -> Gap:
    seeds = tuple(sorted(set(less.seeds) & set(more.seeds)))
    keys = ((one.corpus, one.protocol, one.system) for one in (less, more))
    shares = [_shares(answers[key], seeds, less.first.classes) for key in keys]
    both = shares[0].index.intersection(shares[1].index)
    pair = _paired(*(one.loc[both] for one in shares)) if len(both) else None
    if pair is None:
        ua, wa = (
            _apart(one, two, seeds) for one, two in ((less.pooled_ua, more.pooled_ua), (less.pooled_wa, more.pooled_wa))
        )
    else:
        wa, ua = (estimate(pair, metric) for metric in DEFAULT)
    one, two = (result.first.protocol.model_dump(mode="json") for result in (less, more))
    differs = [key for key in ("normalisation", "selection") if one[key] != two[key] and key not in " ".join(leaks)]
    if less.first.folds != more.first.folds:
        differs.append(f"folds ({less.first.folds} and {more.first.folds})")
    return Gap(block, less, more, leaks, seeds, pair, len(both), ua, wa, tuple(differs))


def _shares(answers: Answers, seeds: tuple[int, ...], classes: Sequence[str]) -> pd.DataFrame:
    """Return the share of each predicted class over seeds and repeated tests, by utterance, label and speaker."""
    rows = answers.rows
    chosen = rows[rows["seed"].isin(seeds)] if seeds else rows
    keys = [chosen[name].fillna("") for name in ("utterance", "label", "speaker")]
    return pd.crosstab(keys, chosen["predicted"], normalize="index").reindex(columns=list(classes), fill_value=0.0)


def _paired(less: pd.DataFrame, more: pd.DataFrame) -> Tally:
    """Return the confusions of both, on the same utterances, by speaker."""
    names = less.index.to_frame(index=False)
    known = (names["speaker"] != "").all() and names["speaker"].nunique() > 1
    kind = "speaker" if known else "utterance"
    cluster, clusters = pd.factorize(names[kind], sort=True)
    label = less.columns.get_indexer(pd.Index(names["label"]))
    counts = np.zeros((2, len(clusters), 1, less.shape[1], less.shape[1]))
    for side, shares in zip(counts, (more, less), strict=True):
        np.add.at(side, (cluster, np.zeros_like(cluster), label), shares.to_numpy())
    return Tally("", counts[0], kind, tuple(clusters), None, other=counts[1])


def _gain(group: Sequence[Gap]) -> Gain | None:
    tallies = [gap.paired for gap in group if gap.paired is not None]
    if not tallies or any(not _alike(tallies[0], one) for one in tallies):
        return None
    more, less = (np.mean(sides, axis=0) for sides in zip(*((one.counts, one.other) for one in tallies), strict=True))
    first = group[0]
    pair = replace(tallies[0], counts=more, other=less)
    wa, ua = (estimate(pair, metric) for metric in DEFAULT)
    return Gain(first.block.corpus, first.less.protocol, first.more.protocol, first.leaks, len(tallies), ua, wa)


def _alike(one: Tally, other: Tally) -> bool:
    totals = one.counts.sum(-1), other.counts.sum(-1)
    return totals[0].shape == totals[1].shape and np.allclose(*totals)


def _apart(less: Mapping[int, float], more: Mapping[int, float], seeds: tuple[int, ...]) -> Estimate:
    """Return the difference of two means over ``seeds``, of which nothing else is known."""
    value = _mean(more, seeds) - _mean(less, seeds)
    return Estimate(value, math.nan, math.nan, math.nan, "")


def _mean(values: Mapping[int, float], seeds: tuple[int, ...]) -> float:
    chosen = [values[seed] for seed in seeds or values]
    return sum(chosen) / len(chosen)
