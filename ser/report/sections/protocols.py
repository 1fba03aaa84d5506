"""Everything of each protocol that decides an outcome, with the sizes of its parts."""

from collections.abc import Callable
from functools import partial

from ser import layout
from ser.config.schema import Protocol
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
SCOPES = {
    "speaker": "statistics per speaker",
    "corpus": "statistics per corpus",
    "train": "statistics per train part",
}
PARTS = ("train", "dev", "test")
VOTED = ("distribution", "several")  # targets of raters' votes
VOTES = {"shares": "each utterance weighs the same", "counts": "each vote weighs the same"}
TARGETS = {
    "majority": "the label of the corpus",
    "distribution": "the raters' distribution, {votes}",
    "several": "each class that {0} % of the raters chose",
    "dimensions": "ratings of {0}",
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
        Column("subset", "Subset", lambda row: _subset(row.first.protocol)),
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
    if row.first.protocol.labels == "all":
        return f"all: {', '.join(row.first.classes)}"
    return ", ".join(
        name if merged == (name,) else f"{name} = {' + '.join(merged)}" for name, merged in row.labels.items()
    )


def _target(row: Result) -> str:
    """Return what is learned, and how many utterances without a majority are left out of training, or are in it."""
    target = row.first.protocol.target
    if target.kind not in VOTED:
        return TARGETS[target.kind].format(", ".join(target.dimensions))
    how = TARGETS[target.kind].format(f"{100 * target.threshold:g}", votes=VOTES[target.votes])
    path, folds = layout.manifest(row.corpus), layout.folds(row.corpus, row.protocol)
    if not (path.is_file() and folds.is_file()):
        return how
    if target.without_majority == "train":
        labels = contracts.read(contracts.FOLDS, folds).select(["utterance", "label"]).to_pandas()
        trained = labels.loc[labels["label"].isna(), "utterance"].nunique()
        return f"{how}; {count(trained)} utterances without a majority are in train"
    table = contracts.select(path, ["utterance", "emotion", "raters"]).to_pandas()
    unclear = table["emotion"].isna() | (table["emotion"] == "undecided")
    given = votes(table[unclear], row.labels, without=themselves(path)) if table.loc[unclear, "raters"].any() else None
    chose = 0 if given is None else given.loc[given["answer"].isin(row.first.classes), "utterance"].nunique()
    return f"{how}; {count(chose)} utterances without a majority are left out"


def _subset(protocol: Protocol) -> str:
    subset = "; ".join(f"{column}: {', '.join(values)}" for column, values in protocol.subset.items())
    return subset or "all utterances with these labels"


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
