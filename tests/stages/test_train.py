"""Stage train: what it writes, that it repeats, and that a killed run ends like an undisturbed one."""

import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from ser import catalog, layout
from ser.config.recipe import Recipe
from ser.config.schema import Protocol
from ser.errors import SerError
from ser.files import checkpoints
from ser.jobs import tracking
from ser.jobs.trackers import epochs_file
from ser.jobs.trackers.epochs_file import Epochs
from ser.layers.interface import FRAMES, AttentionWeights, Batch, Shape
from ser.layout import Run
from ser.stages import train as stage
from ser.stages.train import TrainJob, train
from ser.tables import contracts
from ser.tables.contracts import write as write_table

RUN = Run("toy", "p", "s", 1, 0)
LABELS = ("angry", "happy", "sad")
ROWS = [
    (f"{part}{k:02d}", part, LABELS[k % 3])
    for part, count in (("train", 24), ("dev", 9), ("test", 9))
    for k in range(count)
]


class Recurrent(nn.Module):
    """Every kind of state that a checkpoint must hold: weights, running statistics, dropout."""

    def __init__(self, shape: Shape, classes: int, fuse: bool) -> None:
        super().__init__()
        self.lstm = nn.LSTM(shape.frames or 1, 6, batch_first=True)
        self.norm = nn.BatchNorm1d(6)
        self.drop = nn.Dropout(0.4)
        self.head = nn.Linear(6 + (shape.vector_dims() if fuse else 0), classes)

    def forward(self, batch: Batch) -> Tensor:
        assert batch.frames is not None
        assert batch.mask is not None
        states = self.lstm(batch.frames)[0]
        last = states[torch.arange(len(states)), batch.mask.sum(1) - 1]
        hidden = self.drop(self.norm(last))
        out: Tensor = self.head(hidden if batch.vector is None else torch.cat([hidden, batch.vector], 1))
        return out


def network(hook: Callable[[], None] = lambda: None) -> SimpleNamespace:
    """Return a model module whose every training step calls ``hook``."""

    class Hooked(Recurrent):
        def forward(self, batch: Batch) -> Tensor:
            if self.training:
                hook()
            return super().forward(batch)

    return SimpleNamespace(
        build=lambda shape, classes, fuse=False: Hooked(shape, classes, fuse),
    )


@dataclass
class Given:
    """Files and arguments of one call."""

    folds: Path
    features: dict[str, Path]
    use: Callable[[Any], None]

    def run(self, out: Path, recipe: Recipe, protocol: Protocol | None = None, run: Run = RUN, code: str = "c") -> Path:
        table, notes = contracts.read(contracts.FOLDS, self.folds), contracts.metadata(self.folds)
        write_table(contracts.FOLDS, table, self.folds, notes | {"protocol": (protocol or rule()).model_dump_json()})
        train(
            TrainJob(
                **run._asdict(),
                recipe=recipe,
                folds=self.folds,
                features=self.features,
                out=out,
                threads=1,
                device="cpu",
                code=code,
            )
        )
        return out


def rule(**keys: object) -> Protocol:
    stated = {"title": "", "rule": "any", "labels": {name: [name] for name in reversed(LABELS)}}
    return Protocol.model_validate(stated | keys)


def recipe(inputs: dict[str, object] | None = None, options: dict[str, object] | None = None, **keys: object) -> Recipe:
    training = {"batch": 6, "epochs": 5, "learning_rate": 0.02} | keys
    inputs = inputs or {"frames": {"feature": "frames", "normalise": "statistics"}}
    return Recipe.model_validate({"model": "m", "inputs": inputs, "options": options or {}, "training": training})


def shards(folder: Path, dims: int, vector: bool, dtype: str) -> Path:
    random = np.random.default_rng(dims)
    for shard in range(2):
        rows = []
        for name, _, label in ROWS[shard::2]:
            count = 1 if vector else int(random.integers(4, 20))
            matrix = (random.normal(size=(count, dims)) + LABELS.index(label)).astype(dtype)
            rows.append((name, count, dims, dtype, matrix.tobytes()))
        columns = dict(zip(contracts.FEATURES.schema.names, zip(*rows, strict=True), strict=True))
        table = pa.table(columns, schema=contracts.FEATURES.schema)
        contracts.write(
            contracts.FEATURES, table, folder / f"{shard}.parquet", {"provenance": "made here", "hop": "0.01"}
        )
    return folder


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Given:
    monkeypatch.chdir(tmp_path)
    torch.set_num_threads(1)
    write_folds(tmp_path / "folds.parquet", ROWS)
    features = {
        "frames": shards(tmp_path / "frames", 5, False, "float16"),
        "vector": shards(tmp_path / "vector", 3, True, "float32"),
    }

    def use(module: Any) -> None:
        monkeypatch.setattr(catalog, "load", lambda _, __: module)
        monkeypatch.setattr(stage, "expect", lambda *_, **__: None)
        monkeypatch.setattr(stage, "training_options", lambda _: frozenset())

    use(network())
    return Given(tmp_path / "folds.parquet", features, use)


def write_folds(path: Path, rows: list[tuple[str, str, str]], notes: dict[str, str] | None = None) -> None:
    table = [
        {"utterance": name, "fold": 0, "part": part, "label": label, "speaker": part} for name, part, label in rows
    ]
    contracts.write(
        contracts.FOLDS,
        pa.Table.from_pylist(table, schema=contracts.FOLDS.schema),
        path,
        {"warning": "w"} | (notes or {}),
    )


def same(one: Path, two: Path) -> bool:
    """Return whether predictions are equal byte by byte and weights bit by bit (the header's order is not fixed)."""
    weights = [load_file(out / "model.safetensors") for out in (one, two)]
    equal = all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    return equal and (one / "predictions.parquet").read_bytes() == (two / "predictions.parquet").read_bytes()


def predictions(out: Path) -> pa.Table:
    return contracts.read(contracts.PREDICTIONS, out / "predictions.parquet")


def test_predictions_keep_their_contract(given: Given, tmp_path: Path) -> None:
    out = given.run(tmp_path / "out", recipe())
    table = predictions(out)
    classes = json.loads(contracts.metadata(out / "predictions.parquet")["classes"])
    assert classes == ["sad", "happy", "angry"]  # the order of the protocol
    assert table["utterance"].to_pylist() == [name for name, part, _ in ROWS if part == "test"]
    assert table["label"].to_pylist() == [label for _, part, label in ROWS if part == "test"]
    values = np.array(table["probabilities"].to_pylist())
    assert values.shape == (9, 3)
    assert np.allclose(values.sum(1), 1, atol=1e-5)
    assert [classes[k] for k in values.argmax(1)] == table["predicted"].to_pylist()
    for name, value in RUN._asdict().items():
        assert set(table[name].to_pylist()) == {value}


def test_the_record_has_what_was_done(given: Given, tmp_path: Path) -> None:
    out = given.run(tmp_path / "out", recipe())
    card = json.loads((out / "run.json").read_text())
    history = contracts.read(contracts.HISTORY, out / "history.parquet").to_pylist()
    assert card["counts"] == {
        "train": {"sad": 8, "happy": 8, "angry": 8},
        "dev": {"sad": 3, "happy": 3, "angry": 3},
        "test": {"sad": 3, "happy": 3, "angry": 3},
    }
    assert card["epochs_run"] == len(history) == 5
    assert card["best_epoch"] == 1 + int(np.argmax([row["dev_ua"] for row in history]))
    assert card["parameters"] == sum(value.numel() for value in Recurrent(Shape(5), 3, False).parameters())
    assert Protocol.model_validate(card["protocol_record"]).digest() == card["protocol_digest"] == rule().digest()
    assert Recipe.model_validate(card["recipe"]) == recipe()
    assert card["features"]["frames"]["provenance"] == "made here"
    assert card["versions"]["torch"]
    assert (card["folds"], card["warning"], card["resumed"], card["threads"]) == (1, "w", 0, 1)
    assert not list(out.glob(".*"))
    assert not list(Path(layout.CHECKPOINTS).glob("*"))


def test_the_weights_can_be_used_again(given: Given, tmp_path: Path) -> None:
    out = given.run(tmp_path / "out", recipe())
    with safe_open(out / "model.safetensors", framework="pt") as file:
        notes, names = json.loads(file.metadata()["ser"]), set(file.keys())
    assert notes["classes"] == ["sad", "happy", "angry"]
    assert Recipe.model_validate(notes["recipe"]) == recipe()
    assert set(Recurrent(Shape(5), 3, False).state_dict()) < names
    assert {"statistics.frames.mean", "statistics.frames.sd"} < names


def test_attention_is_written_and_changes_nothing_else(given: Given, tmp_path: Path) -> None:
    silent = given.run(tmp_path / "silent", recipe())
    empty = contracts.read(contracts.ATTENTION, silent / "attention.parquet")
    assert empty.num_rows == 0, "this network has no attention"
    build = network().build

    class Reporting(nn.Module):
        """The same network with an even attention over frames."""

        def __init__(self, shape: Shape, classes: int) -> None:
            super().__init__()
            self.inner = build(shape, classes)

        def forward(self, batch: Batch) -> Tensor:
            out: Tensor = self.inner(batch)
            return out

        def attention_weights(self, batch: Batch) -> dict[str, AttentionWeights]:
            assert batch.mask is not None
            return {"even": AttentionWeights(batch.mask / batch.mask.sum(1, keepdim=True), FRAMES)}

    given.use(SimpleNamespace(build=Reporting))
    out = given.run(tmp_path / "reporting", recipe())
    rows = contracts.read(contracts.ATTENTION, out / "attention.parquet").to_pylist()
    assert [row["utterance"] for row in rows] == ["test02", "test01", "test00", "test05"]  # sad, happy, angry, sad
    for row in rows:
        assert (row["attention"], row["axis"], row["start"], row["step"]) == ("even", "frames", 0.005, 0.01)
        assert 4 <= len(row["weights"]) < 20
        assert sum(row["weights"]) == pytest.approx(1)
    assert (out / "predictions.parquet").read_bytes() == (silent / "predictions.parquet").read_bytes()


def test_the_record_of_an_earlier_run_is_removed_before_new_outputs(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = given.run(tmp_path / "out", recipe())
    assert (out / "run.json").is_file()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(contracts, "write", full)
    with pytest.raises(OSError, match="No space"):
        given.run(out, recipe())
    assert not (out / "run.json").exists()


def test_the_same_seed_gives_the_same_file_and_another_does_not(given: Given, tmp_path: Path) -> None:
    one = given.run(tmp_path / "one", recipe())
    two = given.run(tmp_path / "two", recipe())
    assert same(one, two)
    other = given.run(tmp_path / "other", recipe(), run=RUN._replace(seed=2))
    assert not predictions(one)["probabilities"].equals(predictions(other)["probabilities"])


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"optimiser": "sgd", "momentum": 0.9, "nesterov": True},
        {"patience": 2},
        {"optimiser": "adamw", "weight_decay": 0.01, "warmup": 6, "schedule": "cosine"},
    ],
)
def test_a_killed_run_ends_like_an_undisturbed_one(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: dict[str, object]
) -> None:
    whole = given.run(tmp_path / "whole", recipe(**keys))
    monkeypatch.setattr(checkpoints, "INTERVAL", 0.0)
    steps = 0

    def killed_in_epoch_three() -> None:
        nonlocal steps
        steps += 1
        if steps == 10:  # four steps an epoch
            raise KeyboardInterrupt

    given.use(network(killed_in_epoch_three))
    with pytest.raises(KeyboardInterrupt):
        given.run(tmp_path / "resumed", recipe(**keys))
    assert not (tmp_path / "resumed" / "predictions.parquet").exists()
    resumed = given.run(tmp_path / "resumed", recipe(**keys))
    assert json.loads((resumed / "run.json").read_text())["resumed"] == 1
    epochs = json.loads((whole / "run.json").read_text())["epochs_run"]
    assert steps == 10 + 4 * (epochs - 2)
    assert same(whole, resumed)
    assert not list(Path(layout.CHECKPOINTS).glob("*"))


def test_epochs_can_be_read_while_a_run_trains_and_no_file_of_them_stays(given: Given, tmp_path: Path) -> None:
    seen: list[list[dict[str, Any]]] = []
    given.use(network(lambda: seen.append(read_epochs(tmp_path / "out").rows)))
    out = given.run(tmp_path / "out", recipe(), rule(curves=True))
    assert [len(rows) for rows in seen] == [epoch for epoch in range(5) for _ in range(4)], "four steps an epoch"
    history = contracts.read(contracts.HISTORY, out / "history.parquet").to_pylist()
    assert history[0]["test_ua"] is not None
    for row, kept in zip(seen[-1], history, strict=False):
        best = row.pop("best")
        assert row == {name: value for name, value in kept.items() if not name.startswith("test_")}
        scores = [one["dev_ua"] for one in history[: row["epoch"]]]
        assert best == 1 + int(np.argmax(scores))
    assert not layout.epochs(out).exists()


def test_a_continued_run_goes_on_with_its_epochs_and_a_new_one_begins_anew(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "INTERVAL", 0.0)
    steps, seen = 0, []

    def killed_in_epoch_three() -> None:
        nonlocal steps
        steps += 1
        if steps == 10:
            raise KeyboardInterrupt
        seen.append([row["epoch"] for row in read_epochs(tmp_path / "out").rows])

    given.use(network(killed_in_epoch_three))
    with pytest.raises(KeyboardInterrupt):
        given.run(tmp_path / "out", recipe())
    assert [row["epoch"] for row in read_epochs(tmp_path / "out").rows] == [1, 2], "a killed run leaves its file"
    del seen[:]
    given.run(tmp_path / "out", recipe())
    assert (seen[0], seen[-1]) == ([1, 2], [1, 2, 3, 4])
    del seen[:]
    steps = 4  # fails in the second epoch
    with pytest.raises(KeyboardInterrupt):
        given.run(tmp_path / "out", recipe(learning_rate=0.01))
    assert (seen[0], seen[-1]) == ([], [1])
    tracking.end(finished=False)  # as at the end of the process
    assert read_epochs(tmp_path / "out").ended == "failed"


def read_epochs(folder: Path) -> Epochs:
    found = epochs_file.read(layout.epochs(folder))
    assert found is not None
    return found


def test_trackers_change_no_bit_of_a_run(given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = given.run(tmp_path / "plain", recipe())
    chosen = {"tensorboard": "events", "mlflow": (tmp_path / "store").as_uri()}
    monkeypatch.setenv(tracking.VARIABLE, json.dumps(chosen))
    tracked = given.run(tmp_path / "tracked", recipe())
    assert same(plain, tracked)
    cards = [json.loads((out / "run.json").read_text()) for out in (plain, tracked)]
    assert cards[0].keys() == cards[1].keys()
    assert list(Path("events").rglob("events.out.tfevents.*"))
    assert list((tmp_path / "store").rglob("dev_ua"))


def test_the_checkpoint_of_another_recipe_is_not_used(
    given: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "INTERVAL", 0.0)
    steps = 0

    def killed() -> None:
        nonlocal steps
        steps += 1
        if steps == 10:
            raise KeyboardInterrupt

    given.use(network(killed))
    with pytest.raises(KeyboardInterrupt):
        given.run(tmp_path / "out", recipe())
    for changed in ({"recipe": recipe(learning_rate=0.01)}, {"recipe": recipe(), "code": "newer"}):
        out = given.run(tmp_path / "out", **changed)
        assert json.loads((out / "run.json").read_text())["resumed"] == 0
    assert len(list(Path(layout.CHECKPOINTS).glob("*"))) == 1  # still that of the killed run


def test_a_protocol_without_dev_keeps_the_last_epoch(given: Given, tmp_path: Path) -> None:
    write_folds(given.folds, [row for row in ROWS if row[1] != "dev"])
    with pytest.raises(SerError, match="selection: last"):
        given.run(tmp_path / "out", recipe())
    out = given.run(tmp_path / "out", recipe(patience=1), rule(selection="last"))
    history = contracts.read(contracts.HISTORY, out / "history.parquet")
    assert history["dev_ua"].null_count == history.num_rows == 5
    card = json.loads((out / "run.json").read_text())
    assert card["best_epoch"] == 5
    assert "patience was not used" in card["notes"][0]


def test_logits_of_the_wrong_width_are_refused_by_name(given: Given, tmp_path: Path) -> None:
    given.use(SimpleNamespace(build=lambda shape, classes: Recurrent(shape, classes + 1, False)))
    with pytest.raises(SerError, match=r"model 'm' returns logits of shape \(\d+, 4\); .* it must be \(\d+, 3\)"):
        given.run(tmp_path / "out", recipe())


def test_frames_and_vector_together(given: Given, tmp_path: Path) -> None:
    inputs: dict[str, object] = {
        "frames": {"feature": "frames", "segments": {"frames": 6, "train_hop": 3, "test_hop": 2}},
        "vector": {"feature": "vector", "normalise": "statistics"},
    }
    out = given.run(tmp_path / "out", recipe(inputs, {"fuse": True}))
    card = json.loads((out / "run.json").read_text())
    assert card["examples"]["train"] > 24
    assert set(card["data"]) == {"folds", "frames", "vector"}
    assert predictions(out).num_rows == 9
    with pytest.raises(SerError, match=r"model 'm': .*set inputs\.vector"):
        given.run(tmp_path / "other", recipe(options={"fuse": True}))
    frames_as_vector = inputs | {"vector": {"feature": "frames"}}
    with pytest.raises(SerError, match="several frames per utterance"):
        given.run(tmp_path / "other", recipe(frames_as_vector, {"fuse": True}))


def test_the_protocol_is_read_from_the_folds(given: Given, tmp_path: Path) -> None:
    call = {
        **RUN._asdict(),
        "recipe": recipe(epochs=1),
        "folds": given.folds,
        "features": given.features,
        "out": tmp_path / "out",
        "threads": 1,
        "code": "c",
    }
    with pytest.raises(SerError, match="which protocol"):
        train(TrainJob(**call))  # type: ignore[arg-type]
    notes = {"protocol": rule().canonical(), "classes": json.dumps(list(rule().labels)), "tested": "drawn"}
    write_folds(given.folds, ROWS, notes)
    train(TrainJob(**call))  # type: ignore[arg-type]
    written = contracts.metadata(tmp_path / "out" / "predictions.parquet")
    assert json.loads(written["classes"]) == ["sad", "happy", "angry"]
    assert written["tested"] == "drawn"


def test_an_estimator_is_trained_on_the_train_part_alone(given: Given, tmp_path: Path) -> None:
    module = pytest.importorskip("ser.models.linear_svm")
    given.use(module)
    svm = recipe({"vector": {"feature": "vector"}})
    out = given.run(tmp_path / "out", svm)
    history = contracts.read(contracts.HISTORY, out / "history.parquet")
    assert history["epoch"].to_pylist() == [1]
    assert contracts.read(contracts.ATTENTION, out / "attention.parquet").num_rows == 0
    card = json.loads((out / "run.json").read_text())
    assert card["parameters"] > 3
    assert any("softmax" in note for note in card["notes"])
    table = predictions(out)
    assert (
        np.mean([a == b for a, b in zip(table["label"].to_pylist(), table["predicted"].to_pylist(), strict=True)]) > 0.4
    )
    write_folds(given.folds, [(name, part, "sad" if part == "dev" else label) for name, part, label in ROWS])
    again = given.run(tmp_path / "again", svm)
    assert predictions(again).equals(table)
    with pytest.raises(SerError, match=r"needs inputs\.vector"):
        given.run(tmp_path / "out", recipe())


def test_an_estimator_chooses_an_option_on_dev_and_records_it(given: Given, tmp_path: Path) -> None:
    given.use(pytest.importorskip("ser.models.linear_svm"))
    out = given.run(tmp_path / "out", recipe({"vector": {"feature": "vector"}}, options={"c": [1e-6, 1.0]}))
    card = json.loads((out / "run.json").read_text())
    tried = card["chosen"]["tried"]
    assert [one["c"] for one in tried] == [1e-6, 1.0]
    assert card["chosen"]["c"] == max(tried, key=lambda one: one["UA"])["c"]
    assert card["chosen"]["refit"] == "train"
    [epoch] = contracts.read(contracts.HISTORY, out / "history.parquet").to_pylist()
    assert (epoch["dev_wa"], epoch["dev_ua"]) == (card["chosen"]["WA"], card["chosen"]["UA"])
    assert "C was chosen by UA on dev from 1e-06, 1; the machine is fitted on train" in card["notes"]
    fixed = given.run(tmp_path / "fixed", recipe({"vector": {"feature": "vector"}}, options={"c": card["chosen"]["c"]}))
    assert predictions(fixed).equals(predictions(out))
    assert "chosen" not in json.loads((fixed / "run.json").read_text())


def test_the_warnings_of_an_estimator_are_noted_once_each_in_their_order(given: Given, tmp_path: Path) -> None:
    """Whatever the hash of a string is in this process."""
    svm = pytest.importorskip("ser.models.linear_svm")

    def scores(machine: Any, vectors: np.ndarray) -> np.ndarray:
        for text in ("d", "a", "c", "d", "b", "e", "a"):
            warnings.warn(text, UserWarning, stacklevel=1)
        return svm.scores(machine, vectors)  # type: ignore[no-any-return]

    given.use(SimpleNamespace(KIND="estimator", build=svm.build, scores=scores, weights=svm.weights))
    out = given.run(tmp_path / "out", recipe({"vector": {"feature": "vector"}}))
    notes = json.loads((out / "run.json").read_text())["notes"]
    assert [note for note in notes if note.startswith("UserWarning")] == [f"UserWarning: {one}" for one in "dacbe"]


def test_a_feature_without_a_folder_is_an_error(given: Given, tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"unknown feature 'frame'\. Did you mean 'frames'"):
        given.run(tmp_path / "out", recipe({"frames": {"feature": "frame"}}))
