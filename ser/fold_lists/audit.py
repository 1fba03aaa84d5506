"""Audit fold lists: what the test part of each fold shares with its train part, and what is wrong with the lists."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Literal

import pandas as pd

from ser.errors import offenders
from ser.evaluation import leakage
from ser.fold_lists.naming import FACTS, Naming
from ser.tables.contracts import ALL_FOLDS

CHECKS = tuple(
    check for check in leakage.CHECKS if check.column in FACTS and (check.part, check.seen_in) == ("test", "train")
)
Answer = Literal["held out", "shared", "partly shared", "one speaker", "unknown", "no train list"]


@dataclass(frozen=True)
class Shared:
    """Test utterances, over all folds, whose value of a fact occurs in the train part of the same fold.

    shared: their number; known: test utterances of which the name tells the fact; tested: all of them.
    """

    shared: int
    known: int
    tested: int

    @property
    def share(self) -> float | None:
        """Return the share of the known ones, 0…1; None where the names do not tell the fact."""
        return self.shared / self.known if self.known else None


@dataclass(frozen=True)
class CorpusAudit:
    """The audit of one corpus.

    seen: by fact of ``FACTS``; None where train or test parts are not listed. named: by fact, how many values the names
    tell. faults: what is wrong with the lists, a phrase each.
    """

    corpus: str
    utterances: int
    folds: int
    classes: tuple[str, ...]
    named: Mapping[str, int]
    seen: Mapping[str, Shared | None]
    faults: tuple[str, ...] = field(default=())

    @property
    def speakers(self) -> int | None:
        """Return the number of speakers that the names tell; None where they tell none."""
        return self.named["speaker"] or None

    @property
    def answer(self) -> Answer:
        """Return whether test speakers are trained on."""
        seen = self.seen["speaker"]
        if seen is None:
            return "no train list"
        if seen.share is None:
            return "unknown"
        if self.speakers == 1:
            return "one speaker"
        return "held out" if seen.share == 0 else "shared" if seen.share == 1 else "partly shared"


def audit(lists: pd.DataFrame, namings: Mapping[str, Naming]) -> list[CorpusAudit]:
    """Return the audit of every corpus in ``lists`` (``ser.user_table.fold_lists``), by name.

    Of a corpus without an entry in ``namings`` all facts are unknown.
    """
    return [_corpus(str(name), rows, namings.get(str(name))) for name, rows in lists.groupby("corpus")]


def class_counts(lists: pd.DataFrame) -> pd.DataFrame:
    """Return the utterances per corpus, fold, part and label."""
    return lists.groupby(["corpus", "fold", "part", "label"]).size().rename("utterances").reset_index()


def _corpus(name: str, rows: pd.DataFrame, naming: Naming | None) -> CorpusAudit:
    stated = pd.DataFrame(None, index=rows.index, columns=list(FACTS), dtype=object)
    if naming is not None:
        stated = naming.read(rows[naming.from_])
    several_to_a_file = naming is not None and naming.from_ == "key"
    return CorpusAudit(
        name,
        utterances=int(rows["key"].nunique()),
        folds=int(rows["fold"].nunique()),
        classes=tuple(sorted(rows["label"].unique())),
        named={fact: int(stated[fact].nunique()) for fact in FACTS},
        seen=_seen(rows, stated),
        faults=tuple(_faults(rows, several_to_a_file)),
    )


def _seen(rows: pd.DataFrame, stated: pd.DataFrame) -> dict[str, Shared | None]:
    """Return what test shares with train, by the checks that audit the pipeline's own protocols."""
    table = rows[["part"]].assign(utterance=rows["key"], fold=pd.factorize(rows["fold"], sort=True)[0], **stated)
    found = leakage.findings(table.drop_duplicates(["utterance", "fold", "part"]), None, checks=CHECKS)
    totals = {one.check.column: one for one in found if one.fold == ALL_FOLDS and one.check in CHECKS}
    return {
        fact: Shared(one.utterances, one.known, one.of) if (one := totals.get(fact)) is not None else None
        for fact in FACTS
    }


def _faults(rows: pd.DataFrame, several_to_a_file: bool) -> Iterator[str]:
    position = ["key", "fold", "part"]
    if len(twice := _of(rows, rows.duplicated(position))):
        yield f"named twice in a part: {_some(twice)}"
    parts = rows.drop_duplicates(position).groupby(["key", "fold"])["part"].nunique()
    if len(both := sorted({key for key, _ in parts.index[parts > 1]})):
        yield f"in two parts of a fold: {_some(both)}"
    tested = rows.loc[rows["part"] == "test"].drop_duplicates(["key", "fold"])
    if rows["fold"].nunique() > 1:
        if len(again := sorted(tested.loc[tested["key"].duplicated(), "key"].unique())):
            yield f"tested in several folds: {_some(again)}"
        if len(never := sorted(set(rows["key"]) - set(tested["key"]))):
            yield f"tested in no fold: {_some(never)}"
    once = rows.drop_duplicates("key")
    if not several_to_a_file and len(same := _of(once, once["path"].duplicated(keep=False))):
        yield f"one path under several names: {_some(same)}"
    labels = rows.groupby("key")["label"].nunique()
    if len(differing := sorted(labels.index[labels > 1])):
        yield f"with two labels: {_some(differing)}"
    for _, alike in groupby(sorted(rows["label"].unique(), key=str.lower), key=str.lower):
        if len(spellings := sorted(alike)) > 1:
            counts = ", ".join(f"{label} ({(once['label'] == label).sum()})" for label in spellings)
            yield f"labels that differ in capitals only: {counts}"
    yield from _absent(rows)


def _absent(rows: pd.DataFrame) -> Iterator[str]:
    """Yield the folds of which a part lacks a class."""
    classes = set(rows["label"])
    for part in ("train", "test"):
        having = rows.loc[rows["part"] == part].groupby("fold")["label"].agg(set)
        lacking = sorted({label for labels in having for label in classes - labels})
        if lacking:
            folds = sorted(str(fold) for fold, labels in having.items() if classes - labels)
            yield f"no {part} utterance of {offenders(lacking)} in fold {offenders(folds)}"


def _of(rows: pd.DataFrame, chosen: "pd.Series[bool]") -> list[str]:
    return sorted(rows.loc[chosen, "key"].unique())


def _some(keys: list[str]) -> str:
    return f"{len(keys)} ({offenders(keys)})"
