"""What the parts of a fold share: speakers, sessions, dialogs, sentences, recordings. Tables in, findings out.

A text is a leak where it repeats because a script prescribes it, not because many people happen to say "I don't know".
It counts with three words or more (``words``), unless the manifest's column ``style`` marks its utterance as
improvised. All equal texts, short and improvised ones included, are counted too, as "any text", and noted without being
a leak. So is a session that dev shares with train: it favours no system on the test part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from ser.evaluation import overlap
from ser.tables.contracts import ALL_FOLDS
from ser.text.normalise import normalised

EXAMPLES = 5
WORDS = 3
IMPROVISED = "improvised"
MOSTLY = 0.5  # a dev part with more than this share of the test part's recordings counts as the test part


@dataclass(frozen=True)
class LeakCheck:
    """Something that two parts should not share: its column, and the leak that declares it ("": not a leak)."""

    kind: str
    column: str
    part: str
    seen_in: str
    leak: str
    above: float = 0.0  # found where a larger share of the part is concerned


CHECKS = (
    LeakCheck("speaker", "speaker", "test", "train", "speaker"),
    LeakCheck("session", "session", "test", "train", "session"),
    LeakCheck("dialog", "dialog", "test", "train", "dialog"),
    LeakCheck("text", "sentence", "test", "train", "text"),
    LeakCheck("any text", "text", "test", "train", ""),
    LeakCheck("audio", "hash", "test", "train", "audio"),
    LeakCheck("near audio", "recording", "test", "train", "audio"),
    LeakCheck("overlap", "stretch", "test", "train", "audio"),
    LeakCheck("dev speaker", "speaker", "dev", "train", "dev speaker"),
    LeakCheck("dev session", "session", "dev", "train", ""),
    LeakCheck("speaker", "speaker", "test", "dev", "speaker"),
    LeakCheck("session", "session", "test", "dev", "session"),
    LeakCheck("dialog", "dialog", "test", "dev", "dialog"),
    LeakCheck("text", "sentence", "test", "dev", "text"),
    LeakCheck("audio", "hash", "test", "dev", "audio"),
    LeakCheck("near audio", "recording", "test", "dev", "audio"),
    LeakCheck("overlap", "stretch", "test", "dev", "audio"),
)
SELECTION = LeakCheck("test selection", "recording", "test", "dev", "test selection", MOSTLY)
SELECTED = LeakCheck("test selection", "utterance", "test", "test", "test selection")
NORMALISATION = LeakCheck("normalisation", "speaker", "test", "test", "normalisation")


@dataclass(frozen=True)
class LeakExample:
    """An utterance, one of another part that it shares ``value`` with, and that value."""

    utterance: str
    like: str | None
    value: str


@dataclass(frozen=True)
class LeakFinding:
    """The result of one check in one fold, or in all (``ALL_FOLDS``); counts are utterances of the checked part."""

    check: LeakCheck
    fold: int
    found: bool | None  # None: unknown
    utterances: int
    known: int
    of: int
    values: tuple[str, ...]
    examples: tuple[LeakExample, ...]
    shared: tuple[LeakExample, ...] = ()  # of a leak of audio: every utterance, each with one of the other part

    @property
    def share(self) -> float:
        """Return the share of the part that is concerned, 0…1."""
        return self.utterances / self.of if self.of else 0.0

    def status(self, leaks: Sequence[str]) -> str:
        """Return the entry of ``ser.tables.contracts.STATUSES`` under a protocol that declares ``leaks``."""
        if self.found is None:
            return "unknown"
        if not self.check.leak:
            return "noted" if self.found else "none"
        declared = self.check.leak in leaks
        if self.found:
            return "declared" if declared else "undeclared"
        return "declared, not found" if declared else "none"


def sentences(text: pd.Series, style: pd.Series, words: int = WORDS) -> tuple[pd.Series, pd.Series]:
    """Return each utterance's normalised text, and the same where it counts as a sentence of a script.

    Both are null where no transcript is known; the second is "" where the text has fewer than ``words`` words or the
    utterance is improvised.
    """
    plain = text.map(normalised, na_action="ignore")
    short = plain.map(lambda text: len(text.split()) < words, na_action="ignore").eq(True)
    return plain, plain.mask(short | (plain.notna() & style.eq(IMPROVISED)), "")


def findings(
    rows: pd.DataFrame,
    stretches: pd.DataFrame | None,
    *,
    normalisation: str = "train",
    selection: str = "last",
    selected_on: str = "dev",
    checks: Sequence[LeakCheck] = CHECKS,
) -> list[LeakFinding]:
    """Return a finding per check and fold, and one over all folds for each check.

    rows: one per utterance and fold, with the columns utterance, fold, part (train, dev, test), speaker, session,
    dialog, sentence, text, hash and recording. Null in the last seven: unknown; "": known, with nothing to compare.
    stretches: the utterances' places in recordings (``ser.evaluation.overlap``); None: overlaps are not looked for.
    normalisation, selection, selected_on: of the protocol. Checks against a part that a fold does not have are left
    out, and so are those of a dev part that selects nothing because the test part does.
    """
    itself = [NORMALISATION]
    if selected_on == "test":
        checks = [check for check in checks if "dev" not in (check.part, check.seen_in)]
        itself.append(SELECTED)
    elif selection != "last":
        checks = [*checks, SELECTION]
    by_check: dict[LeakCheck, list[LeakFinding]] = {check: [] for check in (*checks, *itself)}
    for _, of_fold in rows.groupby("fold"):  # sorted; a mask per fold would read all folds each time
        fold, parts = int(of_fold["fold"].iloc[0]), dict(iter(of_fold.groupby("part")))
        for check in checks:
            if check.part in parts and check.seen_in in parts:
                mine, theirs = parts[check.part], parts[check.seen_in]
                if check.column == "stretch":
                    if stretches is not None:
                        by_check[check].append(_overlapping(check, fold, mine, theirs, stretches))
                else:
                    by_check[check].append(_shared(check, fold, mine, theirs))
        if "test" in parts:  # statistics of a speaker or corpus are fitted on the test part itself
            test = parts["test"]
            fitted = test if normalisation in ("speaker", "corpus") else test.head(0)
            for check, hits in zip(itself, (fitted, test), strict=False):
                by_check[check].append(_finding(check, fold, test, hits, len(test), {}))
    return [finding for folds in by_check.values() if folds for finding in (_total(folds), *folds)]


def _shared(check: LeakCheck, fold: int, mine: pd.DataFrame, theirs: pd.DataFrame) -> LeakFinding:
    """Return what ``mine`` shares with ``theirs``; unknown where either has no value at all."""
    there = theirs[theirs[check.column].notna() & (theirs[check.column] != "")]
    hits = mine[mine[check.column].isin(there[check.column])]
    like = there[there[check.column].isin(hits[check.column])].drop_duplicates(check.column)
    known = int(mine[check.column].notna().sum())
    found = _finding(check, fold, mine, hits, known, like.set_index(check.column)["utterance"].to_dict())
    return found if known and theirs[check.column].notna().any() else replace(found, found=None)


def _overlapping(
    check: LeakCheck, fold: int, mine: pd.DataFrame, theirs: pd.DataFrame, stretches: pd.DataFrame
) -> LeakFinding:
    """Return which of ``mine`` hold a moment of a recording that one of ``theirs`` holds too."""
    parts = (stretches[stretches["utterance"].isin(part["utterance"])] for part in (mine, theirs))
    shared = overlap.shared(*parts)
    like = dict(zip(shared["stretch"], shared["like"], strict=True))
    return _finding(check, fold, mine, mine.merge(shared, on="utterance"), len(mine), like)


def _finding(
    check: LeakCheck, fold: int, part: pd.DataFrame, hits: pd.DataFrame, known: int, like: Mapping[Any, str]
) -> LeakFinding:
    """Return a finding with examples of different values; like: by value, an utterance of the other part."""
    first = hits.drop_duplicates(check.column).head(EXAMPLES)
    return LeakFinding(
        check,
        fold,
        found=len(hits) > check.above * len(part),
        utterances=len(hits),
        known=known,
        of=len(part),
        values=tuple(map(str, hits[check.column].unique())),
        examples=_examples(first, check, like),
        shared=_examples(hits, check, like) if check.leak == "audio" else (),
    )


def _examples(hits: pd.DataFrame, check: LeakCheck, like: Mapping[Any, str]) -> tuple[LeakExample, ...]:
    values = zip(hits["utterance"], hits[check.column], strict=True)
    return tuple(LeakExample(name, like.get(value), str(value)) for name, value in values)


def _total(folds: list[LeakFinding]) -> LeakFinding:
    """Return the finding of one check over all folds."""
    known = [finding.found for finding in folds if finding.found is not None]
    return replace(
        folds[0],
        fold=ALL_FOLDS,
        found=any(known) if known else None,
        utterances=sum(finding.utterances for finding in folds),
        known=sum(finding.known for finding in folds),
        of=sum(finding.of for finding in folds),
        values=tuple(dict.fromkeys(value for finding in folds for value in finding.values)),
        examples=tuple(dict.fromkeys(example for finding in folds for example in finding.examples))[:EXAMPLES],
        shared=tuple(dict.fromkeys(example for finding in folds for example in finding.shared)),
    )
