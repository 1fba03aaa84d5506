"""The list of recordings that parts of a fold share, as a table and as utterances to leave out."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path

import pandas as pd

from ser.evaluation.leakage import LeakFinding
from ser.evaluation.overlap import LEAST
from ser.files.atomic import write_text
from ser.tables import contracts
from ser.tables.contracts import ALL_FOLDS

ABOUT = ("audio", "start", "end", "speaker", "emotion")  # columns of the manifest
Pair = tuple[str, str, str, str]  # kind, utterance, the one that it is like, what they share


def pairs(found: Iterable[LeakFinding]) -> list[Pair]:
    """Return every utterance that shares a recording with another part in some fold, each pair of utterances once."""
    every: dict[tuple[str, frozenset[str]], Pair] = {}
    for finding in found:
        if finding.fold == ALL_FOLDS:
            for one in finding.shared:
                pair = (finding.check.kind, one.utterance, str(one.like), one.value)
                every.setdefault((pair[0], frozenset(pair[1:3])), pair)
    return sorted(every.values())


def to_leave_out(shared: Sequence[Pair], rows: pd.DataFrame, stretches: pd.DataFrame) -> list[str]:
    """Return utterances without which nothing in ``shared`` is shared: of copies all but one, and of overlaps.

    rows: utterance, hash, recording; stretches: see ``ser.evaluation.overlap``. In the order of their ends, an
    utterance stays if it shares nothing with those that stay.
    """
    kinds: dict[str, set[str]] = defaultdict(set)
    for kind, one, other, _ in shared:
        kinds[one].add(kind)
        kinds[other].add(kind)
    places = stretches[stretches["utterance"].isin(kinds)].sort_values(["recording", "end", "start"], kind="stable")
    copies = {row.utterance: (("audio", row.hash), ("near audio", row.recording)) for row in rows.itertuples()}
    kept: set[tuple[str, object]] = set()
    busy: dict[int, list[tuple[int, int]]] = defaultdict(list)
    out = []
    for name, own in ((str(name), own) for name, own in places.groupby("utterance", sort=False)):
        values = {copy for copy in copies[name] if copy[0] in kinds[name]}
        spans = list(zip(own["recording"], own["start"], own["end"], strict=True)) if "overlap" in kinds[name] else []
        if values & kept or any(_meet(span, others) for number, *span in spans for others in busy[number]):
            out.append(name)
            continue
        kept |= values
        for number, *span in spans:
            busy[number].append((span[0], span[1]))
    return sorted(out)


def _meet(one: Sequence[int], other: Sequence[int]) -> bool:
    return one[0] < other[1] - LEAST and other[0] < one[1] - LEAST


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
    text = f"All {len(shared)} pairs of utterances that share a recording are in {table}; {block} has the key 'exclude'"
    return f"{text} with {len(out)} of them, ready to paste."


def _table(shared: Iterable[Pair], about: pd.DataFrame) -> str:
    """Return the pairs as CSV, with what the manifest says of both utterances."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = ("utterance", *ABOUT)
    writer.writerow(["kind", *names, *(f"like_{name}" for name in names), "shared"])
    for kind, one, other, value in shared:
        writer.writerow([kind, one, *about.loc[one], other, *about.loc[other], value])
    return text.getvalue()


def _block(shared: Iterable[Pair], out: Sequence[str], about: pd.DataFrame, corpus: str) -> str:
    """Return the part of a configuration that leaves the utterances ``out`` out."""
    like: dict[str, str] = {}
    for _, one, other, _ in shared:
        like.setdefault(one, other)
        like.setdefault(other, one)
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
