"""How far the corpus's raters agree, and how systems meet their labels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Final

import numpy as np
import pandas as pd
from markupsafe import Markup

from ser.errors import SerError
from ser.evaluation.agreement import Agreement, SoftLabelScores, against_soft, fleiss, single_rater, votes
from ser.evaluation.predictions import Predictions
from ser.report.data.experiment import ReportData
from ser.report.data.results import PAPER, Result, ResultGroup
from ser.report.formats import COUNT, DECIMAL, PERCENT, count, decimal
from ser.report.sections._columns import code, columns, csv_only
from ser.report.table import Column, Table

TITLE = "Raters and systems"
LEAD = (
    "How far people agree on the same utterances. A single rater is compared with the majority of the others; actors "
    "who judge themselves are left out. Systems are compared with the raters' labels themselves, instead of one label "
    "per utterance."
)
# Raters who judge themselves, by corpus adapter: IEMOCAP's actors.
THEMSELVES: Final[Mapping[str, str]] = {"iemocap": r"[FM]\d", "demo": r"[FM]\d"}
MEANS = ("cross_entropy", "entropy", "any_rater")  # of the soft scores, over seeds
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
    judged, without = manifest[manifest["utterance"].isin(tested)], THEMSELVES.get(first.first.adapter, "")
    try:
        given = votes(judged, first.labels, without=without)
        agreement = fleiss(given)
        together = single_rater(given, classes).head(1)  # all raters
        wa, ua = together[["WA", "UA"]].to_numpy()[0].tolist()
        soft = tuple((row, _soft(given, data.predictions_of(row), classes)) for row in group.results)
    except SerError:
        return None
    return GroupRaters(group, agreement, wa, ua, int(together["judgements"].sum()), soft)


def _soft(given: pd.DataFrame, found: Predictions, classes: Sequence[str]) -> SoftLabelScores:
    """Return the mean over seeds; the numbers of utterances are those of one seed."""
    order = [found.classes.index(name) for name in classes]
    each = []
    for seed in found.rows["seed"].unique():
        mine = (found.rows["seed"] == seed).to_numpy()
        names, probabilities = found.rows.loc[mine, "utterance"], found.probabilities[mine][:, order]
        each.append(against_soft(given, names, probabilities, classes))
    means = {name: float(np.mean([getattr(one, name) for one in each])) for name in MEANS}
    return SoftLabelScores(**{**asdict(each[0]), **means})


def tables(data: ReportData) -> list[Table]:
    """Return one table per group: the raters first, then the systems by protocol and name."""
    return [_table(one) for one in raters(data)] or [Table("", COLUMNS, ())]


def _table(one: GroupRaters) -> Table:
    agreement = one.agreement
    raters = f"{count(agreement.utterances)} utterances with {agreement.raters} raters each"
    raters += f"; {count(agreement.left_out)} with another number left out" if agreement.left_out else ""
    caption = f"{one.group.classes}. Fleiss' kappa {decimal(agreement.kappa)} ({raters}). "
    caption += f"The single rater: {count(one.judgements)} judgements"
    caption += f"; the raters' own entropy is {decimal(one.soft[0][1].entropy)} nats." if one.soft else "."
    source = ("manifest.parquet", "predictions.parquet")
    heading = itemgetter("heading")
    return Table(one.group.corpus, COLUMNS, list(_rows(one)), caption, source, one.group.warning, group=heading)


def _rows(one: GroupRaters) -> Iterator[dict[str, object]]:
    """Yield the single rater, then the systems, by name of column; heading: of the rows of a protocol on the page."""
    group = {"corpus": one.group.corpus, "classes": one.group.classes, "note": one.group.warning}
    kappa = {"fleiss_kappa": one.agreement.kappa, "kappa_raters": one.agreement.raters}
    kappa |= {"kappa_utterances": one.agreement.utterances, "judgements": one.judgements}
    yield {**group, **kappa, "who": SINGLE, "WA": one.wa, "UA": one.ua, "heading": ""}
    for row, soft in sorted(one.soft, key=lambda pair: (pair[0].kind == PAPER, pair[0].protocol, pair[0].system)):
        paper = Markup(' <span class="leaks">{}</span>').format(PAPER) if row.kind == PAPER else ""
        named = {"who": row.system, "protocol": row.protocol, "heading": code(row.protocol) + paper}
        rates = {metric: row.value(metric) for metric in ("WA", "UA")}
        yield {**group, **named, **rates, **asdict(soft), "entropy_of_raters": soft.entropy}


COLUMNS = [
    *columns(corpus="", classes="", who="Who"),
    Column("protocol", "Protocol", page=False),
    *(Column(metric, metric, "", PERCENT, "percent") for metric in ("WA", "UA")),
    Column("cross_entropy", "Cross-entropy", "", DECIMAL, "of the probabilities, nats"),
    Column("any_rater", "Any rater", "", PERCENT, "predictions that some rater gave"),
    *columns(COUNT, utterances="", judgements=""),
    *columns(DECIMAL, entropy_of_raters="", fleiss_kappa=""),
    *columns(COUNT, kappa_utterances="", kappa_raters=""),
    *csv_only("note"),
]
