"""A floor under the logarithm: relative to the utterance's maximum, before its statistics, the same in every batch."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from ser.config.recipe import View
from ser.training import normalisation
from ser.training.fold_data import FoldData

Loaded = Callable[..., FoldData]
RANDOM = np.random.default_rng(5)
ROWS = [("t1", "train", "sad", "a"), ("t2", "train", "angry", "b"), ("e1", "test", "sad", "d")]
SPEECH = {name: RANDOM.lognormal(0, 2, size=(count, 4)) for name, count in (("t1", 40), ("t2", 55), ("e1", 35))}
MATRICES = {name: np.where(RANDOM.random(m.shape) < 0.3, 0, m).astype(np.float32) for name, m in SPEECH.items()}


def view(**keys: object) -> View:
    return View.model_validate({"feature": "f", "scale": "log", **keys})


def seen(data: FoldData, part: str) -> dict[str, np.ndarray]:
    """Return the real frames of each utterance, in batches of one."""
    chosen, found = data.examples(part), {}
    for at, (batch, _) in enumerate(data.batches(chosen, [np.array([row]) for row in range(len(chosen.label))])):
        assert batch.frames is not None
        found[data.fold.utterances[chosen.utterance[at]]] = batch.frames[0, : chosen.frames[at]].numpy()
    return found


def test_values_below_the_floor_are_raised_to_it_and_others_kept(loaded: Loaded) -> None:
    x = np.array([[0.0, 1.0, 9.9, 10.0], [10.1, 20.0, 300.0, 1000.0]], np.float32)
    found = seen(loaded(ROWS, MATRICES | {"e1": x}, view(floor_db=40)), "test")["e1"]  # of amplitudes: a factor of 100
    assert np.allclose(found, np.log([[10, 10, 10, 10], [10.1, 20, 300, 1000]]), atol=1e-6)
    absolute = seen(loaded(ROWS, MATRICES | {"e1": x}, view()), "test")["e1"]
    assert absolute[0, 0] == pytest.approx(np.log(1e-8))


@pytest.mark.parametrize(
    "cut", [{"limit": 5}, {"length": 5}, {"segments": {"frames": 5, "train_hop": 5, "test_hop": 50, "tail": 50}}]
)
def test_the_maximum_is_over_all_frames_whatever_is_cut(loaded: Loaded, cut: dict[str, object]) -> None:
    loud_at_the_end = MATRICES["e1"].copy()
    loud_at_the_end[-1, 2] = 1e4
    data = loaded(ROWS, MATRICES | {"e1": loud_at_the_end}, view(floor_db=60, **cut))
    found = seen(data, "test")["e1"][:5]
    assert np.allclose(found, np.log(np.maximum(loud_at_the_end[:5], 10)), atol=1e-5)


@pytest.mark.parametrize("normalise", ["none", "utterance", "utterance_global"])
def test_a_floor_depends_on_its_utterance_alone(loaded: Loaded, normalise: str) -> None:
    keys = view(floor_db=60, normalise=normalise)
    before = seen(loaded(ROWS, MATRICES, keys), "train")
    louder = {name: matrix * (1000 if name != "t1" else 1) for name, matrix in MATRICES.items()}
    after = seen(loaded(ROWS, louder, keys), "train")
    assert np.array_equal(before["t1"], after["t1"])
    data = loaded(ROWS, MATRICES, keys)
    ((together, _),) = data.batches(data.examples("train"), [np.arange(2)])
    assert together.frames is not None
    assert np.array_equal(together.frames[0, :40].numpy(), before["t1"])


def test_statistics_are_those_of_the_raised_values(loaded: Loaded) -> None:
    raised = {name: np.log(np.maximum(m, m.max() * 1e-3)) for name, m in MATRICES.items()}
    x = raised["e1"]
    found = seen(loaded(ROWS, MATRICES, view(floor_db=60, normalise="utterance_global")), "test")["e1"]
    assert np.allclose(found, (x - x.mean()) / x.std(), atol=1e-4)
    found = seen(loaded(ROWS, MATRICES, view(floor_db=60, normalise="utterance")), "test")["e1"]
    assert np.allclose(found, (x - x.mean(0)) / x.std(0), atol=1e-4)
    train = np.concatenate([raised["t1"], raised["t2"]])
    found = seen(loaded(ROWS, MATRICES, view(floor_db=60, normalise="statistics")), "test")["e1"]
    assert np.allclose(found, (x - train.mean(0)) / train.std(0), atol=1e-4)


def test_a_gain_changes_nothing_with_a_relative_floor_but_does_with_an_absolute_one(loaded: Loaded) -> None:
    quiet = {name: matrix * np.float32(0.01) for name, matrix in MATRICES.items()}
    for keys, same in (({"floor_db": 60}, True), ({}, False)):
        loud, soft = (
            seen(loaded(ROWS, m, view(normalise="utterance_global", **keys)), "test") for m in (MATRICES, quiet)
        )
        assert np.allclose(loud["e1"], soft["e1"], atol=1e-3) == same


@pytest.mark.parametrize("normalise", ["none", "utterance_global"])
def test_digital_silence_stays_finite_and_half_precision_has_its_floor(loaded: Loaded, normalise: str) -> None:
    silent = MATRICES | {"e1": np.zeros((6, 4), np.float32)}
    assert np.isfinite(seen(loaded(ROWS, silent, view(floor_db=60, normalise=normalise)), "test")["e1"]).all()
    half = {name: matrix.astype(np.float16) for name, matrix in MATRICES.items()}
    wide = {name: matrix.astype(np.float32) for name, matrix in half.items()}
    keys = view(floor_db=60, normalise=normalise)
    assert np.array_equal(seen(loaded(ROWS, half, keys), "test")["e1"], seen(loaded(ROWS, wide, keys), "test")["e1"])


def test_a_floor_is_20_log10_of_magnitudes() -> None:
    matrix = np.array([[0.5, 4.0]])
    assert normalisation.floor(view(floor_db=20), matrix) == pytest.approx(0.4)
    assert normalisation.floor(view(floor_db=6.0206), matrix) == pytest.approx(2, rel=1e-5)
    x = torch.tensor([-3.0, 5.0])
    assert normalisation.scale(View(feature="f"), x, torch.tensor(1.0)).tolist() == [-3, 5]
