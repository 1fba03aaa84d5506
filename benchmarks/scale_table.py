"""Time and memory of what reads a whole manifest at once, on a table of recordings of several sizes.

Run: python benchmarks/scale_table.py FOLDER [--rows 9375 37500 150000] [--speakers 200]

The rows of the CSV are quarters of a second of 40 files at 1 kHz, so that hardly anything but the number of rows is
measured. Fingerprints are drawn: random mixtures of eight of 300 random courses each, which gives correlations like
those of speech, and every hundredth row a copy of another. Prints a row per stage and size.
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import soundfile
from spent import row, ser

from ser import catalog, layout
from ser.config.read import shipped
from ser.config.schema import Corpus
from ser.corpora import table
from ser.tables import contracts
from ser.tables.contracts import FINGERPRINTS

PROJECT = Path(__file__).parents[1]
PROTOCOLS = ("session-out-4", "speaker-folds-4", "random-folds-4", "text-out-4")
AUDITED = ("random-folds-4", "session-out-4")
FILES = 40
RATE = 1_000
SECONDS = 0.25


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[9_375, 37_500, 150_000])
    parser.add_argument("--speakers", type=int, default=200)
    arguments = parser.parse_args()
    row("stage", "rows", "wall s", "CPU s", "CPU ms per row", "peak MB")
    row(":--", *["--:"] * 5)
    for rows in arguments.rows:
        measure(arguments.folder / str(rows), rows, arguments.speakers)


def measure(folder: Path, rows: int, speakers: int) -> None:
    """Measure every stage on a table of ``rows``."""
    root, manifest, prints = folder / "recordings", folder / "manifest.parquet", folder / "fingerprints"
    write(root, rows, speakers)
    settings = Corpus(adapter="table", root=str(root), options={"table": "labels.csv"})
    facts = table.facts(root, table="labels.csv")

    def report(stage: str, arguments: list[object]) -> None:
        spent = ser(arguments)
        row(stage, rows, spent.wall, spent.processor, f"{1000 * spent.processor / rows:.3f}", f"{spent.memory:.0f}")

    given = ["--corpus", "mine", "--settings", settings.canonical(), "--root", root]
    recordings = folder / "recordings.parquet"
    written = ["--manifest", manifest, "--recordings", recordings, "--excluded", folder / "excluded.csv"]
    report("prepare", ["prepare", *given, *written])
    shard = layout.shard_count(rows, settings.shard_size) // 2
    out = folder / "audio.parquet"
    report(
        "resample, one shard", ["resample", "--recordings", recordings, "--root", root, "--shard", shard, "--out", out]
    )
    draw(
        prints,
        [row_["utterance"] for row_ in contracts.read(contracts.MANIFEST, manifest).select(["utterance"]).to_pylist()],
    )
    for name in PROTOCOLS:
        protocol = shipped(PROJECT / "config")[0][name]
        count = catalog.load("protocols", protocol.rule).folds(facts, **protocol.options)
        protocol = protocol.model_copy(update={"leaks": (*protocol.leaks, "audio")})  # copies are drawn
        given = ["--corpus", "mine", "--name", name, "--protocol", protocol.decisive(), "--folds", count]
        report(f"split {name}", ["split", *given, "--manifest", manifest, "--out", folder / f"folds-{name}.parquet"])
    for name in AUDITED:
        given = ["--folds", folder / f"folds-{name}.parquet", "--fingerprints", prints]
        report(f"audit {name}", ["audit", "--manifest", manifest, *given, "--out", folder / f"audit-{name}.parquet"])


def write(root: Path, rows: int, speakers: int) -> None:
    """Write the recordings and the table ``labels.csv``."""
    root.mkdir(parents=True, exist_ok=True)
    generator, chance = np.random.default_rng(0), Random(0)
    for number in range(FILES):
        length = round((rows // FILES + 1) * SECONDS * RATE)
        soundfile.write(root / f"{number}.wav", generator.uniform(-0.3, 0.3, length), RATE)
    with (root / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "emotion", "utterance", "speaker", "session", "gender", "text", "start", "end"])
        for number in range(rows):
            speaker = chance.randrange(speakers)
            text = f"this is sentence number {chance.randrange(rows // 5)}"
            gender = "female" if speaker % 2 else "male"
            emotion = chance.choice(["angry", "happy", "neutral", "sad"])
            name, session = f"u{number:07d}", f"session{speaker // 20:03d}"
            start = number // FILES * SECONDS
            about = [emotion, name, f"s{speaker:04d}", session, gender, text]
            writer.writerow([f"{number % FILES}.wav", *about, start, start + SECONDS])


def draw(folder: Path, utterances: list[str], size: int = 5000) -> None:
    """Write fingerprints of ``utterances``, ``size`` to a file."""
    generator = np.random.default_rng(0)
    courses = generator.standard_normal((300, 512)).astype(np.float32)
    for number, names in enumerate(parts(utterances, size)):
        weights = generator.dirichlet(np.ones(8), len(names)).astype(np.float32)
        mixed = np.einsum("ij,ijk->ik", weights, courses[generator.integers(300, size=(len(names), 8))])
        extent = generator.uniform(0.5, 8, len(names))
        mixed[::100], extent[::100] = mixed[0], extent[0]
        mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        hashes = [f"{number:016x}{row:016x}" for row in range(len(names))]
        vectors, tracks = [vector.tobytes() for vector in mixed.astype("<f2")], [b""] * len(names)
        columns = [names, hashes, extent.astype(np.float32), vectors, tracks]
        contracts.write(FINGERPRINTS, pa.table(columns, schema=FINGERPRINTS.schema), folder / f"{number}.parquet")


def parts(names: list[str], size: int) -> Iterator[list[str]]:
    """Yield ``names``, ``size`` at a time."""
    for begin in range(0, len(names), size):
        yield names[begin : begin + size]


if __name__ == "__main__":
    main()
