"""The list of recordings that parts of a fold share, as a table and as utterances to leave out."""

import csv
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pandas as pd

from ser.evaluation import overlap
from ser.evaluation.leakage import LeakFinding
from ser.evaluation.overlap import LEAST, MICROSECONDS
from ser.files.atomic import write_text
from ser.tables import contracts
from ser.tables.contracts import ALL_FOLDS

Span = tuple[int, int, int]  # recording, start and end in microseconds

ABOUT = ("audio", "start", "end", "speaker", "emotion")  # columns of the manifest


@dataclass(frozen=True)
class SharedRecording:
    """Two utterances of different parts that share a recording: by which checks, and the last one's value."""

    utterance: str
    like: str
    kinds: tuple[str, ...]
    value: str


def pairs(found: Iterable[LeakFinding]) -> list[SharedRecording]:
    """Return every utterance that shares a recording with another part in some fold, each pair of utterances once."""
    every: dict[frozenset[str], SharedRecording] = {}
    for finding in found:
        for one in finding.shared if finding.fold == ALL_FOLDS else ():
            names, like = frozenset((one.utterance, str(one.like))), str(one.like)
            before = every.get(names)
            kinds = dict.fromkeys([*(before.kinds if before else ()), finding.check.kind])
            first = (before.utterance, before.like) if before else (one.utterance, like)
            every[names] = SharedRecording(*first, tuple(kinds), one.value)
    return sorted(every.values(), key=lambda one: (one.utterance, one.like))


def to_leave_out(shared: Sequence[SharedRecording], rows: pd.DataFrame, stretches: pd.DataFrame) -> list[str]:
    """Return utterances without which nothing in ``shared`` is shared: of copies all but one, and of overlaps.

    rows: utterance, hash, recording; stretches: see ``ser.evaluation.overlap``. In the order of their ends, an
    utterance stays if it shares nothing with those that stay. Those that no pair names stay, since a pair names only
    one of all that a tested utterance shares a recording with.
    """
    kinds: dict[str, set[str]] = defaultdict(set)
    for pair in shared:
        for name in (pair.utterance, pair.like):
            kinds[name].update(pair.kinds)
    places = stretches[stretches["utterance"].isin(kinds)].sort_values(["recording", "end", "start"], kind="stable")
    copies: dict[str, Collection[tuple[str, object]]] = {
        str(row.utterance): (("audio", row.hash), ("near audio", row.recording)) for row in rows.itertuples()
    }
    others = _like_others({pair.utterance for pair in shared}, kinds, copies, stretches)
    kept: set[tuple[str, object]] = set()
    busy: dict[tuple[int, int], list[Span]] = defaultdict(list)  # spans that stay, by recording and second
    out = []
    for name, own in ((str(name), own) for name, own in places.groupby("utterance", sort=False)):
        values = {copy for copy in copies[name] if copy[0] in kinds[name]}
        spans = list(zip(own["recording"], own["start"], own["end"], strict=True)) if "overlap" in kinds[name] else []
        meets = any(_meet(span, stays) for span in spans for second in _seconds(span) for stays in busy[second])
        if name in others or values & kept or meets:
            out.append(name)
            continue
        kept |= values
        for span in spans:
            for second in _seconds(span):
                busy[second].append(span)
    return sorted(out)


def _like_others(
    tested: Collection[str],
    kinds: Mapping[str, Collection[str]],
    copies: Mapping[str, Collection[tuple[str, object]]],
    stretches: pd.DataFrame,
) -> set[str]:
    """Return which of the utterances ``tested`` share a recording with one that is not among ``kinds``."""
    other = {copy for name, values in copies.items() if name not in kinds for copy in values}
    alike = {name for name in tested if any(copy in other for copy in copies[name] if copy[0] in kinds[name])}
    cut = stretches[stretches["utterance"].isin([name for name in tested if "overlap" in kinds[name]])]
    return alike | set(overlap.shared(cut, stretches[~stretches["utterance"].isin(kinds)])["utterance"])


def _seconds(span: Span) -> list[tuple[int, int]]:
    """Return the seconds of a recording in which a span lies, each with the recording's number."""
    number, start, end = span
    return [(number, second) for second in range(start // MICROSECONDS, end // MICROSECONDS + 1)]


def _meet(one: Span, other: Span) -> bool:
    return one[1] < other[2] - LEAST and other[1] < one[2] - LEAST


def listed(
    found: Iterable[LeakFinding], rows: pd.DataFrame, stretches: pd.DataFrame, manifest: Path, audit: Path, corpus: str
) -> str:
    """Write what recordings are shared next to the ``audit`` table, and return a sentence that names the files.

    Without a shared recording, remove the files of an earlier audit and return "".
    """
    table, block = (audit.with_name(f"{audit.stem}.{suffix}") for suffix in ("shared.csv", "exclude.yaml"))
    shared = pairs(found)
    if not shared:
        table.unlink(missing_ok=True)
        block.unlink(missing_ok=True)
        return ""
    about = contracts.read(contracts.MANIFEST, manifest).select(["utterance", *ABOUT]).to_pandas()
    about = about.set_index("utterance").astype(object)
    about = about.where(about.notna(), "")
    out = to_leave_out(shared, rows, stretches)
    write_text(table, _table(shared, about))
    write_text(block, _block(shared, out, about, corpus))
    listed = f"All {len(shared)} pairs of utterances that share a recording are in {table}"
    return f"{listed}; {block} has the key 'exclude' with {len(out)} utterances, ready to paste."


def _table(shared: Iterable[SharedRecording], about: pd.DataFrame) -> str:
    """Return the pairs as CSV, with what the manifest says of both utterances."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = ("utterance", *ABOUT)
    writer.writerow(["kinds", *names, *(f"like_{name}" for name in names), "shared"])
    for pair in shared:
        both = (cell for name in (pair.utterance, pair.like) for cell in (name, *about.loc[name]))
        writer.writerow(["; ".join(pair.kinds), *both, pair.value])
    return text.getvalue()


def _block(shared: Iterable[SharedRecording], out: Sequence[str], about: pd.DataFrame, corpus: str) -> str:
    """Return the part of a configuration that leaves the utterances ``out`` out."""
    like: dict[str, str] = {}
    for pair in shared:
        like.setdefault(pair.utterance, pair.like)
        like.setdefault(pair.like, pair.utterance)
    of = about[["speaker", "emotion"]].astype(str).to_dict("index")
    known = {name: " ".join(f"{of[name]['speaker'] or 'no speaker'}, {of[name]['emotion']}".split()) for name in like}
    text = {name: f"{json.dumps(name, ensure_ascii=False)} # {known[name]}" for name in out}
    return "\n".join(
        [
            f"# Without these {len(out)} utterances no recording is shared. Where speakers or labels contradict each",
            "# other, leave out the wrong one instead. A list replaces another: add what 'exclude' already names.",
            "corpora:",
            f"  {json.dumps(corpus)}:",
            "    exclude:",
            *(f"      - {text[name]}; like {' '.join(like[name].split())}: {known[like[name]]}" for name in out),
            "",
        ]
    )
