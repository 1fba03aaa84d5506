"""Several labels per utterance in the report: against scikit-learn, without calibration, with the target stated."""

from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.metrics import accuracy_score, f1_score, hamming_loss

from ser.config.schema import Block, Protocol
from ser.layout import folds, manifest
from ser.tables import contracts

CLASSES = ("angry", "happy", "neutral", "sad")
LABELS = {name: (name,) for name in CLASSES}
SHARED = {"rule": "session_out", "labels": LABELS, "leaks": ("text",)}
PROTOCOLS = {
    "session-out": Protocol.model_validate(SHARED),
    "session-out-several": Protocol.model_validate({**SHARED, "target": {"kind": "several"}}),
    "session-out-shares": Protocol.model_validate(
        {**SHARED, "target": {"kind": "distribution", "without_majority": "train"}}
    ),
}


def answers(path: Path, protocol: str) -> pd.DataFrame:
    found = sorted(path.glob(f"results/runs/demo/{protocol}/*/seed*/fold*/predictions.parquet"))
    tables = [contracts.read(contracts.PREDICTIONS, one).to_pandas() for one in found]
    together: pd.DataFrame = pd.concat(tables, ignore_index=True)
    return together


def write_folds(path: Path, protocol: str) -> dict[str, list[float]]:
    """Write folds whose targets are the label and every third utterance's next class; three have no majority."""
    tested = answers(path, protocol)[["utterance", "fold", "label", "speaker"]].drop_duplicates()
    rows: list[dict[str, Any]] = []
    for number, (name, fold, label, speaker) in enumerate(tested.sort_values("utterance").to_numpy().tolist()):
        given = [float(one == label) for one in CLASSES]
        given[(given.index(1) + 1) % 4] = float(number % 3 == 0)
        facts = {"utterance": name, "fold": fold, "label": label, "speaker": speaker}
        rows.append({**facts, "part": "test", "targets": given})
    unclear = {"fold": 0, "part": "train", "label": None, "speaker": "s", "targets": [0.5, 0.5, 0, 0]}
    rows += [{**unclear, "utterance": f"unclear{n}"} for n in range(3)]
    contracts.write(contracts.FOLDS, pa.Table.from_pylist(rows, contracts.FOLDS.schema), folds("demo", protocol))
    return {row["utterance"]: row["targets"] for row in rows}


def write_unclear() -> None:
    """Write a manifest of three utterances without a majority; raters of two of them chose a class."""
    facts = {"audio": "a.wav", "seconds": 1.0, "rate": 16000, "channels": 1, "checksum": "0", "shard": 0}
    rows = [
        {**facts, "utterance": f"unclear{n}", "emotion": "undecided", "raters": [{"rater": "E1", "emotions": [given]}]}
        for n, given in enumerate(("angry", "sad", "bored"))
    ]
    table = pa.Table.from_pylist(rows, contracts.MANIFEST.schema)
    contracts.write(contracts.MANIFEST, table, manifest("demo"), {"adapter": "demo", "warning": ""})


def write_independent() -> None:
    """Make the probabilities of the protocol with several labels independent of each other."""
    for path in Path().glob("results/runs/demo/session-out-several/*/seed*/fold*/predictions.parquet"):
        table = contracts.read(contracts.PREDICTIONS, path)
        rows = table.to_pylist()
        draw = np.random.default_rng(len(rows))
        for row in rows:
            row["probabilities"] = [float(min(1.0, one + draw.random() / 2)) for one in row["probabilities"]]
        contracts.write(contracts.PREDICTIONS, rows, path, contracts.metadata(table))


def test_metrics_are_those_of_scikit_learn_with_intervals(
    tmp_path: Path, plan_of: Callable[..., Any], trained: Callable[..., None], judge: Callable[..., None], render: Any
) -> None:
    plan = plan_of(
        Block(corpora=("demo",), protocols=tuple(PROTOCOLS), systems=("Audio-CNN",), seeds=(0, 1)), protocols=PROTOCOLS
    )
    with chdir(tmp_path):
        trained(plan)
        write_unclear()
        write_independent()
        labels = write_folds(tmp_path, "session-out-several")
        write_folds(tmp_path, "session-out-shares")
        out = Path("results/trial")
        judge(plan, out)
        render(plan, out)
    tables = {path.stem: pd.read_csv(path) for path in (tmp_path / "results/trial/tables").glob("*.csv")}

    found = tables["label_sets"]
    assert found["protocol"].tolist() == ["session-out-several"]
    each = []
    for _, seed in answers(tmp_path, "session-out-several").groupby("seed"):
        truth = np.array([labels[name] for name in seed["utterance"]])
        given = np.stack(seed["probabilities"].to_list()) >= 0.5
        macro, micro = (f1_score(truth, given, average=one) for one in ("macro", "micro"))
        each.append((macro, micro, accuracy_score(truth, given), hamming_loss(truth, given)))
    names = ["macro_F1", "micro_F1", "subset_accuracy", "Hamming_loss"]
    row = found.to_dict("records")[0]
    assert [row[name] for name in names] == pytest.approx((100 * np.mean(each, axis=0)).tolist(), abs=1e-3)
    for name in names:
        assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]
    assert row["labels"] == pytest.approx(4 / 3)

    assert set(tables["assessment"]["protocol"]) == {"session-out", "session-out-shares"}
    assert set(tables["calibration"]["protocol"]) == {"session-out", "session-out-shares"}
    targets = tables["protocols"].set_index("protocol")["target"]
    left_out = "2 utterances without a majority are left out"
    assert targets["session-out"] == f"the label of the corpus; {left_out}"
    assert targets["session-out-several"] == f"each class that 30 % of the raters chose; {left_out}"
    assert targets["session-out-shares"].endswith("3 utterances without a majority are in train")
    page = (tmp_path / "results/trial/index.html").read_text(encoding="utf-8")
    assert 'id="label_sets"' in page
