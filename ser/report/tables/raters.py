"""How far the corpus's raters agree, and how systems meet their labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from ser.errors import SerError
from ser.evaluation.agreement import Agreement, SoftLabelScores, against_soft, fleiss, single_rater, votes
from ser.report.data.experiment import ReportData
from ser.report.data.predictions import SystemPredictions
from ser.report.data.results import PAPER, Result, ResultGroup
from ser.report.formats import COUNT, DECIMAL, PERCENT, count, decimal
from ser.report.table import Column, Table
from ser.report.tables._columns import code

TITLE = "Raters and systems"
LEAD = (
    "How far people agree on the same utterances. A single rater is compared with the majority of the others; actors "
    "who judge themselves are left out. Systems are compared with the raters' labels themselves, instead of one label "
    "per utterance."
)
# Raters who judge themselves, by corpus adapter: IEMOCAP's actors.
THEMSELVES: Final[Mapping[str, str]] = {"iemocap": r"[FM]\d", "demo": r"[FM]\d"}
SINGLE = "a single rater against the majority of the others"


@dataclass(frozen=True)
class GroupRaters:
    """The raters of a group's tested utterances. wa, ua: of a single rater, 0…1, over ``judgements``.

    soft: each result's probabilities against the distribution of the raters' labels, mean over seeds.
    """

    group: ResultGroup
    agreement: Agreement
    wa: float
    ua: float
    judgements: int
    soft: tuple[tuple[Result, SoftLabelScores], ...]


@lru_cache(maxsize=1)
def raters(data: ReportData) -> list[GroupRaters]:
    """Return the raters of each group whose corpus names them."""
    groups = (group for group in data.groups if group.corpus in data.raters)
    return [found for group in groups if (found := _raters(data, group)) is not None]


def _raters(data: ReportData, group: ResultGroup) -> GroupRaters | None:
    """Return the raters of a group; None where the manifest names too few of them."""
    first, manifest = group.results[0], data.raters[group.corpus]
    tested = {name for row in group.results for name in data.predictions_of(row).rows["utterance"]}
    classes = list(first.first.classes)
    try:
        given = votes(
            manifest[manifest["utterance"].isin(tested)], first.labels, without=THEMSELVES.get(first.first.adapter, "")
        )
        agreement = fleiss(given)
        together = single_rater(given, classes).head(1)  # all raters
        wa, ua = together[["WA", "UA"]].to_numpy()[0].tolist()
        soft = tuple((row, _soft(given, data.predictions_of(row), classes)) for row in group.results)
    except SerError:
        return None
    return GroupRaters(group, agreement, wa, ua, int(together["judgements"].sum()), soft)


def _soft(given: pd.DataFrame, found: SystemPredictions, classes: Sequence[str]) -> SoftLabelScores:
    """Return the mean over seeds; the numbers of utterances are those of one seed."""
    order = [found.classes.index(name) for name in classes]
    each = []
    for seed in found.rows["seed"].unique():
        mine = (found.rows["seed"] == seed).to_numpy()
        each.append(
            against_soft(given, found.rows.loc[mine, "utterance"], found.probabilities[mine][:, order], classes)
        )
    entropy, floor, any_rater = np.mean([(one.cross_entropy, one.entropy, one.any_rater) for one in each], axis=0)
    return SoftLabelScores(float(entropy), float(floor), float(any_rater), each[0].utterances, each[0].left_out)


@dataclass(frozen=True)
class Row:
    """A row of the table: the single rater, with ``raters``, or a system, with ``result`` and ``soft``."""

    group: ResultGroup
    raters: GroupRaters | None = None
    result: Result | None = None
    soft: SoftLabelScores | None = None


def tables(data: ReportData) -> list[Table]:
    """Return one table per group: the raters first, then the systems by protocol and name."""
    return [_table(one) for one in raters(data)] or [Table("", COLUMNS, ())]


def _table(one: GroupRaters) -> Table:
    agreement = one.agreement
    caption = (
        f"{one.group.classes}. Fleiss' kappa {decimal(agreement.kappa)} ({count(agreement.utterances)} utterances "
    )
    caption += f"with {agreement.raters} raters each"
    caption += f"; {count(agreement.left_out)} with another number left out" if agreement.left_out else ""
    caption += f"). The single rater: {count(one.judgements)} judgements"
    caption += f"; the raters' own entropy is {decimal(one.soft[0][1].entropy)} nats." if one.soft else "."
    systems = sorted(one.soft, key=lambda pair: (pair[0].kind == PAPER, pair[0].protocol, pair[0].system))
    rows = [Row(one.group, one), *(Row(one.group, None, *pair) for pair in systems)]
    source = ("manifest.parquet", "predictions.parquet")
    return Table(one.group.corpus, COLUMNS, rows, caption, source, one.group.warning, group=_heading)


def _heading(row: Row) -> str:
    if row.result is None:
        return ""
    paper = Markup(' <span class="leaks">{}</span>').format(PAPER) if row.result.kind == PAPER else ""
    return code(row.result.protocol) + paper


def _rate(metric: str, row: Row) -> float:
    of: float = getattr(row.raters, metric) if row.raters else getattr(row.result, metric).mean
    return of


def _soft_value(name: str, row: Row) -> float | None:
    return getattr(row.soft, name) if row.soft else None


def _agreement(name: str, row: Row) -> float | None:
    return getattr(row.raters.agreement, name) if row.raters else None


COLUMNS = [
    Column("corpus", "", lambda row: row.group.corpus),
    Column("classes", "", lambda row: row.group.classes),
    Column("who", "Who", lambda row: row.result.system if row.result else SINGLE),
    Column("protocol", "Protocol", lambda row: row.result.protocol if row.result else None, page=False),
    Column("WA", "WA", partial(_rate, "wa"), PERCENT, "percent"),
    Column("UA", "UA", partial(_rate, "ua"), PERCENT, "percent"),
    Column(
        "cross_entropy", "Cross-entropy", partial(_soft_value, "cross_entropy"), DECIMAL, "of the probabilities, nats"
    ),
    Column("any_rater", "Any rater", partial(_soft_value, "any_rater"), PERCENT, "predictions that some rater gave"),
    Column("utterances", "", partial(_soft_value, "utterances"), COUNT),
    Column("judgements", "", lambda row: row.raters.judgements if row.raters else None, COUNT),
    Column("entropy_of_raters", "", partial(_soft_value, "entropy"), DECIMAL),
    Column("fleiss_kappa", "", partial(_agreement, "kappa"), DECIMAL),
    Column("kappa_utterances", "", partial(_agreement, "utterances"), COUNT),
    Column("kappa_raters", "", partial(_agreement, "raters"), COUNT),
    Column("note", "", lambda row: row.group.warning),
]
