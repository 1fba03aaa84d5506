"""Every two systems of a protocol: difference, interval, p value corrected by Holm, smallest detectable difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import pandas as pd
from markupsafe import Markup

from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT, P_VALUE, PERCENTS, Notation, extent, p_value, spans
from ser.report.sections._columns import INTERVAL_MEANING, coded, page_only
from ser.report.table import Column, Row, Table

TITLE = "Comparisons of systems"
LEAD = (
    "Every two systems under one protocol, on the same utterances. The test swaps the predictions of the two systems "
    "for whole speakers, so that a difference counts only if it would hold for other speakers; p is two-sided. "
    "Detectable is the smallest difference that would have been found with 80 % power: a smaller difference may exist."
)
EMPTY = "No two systems were run on the same folds of one protocol, so there is nothing to compare."
SOURCE = ("comparisons.parquet",)
LEVEL = 0.05  # of a p value corrected by Holm
POINT_VALUES = ("difference", "low", "high", "detectable")  # points in the COMPARISONS table, fractions here


@dataclass(frozen=True)
class PairTable:
    """Every two systems of a protocol on a corpus, sorted by name.

    ranking: the metric by which systems are ranked; lower: whether a lower value of it is better; notation: of its
    differences.
    pairs: system, other, clusters, method, folds ("" for all), untrained (which of the two has runs that learned
    nothing, "" for none) and by metric ``POINT_VALUES``, p, p_holm and limits, a pair of low and high; NaN: unknown.
    """

    corpus: str
    protocol: str
    pairs: Sequence[Row]
    ranking: str
    notation: Notation = PERCENTS
    lower: bool = False

    @property
    def systems(self) -> list[str]:
        """Names, sorted without regard to case."""
        return sorted({pair[side] for pair in self.pairs for side in ("system", "other")}, key=str.lower)

    @property
    def matrix(self) -> dict[tuple[str, str], tuple[float, bool]]:
        """The ranking metric of the first system less that of the second, and whether they differ."""
        known = {}
        for pair in self.pairs:
            difference = pair[self.ranking]["difference"]
            known[pair["system"], pair["other"]] = difference, self.differ(pair)
            known[pair["other"], pair["system"]] = -difference, self.differ(pair)
        return known

    @property
    def differing(self) -> int:
        """Pairs that differ after correction."""
        return sum(map(self.differ, self.pairs))

    @property
    def least(self) -> float:
        """The smallest corrected p value that the sign flips of any pair can give; above LEVEL no pair can differ.

        Pairs that are compared on a part of a system's folds are corrected apart from the others.
        """
        full = [pair for pair in self.pairs if not pair["folds"]] or self.pairs
        metrics = sum(isinstance(value, Mapping) for value in full[0].values())
        return float(min(1.0, 2.0 ** (1 - max(pair["clusters"] for pair in full)) * len(full) * metrics))

    @property
    def clusters(self) -> str:
        """Number of clusters of the pairs: ``9`` or ``9 to 29``."""
        return extent([pair["clusters"] for pair in self.pairs])

    @property
    def detectable(self) -> tuple[float, float] | None:
        """The smallest and largest detectable difference of the pairs; None where all are unknown."""
        known = [value for pair in self.pairs if (value := pair[self.ranking]["detectable"]) == value]
        return (min(known), max(known)) if known else None

    def differ(self, pair: Row) -> bool:
        """Return whether two systems differ in the ranking metric after correction; never if one is not trained."""
        return not pair["untrained"] and bool(pair[self.ranking]["p_holm"] <= LEVEL)


def pair_tables(
    comparisons: pd.DataFrame,
    ranking: str,
    all_folds: Mapping[tuple[str, str], int],
    untrained: Mapping[tuple[str, str, str], str] | None = None,
    notation: Notation = PERCENTS,
    *,
    lower: bool = False,
) -> list[PairTable]:
    """Return the pairs of a COMPARISONS table by corpus and protocol.

    all_folds: their numbers of folds; untrained: by corpus, protocol and system, where runs learned nothing.
    """
    factor = notation.factor
    fractions = comparisons.assign(**{name: comparisons[name].astype(float) / factor for name in POINT_VALUES})
    fractions["limits"] = list(zip(fractions["low"], fractions["high"], strict=True))
    found = []
    for (corpus, protocol), group in fractions.groupby(["corpus", "protocol"], sort=False):
        pairs, total = [], all_folds[str(corpus), str(protocol)]
        for (system, other), rows in group.groupby(["system", "other"], sort=False):
            pair = rows[["clusters", "method", "folds"]].to_dict("records")[0] | {"system": system, "other": other}
            pair["folds"] = f"{spans(pair['folds'])} of {total}" if 0 < len(pair["folds"]) < total else ""
            keys = [(str(corpus), str(protocol), str(name)) for name in (system, other)]
            pair["untrained"] = "; ".join(f"{key[2]} {text}" for key in keys if (text := (untrained or {}).get(key)))
            pairs.append(pair | rows.set_index("metric").to_dict("index"))
        pairs.sort(key=lambda pair: (pair["system"].lower(), pair["other"].lower()))
        found.append(PairTable(str(corpus), str(protocol), pairs, ranking, notation, lower))
    return found


@lru_cache(maxsize=1)
def compared(data: ReportData) -> list[PairTable]:
    """Return the pairs of the experiment, in its own metrics: those of single dimensions are in the CSV file."""
    folds = {(one.corpus, one.protocol): one.first.folds for one in data.results}
    untrained = {one.key: one.untrained for one in data.results if one.untrained}
    frame = data.comparisons[data.comparisons["metric"].isin(data.metrics)]
    return pair_tables(frame, data.ranking, folds, untrained, data.notation, lower=data.lower)


def tables(data: ReportData) -> list[Table]:
    """Return a matrix of differences, for the page only, and one table per protocol, a row per pair."""
    made = []
    for one in compared(data):
        warning = data.warnings.get(one.corpus, "")
        if len(one.systems) > 2:
            made.append(_matrix(one, warning))
        made.append(_pairs(one, data.ranking_first, warning))
    return made or [Table("", _columns(data.ranking_first, data.notation), ())]


def csv(data: ReportData) -> pd.DataFrame:
    """Return the COMPARISONS table, of classes in points, with the warnings of the corpora."""
    frame = data.comparisons
    notes = [data.warnings.get(corpus, "") for corpus in frame["corpus"]]
    return frame.assign(folds=frame["folds"].map(spans), note=notes)


def _pairs(one: PairTable, metrics: Sequence[str], warning: str) -> Table:
    differing = f"{one.differing} of {len(one.pairs)} pair{'s' if len(one.pairs) > 1 else ''} differ in {one.ranking} "
    differing += f"at p ≤ {LEVEL:.2f} after correction, on {one.clusters} clusters"
    if one.least > LEVEL:
        differing += f", with which no corrected p of so many pairs can be below {p_value(one.least)}"
    caption = f"{differing}. Differences in {one.notation.points}, system less other, paired by utterance and "
    caption += "clustered by speaker. Holm's correction is over all of these pairs and all metrics"
    caption += "; pairs that lack folds are corrected apart." if any(pair["folds"] for pair in one.pairs) else "."
    title, folded = f"Pairs: {one.protocol} on {one.corpus}", len(one.pairs) > 3
    columns = _columns(metrics, one.notation)
    if any(pair["untrained"] for pair in one.pairs):
        caption += " A pair with a system that is not trained in all runs never counts as different."
        columns.append(Column("", "Not judged", "untrained"))
    return Table(title, columns, one.pairs, caption, SOURCE, warning, best=one.differ, folded=folded)


def _columns(metrics: Sequence[str], notation: Notation) -> list[Column]:
    columns = [coded("system", "System"), coded("other", "Other")]
    for metric in metrics:
        columns += [
            Column("", f"{metric} Δ", f"{metric}.difference", notation.change),
            Column("", f"{metric} 95 %", f"{metric}.limits", notation.interval, INTERVAL_MEANING, small=""),
            Column("", f"{metric} p", f"{metric}.p", P_VALUE, "two-sided, not corrected"),
            Column("", f"{metric} p Holm", f"{metric}.p_holm", P_VALUE, "corrected by Holm"),
            Column("", f"{metric} detectable", f"{metric}.detectable", notation.size, "found with 80 % power"),
        ]
    return [
        *columns,
        Column("folds", "Folds", meaning="those that both systems have, where folds are missing"),
        Column("clusters", "Clusters", "", COUNT),
        Column("method", "Method"),
    ]


def _matrix(one: PairTable, warning: str) -> Table:
    """Return the differences of every two systems, a row and a column per system."""
    matrix = one.matrix

    def cell(row: str, title: str) -> Markup:
        if (row, title) not in matrix:
            return Markup("·")
        difference, differ = matrix[row, title]
        style = f"{'up' if (difference < 0 if one.lower else difference > 0) else 'down'}{' differ' if differ else ''}"
        return Markup('<span class="{}">{}</span>').format(style, one.notation.rough(difference))

    columns = [coded("", "System", str, text=False), *page_only(one.systems, one.notation.change, cell)]
    caption = f"{one.ranking} of the row less that of the column, {one.notation.points}; bold where they differ."
    marks = dict.fromkeys(text for pair in one.pairs for text in pair["untrained"].split("; ") if text)
    caption += f" Not judged: {'; '.join(marks)}." if marks else ""
    return Table(f"Matrix: {one.protocol} on {one.corpus}", columns, one.systems, caption, SOURCE, warning)
