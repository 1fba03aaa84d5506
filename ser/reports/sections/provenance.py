"""Where a report's numbers come from: versions, commits, machines, times, energy, hashes of what was trained on."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pandas as pd

from ser import layout
from ser.reports.gathered.numerals import duration
from ser.reports.gathered.runs import Record, spans

DEVICES = ("processor", "gpu")


class Source(NamedTuple):
    """Something that runs were trained on; hashes: blake2b, more than one where protocols use other utterances."""

    corpus: str
    what: str
    hashes: tuple[str, ...]


def surroundings(records: Sequence[Record]) -> list[tuple[str, str]]:
    """Return name and value of what the runs were made with and on."""
    versions: dict[str, dict[str, None]] = {}
    for record in records:
        for name, version in record.versions.items():
            versions.setdefault(name, {})[version] = None
    finished = sorted(record.finished for record in records if record.finished)
    dates = [("finished", " to ".join(dict.fromkeys((finished[0], finished[-1]))))] if finished else []
    return [
        ("commit", "; ".join(sorted({record.commit for record in records}))),
        ("device", "; ".join(sorted({record.device for record in records}))),
        ("seeds", spans({record.run.seed for record in records})),
        ("training time", duration(sum(record.seconds for record in records))),
        ("energy", energy(records)),
        *dates,
        *((name, ", ".join(found)) for name, found in versions.items()),
    ]


def energy(records: Sequence[Record]) -> str:
    """Return what the runs' devices took while they trained, in watt-hours, and of how many runs it is known."""
    known = {name: [record.energy[name] for record in records if name in record.energy] for name in DEVICES}
    told = [
        f"{name} {sum(found) / 3600:.3g} Wh ({len(found)} of {len(records)} runs)"
        for name, found in known.items()
        if found
    ]
    return f"{', '.join(told)}; whole devices, whatever else ran on them" if told else "not readable on these machines"


def sources(records: Iterable[Record]) -> list[Source]:
    """Return the hashes of the manifests as they are, and of the features and words as the runs wrote them down."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for record in records:
        for name, digest in record.data.items():
            if name != "folds":
                what = name if name == "words" else f"feature {name}"
                found.setdefault((record.run.corpus, what), {})[digest] = None
    for corpus in sorted({record.run.corpus for record in records}):
        path = layout.manifest(corpus)
        if path.is_file():
            found[corpus, " manifest.parquet"] = {hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest(): None}
    return [Source(corpus, what.strip(), tuple(sorted(hashes))) for (corpus, what), hashes in sorted(found.items())]


def frame(found: Iterable[Source]) -> pd.DataFrame:
    """Return one row per corpus, source and hash."""
    rows = [(one.corpus, one.what, digest) for one in found for digest in one.hashes]
    return pd.DataFrame(rows, columns=["corpus", "what", "blake2b"])
