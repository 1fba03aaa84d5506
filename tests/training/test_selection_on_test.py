"""Selection on the test part: what trains is the same, the choice is the one that is best on test, and scores rise."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ser import metrics
from ser.config.recipe import Inputs, Recipe, Training, View
from ser.config.schema import Protocol
from ser.errors import SerError
from ser.files.checkpoints import CheckpointFile
from ser.jobs import run_record
from ser.models import linear_svm
from ser.training import estimator, fold, fold_data, loop, predict
from ser.training.fold import Fold
from ser.training.fold_data import FoldData
from ser.training.task import TrainingTask
from ser.training.training_state import TrainingState

LABELS = ("angry", "sad")
RANDOM = np.random.default_rng(5)
ROWS = [
    (f"{part}{k:02d}", part, LABELS[k % 2], part)
    for part, count in (("train", 20), ("dev", 8), ("test", 12))
    for k in range(count)
]


def protocol(part: str, **keys: object) -> Protocol:
    stated = {"rule": "any", "labels": "all", "selection": "dev_ua", "selected_on": part}
    return Protocol.model_validate(stated | keys)


def on(data: FoldData, part: str) -> FoldData:
    return replace(data, fold=replace(data.fold, protocol=protocol(part)))


def ua(of: Fold, probabilities: np.ndarray) -> float:
    truth = of.labels[of.rows("test")]
    return float(metrics.ua(metrics.confusion(truth, probabilities.argmax(1), len(of.classes))))


def test_train_and_digest_stay_and_dev_is_the_test_part(tmp_path: Path, folds: Callable[..., Path]) -> None:
    path = folds(tmp_path / "f.parquet", ROWS)
    dev, test = (fold.read(path, 0, protocol(part)) for part in ("dev", "test"))
    assert test.rows("dev").tolist() == test.rows("test").tolist() == dev.rows("test").tolist()
    assert test.rows("train").tolist() == dev.rows("train").tolist()
    assert not set(test.rows("train")) & set(test.rows("test"))
    assert test.digest() == dev.digest()
    assert sum(test.counts()["dev"].values()) == 12
    assert run_record._selection(dev.protocol) == []
    assert "test part" in run_record._selection(test.protocol)[0]


def test_it_needs_no_dev_part(tmp_path: Path, folds: Callable[..., Path]) -> None:
    path = folds(tmp_path / "f.parquet", [row for row in ROWS if row[1] != "dev"])
    assert fold.read(path, 0, protocol("test")).rows("dev").size == 12
    with pytest.raises(SerError, match="no dev part"):
        fold.read(path, 0, protocol("dev"))


def network(data: FoldData, tiny: SimpleNamespace) -> tuple[TrainingState, float]:
    """Train for twenty epochs and return the state and the UA on test of the weights that are kept."""
    torch.manual_seed(3)
    model = tiny.build(data.shape, 2)
    training = Training.model_validate({"batch": 4, "epochs": 20, "learning_rate": 0.002})
    recipe = Recipe(model="m", inputs=Inputs(), training=training)
    checkpoint = CheckpointFile(Path(data.fold.protocol.selected_on))
    state = loop.fit(model, data, TrainingTask(recipe, SimpleNamespace(), 3, checkpoint))  # type: ignore[arg-type]
    return state, ua(data.fold, predict.answers(model, data, "test", 4))


def test_an_epoch_that_is_chosen_on_test_scores_higher_there(
    tiny: SimpleNamespace, loaded: Callable[..., FoldData], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dev speaker says everything the other way round, so that dev UA falls while the training learns."""
    monkeypatch.chdir(tmp_path)
    side = {name: (1 if label == "sad" else -1) * (-1 if part == "dev" else 1) for name, part, label, _ in ROWS}
    matrices = {
        name: (RANDOM.normal(size=(9, 3)) + shift * (0.5 if name.startswith("test") else 1)).astype(np.float32)
        for name, shift in side.items()
    }
    data = loaded(ROWS, matrices, View(feature="f", normalise="statistics"))
    (one, on_dev), (other, on_test) = (network(on(data, part), tiny) for part in ("dev", "test"))
    assert [row.train_loss for row in one.history] == [row.train_loss for row in other.history]
    assert on_test == max(row.dev_ua for row in other.history if row.dev_ua is not None)
    assert on_test > on_dev + 0.2


def test_a_cost_that_is_chosen_on_test_scores_higher_there(
    tmp_path: Path, folds: Callable[..., Path], shards: Callable[..., Path]
) -> None:
    """Test repeats the mistakes of train, dev does not: to fit train closely is best on test alone."""
    wrong = {f"{part}{k:02d}" for part in ("train", "test") for k in (0, 1, 2)}
    rows = [row for row in ROWS if row[1] != "test"]
    rows += [(f"test{k:02d}", "test", LABELS[k % 2], "test") for k in range(20)]
    shift = {name: (1 if label == "sad" else -1) * (-1 if name in wrong else 1) for name, _, label, _ in rows}
    own = RANDOM.normal(size=(20, 40))  # by which a close fit tells the utterances of train apart
    vectors = {
        name: np.concatenate([np.full(200, shift[name]), np.zeros(40) if part == "dev" else own[int(name[-2:])]])
        for name, part, *_ in rows
    }
    view = View(feature="f")
    path = shards(tmp_path / "f", {name: vector[None].astype(np.float32) for name, vector in vectors.items()})
    recipe = Recipe(model="linear_svm", inputs=Inputs(vector=view), options={"c": (0.0001, 10.0)})
    found = {}
    for part in ("dev", "test"):
        of = fold.read(folds(tmp_path / "folds.parquet", rows), 0, protocol(part))
        data = fold_data.load(of, recipe.inputs, {"f": path}, device=torch.device("cpu"), seed=0)
        outcome = estimator.train(TrainingTask(recipe, linear_svm, 0, CheckpointFile(tmp_path / "k")), data)
        found[part] = outcome.chosen["c"], ua(of, outcome.answers)
    assert [found[part][0] for part in ("dev", "test")] == [0.0001, 10.0]
    assert found["test"][1] > found["dev"][1] + 0.1
