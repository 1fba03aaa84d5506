"""Many utterances in one long recording: prepare and resample of each format, relative to FLAC.

Run: python benchmarks/long_recordings.py [--seconds 3600] [--utterances 1800] [--formats flac mp3 …]

The recording is noise at 22.05 kHz, cut into utterances of equal length in shards of 500. A position in a FLAC can be
reached directly; the other formats are decoded from the beginning. mp3-open is an MP3 without a header that declares
its length. Prints the seconds of both stages, and their sum relative to that of FLAC.
"""

import argparse
import tempfile
from itertools import pairwise
from pathlib import Path

import coded_audio
import numpy as np
import soundfile
from spent import row, seconds

from ser.config.schema import Corpus
from ser.layout import shard_count
from ser.stages.prepare import PrepareJob, prepare
from ser.stages.resample import ResampleJob, resample

RATE, SHARD = 22_050, 500  # Hz; utterances
FORMATS = {"flac": ("FLAC", "PCM_16"), "mp3": ("MP3", None), "ogg": ("OGG", "VORBIS")}  # written by libsndfile
CODED = {"mp3-open": ("libmp3lame", "mp3", {"write_xing": "0"}), "m4a": ("aac", "ipod", {})}  # by FFmpeg


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--utterances", type=int, default=1800)
    known = [*FORMATS, *CODED]
    parser.add_argument("--formats", nargs="+", default=known, choices=known)
    arguments = parser.parse_args()
    noise = np.random.default_rng(0).normal(0, 0.1, arguments.seconds * RATE).astype(np.float32)
    row("format", "prepare, s", "resample, s", "relative to FLAC")
    row(":--", "--:", "--:", "--:")
    with tempfile.TemporaryDirectory() as folder:
        measured(Path(folder), "flac", noise[: 20 * RATE], 10)  # imports
    base = None
    for kind in dict.fromkeys(["flac", *arguments.formats]):
        with tempfile.TemporaryDirectory() as folder:
            first, second = measured(Path(folder), kind, noise, arguments.utterances)
        base = base or first + second
        row(kind, first, second, (first + second) / base)


def measured(folder: Path, kind: str, noise: np.ndarray, utterances: int) -> tuple[float, float]:
    """Return the seconds of prepare and of resample for a recording of one format."""
    root = folder / "corpus"
    root.mkdir()
    path = write(root / f"long.{kind.partition('-')[0]}", kind, noise)
    bounds = np.linspace(0, len(noise) / RATE - 0.1, utterances + 1)
    rows = [f"{path.name},sad,{start:.3f},{end:.3f}\n" for start, end in pairwise(bounds)]
    (root / "t.csv").write_text("path,emotion,start,end\n" + "".join(rows))
    settings = Corpus(adapter="table", options={"table": "t.csv"}, shard_size=SHARD)
    paths = {name: folder / f"{name}.parquet" for name in ("manifest", "recordings", "measures")}
    paths |= {name: folder / f"{name}.csv" for name in ("excluded", "warnings")}
    first = seconds(lambda: prepare(PrepareJob(corpus="own", settings=settings, root=root, **paths)))

    def every_shard() -> None:
        for shard in range(shard_count(utterances, SHARD)):
            out = folder / f"{shard}.parquet"
            resample(ResampleJob(recordings=paths["recordings"], root=root, shard=shard, out=out))

    return first, seconds(every_shard)


def write(path: Path, kind: str, noise: np.ndarray) -> Path:
    """Write a recording of one format."""
    if kind in FORMATS:
        container, subtype = FORMATS[kind]
        with soundfile.SoundFile(path, "w", RATE, 1, subtype, format=container) as file:
            for begin in range(0, len(noise), RATE):  # libsndfile's Vorbis needs a large stack for a long write
                file.write(noise[begin : begin + RATE])
        return path
    return coded_audio.write(path, noise, RATE, *CODED[kind])


if __name__ == "__main__":
    main()
