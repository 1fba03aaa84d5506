"""A synthetic experiment: random predictions with a known skill, scored by the score stage itself."""

import json
from collections.abc import Callable
from contextlib import chdir
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from ser import contracts
from ser.config.schema import Block, Experiment, Plan, Protocol, Recipe
from ser.layout import Run, manifest
from ser.stages.report import report
from ser.stages.score import score

CLASSES = ("angry", "happy", "neutral", "sad")
LABELS = {"angry": ["angry"], "happy": ["happy", "excited"], "neutral": ["neutral"], "sad": ["sad"]}
PROTOCOLS = {
    "session-out": Protocol(title="Leave one session out", rule="session_out", labels=LABELS, leaks=("text",)),
    "random": Protocol(
        title="Random folds & <leaks>", paper="peng2021", rule="random_folds", labels=LABELS, leaks=("speaker", "text")
    ),
}
WARNING = "Synthetic speech: these numbers mean nothing about emotion."
SKILL = {"session-out": 0.3, "random": 0.7}
NOTES = {"provenance": "trained by this pipeline on the 10 speakers of corpus demo, those of test folds among them"}


def recipe(title: str, published: str | None = None, **defaults: str) -> Recipe:
    """Return a recipe whose model is never built."""
    paper = "peng2021" if published else None
    inputs: dict[str, Any] = {"frames": {"feature": "mfcc"}}
    named = {paper: (published,)} if paper and published else {}
    return Recipe(
        title=title,
        paper=paper,
        published=named,
        model="any",
        inputs=inputs,
        defaults=defaults,
    )


SYSTEMS = {
    "Audio-CNN": recipe("Audio CNN of Peng et al.", "Audio-CNN", learning_rate="the paper prints none"),
    "SVM_50%": recipe("SVM on 88 functionals"),
}


def make_plan(*blocks: Block, folds: int = 3, **kinds: Any) -> Plan:
    """Return a plan of ``blocks`` in which every protocol has ``folds`` folds."""
    protocols = kinds.get("protocols", PROTOCOLS)
    corpora = {name for block in blocks for name in block.corpora}
    experiment = Experiment(name="trial", title="A trial", note=kinds.get("note", ""), runs=blocks)
    return Plan(
        experiment=experiment,
        protocols=protocols,
        systems=SYSTEMS,
        folds={corpus: dict.fromkeys(protocols, folds) for corpus in corpora},
    )


def write_run(run: Run, plan: Plan, *, utterances: int = 40, epochs: int = 5, dev: bool = True, **changes: Any) -> None:
    """Write what the train stage writes, with random predictions."""
    draw = np.random.default_rng(hash_of(run))
    labels = draw.choice(CLASSES, utterances, p=(0.2, 0.3, 0.3, 0.2))
    known = draw.random(utterances) < SKILL.get(run.protocol, 0.5)
    predicted = np.where(known, labels, draw.choice(CLASSES, utterances))
    rows = {
        **{name: [value] * utterances for name, value in run._asdict().items()},
        "utterance": [f"{run.fold}-{number:03d}" for number in range(utterances)],
        "speaker": [f"speaker{run.fold}"] * utterances,
        "label": labels.tolist(),
        "predicted": predicted.tolist(),
        "probabilities": [[0.25] * 4] * utterances,
    }
    table = pa.table(rows, schema=contracts.PREDICTIONS.schema)
    contracts.write(contracts.PREDICTIONS, table, run.folder / "predictions.parquet", {"classes": json.dumps(CLASSES)})
    contracts.write(contracts.HISTORY, history(epochs, dev), run.folder / "history.parquet")
    contracts.write(contracts.ATTENTION, contracts.ATTENTION.schema.empty_table(), run.folder / "attention.parquet")
    card = {
        **run._asdict(),
        "protocol_digest": plan.protocols[run.protocol].digest(),
        "classes": list(CLASSES),
        "counts": {part: dict.fromkeys(CLASSES, size) for part, size in (("train", 60), ("dev", 8), ("test", 10))},
        "parameters": 1_234_567,
        "warning": WARNING if run.corpus == "demo" else "",
        "seconds": 14.0,
        "seconds_training": 12.5,
        "epochs_run": epochs,
        "best_epoch": 3,
        "notes": [],
        "features": {"mfcc": {"provenance": ""}, "xvector": NOTES},
        "device": "Some CPU @ 2.00GHz",
        "versions": {"python": "3.11.2", "torch": "2.4.0", "opensmile": None},
        "commit": "0123456789abcdef",
        "dirty": False,
        **changes,
    }
    (run.folder / "run.json").write_text(json.dumps(card), encoding="utf-8")


def hash_of(run: Run) -> int:
    """Return a seed that is the same in every process."""
    return int.from_bytes("/".join(map(str, run)).encode()[-6:], "big")


def history(epochs: int, dev: bool) -> pa.Table:
    """Return a history with falling loss and rising dev UA, or nulls where there is no dev part."""
    rows = [
        {
            "epoch": epoch,
            "step": 10 * epoch,
            "seconds": 2.5,
            "learning_rate": 1e-3,
            "train_loss": 1.4 / epoch,
            "dev_loss": 1.5 / epoch if dev else None,
            "dev_wa": 0.3 + 0.4 * (1 - 1 / epoch) if dev else None,
            "dev_ua": 0.25 + 0.4 * (1 - 1 / epoch) if dev else None,
        }
        for epoch in range(1, epochs + 1)
    ]
    return pa.Table.from_pylist(rows, schema=contracts.HISTORY.schema)


def write_manifest(corpus: str, adapter: str, warning: str) -> None:
    """Write a manifest of one utterance: the report reads only its notes."""
    row = {
        "utterance": "u",
        "audio": "u.wav",
        "seconds": 1.0,
        "rate": 16000,
        "channels": 1,
        "checksum": "0",
        "shard": 0,
    }
    table = pa.Table.from_pylist([row], schema=contracts.MANIFEST.schema)
    contracts.write(contracts.MANIFEST, table, manifest(corpus), {"adapter": adapter, "warning": warning})


def write_runs(plan: Plan, **changes: Any) -> None:
    """Write what the runs of a plan left behind, in the current folder."""
    for corpus in plan.experiment.corpora():
        write_manifest(corpus, corpus, WARNING if corpus == "demo" else "")
    for run in plan.runs():
        write_run(run, plan, **changes)


def write_report(home: Path, plan: Plan, **changes: Any) -> Path:
    """Write the runs of a plan under ``home``, score and report them, and return the report's folder."""
    with chdir(home):
        write_runs(plan, **changes)
        out = Path("results/trial")
        score(runs=plan.runs(), scores=out / "scores.parquet", confusions=out / "confusions.parquet")
        report(plan=plan, scores=out / "scores.parquet", confusions=out / "confusions.parquet", out=out)
    return home / out


@pytest.fixture
def reported(tmp_path: Path) -> Callable[..., Path]:
    """Return a function from a plan to the folder of its report."""
    return partial(write_report, tmp_path)


@pytest.fixture
def trained() -> Callable[..., None]:
    """Return the function that writes the runs of a plan in the current folder."""
    return write_runs


@pytest.fixture
def plan_of() -> Callable[..., Plan]:
    """Return the function that makes a plan of blocks."""
    return make_plan


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of two systems under an honest and a leaking protocol, two seeds; not to be changed."""
    block = Block(corpora=("demo",), protocols=("session-out", "random"), systems=tuple(SYSTEMS), seeds=(0, 1))
    return write_report(tmp_path_factory.mktemp("both"), make_plan(block))
