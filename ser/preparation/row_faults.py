"""What the rows of a corpus say wrongly, alone or together with the files below its root."""

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from ser.corpus import Fault, Utterance, composed
from ser.errors import SerError, offenders, unknown
from ser.files.checksums import checksum
from ser.preparation.trimming import Inspected

UNITED = ("emotion", "speaker", "gender")  # a stretch of a recording has one of each


def check_names(corpus: str, rows: Sequence[Utterance], emotions: Sequence[str]) -> None:
    """Raise SerError for utterances of one name, an unknown emotion, or a name that is not UTF-8."""
    lines: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        lines[row.utterance].append(row.where)
    if twice := [f"{name} ({' and '.join(where)})" for name, where in lines.items() if len(where) > 1]:
        raise SerError(f"corpus '{corpus}': {len(twice)} utterances are there more than once: {offenders(twice)}.")
    if wrong := [row.audio for row in rows if not _is_text(row.utterance + row.audio)]:
        raise SerError(f"corpus '{corpus}': {len(wrong)} names are not UTF-8; rename the files: {offenders(wrong)}.")
    for row in rows:
        if row.emotion is not None and row.emotion not in emotions:
            raise SerError(f"{row.where}: {unknown('emotion', row.emotion, emotions)}")


def exclude(
    corpus: str, rows: Sequence[Utterance], broken: Sequence[Fault], names: Sequence[str]
) -> tuple[list[Utterance], list[Fault]]:
    """Return the rows that stay, and those that ``names`` leave out. broken: rows that cannot be used.

    SerError for the names that no row has.
    """
    known = {row.utterance for row in rows}.union(*(fault.names() for fault in broken))
    unwanted = {name if name in known else composed(name) for name in names}
    if strange := sorted(unwanted - known):
        near = get_close_matches(strange[0], known, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise SerError(
            f"corpus '{corpus}': 'exclude' names what is no utterance of it: {offenders(map(repr, strange))}.{hint}"
        )
    reason = "named by 'exclude' in the configuration"
    left_out = [row for row in rows if row.utterance in unwanted]
    kept = [row for row in rows if row.utterance not in unwanted]
    return kept, [Fault("exclude", reason, row.where, row.utterance, row.audio) for row in left_out]


def without_label(
    root: Path, rows: Sequence[Utterance], broken: Sequence[Fault], recordings: Iterable[str]
) -> list[Fault]:
    """Return the recordings that no row names, and the rows that name no emotion and have no ratings.

    broken: rows that cannot be used. A recording is named if a row names the same file by another way, through a link.
    A file is returned once.
    """
    kind = "unlabelled-audio"
    named = {row.audio for row in rows} | {fault.audio for fault in broken}
    unnamed = sorted(set(recordings) - named)
    if unnamed:
        files = {_file(root / audio) for audio in named}
        others = {file: audio for audio in reversed(unnamed) if (file := _file(root / audio)) not in files}
        unnamed = sorted(others.values())
    copies = _copies(root, unnamed, named)
    faults = [Fault(kind, _why_unnamed(audio, copies), audio=audio) for audio in unnamed]
    return faults + [Fault(kind, "names no emotion", row.where, row.utterance) for row in rows if not _rated(row)]


def _rated(row: Utterance) -> bool:
    """Return whether a row has an emotion, the labels of raters, or a rating of a dimension."""
    ratings = (row.valence, row.activation, row.dominance)
    return row.emotion is not None or bool(row.raters) or any(value is not None for value in ratings)


def _why_unnamed(audio: str, copies: Mapping[str, str]) -> str:
    if not _is_text(audio):
        return "has no label; its name is not UTF-8, so that no table can name it: rename the file"
    return f"has no label, and is a copy of {copies[audio]}, which has one" if audio in copies else "has no label"


def _copies(root: Path, unnamed: Sequence[str], named: Iterable[str]) -> dict[str, str]:
    """Return which of the ``unnamed`` recordings have the bytes of a ``named`` one, and of which.

    Only files of the same size are read, each once.
    """
    sizes: dict[int, list[str]] = defaultdict(list)
    if unnamed:
        for audio in sorted(named):
            if os.path.isfile(root / audio):
                sizes[os.path.getsize(root / audio)].append(audio)
    there = (audio for audio in unnamed if os.path.isfile(root / audio))  # not a link to nothing
    alike = {audio: sizes.get(os.path.getsize(root / audio), []) for audio in there}
    similar = sorted({name for names in alike.values() for name in names})
    originals = {checksum(root / audio): audio for audio in similar}
    found = {audio: originals.get(checksum(root / audio)) for audio, names in alike.items() if names}
    return {audio: original for audio, original in found.items() if original is not None}


def contradictions(rows: Sequence[Utterance], inspected: Mapping[str, Inspected]) -> list[Fault]:
    """Return the utterances that say different things of one stretch of one recording, or of one speaker.

    rows: with start and end as the corpus gives them; ``inspected``: by name. A row without start and end is about the
    whole recording, so that another speaker in it contradicts it. Warnings are speakers of two genders, and copies of a
    recording and links to it that differ: whether those come together is a question of the protocol.
    """
    there = [row for row in rows if row.utterance in inspected]
    stretch = {row.utterance: _stretch(row, inspected[row.utterance]) for row in there}
    faults: dict[str, Fault] = {}
    for those in _grouped(there, lambda row: row.audio):
        for same in _grouped(those, lambda row: stretch[row.utterance]):
            for column in UNITED:
                _note(faults, same, column, "the same recording from the same start to the same end is")
        if any(row.start is None and row.end is None for row in those):
            _note(faults, those, "speaker", "the whole recording and a part of it are")
    genders: dict[str, Fault] = {}
    for those in _grouped((row for row in rows if row.speaker is not None), lambda row: row.speaker):
        _note(genders, those, "gender", f"speaker '{those[0].speaker}' is", fewest=True)
    copies: dict[str, Fault] = {}
    for those in _grouped(there, lambda row: (inspected[row.utterance].checksum, stretch[row.utterance])):
        for column in UNITED:
            _note(
                copies, [row for row in those if row.utterance not in faults], column, "a file with the same bytes is"
            )
    warnings = {"two-genders": genders, "labelled-twice": copies}
    warned = (replace(fault, kind=kind) for kind, those in warnings.items() for fault in those.values())
    return [*faults.values(), *warned]


def _grouped(rows: Iterable[Utterance], key: Callable[[Utterance], object]) -> list[list[Utterance]]:
    """Return ``rows`` in groups of equal ``key``."""
    groups: dict[object, list[Utterance]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return list(groups.values())


def _file(path: Path) -> object:
    """Return what is equal for all names of one file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return path
    return found.st_dev, found.st_ino


def _stretch(row: Utterance, found: Inspected) -> tuple[float, float]:
    """Return start and end in seconds before the trim."""
    start = row.start or 0.0
    end = start + found.recording.seconds + sum(found.cut or ()) if row.end is None else row.end
    return round(start, 3), round(end, 3)


def _note(faults: dict[str, Fault], rows: Sequence[Utterance], column: str, what: str, *, fewest: bool = False) -> None:
    """Add a fault for each of ``rows``, or of those with the fewest rows, if they differ in a column."""
    counts = Counter(value for row in rows if (value := getattr(row, column)) is not None)
    if len(counts) < 2:
        return
    most = max(counts.values()) if fewest and len(set(counts.values())) > 1 else 0
    for row in rows:
        value = getattr(row, column)
        if value is not None and counts[value] != most:
            other = next(one for one in rows if getattr(one, column) not in (None, value))
            there = f"{other.utterance} ({os.path.basename(other.where)})"
            reason = f"{what} '{value}' here and '{getattr(other, column)}' in {there}"
            faults.setdefault(row.utterance, Fault("contradiction", reason, row.where, row.utterance, row.audio))


def _is_text(name: str) -> bool:
    """Return whether a name of a file is UTF-8; Python keeps other bytes as surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)
