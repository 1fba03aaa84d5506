"""What the parts of a fold share: people, conversations, sentences, recordings. Pure: tables in, findings out.

Which texts count as a leak is a rule: sentences that are repeated because a script says so, not because everybody says
"I don't know". A text counts with three words or more (``words``), unless its utterance is marked as improvised in the
manifest's column ``style``. Whatever is said alike, short and improvised turns included, is counted too, as "any text",
and noted without being a leak.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import pandas as pd

from ser.tables.audits import ALL_FOLDS
from ser.text.normalise import normalised

EXAMPLES = 5
WORDS = 3
IMPROVISED = "improvised"
MOSTLY = 0.5  # a dev part that holds more of the test part's recordings than this is the test part


@dataclass(frozen=True)
class Check:
    """One thing that two parts must not share: the column that tells, and the leak that allows it ("": none needed)."""

    kind: str
    column: str
    part: str
    seen_in: str
    leak: str
    above: float = 0.0  # the share of the part from which on it is found


CHECKS = (
    Check("speaker", "speaker", "test", "train", "speaker"),
    Check("session", "session", "test", "train", "session"),
    Check("dialog", "dialog", "test", "train", "dialog"),
    Check("text", "sentence", "test", "train", "text"),
    Check("any text", "said", "test", "train", ""),
    Check("audio", "hash", "test", "train", "audio"),
    Check("near audio", "recording", "test", "train", "audio"),
    Check("dev speaker", "speaker", "dev", "train", "dev speaker"),
    Check("speaker", "speaker", "test", "dev", "speaker"),
    Check("session", "session", "test", "dev", "session"),
    Check("dialog", "dialog", "test", "dev", "dialog"),
    Check("text", "sentence", "test", "dev", "text"),
    Check("audio", "hash", "test", "dev", "audio"),
    Check("near audio", "recording", "test", "dev", "audio"),
)
SELECTION = Check("test selection", "recording", "test", "dev", "test selection", MOSTLY)
NORMALISATION = Check("normalisation", "speaker", "test", "test", "normalisation")


@dataclass(frozen=True)
class Example:
    """An utterance, one of another part that it shares ``value`` with, and that value."""

    utterance: str
    like: str | None
    value: str


@dataclass(frozen=True)
class Finding:
    """What one check saw in one fold, or in all (``ALL_FOLDS``); counts are utterances of the part looked at."""

    check: Check
    fold: int
    found: bool | None  # None: not to be known
    utterances: int
    known: int
    of: int
    values: tuple[str, ...]
    examples: tuple[Example, ...]

    @property
    def share(self) -> float:
        """Return the share of the part that is concerned, 0…1."""
        return self.utterances / self.of if self.of else 0.0

    def status(self, leaks: Sequence[str]) -> str:
        """Return the entry of ``ser.tables.audits.STATUSES`` under a protocol that declares ``leaks``."""
        if self.found is None:
            return "unknown"
        if not self.check.leak:
            return "noted" if self.found else "none"
        declared = self.check.leak in leaks
        if self.found:
            return "declared" if declared else "undeclared"
        return "declared, not found" if declared else "none"


def sentences(text: pd.Series, style: pd.Series, words: int = WORDS) -> tuple[pd.Series, pd.Series]:
    """Return what is said in each utterance, and the same where it counts as a sentence of a script.

    Both are null where no transcript is known; the second is "" where the text has fewer than ``words`` words or the
    utterance is improvised.
    """
    said = text.map(normalised, na_action="ignore")
    short = said.map(lambda text: len(text.split()) < words, na_action="ignore").eq(True)
    return said, said.mask(short | (said.notna() & style.eq(IMPROVISED)), "")


def findings(rows: pd.DataFrame, *, normalisation: str, selection: str) -> list[Finding]:
    """Return a finding per check and fold, and one over all folds for each check.

    rows: one per utterance and fold, with the columns utterance, fold, part (train, dev, test), speaker, session,
    dialog, sentence, said, hash and recording. Null in the last seven: not known; "": known, and nothing to compare.
    normalisation, selection: of the protocol. Checks against a part that a fold does not have are left out.
    """
    checks = [*CHECKS, *([] if selection == "last" else [SELECTION])]
    single: list[Finding] = []
    for _, of_fold in rows.groupby("fold"):  # in order; a mask per fold would look at all folds each time
        fold, parts = int(of_fold["fold"].iloc[0]), dict(iter(of_fold.groupby("part")))
        there = (check for check in checks if check.part in parts and check.seen_in in parts)
        single += [_shared(check, fold, parts[check.part], parts[check.seen_in]) for check in there]
        if "test" in parts:
            single.append(_fitted(fold, parts["test"], normalisation))
    order = {check: place for place, check in enumerate((*checks, NORMALISATION))}
    single.sort(key=lambda found: (order[found.check], found.fold))
    return [
        finding for _, group in groupby(single, key=lambda found: found.check) for finding in _with_whole(list(group))
    ]


def _shared(check: Check, fold: int, mine: pd.DataFrame, theirs: pd.DataFrame) -> Finding:
    """Return what ``mine`` shares with ``theirs``; not to be known where either names no value at all."""
    there = theirs[theirs[check.column].notna() & (theirs[check.column] != "")]
    hits = mine[mine[check.column].isin(there[check.column])]
    known = int(mine[check.column].notna().sum())
    knowable = known > 0 and theirs[check.column].notna().any()
    return Finding(
        check,
        fold,
        len(hits) > check.above * len(mine) if knowable else None,
        len(hits),
        known,
        len(mine),
        tuple(map(str, hits[check.column].unique())),
        _pairs(check.column, hits, there) if len(hits) else (),
    )


def _pairs(column: str, hits: pd.DataFrame, there: pd.DataFrame) -> tuple[Example, ...]:
    """Return examples of different values, each with the first utterance of ``there`` that has the value too."""
    shown = hits.drop_duplicates(column).head(EXAMPLES)
    like = there[there[column].isin(shown[column])].drop_duplicates(column).set_index(column)["utterance"]
    return tuple(
        Example(name, like[value], str(value)) for name, value in zip(shown["utterance"], shown[column], strict=True)
    )


def _fitted(fold: int, test: pd.DataFrame, normalisation: str) -> Finding:
    """Return whether what the test part is normalised by is fitted on it."""
    hits = test if normalisation == "speaker" else test.head(0)
    shown = hits.drop_duplicates("speaker").head(EXAMPLES)
    return Finding(
        NORMALISATION,
        fold,
        len(hits) > 0,
        len(hits),
        len(test),
        len(test),
        tuple(map(str, hits["speaker"].unique())),
        tuple(
            Example(name, None, str(speaker))
            for name, speaker in zip(shown["utterance"], shown["speaker"], strict=True)
        ),
    )


def _with_whole(folds: list[Finding]) -> list[Finding]:
    """Return the findings of one check with the one over all folds in front."""
    told = [finding.found for finding in folds if finding.found is not None]
    whole = replace(
        folds[0],
        fold=ALL_FOLDS,
        found=any(told) if told else None,
        utterances=sum(finding.utterances for finding in folds),
        known=sum(finding.known for finding in folds),
        of=sum(finding.of for finding in folds),
        values=tuple(dict.fromkeys(value for finding in folds for value in finding.values)),
        examples=tuple(dict.fromkeys(example for finding in folds for example in finding.examples))[:EXAMPLES],
    )
    return [whole, *folds]
