"""Systems against each other: every pair of one protocol on one corpus, from the tables of the compare stage.

Fractions, −1…1, as everywhere in a report; the COMPARISONS table has points.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ser.metrics import DEFAULT
from ser.reports.gathered.numerals import NONE, limits, p_value, points
from ser.reports.gathered.tables import Table

LEVEL = 0.05  # of a p value corrected by Holm
POINTS = ("difference", "low", "high", "detectable")
VALUES = (*POINTS, "p", "p_holm")
Values = Mapping[str, float]  # VALUES: their numbers; NaN where unknown


@dataclass(frozen=True)
class Pair:
    """A system against one that comes later in the alphabet."""

    system: str
    other: str
    ua: Values
    wa: Values

    @property
    def differ(self) -> bool:
        """Whether they differ in UA after correction."""
        return self.ua["p_holm"] <= LEVEL


@dataclass(frozen=True)
class Contest:
    """Every two systems of a protocol on a corpus, sorted by name."""

    corpus: str
    protocol: str
    pairs: tuple[Pair, ...]
    clusters: int
    method: str

    @property
    def systems(self) -> list[str]:
        """Names, sorted without regard to case."""
        return sorted({name for pair in self.pairs for name in (pair.system, pair.other)}, key=str.lower)

    @property
    def matrix(self) -> list[tuple[str, list[tuple[float, bool] | None]]]:
        """Each system with, per system, how much better it is in UA and whether they differ; None: not compared."""
        known: dict[tuple[str, str], tuple[float, bool]] = {}
        for pair in self.pairs:
            known[pair.system, pair.other] = pair.ua["difference"], pair.differ
            known[pair.other, pair.system] = -pair.ua["difference"], pair.differ
        return [(row, [known.get((row, column)) for column in self.systems]) for row in self.systems]

    @property
    def differing(self) -> int:
        """Pairs that differ in UA after correction."""
        return sum(pair.differ for pair in self.pairs)

    @property
    def least(self) -> float:
        """The smallest corrected p value that swapping so few clusters can give: above .05 nothing can be shown."""
        return min(1.0, 2.0 ** (1 - self.clusters) * len(DEFAULT) * len(self.pairs))

    @property
    def detectable(self) -> tuple[float, float] | None:
        """The smallest and the largest of the differences in UA that the pairs could have shown; None: unknown."""
        known = [pair.ua["detectable"] for pair in self.pairs if pair.ua["detectable"] == pair.ua["detectable"]]
        return (min(known), max(known)) if known else None


def contests(comparisons: pd.DataFrame) -> list[Contest]:
    """Return the contests of a COMPARISONS table, in its order."""
    values = comparisons.assign(**{name: comparisons[name].astype(float) / 100 for name in POINTS})
    found = []
    for (corpus, protocol), group in values.groupby(["corpus", "protocol"], sort=False):
        rows: dict[tuple[str, str], dict[str, Values]] = {}
        for row in group.to_dict(orient="records"):
            rows.setdefault((row["system"], row["other"]), {})[row["metric"]] = {name: row[name] for name in VALUES}
        names = sorted(rows, key=lambda pair: (pair[0].lower(), pair[1].lower()))
        pairs = tuple(Pair(*pair, rows[pair]["UA"], rows[pair]["WA"]) for pair in names)
        first = group.iloc[0]
        found.append(Contest(str(corpus), str(protocol), pairs, int(first["clusters"]), str(first["method"])))
    return found


def tables(found: Sequence[Contest], warnings: Mapping[str, str]) -> list[Table]:
    """Return one table per contest, a row per pair; warnings: of the corpora."""
    heads = ("Δ", "95 %", "p", "p Holm", "detectable")
    columns = ("System", "Other", *(f"{metric} {head}" for metric in ("UA", "WA") for head in heads))
    made = []
    for one in found:
        caption = (
            f"Every two systems under {one.protocol} on {one.corpus}: differences in points, system less other, paired "
            f"by utterance and clustered ({one.clusters} clusters). {one.method.capitalize()}. Detectable is the "
            "smallest difference that would have been found with 80 % power. Holm's correction is over all of these "
            "pairs and both metrics. From comparisons.parquet."
        )
        rows = tuple((pair.system, pair.other, *_cells(pair.ua), *_cells(pair.wa)) for pair in one.pairs)
        made.append(Table(caption, warnings.get(one.corpus, ""), columns, rows, frozenset(columns[:2])))
    return made


def _cells(values: Values) -> Iterable[str]:
    yield points(values["difference"])
    yield limits(values["low"], values["high"]) or NONE
    yield p_value(values["p"])
    yield p_value(values["p_holm"])
    yield points(values["detectable"], 1).lstrip("+")
