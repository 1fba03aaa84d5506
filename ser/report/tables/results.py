"""The metrics of every system under every protocol, with the published numbers."""

from functools import partial as bind
from math import isnan

from markupsafe import Markup

from ser.metrics import METRICS
from ser.report.data.experiment import ReportData
from ser.report.data.intervals import MetricInterval
from ser.report.data.results import EXPLANATIONS, PAPER, MeanSd, Result, ResultGroup, Score
from ser.report.formats import COUNT, DURATION, INTERVAL, PARAMETERS, PERCENT, count, percent, spans
from ser.report.table import Column, Table, letter
from ser.report.tables._columns import INTERVAL_MEANING, badge, leak_text, note, protocol_heading, systems

TITLE = "Results"
LEAD = (
    "All numbers are on the test utterances of all folds together, mean over seeds. In brackets the 95 % interval for "
    "other test speakers. SD is the standard deviation between seeds and, separately, between folds. Paper rows and "
    "speaker-independent rows never share a ranking, and a row without all folds is not ranked. The bar shows the "
    "value with its interval, the notch chance."
)
CHANCE = {"WA": "of always predicting the most frequent class", "UA": "of any blind prediction, 1 / classes"}
SOURCE = ("scores.parquet", "intervals.parquet")


def tables(data: ReportData) -> list[Table]:
    """Return one table per group of results and kind of row."""
    return [_table(data, group, kind, rows) for group, kind, rows in data.by_kind()]


def _table(data: ReportData, group: ResultGroup, kind: str, rows: tuple[Result, ...]) -> Table:
    sources = [text for row in rows for text in _sources(row)]
    notes = list(dict.fromkeys([*sources, *(text for row in rows for text in row.notes)]))
    seeds = ", ".join(map(str, sorted({seed for row in rows for seed in row.seeds})))
    devices = "; ".join(sorted({record.device for row in rows for record in row.records}))
    ranked = [row for row in rows if not row.partial]
    protocols = [row.protocol for row in ranked]
    best = {ranked[protocols.index(name)] for name in protocols if protocols.count(name) > 1}
    return Table(
        f"{group.corpus}, {kind}",
        [
            Column("corpus", "", lambda row: row.corpus),
            Column("classes", "", lambda _: group.classes),
            Column("ranking", "", lambda _: kind),
            *_columns(data, {text: letter(index) for index, text in enumerate(notes)}),
        ],
        rows,
        f"{group.classes}. {EXPLANATIONS[kind]} Percent. Seeds {seeds}; trained on {devices}.",
        SOURCE,
        group.warning,
        notes,
        group=bind(protocol_heading, data),
        best=lambda row: row in best,
        paper=kind == PAPER,
    )


def _columns(data: ReportData, marks: dict[str, str]) -> list[Column]:
    published = [
        Column(
            f"published_{metric}",
            f"Published {metric}",
            bind(_published, metric),
            small=f"{metric} " if index else None,
        )
        for index, metric in enumerate(data.metrics)
    ]
    last = bind(data.interval, metric=data.metrics[-1])
    return [
        *systems(lambda row: row)[1:],
        Column("", "Title", lambda row: row.recipe.title, small="", text=False),
        Column("protocol_title", "", lambda row: row.first.protocol.title),
        Column("protocol_digest", "", lambda row: row.first.protocol.digest()),
        Column("leaks", "Leaks", lambda row: leak_text(data.leaks(row)), small="", html=_feature_leak),
        Column("", "Notes", lambda row: ", ".join(marks[text] for text in row.notes), small="notes "),
        Column("paper", "", lambda row: row.recipe.paper),
        *(column for metric in data.metrics for column in _metric(data, metric)),
        Column("utterances", "n", lambda row: row.utterances, COUNT, "test utterances of one seed"),
        Column("clusters", "", lambda row: last(row).clusters, COUNT),
        Column("cluster_kind", "", lambda row: last(row).cluster_kind),
        Column("interval", "", lambda row: last(row).method),
        Column("", "Speakers", lambda row: _speakers(last(row)), small="", text=False),
        Column("seeds", "", lambda row: spans(row.seeds)),
        Column("folds", "", lambda row: spans(row.folds)),
        Column("folds_total", "", lambda row: row.first.folds, COUNT),
        Column("partial", "", lambda row: row.partial),
        Column("", "Folds × seeds", _folds),
        Column("epochs", "Epochs", lambda row: row.epochs, small="epochs "),
        Column("UA_best_of_test_curve", "", lambda row: row.curve_ua, PERCENT),
        *published,
        Column("", "Source", lambda row: ", ".join(marks[text] for text in _sources(row)), small="source "),
        Column("published_protocol", "", _published_protocol),
        Column("published_remark", "Remark", lambda row: row.remark, small=""),
        Column("parameters", "Parameters", lambda row: row.first.parameters, PARAMETERS, text=False),
        Column("seconds", "Training", lambda row: row.seconds, DURATION, small="", text=False),
        Column("device", "Device", lambda row: row.devices, small="", text=False),
        Column("provenance", "", lambda row: " | ".join(row.notes)),
        note(lambda row: row),
    ]


def _metric(data: ReportData, metric: str) -> list[Column]:
    def interval(row: Result) -> tuple[float, float]:
        found = data.interval(row, metric)
        return found.low, found.high

    def bar(row: Result) -> Markup:
        (low, high), chance = interval(row), row.scores[metric].chance
        style = f"--value: {percent(row.scores[metric].pooled.mean)}%"
        style += f"; --chance: {percent(chance)}%" if chance is not None else ""
        style += "" if isnan(low) else f"; --low: {percent(low)}%; --high: {percent(high)}%"
        value = percent(row.scores[metric].pooled.mean)
        return Markup('<b>{}</b><span class="meter" style="{}" aria-hidden="true"></span>').format(value, style)

    found = bind(data.interval, metric=metric)
    chance = CHANCE.get(metric, "")
    return [
        Column(metric, metric, lambda row: row.scores[metric].pooled.mean, PERCENT, METRICS[metric].title, html=bar),
        Column(f"{metric}_sd", "", lambda row: row.scores[metric].pooled.sd, PERCENT),
        Column(f"{metric}_low", "", lambda row: found(row).low, PERCENT),
        Column(f"{metric}_high", "", lambda row: found(row).high, PERCENT),
        Column("", f"{metric} 95 %", interval, INTERVAL, INTERVAL_MEANING, small=""),
        Column(f"fold_{metric}", "", lambda row: row.scores[metric].folds.mean, PERCENT),
        Column(f"fold_{metric}_sd", "", lambda row: row.scores[metric].folds.sd, PERCENT),
        Column(
            "", f"{metric} over folds", lambda row: _spread(row.scores[metric].folds), meaning="mean ± SD", page=False
        ),
        Column("", f"SD of {metric}", lambda row: _sd(row.scores[metric]), small="SD ", text=False),
        Column(
            f"chance_{metric}",
            f"Chance {metric}",
            lambda row: row.scores[metric].chance,
            PERCENT,
            chance,
            small="chance ",
        ),
    ]


def _spread(values: MeanSd) -> str:
    return percent(values.mean) + (f" ± {percent(values.sd)}" if values.sd is not None else "")


def _sd(score: Score) -> str:
    """Return ``seeds 1.20, folds 3.40``; without what was run once."""
    known = (("seeds", score.pooled.sd), ("folds", score.folds.sd))
    return ", ".join(f"{name} {percent(sd)}" for name, sd in known if sd is not None)


def _speakers(interval: MetricInterval) -> str:
    return f"{count(interval.clusters)} speakers" if interval.cluster_kind == "speaker" else "speakers unknown"


def _folds(row: Result) -> str:
    text = f"{len(row.folds)} × {len(row.seeds)}"
    return f"{text} ({row.partial}; not ranked)" if row.partial else text


def _feature_leak(row: Result) -> str:
    return badge("voices of test speakers", "hot") if row.embedding_leaks else ""


def _published(metric: str, row: Result) -> str:
    return " / ".join(f"{entry.percent:.2f}" for entry in row.published if entry.metric == metric)


def _published_protocol(row: Result) -> str:
    return " / ".join(dict.fromkeys(f"{entry.table}: {entry.protocol}" for entry in row.published))


def _sources(row: Result) -> list[str]:
    """Return where the published numbers are printed and under which protocol."""
    return list(dict.fromkeys(f"{entry.paper}, {entry.table}: {entry.protocol}" for entry in row.published))
