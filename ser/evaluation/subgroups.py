"""Metrics of groups of utterances: by gender, language, recording condition, length and agreement of the raters.

A group with fewer than ``FEWEST_SPEAKERS`` speakers or ``FEWEST_UTTERANCES`` utterances is too small to say something
about people or recordings like it: its size is known, its metrics are not given. Groups are compared on the classes
that all of them have; the difference of two groups has an interval that leaves out one speaker at a time, from both
groups where the speaker is in both. The largest of several differences is one that was chosen: it is too large on
average, and its interval does not cover that.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from ser.errors import SerError
from ser.evaluation import intervals
from ser.evaluation.agreement import shares_of_label, themselves, votes
from ser.evaluation.intervals import Estimate, Tally
from ser.tables import contracts

FEWEST_SPEAKERS, FEWEST_UTTERANCES = 5, 50
TOO_FEW = f"fewer than {FEWEST_SPEAKERS} speakers or {FEWEST_UTTERANCES} utterances"
METRICS = ("WA", "UA", "macro F1")
COMPARED = "UA"  # by which the best group and the largest gap are found
NAMED: Final = {  # column of the manifest: what it is called; each value is a group
    "gender": "gender",
    "language": "language",
    "style": "style",
    "intensity": "intensity",
    "rate": "rate of the file",
    "channels": "channels of the file",
}
LENGTH, AGREEMENT = "length", "agreement of raters"
AGREE = ("all raters", "most raters", "half or fewer")  # who gave an utterance's label
Labels = Mapping[str, Collection[str]]  # class: emotions that are merged into it


@dataclass(frozen=True)
class Group:
    """One group of test utterances of a system.

    attribute: what utterances are grouped by; speakers: None where they are unknown; utterances: that the metrics are
    of; estimates: by metric, empty where the group is too small; best: the group with the highest UA; gap: UA less that
    of the best group, None for that one itself and where there is nothing to compare; without: classes that another
    group lacks, left out of the metrics.
    """

    attribute: str
    name: str
    speakers: int | None
    utterances: int
    estimates: Mapping[str, Estimate]
    best: str | None = None
    gap: Estimate | None = None
    without: tuple[str, ...] = ()

    @property
    def too_few(self) -> str:
        """``too few: 3 speakers, 120 utterances``; "" where the group is large enough."""
        if (self.speakers is not None and self.speakers < FEWEST_SPEAKERS) or self.utterances < FEWEST_UTTERANCES:
            speakers = "" if self.speakers is None else f"{self.speakers} speaker{'s' * (self.speakers != 1)}, "
            return f"too few: {speakers}{self.utterances} utterances"
        return ""


def labels_of(stated: Labels | str, classes: Collection[str]) -> Labels:
    """Return the emotions of each class. stated: labels of a protocol, where a text is "all"."""
    return {name: (name,) for name in classes} if isinstance(stated, str) else stated


def attributes(manifest: Path, tested: Collection[str], labels: Labels) -> pd.DataFrame:
    """Return the groups of the ``tested`` utterances: index utterance, a column per attribute that tells them apart.

    Cells are names of groups, None where unknown; columns are ordered categories. Length is in thirds of ``tested``.
    Agreement is the share of the raters who gave an utterance's label; labels: class and the emotions merged into it.
    """
    table = contracts.select(manifest, ["utterance", "emotion", "seconds", "raters", *NAMED])
    rows = table.to_pandas().set_index("utterance")
    rows = rows[rows.index.isin(set(tested))]
    found = {title: _texts(rows[column]) for column, title in NAMED.items()}
    found[LENGTH] = _thirds(rows["seconds"])
    found[AGREEMENT] = _agreement(rows, labels, themselves(manifest))
    apart = {title: groups for title, groups in found.items() if groups.nunique() > 1}
    return pd.DataFrame(apart, index=rows.index)


def groups(rows: pd.DataFrame, attributes: pd.DataFrame, classes: Collection[str]) -> list[Group]:
    """Return the groups of one system's predictions, attribute by attribute.

    rows: seed, fold, utterance, speaker, label, predicted; attributes: as the function of this name returns them.
    """
    return [one for name in attributes for one in _by_attribute(rows, str(name), attributes[name], tuple(classes))]


def largest(found: Collection[Group]) -> list[Group]:
    """Return the group of each attribute with the largest gap to the best one, in order; none without a gap."""
    worst: dict[str, tuple[float, Group]] = {}
    for one in found:
        if one.gap is not None and one.gap.value < worst.get(one.attribute, (1.0, one))[0]:
            worst[one.attribute] = one.gap.value, one
    return [one for _, one in worst.values()]


def _by_attribute(
    rows: pd.DataFrame, attribute: str, of: "pd.Series[Any]", classes: tuple[str, ...]
) -> Iterator[Group]:
    every = _sized(rows, attribute, of)
    common = {*classes}.intersection(*(set(mine["label"]) for one, mine in every.values() if not one.too_few))
    without = tuple(name for name in classes if name not in common and name in set(rows["label"]))
    scored = _sized(rows[rows["label"].isin(common)], attribute, of) if len(common) > 1 else {}
    large = {name: pair for name, pair in scored.items() if not (pair[0].too_few or every[name][0].too_few)}
    tallies = {name: intervals.tally(mine, classes, name) for name, (_, mine) in large.items()}
    estimates = {
        name: {metric: intervals.estimate(tally, metric) for metric in METRICS} for name, tally in tallies.items()
    }
    best = max(estimates, key=lambda name: estimates[name][COMPARED].value, default=None)
    for name, (one, _) in every.items():
        if name not in estimates:
            yield one if one.too_few else scored.get(name, (one,))[0]
            continue
        gap = None
        if best is not None and name != best:
            gap = intervals.estimate(difference(tallies[name], tallies[best]), COMPARED)
        yield replace(scored[name][0], estimates=estimates[name], best=best, gap=gap, without=without)


def _sized(rows: pd.DataFrame, attribute: str, of: "pd.Series[Any]") -> dict[str, tuple[Group, pd.DataFrame]]:
    """Return each group with its speakers and utterances, and its rows."""
    known = rows["speaker"].notna().all() and rows["speaker"].nunique() > 1
    found = {}
    for name, mine in rows.groupby(rows["utterance"].map(of).astype(of.dtype), observed=True):
        speakers = mine["speaker"].nunique() if known else None
        found[str(name)] = Group(attribute, str(name), speakers, mine["utterance"].nunique(), {}), mine
    return found


def difference(one: Tally, other: Tally) -> Tally:
    """Return two groups of utterances of one system as one tally, whose value is ``one`` less ``other``."""
    clusters = sorted({*one.clusters, *other.clusters})
    row = {name: number for number, name in enumerate(clusters)}
    sides = []
    for side in (one, other):
        counts = np.zeros((len(clusters), *side.counts.shape[1:]))
        counts[[row[name] for name in side.clusters]] = side.counts
        sides.append(counts)
    name = f"{one.name} - {other.name}"
    return Tally(name, sides[0], one.kind, tuple(clusters), None, sides[1], apart=True)


def _texts(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return the values as ordered categories of texts; numbers are in the order of their size."""
    values = sorted(column.dropna().unique())
    texts = column.map({value: str(value) for value in values})
    return texts.astype(pd.CategoricalDtype([str(value) for value in values], ordered=True))


def _thirds(seconds: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return the third of the utterances, by length, that each is in; None for all where lengths do not differ."""
    first, second = seconds.quantile([1 / 3, 2 / 3]) if len(seconds) else (0.0, 0.0)
    names = [f"below {first:.2f} s", f"{first:.2f} to {second:.2f} s", f"from {second:.2f} s"]
    dtype = pd.CategoricalDtype(names, ordered=True)
    if not first < second:
        return pd.Series(None, seconds.index, dtype=dtype)
    third = (seconds >= first).astype(int) + (seconds >= second)
    return third.map(dict(enumerate(names))).astype(dtype)


def _agreement(rows: pd.DataFrame, labels: Labels, without: str) -> "pd.Series[Any]":
    """Return how many of an utterance's raters gave its label; None where fewer than two raters are known."""
    merged = {emotion: name for name, emotions in labels.items() for emotion in emotions}
    dtype = pd.CategoricalDtype(list(AGREE), ordered=True)
    try:
        given = votes(rows.reset_index(), labels, without=without)
    except SerError:  # no raters
        return pd.Series(None, rows.index, dtype=dtype)
    shares = shares_of_label(given, rows["emotion"].map(merged))
    level = pd.Series(np.select([shares >= 1 - 1e-9, shares > 0.5], AGREE[:2], AGREE[2]), shares.index, dtype=object)
    return level.reindex(rows.index).astype(dtype)
