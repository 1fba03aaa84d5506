"""Time and memory of what reads all runs of an experiment at once: scores, intervals and comparisons, the report.

Run: python benchmarks/scale_report.py FOLDER [--systems 5 20 69]

The experiment is the grid of scale_plan.py. Its runs are not trained but drawn: as many utterances as IEMOCAP has,
right by chance at a rate that depends on the system, two epochs of history, no attention. Prints a row per stage and
number of systems.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
from scale_plan import configure, ours
from spent import row, run, ser

from ser.config.plan import Plan, read_plan
from ser.config.read import shipped
from ser.config.schema import Protocol
from ser.files import embedded_checksum
from ser.files.atomic import write_text
from ser.layout import Run
from ser.tables import contracts

PROJECT = Path(__file__).parents[1]
UTTERANCES, SPEAKERS, EPOCHS = {4: 5531, 10: 10_039}, 10, 2


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--systems", type=int, nargs="+", default=[5, 20, 69])
    arguments = parser.parse_args()
    row("stage", "runs", "pairs of systems", "wall s", "CPU s", "peak MB")
    row(":--", *["--:"] * 5)
    for count in arguments.systems:
        measure(arguments.folder.absolute() / str(count), drawable()[:count])


def drawable() -> list[str]:
    """Return the shipped systems but those that read recognised words, whose transcripts the report would want."""
    systems = shipped(PROJECT / "config")[1].items()
    return [name for name, recipe in systems if not (words := recipe.inputs.words) or words.transcript == "given"]


def measure(folder: Path, systems: list[str]) -> None:
    """Draw the runs of ``systems`` and measure every stage that reads them."""
    configure(folder, systems, 500)
    kept = folder / "results/full-grid"
    run(ours(folder, str((kept / "plan.json").relative_to(folder))), folder)
    plan = read_plan(kept / "plan.json")
    for one in plan.runs():
        draw(folder / one.folder, one, plan)
    pairs = len(plan.protocols) * len(systems) * (len(systems) - 1) // 2
    scored = ["--scores", kept / "scores.parquet", "--confusions", kept / "confusions.parquet"]
    names = ("intervals", "comparisons", "contrasts")
    compared = [part for name in names for part in (f"--{name}", kept / f"{name}.parquet")]
    for verb, given in {"score": scored, "compare": compared, "report": [*scored, *compared, "--out", kept]}.items():
        spent = ser([verb, "--plan", kept / "plan.json", *given], folder)
        row(verb, len(plan.runs()), pairs, spent.wall, spent.processor, f"{spent.memory:.0f}")


def draw(folder: Path, one: Run, plan: Plan) -> None:
    """Write what a training leaves: record, history, attention and predictions."""
    protocol = plan.protocols[one.protocol]
    classes = named(protocol)
    tested, speakers, labels = divided(one, classes)
    chance = np.random.default_rng([*one.system.encode(), one.seed, one.fold])
    odds = chance.dirichlet(np.ones(len(classes)), len(tested)).astype(np.float32)
    skill = 0.1 + 0.4 * list(plan.systems).index(one.system) / len(plan.systems)
    odds[np.arange(len(tested)), labels] += (chance.random(len(tested)) < skill).astype(np.float32)
    odds /= odds.sum(axis=1, keepdims=True)
    rows = {
        **{name: [value] * len(tested) for name, value in one._asdict().items()},
        "utterance": [f"u{number:05d}" for number in tested],
        "speaker": [f"s{number}" for number in speakers],
        "label": [classes[number] for number in labels],
        "predicted": [classes[number] for number in odds.argmax(axis=1)],
        "probabilities": list(odds),
    }
    notes = {"classes": json.dumps(classes), "digest": protocol.digest(), "tested": "once"}
    written = pa.table(rows, schema=contracts.PREDICTIONS.schema)
    contracts.write(contracts.PREDICTIONS, written, folder / "predictions.parquet", notes)
    epochs = {name: [number / EPOCHS for number in range(EPOCHS)] for name in contracts.HISTORY.schema.names}
    epochs |= {"epoch": list(range(1, EPOCHS + 1)), "step": list(range(1, EPOCHS + 1))}
    history = pa.table(epochs).cast(contracts.HISTORY.schema)
    contracts.write(contracts.HISTORY, history, folder / "history.parquet")
    contracts.write(contracts.ATTENTION, contracts.ATTENTION.schema.empty_table(), folder / "attention.parquet")
    counts = {label: int(number) for label, number in zip(classes, np.bincount(labels), strict=True)}
    write_text(folder / "run.json", json.dumps(card(protocol, classes, counts)))


def named(protocol: Protocol) -> list[str]:
    """Return the classes of a protocol; ten where it takes all emotions."""
    return [f"class {number}" for number in range(10)] if protocol.labels == "all" else sorted(protocol.labels)


def divided(one: Run, classes: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return utterance, speaker and label of the fold's test part: a speaker's, or a random tenth."""
    drawn, count = np.random.default_rng(0), UTTERANCES[len(classes)]
    speakers, labels, folds = (drawn.integers(size, size=count) for size in (SPEAKERS, len(classes), SPEAKERS))
    here = np.flatnonzero((speakers if one.protocol.startswith("speaker") else folds) == one.fold)
    return here, speakers[here], labels[here]


def card(protocol: Protocol, classes: list[str], counts: dict[str, int]) -> dict[str, object]:
    """Return the record of a run, as far as reports read it."""
    return {
        "protocol_digest": protocol.digest(),
        "classes": classes,
        "counts": {"train": counts, "dev": counts, "test": counts},
        "parameters": 1000,
        "seconds_training": 60.0,
        "epochs_run": EPOCHS,
        "best_epoch": 1,
        "device": "drawn",
        "versions": {},
        "commit": "",
        "dirty": False,
        "notes": [],
        "features": {},
        "warning": "",
        embedded_checksum.KEY: embedded_checksum.BLANK,
    }


if __name__ == "__main__":
    main()
