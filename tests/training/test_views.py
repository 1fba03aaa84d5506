"""A view applies its keys in order, and fits its statistics on the permitted rows only."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from ser.config.recipe import Segments, View
from ser.errors import SerError
from ser.training import normalisation
from ser.training.fold_data import FoldData

Loaded = Callable[..., FoldData]
RANDOM = np.random.default_rng(5)
FRAMES = {"t1": 40, "t2": 55, "t3": 30, "d1": 20, "e1": 35, "e2": 10}
ROWS = [
    ("t1", "train", "sad", "a"),
    ("t2", "train", "angry", "b"),
    ("t3", "train", "sad", "b"),
    ("d1", "dev", "sad", "c"),
    ("e1", "test", "sad", "d"),
    ("e2", "test", "angry", "d"),
]
MATRICES = {name: RANDOM.gamma(2.0, 3.0, size=(count, 4)).astype(np.float32) for name, count in FRAMES.items()}


def view(**keys: object) -> View:
    return View.model_validate({"feature": "f"} | keys)


def seen(data: FoldData, part: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return each example's frames and mask, by utterance (the last of several segments)."""
    chosen = data.examples(part)
    (batch, _), *_ = data.batches(chosen, [np.arange(len(chosen.label))])
    assert batch.frames is not None
    assert batch.mask is not None
    names = [data.fold.utterances[row] for row in chosen.utterance]
    return dict(zip(names, batch.frames.numpy(), strict=True)), dict(zip(names, batch.mask.numpy(), strict=True))


def test_padding_is_zero_and_masked(loaded: Loaded) -> None:
    frames, mask = seen(loaded(ROWS, MATRICES, view(scale="log", normalise="statistics")), "train")
    for name in ("t1", "t2", "t3"):
        assert mask[name].sum() == FRAMES[name]
        assert mask[name][: FRAMES[name]].all()
        assert (frames[name][FRAMES[name] :] == 0).all()
        assert (frames[name][: FRAMES[name]] != 0).any(axis=1).all()


def test_statistics_are_those_of_the_train_part(loaded: Loaded) -> None:
    frames, mask = seen(loaded(ROWS, MATRICES, view(scale="log", normalise="statistics")), "train")
    real = np.concatenate([frames[name][mask[name]] for name in frames])
    assert np.allclose(real.mean(0), 0, atol=1e-5)
    assert np.allclose(real.std(0), 1, atol=1e-5)


def test_test_values_change_nothing_that_is_trained_on(loaded: Loaded) -> None:
    keys = view(normalise="statistics")
    before, _ = seen(loaded(ROWS, MATRICES, keys), "train")
    louder = {name: value * (1000 if name[0] in "de" else 1) for name, value in MATRICES.items()}
    after, _ = seen(loaded(ROWS, louder, keys), "train")
    assert all(np.array_equal(before[name], after[name]) for name in before)
    changed, _ = seen(loaded(ROWS, louder, keys), "test")
    assert np.abs(changed["e1"]).max() > 100


def test_speaker_normalisation_uses_each_speakers_own_utterances(loaded: Loaded) -> None:
    offset = {name: value + (500 if name[0] == "e" else 0) for name, value in MATRICES.items()}
    data = loaded(ROWS, offset, view(normalise="statistics"), "speaker")
    frames, mask = seen(data, "test")
    real = np.concatenate([frames[name][mask[name]] for name in ("e1", "e2")])  # both of speaker d
    assert np.allclose(real.mean(0), 0, atol=1e-4)
    assert np.allclose(real.std(0), 1, atol=1e-4)
    own, own_mask = seen(data, "train")
    assert np.allclose(own["t1"][own_mask["t1"]].mean(0), 0, atol=1e-5)  # a has only t1
    assert not np.allclose(own["t2"][own_mask["t2"]].mean(0), 0, atol=1e-3)  # b has t2 and t3


def test_corpus_normalisation_uses_each_corpus_whatever_part_and_speaker(loaded: Loaded) -> None:
    rows = [(f"{'far' if name[0] == 'e' else 'near'}/{name}", *rest) for name, *rest in ROWS]
    matrices = {name: MATRICES[name.split("/")[1]] + (500 if name.startswith("far/") else 0) for name, *_ in rows}
    data = loaded(rows, matrices, view(normalise="statistics"), "corpus")
    near: dict[str, np.ndarray] = {}
    for part in ("train", "dev"):
        frames, mask = seen(data, part)
        near |= {name: frames[name][mask[name]] for name in frames}
    assert set(near) == {"near/t1", "near/t2", "near/t3", "near/d1"}
    frames, mask = seen(data, "test")
    for real in (np.concatenate(list(near.values())), np.concatenate([frames[name][mask[name]] for name in frames])):
        assert np.allclose(real.mean(0), 0, atol=1e-4)
        assert np.allclose(real.std(0), 1, atol=1e-4)


def test_corpus_normalisation_needs_a_joined_corpus(loaded: Loaded) -> None:
    with pytest.raises(SerError, match="normalisation per corpus needs the corpus of"):
        loaded(ROWS, MATRICES, view(normalise="statistics"), "corpus")


def test_speaker_normalisation_needs_speakers(loaded: Loaded) -> None:
    rows = [*ROWS[:-1], ("e2", "test", "angry", None)]
    with pytest.raises(SerError, match="speaker of e2"):
        loaded(rows, MATRICES, view(normalise="statistics"), "speaker")


def test_utterance_normalisations(loaded: Loaded) -> None:
    frames, mask = seen(loaded(ROWS, MATRICES, view(normalise="utterance")), "test")
    assert np.allclose(frames["e1"][mask["e1"]].std(0), 1, atol=1e-5)
    whole, mask = seen(loaded(ROWS, MATRICES, view(normalise="utterance_global")), "test")
    assert whole["e1"][mask["e1"]].std() == pytest.approx(1, abs=1e-5)
    assert not np.allclose(whole["e1"][mask["e1"]].std(0), 1, atol=1e-3)


@pytest.mark.parametrize("value", [0.0, 7.3, -1e6])
def test_a_constant_dimension_becomes_zero(loaded: Loaded, value: float) -> None:
    constant = {
        name: np.concatenate([matrix, np.full_like(matrix[:, :1], value)], 1) for name, matrix in MATRICES.items()
    }
    frames, _ = seen(loaded(ROWS, constant, view(normalise="statistics")), "train")
    assert all(np.abs(matrix[:, 4]).max() < 1e-3 for matrix in frames.values())


def test_a_dimension_of_tiny_values_is_not_constant(loaded: Loaded) -> None:
    tiny = {name: matrix * np.float32(1e-9) for name, matrix in MATRICES.items()}
    frames, mask = seen(loaded(ROWS, tiny, view(normalise="statistics")), "train")
    assert np.allclose(np.concatenate([frames[name][mask[name]] for name in frames]).std(0), 1, atol=1e-4)


def test_limit_keeps_the_first_frames_after_normalisation(loaded: Loaded) -> None:
    frames, mask = seen(loaded(ROWS, MATRICES, view(normalise="utterance", limit=15)), "test")
    full, _ = seen(loaded(ROWS, MATRICES, view(normalise="utterance")), "test")
    assert mask["e1"].sum() == 15
    assert mask["e2"].sum() == 10
    assert np.array_equal(frames["e1"], full["e1"][:15])


def test_a_fixed_length_pads_cuts_and_masks_nothing(loaded: Loaded) -> None:
    data = loaded(ROWS, MATRICES, view(length=25))
    frames, mask = seen(data, "test")
    assert data.shape.length == 25
    assert all(value.all() for value in mask.values())
    assert np.array_equal(frames["e1"], MATRICES["e1"][:25])
    assert np.array_equal(frames["e2"][:10], MATRICES["e2"])
    assert (frames["e2"][10:] == 0).all()


def test_segments_are_examples_with_the_utterances_label(loaded: Loaded) -> None:
    keys = view(segments={"frames": 20, "train_hop": 10, "test_hop": 4})
    data = loaded(ROWS, MATRICES, keys)
    train, test = data.examples("train"), data.examples("test")
    names = [data.fold.utterances[row] for row in train.utterance]
    assert {name: names.count(name) for name in set(names)} == {"t1": 3, "t2": 5, "t3": 2}
    assert [data.fold.classes[k] for k in train.label] == ["sad"] * 3 + ["angry"] * 5 + ["sad"] * 2
    assert test.frames.tolist() == [20] * 5 + [10]  # 35 frames at hop 4: 0, 4, 8, 12, 15; and one padded
    (batch, _), *_ = data.batches(test, [np.arange(6)])
    assert batch.frames is not None
    assert np.array_equal(batch.frames[4].numpy(), MATRICES["e1"][15:35])
    assert (batch.frames[5, 10:] == 0).all()


def test_later_keys_leave_the_digests_of_earlier_recipes() -> None:
    segments = {"frames": 20, "train_hop": 10, "test_hop": 8}
    plain = view(segments=segments).model_dump()
    assert "floor_db" not in plain
    assert plain["segments"] == segments
    used = view(floor_db=60, scale="log", segments={**segments, "tail": 4, "average": "logits"})
    assert View.model_validate_json(used.canonical()) == used
    assert Segments.model_validate(segments).average == "softmax"


def test_mu_law_values() -> None:
    real = torch.ones(1, 3, dtype=torch.bool)
    x = torch.tensor([[[0.0], [5.0], [10.0]]])
    mid = math.log(1 + 255 * 0.5) / math.log(256)
    assert normalisation.compand(x, real, "minmax_mulaw").flatten().tolist() == pytest.approx([-1, 0, 1])
    assert normalisation.compand(x, real, "max_mulaw").flatten().tolist() == pytest.approx([0, mid, 1])
    quarter = torch.tensor([[[2.5], [7.5], [10.0]]])
    assert normalisation.compand(quarter, real, "literal_mulaw").flatten().tolist() == pytest.approx([-mid, mid, 1])


def test_companding_depends_on_each_example_alone_and_no_padding(loaded: Loaded) -> None:
    frames, mask = seen(loaded(ROWS, MATRICES, view(scale="log", compand="minmax_mulaw")), "test")
    for name in ("e1", "e2"):
        real = frames[name][mask[name]]
        assert (real.min(), real.max()) == pytest.approx((-1, 1))
        assert (frames[name][~mask[name]] == -1).all(), "silence is the lowest level, not the middle one"


def test_a_silent_segment_stays_finite() -> None:
    silent = torch.zeros(1, 4, 2)
    for kind in ("minmax_mulaw", "max_mulaw", "literal_mulaw"):
        assert normalisation.compand(silent, torch.ones(1, 4, dtype=torch.bool), kind).isfinite().all()


def test_float16_features_are_kept_and_widened_in_the_batch(loaded: Loaded) -> None:
    half = {name: matrix.astype(np.float16) for name, matrix in MATRICES.items()}
    data = loaded(ROWS, half, view(scale="log", normalise="statistics"))
    assert data.features["frames"].values.dtype == torch.float16
    frames, mask = seen(data, "train")
    wide, _ = seen(loaded(ROWS, MATRICES, view(scale="log", normalise="statistics")), "train")
    assert frames["t1"].dtype == np.float32
    assert np.allclose(frames["t1"][mask["t1"]], wide["t1"][mask["t1"]], atol=0.02)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"length": 20, "segments": {"frames": 5, "train_hop": 5, "test_hop": 5}}, "exclude each other"),
        ({"scale": "log", "compand": "max_mulaw"}, "for magnitudes"),
        ({"floor_db": 60.0, "compand": "max_mulaw"}, "floor_db"),
    ],
)
def test_views_that_contradict_themselves_are_refused(loaded: Loaded, keys: dict[str, object], message: str) -> None:
    with pytest.raises(SerError, match=message):
        loaded(ROWS, MATRICES, view(**keys))
