"""UA of every test speaker."""

from functools import lru_cache, partial

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from ser.evaluation.predictions import Predictions
from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.drawing import BLUE, INK
from ser.report.formats import COUNT, PERCENT, percent
from ser.report.sections._columns import coded, page_only, systems, tables_by_kind
from ser.report.table import Column, Row, Table

TITLE = "Speakers"
TARGET = "classes"
LEAD = (
    "UA of every test speaker, mean over seeds; speakers appear by their ids. A class that a speaker does not have is "
    "left out of the mean."
)
EMPTY = "The speakers of these corpora are unknown."
SOURCE = ("predictions.parquet",)


@lru_cache(maxsize=1)
def by_result(data: ReportData) -> dict[Result, pd.DataFrame]:
    """Return the speakers of every result whose speakers are known, in the order of the tables.

    Index speaker, worst UA first; wa, ua (0…1, mean over seeds), utterances.
    """
    read = ((result, data.predictions[result.key]) for result in data.by_name)
    return {result: _table(found) for result, found in read if found.rows["speaker"].notna().all()}


def _table(predictions: Predictions) -> pd.DataFrame:
    """Return the scores of each speaker; UA is the mean recall of the classes that a speaker has."""
    rows = predictions.rows.assign(correct=predictions.correct)
    wa = rows.groupby(["speaker", "seed"])["correct"].mean().groupby("speaker").mean()
    recalls = rows.groupby(["speaker", "seed", "label"])["correct"].mean()
    ua = recalls.groupby(["speaker", "seed"]).mean().groupby("speaker").mean()
    table = pd.DataFrame({"wa": wa, "ua": ua, "utterances": rows.groupby("speaker")["utterance"].nunique()})
    return table.reset_index().sort_values(["ua", "speaker"], ignore_index=True).set_index("speaker")


def tables(data: ReportData) -> list[Table]:
    """Return worst, quartiles and best of the speakers' UA, and on the page the UA of each speaker."""
    columns = [
        *systems(),
        Column("", "Speakers", lambda row: len(row["table"]), COUNT),
        Column("", "Worst", lambda row: row["table"].index[0], page=False),
        *(
            Column("", f"UA {name}", partial(_quantile, share), PERCENT)
            for name, share in (("worst", 0), ("1/4", 0.25), ("median", 0.5), ("3/4", 0.75), ("best", 1))
        ),
        Column("", "Best", lambda row: row["table"].index[-1], page=False),
        Column("", "SD", lambda row: float(row["table"]["ua"].std(ddof=1)), PERCENT, "between speakers", text=False),
    ]
    caption = "UA of each speaker in percent, mean over seeds; every speaker is in speakers.csv."
    rows = [{"result": result, "table": table} for result, table in by_result(data).items()]
    summary = tables_by_kind(data, rows, caption, columns=columns, source=SOURCE)
    return [*summary, *(_every_speaker(table) for table in summary if table.rows)]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per result and speaker; WA and UA in percent."""
    columns = ["corpus", "protocol", "system", "speaker", "WA", "UA", "utterances", "note"]
    rows = [
        (*result.key, speaker, *map(PERCENT.csv, (row.wa, row.ua)), int(row.utterances), result.first.warning)
        for result, table in by_result(data).items()
        for speaker, row in table.sort_index().iterrows()
    ]
    return pd.DataFrame(rows, columns=columns)


def _quantile(share: float, row: Row) -> float:
    return float(row["table"]["ua"].quantile(share))


def _every_speaker(summary: Table) -> Table:
    """Return the UA of each speaker, a column per speaker, for the page only."""
    names = sorted({name for row in summary.rows for name in row["table"].index})

    def scores(row: Row, title: str) -> Markup:
        if title not in row["table"].index:
            return Markup("–")
        ua, wa = (percent(float(row["table"][metric][title])) for metric in ("ua", "wa"))
        return Markup('<span class="heat" style="--share: {}%">{}</span><small>{}</small>').format(ua, ua, wa)

    columns = [coded("", "System", "result.system", text=False), *page_only(names, PERCENT, scores)]
    caption = "UA in percent, below it WA."
    title = f"Every speaker: {summary.title}"
    return Table(title, columns, summary.rows, caption, SOURCE, summary.warning, group=summary.group, folded=True)


def draw(data: ReportData) -> Figure | None:
    """Return one line of dots per result: UA of each speaker; the bar is UA on all utterances."""
    found = by_result(data)
    if not found:
        return None
    figure = Figure(figsize=(8.4, 1.0 + 0.32 * len(found)))
    axes = figure.subplots()
    for row, (result, table) in enumerate(found.items()):
        axes.scatter(100 * table["ua"], [row] * len(table), s=22, color=BLUE, alpha=0.55, linewidth=0)
        axes.scatter(100 * result.value("UA"), row, marker="|", s=140, color=INK)
    names = [f"{result.system} · {result.protocol} · {result.corpus}" for result in found]
    axes.set_yticks(range(len(found)), names)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set(xlabel="UA of each speaker, %", xlim=(-2, 102))
    axes.grid(visible=False, axis="y")
    return figure
