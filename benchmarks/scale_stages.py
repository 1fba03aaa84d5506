"""Time and memory of every stage before training, over corpora of several sizes.

Run: python benchmarks/scale_stages.py FOLDER [--sizes 1255 5020 10039] [--features mfcc log_mel] [--sample 3]
     [--slow …]

Writes the synthetic corpus in each size below FOLDER (some 4 GB for the default sizes) and calls the pipeline's own
verbs, one job after the other, as the rules do. Prints a row per stage and size: jobs, wall time, processor seconds
(user + system, which other load on the machine disturbs less), processor seconds per hour of audio, and the largest
resident memory of one job. What is in FOLDER already is measured again, except for the corpus itself. ``--slow``
features are measured on the first ``--sample`` shards; their row gives how many of the shards that were.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
from spent import Spent, row, ser, total

from ser import catalog, layout
from ser.config.read import shipped
from ser.corpora import demo

PROJECT = Path(__file__).parents[1]
SHARD = 500  # utterances, as the configuration's default
PROTOCOLS = ("session-out-4", "speaker-out-4", "random-folds-4", "text-out-4")


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1255, 5020, 10039], help="utterances")
    parser.add_argument("--features", nargs="*", default=["mfcc", "log_mel"])
    parser.add_argument("--slow", nargs="*", default=["compare_functionals"], help="features measured on a few shards")
    parser.add_argument("--sample", type=int, default=3, help="shards of a slow feature")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    row("stage", "utterances", "hours", "jobs", "wall s", "CPU s", "CPU s per hour", "peak MB")
    row(":--", *["--:"] * 7)
    for utterances in arguments.sizes:
        corpus(arguments.folder, utterances, arguments.features, arguments.slow, arguments.sample)


def corpus(folder: Path, utterances: int, features: Iterable[str], slow: Iterable[str], sample: int) -> None:
    """Measure all stages on the synthetic corpus of ``utterances``."""
    name = f"demo{utterances}"
    options = {"utterances": utterances, "seed": 0}
    settings = json.dumps({"adapter": "demo", "options": options, "shard_size": SHARD})
    raw, data = folder / "raw" / name, folder / "data" / name
    manifest = data / "manifest.parquet"
    named = ["--corpus", name, "--root", raw]
    fetched = None if raw.exists() else ser(["fetch", *named, "--adapter", "demo", "--options", json.dumps(options)])
    recordings = data / "recordings.parquet"
    written = ["--manifest", manifest, "--recordings", recordings, "--excluded", data / "excluded.csv"]
    prepared = ser(["prepare", *named, "--settings", settings, *written])
    hours = pc.sum(pq.read_table(manifest, columns=["seconds"])["seconds"]).as_py() / 3600
    shards = range(layout.shard_count(utterances, SHARD))

    def report(stage: str, spent: Spent, share: float = 1.0) -> None:
        jobs = f"{spent.jobs}" if share == 1 else f"{spent.jobs} of {len(shards)}"
        per_hour = f"{spent.processor / hours / share:.2f}"
        row(stage, utterances, f"{hours:.2f}", jobs, spent.wall, spent.processor, per_hour, f"{spent.memory:.0f}")

    if fetched is not None:
        report("fetch", fetched)
    report("prepare", prepared)
    audio = [data / "audio" / f"{shard}.parquet" for shard in shards]
    report(
        "resample",
        each(["resample", "--recordings", recordings, "--root", raw, "--shard", n, "--out", audio[n]] for n in shards),
    )
    prints = data / "fingerprints"
    report("fingerprint", each(["fingerprint", "--audio", audio[n], "--out", prints / f"{n}.parquet"] for n in shards))
    for feature in (*features, *slow):
        chosen = shards[:sample] if feature in slow else shards
        report(
            f"extract {feature}", each(extraction(feature, audio[n], data) for n in chosen), len(chosen) / len(shards)
        )
    for protocol in PROTOCOLS:
        folds = data / "folds" / f"{protocol}.parquet"
        report(f"split {protocol}", ser(division(name, protocol, manifest, folds)))
        out = data / "audit" / f"{protocol}.parquet"
        report(
            f"audit {protocol}",
            ser(["audit", "--manifest", manifest, "--folds", folds, "--fingerprints", prints, "--out", out]),
        )


def extraction(feature: str, audio: Path, data: Path) -> list[object]:
    """Return the arguments of the job that extracts one feature of one shard."""
    out = data / "features" / feature / audio.name
    return ["extract", "--feature", feature, "--extractor", feature, "--options", "{}", "--audio", audio, "--out", out]


def division(corpus: str, name: str, manifest: Path, out: Path) -> list[object]:
    """Return the arguments of the job that writes a protocol's folds."""
    protocol = shipped(PROJECT / "config")[0][name]
    folds = catalog.load("protocols", protocol.rule).folds(demo.facts(None), **protocol.options)
    given = ["--protocol", protocol.decisive(), "--manifest", manifest, "--folds", folds, "--out", out]
    return ["split", "--corpus", corpus, "--name", name, *given]


def each(jobs: Iterable[list[object]]) -> Spent:
    """Run jobs one after the other."""
    return total(ser(job) for job in jobs)


if __name__ == "__main__":
    main()
