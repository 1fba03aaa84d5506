"""The records that a corpus adapter returns: card, facts and utterances. Light to import."""

import posixpath
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ser.errors import SerError
from ser.input_checks import BY_NAME

LISTED = 10  # faults in one message; the rest is counted


@dataclass(frozen=True)
class Source:
    """An official archive: where it is, how large, and its checksum."""

    url: str
    md5: tuple[str, ...]  # any of these
    size: int | None = None  # bytes


@dataclass(frozen=True)
class Card:
    """What is published about a corpus; ``prepare`` compares the recordings with it."""

    title: str
    licence: str
    homepage: str
    language: str | None
    utterances: int | None  # None: it depends on the user's copy or options
    speakers: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)  # emotion: utterances
    source: Source | None = None
    warning: str = ""  # printed on every report with the corpus
    emotions: tuple[str, ...] = ()  # besides those of ser.emotions
    scale: tuple[float, float] | None = None  # lowest and highest rating of valence, activation and dominance


@dataclass(frozen=True)
class Facts:
    """How large a corpus is, known before its audio is read: shard and fold counts follow from it."""

    utterances: int
    speakers: tuple[str, ...]  # sorted; empty where they are not known
    sessions: tuple[str, ...]
    emotions: tuple[str, ...]


DIMENSIONS = ("valence", "activation", "dominance")  # fields of an utterance


@dataclass(frozen=True)
class Word:
    """A word of a forced alignment, in seconds from the utterance's start."""

    word: str
    start: float
    end: float


@dataclass(frozen=True)
class Utterance:
    """One row of the manifest as an adapter reads it, before its audio is read."""

    utterance: str
    audio: str  # relative to the root
    where: str  # file and line that named it, for error messages
    emotion: str | None = None
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    session: str | None = None
    dialog: str | None = None
    gender: str | None = None
    raters: tuple[tuple[str, tuple[str, ...]], ...] = ()
    valence: float | None = None
    activation: float | None = None
    dominance: float | None = None
    style: str | None = None
    intensity: str | None = None
    language: str | None = None
    text: str | None = None
    words: tuple[Word, ...] = ()


def composed(name: str) -> str:
    """Return ``name`` with composed letters (NFC), in which spelling the key ``exclude`` finds it, too."""
    return unicodedata.normalize("NFC", name)


@dataclass(frozen=True)
class Fault:
    """Something wrong with one utterance, recording or the corpus: its kind, and where it was found."""

    kind: str  # name of an entry of ser.input_checks
    reason: str
    where: str = ""  # file and line
    utterance: str = ""  # its name, or "file:line" of a row whose name is not known
    audio: str = ""
    hints: tuple[str, ...] = ()  # what helps, in sentences that several faults have in common

    def names(self) -> set[str]:
        """Return what the key ``exclude`` may call a row: the utterance's name, and file and line."""
        names = {self.utterance, posixpath.basename(self.where)} - {""}
        return names | {composed(name) for name in names}

    def __str__(self) -> str:
        where = f" ({self.where})" if self.where and self.where != self.audio else ""
        return f"{self.utterance or self.audio}{where}: {self.reason}".removeprefix(": ").lstrip()


class BrokenRowsError(SerError):
    """Some rows of a corpus cannot be used. faults: all of them; rows: the other rows."""

    def __init__(self, faults: Sequence[Fault], rows: Sequence["Utterance"]):
        super().__init__(described(faults))
        self.faults, self.rows = list(faults), list(rows)


def described(faults: Sequence[Fault]) -> str:
    """Return a paragraph per kind of fault: a line per reason, LISTED at most, what helps, and what settles them."""
    lines = []
    for kind in dict.fromkeys(fault.kind for fault in faults):
        reasons: dict[str, list[Fault]] = {}
        for fault in (fault for fault in faults if fault.kind == kind):
            reasons.setdefault(fault.reason, []).append(fault)
        groups = list(reasons.values())
        lines.append(f"{kind}, {sum(map(len, groups))}:")
        lines += [f"  {_line(group)}" for group in groups[:LISTED]]
        if rest := sum(map(len, groups[LISTED:])):
            lines.append(f"  and {rest} more.")
        hints = dict.fromkeys(hint for group in groups for fault in group for hint in fault.hints)
        lines += [f"  {hint[0].upper()}{hint[1:]}." for hint in (*hints, BY_NAME[kind].switch)]
    return "\n".join(lines)


def _line(alike: Sequence[Fault]) -> str:
    """Return the line of faults of one reason: where, why, which utterance, and how many there are."""
    first = alike[0]
    name = f"utterance '{first.utterance}'" if first.utterance and not first.where.endswith(first.utterance) else ""
    more = f"and {len(alike) - 1} more rows" if len(alike) > 1 else ""
    about = " ".join(filter(None, (name, more)))
    return f"{first.where}: {first.reason}{f' ({about})' if about else ''}."


def within(member: str, name: str) -> str:
    """Return the name that an utterance, speaker or session of ``member`` has in a corpus that joins several."""
    return f"{member}/{name}"


def member_of(name: str) -> str:
    """Return the corpus of which a joined corpus has ``name``; "" where it is of no joined corpus."""
    member, slash, _ = name.partition("/")
    return member if slash else ""


def facts_of(rows: Sequence[Utterance], emotions: Iterable[str]) -> Facts:
    """Return the facts of ``rows``: their speakers and sessions, sorted, and those of ``emotions`` that occur."""
    speakers, sessions = (sorted({getattr(row, name) for row in rows} - {None, ""}) for name in ("speaker", "session"))
    present = {row.emotion for row in rows}
    return Facts(
        len(rows), tuple(speakers), tuple(sessions), tuple(name for name in dict.fromkeys(emotions) if name in present)
    )


def differences(expected: Mapping[str, int], found: Iterable[str]) -> list[str]:
    """Return a sentence for each of the names that are not ``found`` as often as ``expected``."""
    counted = Counter(found)
    return [
        f"{name}: expected {count}, found {counted[name]}" for name, count in expected.items() if counted[name] != count
    ]
