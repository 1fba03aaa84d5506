"""The metrics of every system under every protocol, with the published numbers."""

from functools import partial as bind
from math import isnan

from markupsafe import Markup

from ser import dimension_metrics
from ser.report.data.experiment import MetricInterval, ReportData
from ser.report.data.results import Result, ResultGroup
from ser.report.data.runs import NOT_TRAINED
from ser.report.formats import COUNT, DURATION, PARAMETERS, PERCENT, count, percent, spans
from ser.report.sections._columns import badge, csv_only, interval, leak_text, systems, table_of_kind
from ser.report.table import Column, Table, letter

TITLE = "Results"
LEAD = (
    "All numbers are on the test utterances of all folds together, mean over seeds. In brackets the 95 % interval for "
    "other test speakers. SD is the standard deviation between seeds and, separately, between folds. Paper rows and "
    "speaker-independent rows never share a ranking, and a row without all folds is not ranked. Nor is a system with a "
    f"run that is not trained: its kept weights have a train loss of {NOT_TRAINED:g} · ln(classes) or more, "
    "where a constant answer has ln(classes), or of dimensions a CCC on the train part of "
    f"{1 - NOT_TRAINED:g} or less. The bar shows the value with its interval, the notch chance."
)
CHANCE = {"WA": "of always predicting the most frequent class", "UA": "of any blind prediction, 1 / classes"}
CHANCE |= {"CCC": "of any constant prediction"}
SOURCE = ("scores.parquet", "intervals.parquet")


def tables(data: ReportData) -> list[Table]:
    """Return one table per group of results and kind of row."""
    return [_table(data, *of) for of in data.by_kind()]


def _table(data: ReportData, group: ResultGroup, kind: str, rows: tuple[Result, ...]) -> Table:
    sources = [text for row in rows for text in _sources(row)]
    notes = list(dict.fromkeys([*sources, *(text for row in rows for text in row.notes)]))
    seeds = ", ".join(map(str, sorted({seed for row in rows for seed in row.seeds})))
    devices = "; ".join(sorted({record.device for row in rows for record in row.records}))
    ranked = [row for row in rows if not row.unranked]
    protocols = [row.protocol for row in ranked]
    best = {ranked[protocols.index(name)] for name in protocols if protocols.count(name) > 1}
    columns = [
        *csv_only("corpus", classes=lambda _: group.classes, ranking="kind"),
        *_columns(data, {text: letter(index) for index, text in enumerate(notes)}),
    ]
    caption = f"{data.notation.title}. Seeds {seeds}; trained on {devices}."
    options = {"columns": columns, "rows": rows, "source": SOURCE, "notes": notes, "best": best.__contains__}
    return table_of_kind(data, group, kind, caption, **options)


def _columns(data: ReportData, marks: dict[str, str]) -> list[Column]:
    small = [None, *(f"{metric} " for metric in data.metrics[1:])]
    published = [
        Column(f"published_{metric}", f"Published {metric}", bind(_published, metric), small=prefix)
        for metric, prefix in zip(data.metrics, small, strict=True)
    ]
    last = bind(data.interval, metric=data.metrics[-1])
    return [
        *systems()[1:],
        Column("", "Title", "recipe.title", small="", text=False),
        *csv_only(protocol_title="first.protocol.title", protocol_digest=lambda row: row.first.protocol.digest()),
        Column("leaks", "Leaks", lambda row: leak_text(data.leaks(row)), small="", html=_feature_leak),
        Column("", "Notes", lambda row: ", ".join(marks[text] for text in row.notes), small="notes "),
        *csv_only(paper="recipe.paper"),
        *(column for metric in data.metrics for column in _metric(data, metric)),
        Column("utterances", "n", "", COUNT, "test utterances of one seed"),
        *csv_only(clusters=lambda row: last(row).clusters, cluster_kind=lambda row: last(row).cluster_kind),
        *csv_only(interval=lambda row: last(row).method),
        Column("", "Speakers", lambda row: _speakers(last(row)), small="", text=False),
        *csv_only(seeds=lambda row: spans(row.seeds), folds=lambda row: spans(row.folds)),
        *csv_only(folds_total="first.folds", partial="partial", untrained="untrained"),
        Column("", "Folds × seeds", _folds),
        Column("epochs", "Epochs", small="epochs "),
        Column("UA_best_of_test_curve", "", "own.curve_ua", PERCENT),
        *published,
        Column("", "Source", lambda row: ", ".join(marks[text] for text in _sources(row)), small="source "),
        Column("published_protocol", "", _published_protocol),
        Column("published_remark", "Remark", "remark", small=""),
        Column("parameters", "Parameters", "first.parameters", PARAMETERS, text=False),
        Column("seconds", "Training", "", DURATION, small="", text=False),
        Column("device", "Device", "devices", small="", text=False),
        *csv_only(provenance=lambda row: " | ".join(row.notes), note="first.warning"),
    ]


def _metric(data: ReportData, metric: str) -> list[Column]:
    kind, text = data.notation.value, data.notation.value.text

    def bar(row: Result) -> Markup:
        found, score = data.interval(row, metric), row.scores[metric]
        if isnan(score.value) or dimension_metrics.find(metric).lower:
            return Markup("<b>{}</b>").format(text(score.value))
        style = f"--value: {_share(score.value)}"
        style += f"; --chance: {_share(score.chance)}" if score.chance is not None else ""
        style += "" if isnan(found.low) else f"; --low: {_share(found.low)}; --high: {_share(found.high)}"
        return Markup('<b>{}</b><span class="meter" style="{}" aria-hidden="true"></span>').format(
            text(score.value), style
        )

    def spread(row: Result) -> str:
        score = row.scores[metric]
        return text(score.fold_mean) + ("" if isnan(score.fold_sd) else f" ± {text(score.fold_sd)}")

    def deviations(row: Result) -> str:
        """Return ``seeds 1.20, folds 3.40``; without what was run once."""
        score = row.scores[metric]
        known = (("seeds", score.sd), ("folds", score.fold_sd))
        return ", ".join(f"{name} {text(sd)}" for name, sd in known if not isnan(sd))

    of, chance = f"scores.{metric}", CHANCE.get(metric, "")
    return [
        Column(metric, metric, f"{of}.value", kind, dimension_metrics.find(metric).title, html=bar),
        Column(f"{metric}_sd", "", f"{of}.sd", kind),
        *interval(metric, metric, bind(data.interval, metric=metric), kind, data.notation.interval, small=""),
        Column(f"fold_{metric}", "", f"{of}.fold_mean", kind),
        Column(f"fold_{metric}_sd", "", f"{of}.fold_sd", kind),
        Column("", f"{metric} over folds", spread, meaning="mean ± SD", page=False),
        Column("", f"SD of {metric}", deviations, small="SD ", text=False),
        Column(f"chance_{metric}", f"Chance {metric}", f"{of}.chance", kind, chance, small="chance "),
    ]


def _share(value: float) -> str:
    """Return the width of a bar; that of a value below 0 is none."""
    return f"{percent(max(0.0, value))}%"


def _speakers(found: MetricInterval) -> str:
    return f"{count(found.clusters)} speakers" if found.cluster_kind == "speaker" else "speakers unknown"


def _folds(row: Result) -> str:
    text = f"{len(row.folds)} × {len(row.seeds)}"
    return f"{text} ({row.unranked}; not ranked)" if row.unranked else text


def _feature_leak(row: Result) -> str:
    return badge("voices of test speakers", "hot") if row.embedding_leaks else ""


def _published(metric: str, row: Result) -> str:
    return " / ".join(f"{entry.percent:.2f}" for entry in row.published if entry.metric == metric)


def _published_protocol(row: Result) -> str:
    return " / ".join(dict.fromkeys(f"{entry.table}: {entry.protocol}" for entry in row.published))


def _sources(row: Result) -> list[str]:
    """Return where the published numbers are printed and under which protocol."""
    return list(dict.fromkeys(f"{entry.paper}, {entry.table}: {entry.protocol}" for entry in row.published))
