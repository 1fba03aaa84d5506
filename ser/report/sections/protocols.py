"""Everything of each protocol that decides an outcome, with the sizes of its parts."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ser import layout
from ser.config.schema import Protocol
from ser.errors import SerError
from ser.evaluation.agreement import themselves, votes
from ser.inventory import grouping
from ser.report.data.audits import Leak
from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.formats import count, extent
from ser.report.sections._columns import coded, declared_leaks, leak_badges, leak_text
from ser.report.table import Column, Table
from ser.tables import contracts

TITLE = "Protocols"
LEAD = "The digest is a hash of all that decides an outcome; a change of it reruns what depends on the protocol."
SELECTIONS = {"last": "last epoch", "dev_ua": "best dev UA", "dev_wa": "best dev WA", "dev_loss": "lowest dev loss"}
SELECTIONS |= {"dev_ccc": "best dev CCC, mean over the dimensions"}
SCOPES = {
    "speaker": "statistics per speaker",
    "corpus": "statistics per corpus",
    "train": "statistics per train part",
}
PARTS = ("train", "dev", "test")
VOTES = {"shares": "each utterance weighs the same", "counts": "each vote weighs the same"}
TARGETS = {
    "majority": "the label of the corpus",
    "distribution": "the raters' distribution, {votes}",
    "several": "each class that {threshold} % of the raters chose",
    "dimensions": "ratings of {dimensions}",
}


def tables(data: ReportData) -> list[Table]:
    """Return one row per protocol, classes and corpus, on the page as cards."""
    columns = [
        coded("protocol", "Protocol"),
        Column("title", "Title", "first.protocol.title", small=""),
        Column("corpus", "Corpus"),
        Column("paper", "Paper", lambda row: row.first.protocol.paper or "none, for comparison"),
        Column("rule", "Rule", lambda row: _rule(row.first.protocol)),
        Column("folds", "Folds", "first.folds"),
        Column("grouping", "Grouping", lambda row: grouping(row.first.protocol)),
        Column("labels", "Labels", _labels),
        Column("target", "Target", _target),
        Column("subset", "Subset", _subset),
        Column("normalisation", "Normalisation", lambda row: SCOPES[row.first.protocol.normalisation]),
        Column("selection", "Selection", lambda row: _selection(data, row)),
        Column("leaks", "Leaks", partial(_leaks, data, leak_text), html=partial(_leaks, data, leak_badges)),
        Column("parts", "Utterances", _utterances, meaning="of one fold"),
        Column("speakers", "Speakers", _speakers, meaning="of each part, least and most over folds"),
        Column("digest", "Digest", lambda row: row.first.protocol.digest()),
    ]
    rows: dict[tuple[str, tuple[str, ...], str], Result] = {}
    for result in data.results:
        rows.setdefault((result.protocol, result.first.classes, result.corpus), result)
    ordered = [rows[key] for key in sorted(rows)]
    return [Table("Protocols", columns, ordered, "", ("plan.json", "run.json of every run", "folds"), cards=True)]


def _rule(protocol: Protocol) -> str:
    return ", ".join([protocol.rule, *(f"{key} = {value}" for key, value in protocol.options.items())])


def _labels(row: Result) -> str:
    if row.dimensions:
        return "none: the target is ratings"
    if row.first.protocol.labels == "all":
        return f"all: {', '.join(row.first.classes)}"
    return ", ".join(
        name if merged == (name,) else f"{name} = {' + '.join(merged)}" for name, merged in row.labels.items()
    )


def _target(row: Result) -> str:
    """Return what is learned, and how many utterances without a majority are left out of training, or are in it."""
    target, path = row.first.protocol.target, layout.manifest(row.corpus)
    how = TARGETS[target.kind].format(
        threshold=f"{100 * target.threshold:g}", votes=VOTES[target.votes], dimensions=", ".join(target.dimensions)
    )
    if target.kind == "dimensions" or not path.is_file():
        return how
    if target.without_majority == "train":
        trained = _without_label(row)
        return f"{how}; {count(trained)} utterances without a majority are in train"
    left_out = _unclear(row, path)
    return f"{how}; {count(left_out)} utterances without a majority are left out" if left_out else how


def _without_label(row: Result) -> int:
    """Return how many utterances train without a label."""
    path = layout.folds(row.corpus, row.protocol)
    labels = (
        contracts.read(contracts.FOLDS, path).select(["utterance", "label"]).to_pandas() if path.is_file() else None
    )
    return 0 if labels is None else int(labels.loc[labels["label"].isna(), "utterance"].nunique())


def _unclear(row: Result, path: Path) -> int:
    """Return how many utterances have no majority, and a rater who chose one of the classes."""
    table = contracts.select(path, ["utterance", "emotion", "raters"]).to_pandas()
    table = table[(table["emotion"].isna() | (table["emotion"] == "undecided")) & table["raters"].notna()]
    try:
        given = votes(table, row.labels, without=themselves(path))
    except SerError:  # no rater's label
        return 0
    return int(given.loc[given["answer"].isin(row.first.classes), "utterance"].nunique())


def _subset(row: Result) -> str:
    subset = "; ".join(f"{column}: {', '.join(values)}" for column, values in row.first.protocol.subset.items())
    return subset or f"all utterances with these {'ratings' if row.dimensions else 'labels'}"


def _selection(data: ReportData, row: Result) -> str:
    """Return how the epoch is selected, and which systems are trained without epochs, with or without the dev part."""
    protocol = row.first.protocol
    mine = [one for one in data.results if (one.corpus, one.protocol) == (row.corpus, row.protocol)]
    estimators = sorted((one for one in mine if one.epochs == "–"), key=lambda one: one.system.lower())
    choosing = [one.system for one in estimators if one.first.chosen]
    without = [one.system for one in estimators if not one.first.chosen]
    part = protocol.selected_on
    chosen = f"{', '.join(choosing)} choose an option on {part}" if choosing else ""
    if len(estimators) == len(mine):
        return (
            f"none: no system here is trained by epochs{f'; {chosen}' if chosen else ', and the dev part is not used'}"
        )
    rule = SELECTIONS[protocol.selection].replace("dev", part)
    scored = protocol.curves and part == "dev"
    rule += "; the test part is scored after every epoch too and never used for selection" if scored else ""
    rule += f"; {chosen}" if chosen else ""
    return rule + (f"; none for {', '.join(without)}, which use no dev part" if without else "")


def _leaks(data: ReportData, write: Callable[[list[Leak]], str], row: Result) -> str:
    return write(declared_leaks(data, row)) or "none by design"


def _utterances(row: Result) -> str:
    record = row.first
    return f"fold {record.run.fold}: " + ", ".join(f"{part} {count(size)}" for part, size in record.counts.items())


def _speakers(row: Result) -> str:
    """Return ``train 7, dev 1, test 1 of 9 in each fold``."""
    path = layout.folds(row.corpus, row.protocol)
    if not path.is_file():
        return "unknown"
    folds = contracts.read(contracts.FOLDS, path).select(["fold", "part", "speaker"]).to_pandas()
    if folds["speaker"].isna().any():
        return "unknown"
    sizes = folds.groupby(["part", "fold"])["speaker"].nunique().groupby("part").agg(list)
    parts = [f"{part} {extent(sizes[part])}" for part in PARTS if part in sizes]
    return f"{', '.join(parts)} of {folds['speaker'].nunique()} in each fold"
