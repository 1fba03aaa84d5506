"""What ``ser inspect`` says of recordings: sections of text over the survey of a corpus."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import pandas as pd

from ser.checks.planned_folds import planned_folds
from ser.config.schema import Corpus, Protocol
from ser.corpus import DIMENSIONS, LISTED, Fault, facts_of
from ser.errors import SerError, offenders
from ser.evaluation import overlap
from ser.input_checks import BY_NAME
from ser.preparation.accepted_rows import known_emotions
from ser.preparation.ratings import Scale, described
from ser.preparation.survey import Survey, strange
from ser.preparation.trimming import Inspected
from ser.terminal import aligned

MOST = 200  # folds, from which on a protocol is no sensible choice
PREFERRED = ("speaker-folds-4", "speaker-folds-all", "speaker-out-4", "speaker-out-all", "random-folds-all")


@dataclass(frozen=True)
class Possible:
    """A protocol on the corpus: its folds, or 0 and why it cannot be."""

    name: str
    folds: int
    title: str
    why: str = ""


def warnings(found: Survey, settings: Corpus) -> list[Fault]:
    """Return everything that is strange about rows and recordings and leaves nothing out."""
    return [*found.warnings, *strange(found.usable, settings.trim)]


def possible(found: Survey, settings: Corpus, protocols: Mapping[str, Protocol]) -> list[Possible]:
    """Return every protocol with its number of folds on the utterances that can be used; those that cannot be last."""
    rows = [one.row for one in found.usable]
    facts = facts_of(rows, known_emotions(settings))
    entries = []
    for name, protocol in protocols.items():
        try:
            entries.append(Possible(name, planned_folds(protocol, facts, rows), protocol.title))
        except SerError as error:
            entries.append(Possible(name, 0, protocol.title, re.split(r"[.;] ", str(error))[0].rstrip(".")))
    return sorted(entries, key=lambda one: one.folds == 0)


def preferred(entries: Sequence[Possible]) -> str | None:
    """Return the protocol to begin with: speakers apart, in a few folds; None where there is none."""
    found = {one.name for one in entries if 0 < one.folds <= MOST}
    return next((name for name in PREFERRED if name in found), None)


def listed_protocols(entries: Sequence[Possible]) -> str:
    """Return the possible protocols with their folds, and those that cannot be with the reason, as lines."""
    rows = [(one.name, f"{one.folds} folds", one.title) for one in entries if one.folds]
    rows += [(one.name, "not possible", one.why) for one in entries if not one.folds]
    return aligned(rows)


def recordings(those: Sequence[Inspected]) -> str:
    """Return rates, channels, length, level and silence of the utterances, as lines."""
    files = {one.row.audio: one for one in those}.values()
    measures = [one.measures for one in those if one.measures is not None]
    quiet = [one for one in measures if one.silence_before is not None and one.silence_after is not None]
    seconds = [one.recording.seconds for one in those]
    rows = [
        ("files", _counted(one.row.audio.rpartition(".")[2].lower() for one in files)),
        ("sampling rate", _counted(f"{one.recording.rate} Hz" for one in files)),
        ("channels", _counted(one.recording.channels for one in files)),
        ("utterances", f"{len(those)}, {sum(seconds) / 60:.1f} minutes in all"),
        ("length", _spread(seconds, "s", 2)),
        ("level", _spread([one.level for one in measures], "dB of full scale", 0)),
        ("silence before speech", _spread([one.silence_before or 0.0 for one in quiet], "s", 2)),
        ("silence after speech", _spread([one.silence_after or 0.0 for one in quiet], "s", 2)),
    ]
    return aligned([row for row in rows if row[1]])


def people(those: Sequence[Inspected]) -> str:
    """Return speakers, sessions, genders, languages and texts, as lines."""
    rows = []
    for column in ("speaker", "session", "dialog", "gender", "language", "text"):
        counts = Counter(value for one in those if (value := getattr(one.row, column)) is not None)
        without = len(those) - counts.total()
        if counts:
            lowest, highest = min(counts.values()), max(counts.values())
            each = f"{lowest}" if lowest == highest else f"{lowest} to {highest}"
            named = offenders((f"'{value}'" for value in sorted(counts)), LISTED) if column != "text" else ""
            missing = f"; {without} utterances have none" if without else ""
            rows.append((column, f"{len(counts)}, with {each} utterances each{missing}", named))
        else:
            rows.append((column, "not known", ""))
    return aligned(rows)


def ratings(those: Sequence[Inspected], scale: Scale | None) -> str:
    """Return raters and the spread of the rated dimensions, as lines; "" where the corpus has neither."""
    rows = []
    given = [one.row.raters for one in those if one.row.raters]
    if given:
        counts = Counter(rater for raters in given for rater, _ in raters)
        each = _counted(f"{len(raters)} raters" for raters in given)
        rows.append(("raters", f"{len(counts)}; utterances with {each}; {len(those) - len(given)} without"))
    for name in DIMENSIONS:
        values = [value for one in those if (value := getattr(one.row, name)) is not None]
        if values:
            rows.append((name, f"{_spread(values, '', 2)}; {len(those) - len(values)} utterances have none"))
    if any(name in DIMENSIONS for name, _ in rows):
        unknown_scale = "not known: 'options: {scale: [1, 7]}' of a table states it"
        rows.append(("scale", unknown_scale if scale is None else described(scale)))
    return aligned(rows) if rows else ""


def emotions(those: Sequence[Inspected]) -> str:
    """Return how many utterances each emotion has, and of how many speakers, as lines."""
    counts = Counter(one.row.emotion or "not labelled" for one in those)
    speakers: dict[str, set[str]] = {name: set() for name in counts}
    for one in those:
        if one.row.speaker is not None:
            speakers[one.row.emotion or "not labelled"].add(one.row.speaker)
    return aligned(
        [
            (name, f"{count} utterances", f"of {len(speakers[name])} speakers" if speakers[name] else "")
            for name, count in counts.most_common()
        ]
    )


def overlaps(those: Sequence[Inspected]) -> str:
    """Return how many utterances hold a moment of a recording that another one holds, too, and copies of files."""
    lines = []
    recording = {file: number for number, file in enumerate(sorted({one.checksum for one in those}))}
    columns = [
        (one.row.utterance, one.row.audio, recording[one.checksum], one.row.start, one.row.end, one.recording.seconds)
        for one in those
    ]
    table = pd.DataFrame(columns, columns=["utterance", "audio", "recording", "start", "end", "seconds"])
    table = table.astype({"start": float, "end": float})  # of None alone they would be objects
    if touched := overlap.within(overlap.stretches(table)):
        listed = offenders(f"{name} with {other}" for name, other in sorted(touched.items()))
        lines.append(f"utterances that overlap another one, {len(touched)}: {listed}. Random folds would leak them.")
    names: dict[str, set[str]] = {}
    for one in those:
        names.setdefault(one.checksum, set()).add(one.row.audio)
    if copies := [sorted(files) for files in names.values() if len(files) > 1]:
        listed = offenders(" = ".join(files) for files in sorted(copies))
        lines.append(f"recordings under several names, {len(copies)}: {listed}.")
    return "\n".join(lines)


def listed(faults: Iterable[Fault]) -> str:
    """Return the faults or warnings by kind: how many, examples, and the switch that settles them."""
    kinds: dict[str, list[Fault]] = {}
    for fault in faults:
        kinds.setdefault(fault.kind, []).append(fault)
    lines = []
    for kind, those in sorted(kinds.items()):
        lines.append(f"{kind}, {len(those)}: {offenders(_each_reason_first(those), LISTED)}.")
        hints = dict.fromkeys(hint for fault in those for hint in fault.hints)
        switch = [BY_NAME[kind].switch] if kind in BY_NAME else []
        lines += [f"    {text[0].upper()}{text[1:]}." for text in (*hints, *switch)]
    return "\n".join(lines)


def _each_reason_first(faults: Sequence[Fault]) -> list[str]:
    """Return the faults as text, one of each reason before the others, with how many have the same."""
    counts = Counter(fault.reason for fault in faults)
    first = {fault.reason: fault for fault in reversed(faults)}
    ahead = [first[reason] for reason in counts]
    several = len(counts) > 1
    texts = [f"{one} ({counts[one.reason]} such)" if several and counts[one.reason] > 1 else str(one) for one in ahead]
    return [*texts, *(str(fault) for fault in faults if fault is not first[fault.reason])]


def _counted(values: Iterable[object]) -> str:
    return ", ".join(f"{value} ({count})" for value, count in Counter(values).most_common(LISTED))


def _spread(values: Sequence[float], unit: str, digits: int) -> str:
    if not values:
        return ""
    low, middle, high = (f"{value:.{digits}f}" for value in (min(values), median(values), max(values)))
    return f"{f'{middle} {unit}'.rstrip()} (median), {low} to {high}"
