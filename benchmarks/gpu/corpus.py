"""Write folds, features and transcripts of random numbers, as long as a corpus's, for measurements without recordings.

Run: python benchmarks/gpu/corpus.py FOLDER [--utterances 5531] [--features log_mel …] [--processes 16]

Utterances last 0.6 to 34 s, 4.4 s on average, like the 5531 of IEMOCAP's four classes. One fold of 8:1:1, ten speakers.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa

from ser.config import extractors, read
from ser.config.schema import Feature, Protocol
from ser.jobs.processes import in_order
from ser.tables import contracts

PROJECT = Path(__file__).parents[2]
CLASSES = ("angry", "happy", "neutral", "sad")
SHARD = 250  # utterances
POOL = 8192  # random frames of which an utterance is a part: longer than the longest
WORDS = 3000
PER_SECOND = 2.6  # words


def main() -> None:
    """Write the corpus."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--utterances", type=int, default=5531)
    parser.add_argument("--features", nargs="+", metavar="NAME", help="by default all of the configuration")
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args()
    known = read.features(PROJECT / "config")
    write(given.folder, given.utterances, {name: known[name] for name in given.features or known}, given.processes)


def write(folder: Path, utterances: int, features: dict[str, Feature], processes: int = 1) -> None:
    """Write folds.parquet, transcripts/<shard>.parquet and features/<name>/<shard>.parquet into ``folder``."""
    spread = np.random.default_rng(0).lognormal(np.log(3.7), 0.6, utterances)
    seconds = np.clip(spread, 0.6, 34).tolist()
    _write_folds(folder / "folds.parquet", utterances)
    dims = extractors.dims(features)
    pieces = [seconds[first : first + SHARD] for first in range(0, utterances, SHARD)]
    for shard, piece in enumerate(pieces):
        _write_transcripts(folder / "transcripts" / f"{shard}.parquet", shard, piece)
    jobs = [
        (folder / "features" / name / f"{shard}.parquet", dims[name], entry, shard, piece)
        for name, entry in features.items()
        for shard, piece in enumerate(pieces)
    ]
    for _ in in_order(_write_shard, jobs, processes):
        pass


def _name(utterance: int) -> str:
    return f"u{utterance:05}"


def _write_folds(path: Path, utterances: int) -> None:
    parts = ["dev", "test", *["train"] * 8]
    rows = [
        {
            "utterance": _name(k),
            "fold": 0,
            "part": parts[k % 10],
            "label": CLASSES[k // 10 % 4],
            "speaker": f"s{k % 10}",
        }
        for k in range(utterances)
    ]
    stated = {"title": "", "rule": "any", "labels": "all", "normalisation": "train", "selection": "dev_ua"}
    notes = {
        "protocol": Protocol.model_validate(stated).canonical(),
        "classes": json.dumps(CLASSES),
        "corpus": "random",
    }
    contracts.write(contracts.FOLDS, pa.Table.from_pylist(rows, schema=contracts.FOLDS.schema), path, notes)


def _write_transcripts(path: Path, shard: int, seconds: list[float]) -> None:
    generator = np.random.default_rng(shard)
    rows = []
    for k, length in enumerate(seconds):
        words = [f"w{word}" for word in generator.integers(WORDS, size=1 + round(PER_SECOND * length))]
        rows.append({"utterance": _name(SHARD * shard + k), "text": " ".join(words), "words": words, "reference": ""})
    contracts.write(contracts.TRANSCRIPTS, rows, path, {"reference": "false"})


def _write_shard(job: tuple[Path, int, Feature, int, list[float]]) -> None:
    path, dims, entry, shard, seconds = job
    module, generator = entry.load(), np.random.default_rng(shard)
    pool = np.abs(generator.standard_normal((POOL, dims), np.float32)).astype(module.DTYPE)
    rows = []
    for k, length in enumerate(seconds):
        frames = 1 if module.HOP is None else round(length / module.HOP)
        first = int(generator.integers(POOL - frames))
        values = pool[first : first + frames]
        shape = {"frames": frames, "dims": dims, "dtype": module.DTYPE}
        rows.append({"utterance": _name(SHARD * shard + k), **shape, "matrix": values.tobytes()})
    contracts.write(contracts.FEATURES, rows, path, {"hop": json.dumps(module.HOP)})


if __name__ == "__main__":
    main()
