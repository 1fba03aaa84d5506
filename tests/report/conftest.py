"""A synthetic experiment: random predictions with a known skill, scored by the score stage itself."""

import json
from collections.abc import Callable
from contextlib import chdir
from functools import partial
from itertools import product
from pathlib import Path
from shutil import copytree
from typing import Any

import estimated
import numpy as np
import pyarrow as pa
import pytest

from ser.config.plan import Plan
from ser.config.recipe import Recipe
from ser.config.schema import Block, Contrast, Experiment, Protocol
from ser.layout import Run, audit, manifest
from ser.metrics import DEFAULT
from ser.report import drawing
from ser.report.data.experiment import TABLES
from ser.stages.compare import CompareJob, compare
from ser.stages.plan import PlanJob
from ser.stages.plan import plan as write_plan
from ser.stages.report import ReportJob, report
from ser.stages.score import ScoreJob, score
from ser.tables import contracts
from ser.tables.contracts import ALL_FOLDS, AUDIT

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
SECRET = "confidential sentence"
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
    metrics = kinds.get("metrics", DEFAULT)
    keys = {name: kinds[name] for name in ("note", "contrasts", "use", "robustness") if name in kinds}
    experiment = Experiment(name="trial", title="A trial", runs=blocks, metrics=metrics, **keys)
    return Plan(
        experiment=experiment,
        protocols=protocols,
        systems=SYSTEMS,
        folds={corpus: dict.fromkeys(protocols, folds) for corpus in corpora},
    )


def tested(run: Run, plan: Plan, utterances: int) -> np.ndarray:
    """Return the numbers of the utterances that a run tests: groups of two speakers, or any, each utterance once."""
    folds = plan.folds[run.corpus][run.protocol]
    every = np.arange(folds * utterances)
    fold = every // 2 % folds if run.protocol == "random" else every // utterances
    return every[fold == run.fold]


def write_run(run: Run, plan: Plan, *, utterances: int = 40, epochs: int = 5, dev: bool = True, **changes: Any) -> None:
    """Write what the train stage writes, with random predictions of ``utterances`` of two speakers per fold."""
    draw = np.random.default_rng(hash_of(run))
    numbers = tested(run, plan, utterances)
    labels = np.random.default_rng(0).choice(CLASSES, 10_000, p=(0.2, 0.3, 0.3, 0.2))[numbers]
    known = draw.random(len(numbers)) < SKILL.get(run.protocol, 0.5)
    predicted = np.where(known, labels, draw.choice(CLASSES, len(numbers)))
    sure = draw.uniform(0.3, 0.95, (len(numbers), 1))
    rows = {
        **{name: [value] * len(numbers) for name, value in run._asdict().items()},
        "utterance": [f"{number // utterances}-{number % utterances:03d}" for number in numbers],
        "speaker": [f"speaker{2 * number // utterances}" for number in numbers],
        "label": labels.tolist(),
        "predicted": predicted.tolist(),
        "probabilities": np.where(predicted[:, None] == np.array(CLASSES), sure, (1 - sure) / 3).tolist(),
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
        "data": {"folds": "f0", "mfcc": "0123abcd"},
        "code": "c0de",
        "energy_joules": {"processor": 3600.0},
        "finished": "2024-05-01T12:00:00+00:00",
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


def write_manifest(corpus: str, adapter: str, warning: str, *rows: dict[str, Any]) -> None:
    """Write a manifest of ``rows``, or of one utterance of which the report reads only the notes."""
    facts = {"audio": "u.wav", "seconds": 1.0, "rate": 16000, "channels": 1, "checksum": "0", "shard": 0}
    table = pa.Table.from_pylist(
        [{**facts, **row} for row in rows or ({"utterance": "u"},)], schema=contracts.MANIFEST.schema
    )
    contracts.write(contracts.MANIFEST, table, manifest(corpus), {"adapter": adapter, "warning": warning})


def write_raters(run: Run) -> None:
    """Write the manifest of a run's corpus: three raters who often see the true class, and a secret text."""
    draw = np.random.default_rng(1)
    rows = []
    for path in sorted(run.folder.parent.glob("fold*/predictions.parquet")):
        for row in contracts.read(contracts.PREDICTIONS, path).to_pylist():
            rated = [row["label"] if draw.random() < 0.8 else str(draw.choice(CLASSES)) for _ in range(3)]
            raters = [{"rater": f"E{number}", "emotions": [emotion]} for number, emotion in enumerate(rated, start=1)]
            themselves = {"rater": "F1", "emotions": ["sad"]}  # a speaker of the demo, who rates only himself
            rows.append({"utterance": row["utterance"], "raters": [*raters, themselves], "text": SECRET})
    write_manifest(run.corpus, run.corpus, WARNING, *rows)


def write_audit(corpus: str, protocol: str, leaks: tuple[str, ...]) -> None:
    """Write an audit that finds what is declared, does not know dialogs, and notes a text."""
    example = {"utterance": "0-001", "like": "1-002", "value": SECRET}
    rows = []
    for fold, (kind, leak) in product((ALL_FOLDS, 0), (("speaker", "speaker"), ("dialog", "dialog"), ("any text", ""))):
        status = "unknown" if kind == "dialog" else "noted" if not leak else "declared" if leak in leaks else "none"
        found = 30 if status in ("noted", "declared") else 0
        row = {"corpus": corpus, "protocol": protocol, "fold": fold, "kind": kind, "part": "test", "seen_in": "train"}
        row |= {"leak": leak, "status": status, "utterances": found, "known": 120, "of": 120, "share": found / 120}
        rows.append({**row, "values": found // 3, "examples": [example] if found else []})
    contracts.write(AUDIT, pa.Table.from_pylist(rows, schema=AUDIT.schema), audit(corpus, protocol))


def write_runs(plan: Plan, **changes: Any) -> None:
    """Write what the runs of a plan left behind, in the current folder."""
    for corpus in plan.experiment.selected("corpora"):
        write_manifest(corpus, corpus, WARNING if corpus == "demo" else "")
    for run in plan.runs():
        write_run(run, plan, **changes)


def write_report(home: Path, plan: Plan, **changes: Any) -> Path:
    """Write the runs of a plan under ``home``, score and report them, and return the report's folder."""
    with chdir(home):
        write_runs(plan, **changes)
        out = Path("results/trial")
        judge(plan, out)
        report(ReportJob(plan=written(plan), **judged(out), out=out))
    return home / out


def judge(plan: Plan, out: Path) -> None:
    """Score and compare the runs of a plan."""
    found = judged(out)
    score(ScoreJob(plan=written(plan), scores=found["scores"], confusions=found["confusions"]))
    tables = {name: found[name] for name in ("intervals", "comparisons", "contrasts")}
    compare(CompareJob(plan=written(plan), **tables))


def written(plan: Plan) -> Path:
    """Write a plan in the current folder and return its file."""
    write_plan(PlanJob(plan=plan, out=Path("plan.json")))
    return Path("plan.json")


def judged(out: Path) -> dict[str, Path]:
    """Return the tables that a report is made from, as arguments of its stage."""
    return {name: out / f"{name}.parquet" for name in TABLES}


@pytest.fixture
def reported(tmp_path: Path) -> Callable[..., Path]:
    """Return a function from a plan to the folder of its report."""
    return partial(write_report, tmp_path)


@pytest.fixture
def trained() -> Callable[..., None]:
    """Return the function that writes the runs of a plan in the current folder."""
    return write_runs


@pytest.fixture(name="judge")
def judge_fixture() -> Callable[..., None]:
    """Return the function that scores and compares the runs of a plan."""
    return judge


@pytest.fixture
def render() -> Callable[..., None]:
    """Return a function from a plan and a folder of its tables to a report in ``out``, by default the same folder."""
    return lambda plan, tables, out=None: report(ReportJob(plan=written(plan), **judged(tables), out=out or tables))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no figure: most of the time of a report, for tests that read its tables and the text of its page."""
    monkeypatch.setattr(drawing, "for_file", lambda *_: None)
    monkeypatch.setattr(drawing, "encode", lambda *_: b"")
    monkeypatch.setattr(drawing, "for_page", lambda *_: [])


@pytest.fixture
def plan_of() -> Callable[..., Plan]:
    """Return the function that makes a plan of blocks."""
    return make_plan


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of two systems under an independent and a leaking protocol, two seeds; not to be changed."""
    block = Block(corpora=("demo",), protocols=("session-out", "random"), systems=tuple(SYSTEMS), seeds=(0, 1))
    return write_report(tmp_path_factory.mktemp("both"), make_plan(block))


@pytest.fixture(scope="session")
def whole(both: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same report of a corpus whose raters are known and whose protocols were audited, with a contrast."""
    home = tmp_path_factory.mktemp("whole")
    copytree(both.parents[1], home, dirs_exist_ok=True)
    block = Block(corpora=("demo",), protocols=("session-out", "random"), systems=tuple(SYSTEMS), seeds=(0, 1))
    contrast = Contrast(better="Audio-CNN", than="SVM_50%", claim="Peng et al., Table 1 & μ")
    plan, out = make_plan(block, contrasts={"Network over SVM_50%": contrast}), Path("results/trial")
    with chdir(home):
        judge(plan, out)
        write_raters(plan.runs()[0])
        for name, protocol in PROTOCOLS.items():
            write_audit("demo", name, protocol.leaks)
        report(ReportJob(plan=written(plan), **judged(out), out=out))
    return home / out


@pytest.fixture(scope="session")
def dimensional(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of two systems that estimate dimensions, under an independent and a leaking protocol."""
    home = tmp_path_factory.mktemp("dimensional")
    block = Block(corpora=("demo",), protocols=("session-out", "random"), systems=tuple(SYSTEMS), seeds=(0, 1))
    contrast = Contrast(better="Audio-CNN", than="SVM_50%", claim="the network reads more")
    kinds = {
        "protocols": estimated.PROTOCOLS,
        "metrics": estimated.METRICS,
        "contrasts": {"Network over SVM": contrast},
    }
    plan, out = make_plan(block, **kinds), Path("results/trial")
    counts = {part: {"": size} for part, size in (("train", 60), ("dev", 8), ("test", 40))}
    with chdir(home):
        write_runs(plan, classes=[], counts=counts, train={"loss": 0.5, "CCC": 0.6})
        for run in plan.runs():
            estimated.write(run, plan, tested(run, plan, 40), 40)
        for name, protocol in estimated.PROTOCOLS.items():
            write_audit("demo", name, protocol.leaks)
        judge(plan, out)
        report(ReportJob(plan=written(plan), **judged(out), out=out))
        written(plan).rename(out / "plan.json")
    return home / out
