"""How far the corpus's raters agree, and how systems meet their labels."""

from collections.abc import Sequence
from dataclasses import asdict
from functools import lru_cache
from math import nan
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from ser import layout
from ser.errors import SerError
from ser.evaluation.agreement import SoftLabelScores, against_soft, ceiling, fleiss, single_rater, themselves, votes
from ser.evaluation.predictions import Predictions
from ser.report.data.experiment import ReportData
from ser.report.data.results import PAPER, ResultGroup
from ser.report.formats import COUNT, DECIMAL, PERCENT, count, decimal
from ser.report.sections._columns import code, columns, csv_only
from ser.report.table import Column, Table
from ser.tables import contracts

TITLE = "Raters and systems"
TARGET = "classes"
LEAD = (
    "How far people agree on the same utterances, and what that leaves for a system to reach. A single rater is "
    "compared with the majority of the others; actors who judge themselves are left out. Labels are votes of a few "
    "people: one who knew how people in general hear an utterance would be better than a single rater, and worse than "
    "the raters of the label without one of them. A system above those has learned what no one can hear. Systems are "
    "also compared with the raters' labels themselves, instead of one label per utterance; no cross-entropy is below "
    "that of all raters."
)
MEANS = ("cross_entropy", "entropy", "any_rater")  # of the soft scores, over seeds
SINGLE = "a single rater against the majority of the others"
WITHOUT_ONE = "the raters without one of them against the label"
ALL = "all raters against the label"


@lru_cache(maxsize=1)
def raters(data: ReportData) -> list[list[dict[str, Any]]]:
    """Return the rows of each group whose corpus names raters, by name of column: first a single rater, the others
    without one, and all; then systems.

    The first row also has what the caption states: ``left_out``, utterances with another number of raters than kappa is
    about, and ``entropy`` of the raters' shares.
    """
    groups = (group for group in data.groups if layout.manifest(group.corpus).is_file())
    return [found for group in groups if (found := _rows(data, group))]


def _rows(data: ReportData, group: ResultGroup) -> list[dict[str, Any]]:
    """Return the rows of a group; none where the manifest names too few raters."""
    first = group.results[0].first
    path = layout.manifest(group.corpus)
    manifest = contracts.read(contracts.MANIFEST, path).select(["utterance", "raters"]).to_pandas()
    answers = pd.concat([data.predictions[row.key].rows[["utterance", "label"]] for row in group.results])
    labels: pd.Series[str] = answers.drop_duplicates("utterance").set_index("utterance")["label"]
    tested = set(labels.index)
    try:
        given = votes(manifest[manifest["utterance"].isin(tested)], group.results[0].labels, without=themselves(path))
        agreement = fleiss(given)
        together: dict[Any, Any] = single_rater(given, first.classes).to_dict("records")[0]  # all raters
        without_one, every = (ceiling(given, labels, without_one=one) for one in (True, False))
        soft = {row: _soft(given, data.predictions[row.key], first.classes) for row in group.results}
    except SerError:
        return []
    shared = {"corpus": group.corpus, "classes": group.classes, "note": group.warning}
    kappa = {"fleiss_kappa": agreement.kappa, "kappa_raters": agreement.raters}
    kappa |= {"kappa_utterances": agreement.utterances, "left_out": agreement.left_out}
    kappa["entropy"] = soft[group.results[0]].entropy
    rows = [{**shared, **kappa, **together, "who": SINGLE, "heading": ""}]
    for who, found in ((WITHOUT_ONE, without_one), (ALL, every)):
        rates = {"WA": found.wa, "UA": found.ua, "utterances": found.utterances}
        rows.append({**shared, **rates, "who": who, "heading": ""})
    rows[-1] |= {"cross_entropy": kappa["entropy"], "any_rater": 1.0}
    for row in sorted(group.results, key=lambda row: (row.kind == PAPER, row.protocol, row.system)):
        paper = Markup(' <span class="leaks">{}</span>').format(PAPER) if row.kind == PAPER else ""
        named = {"who": row.system, "protocol": row.protocol, "heading": code(row.protocol) + paper}
        rates = {metric: row.value(metric) for metric in ("WA", "UA")}
        scores = asdict(soft[row])
        if row.first.protocol.target.kind == "several":  # independent probabilities are no distribution
            scores["cross_entropy"] = nan
        rows.append({**shared, **named, **rates, **scores, "entropy_of_raters": soft[row].entropy})
    return rows


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
    return [_table(rows) for rows in raters(data)] or [Table("", COLUMNS, ())]


def _table(rows: list[dict[str, Any]]) -> Table:
    single = rows[0]
    raters = f"{count(single['kappa_utterances'])} utterances with {single['kappa_raters']} raters each"
    raters += f"; {count(single['left_out'])} with another number left out" if single["left_out"] else ""
    caption = f"{single['classes']}. Fleiss' kappa {decimal(single['fleiss_kappa'])} ({raters}). "
    caption += f"The single rater: {count(single['judgements'])} judgements"
    caption += f"; the raters' own entropy is {decimal(single['entropy'])} nats."
    source = ("manifest.parquet", "predictions.parquet")
    return Table(single["corpus"], COLUMNS, rows, caption, source, single["note"], group=itemgetter("heading"))


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
