"""The systems of Cao et al. 2019, tables 2 and 3: sizes by arithmetic, networks against independent computations."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from networks import chosen
from numpy.typing import NDArray
from torch import nn

from ser import catalog
from ser.config import read
from ser.config.recipe import Recipe
from ser.errors import SerError
from ser.layers.interface import Batch, Shape
from ser.models import conv_blstm, frame_lstm, hsf_crnn
from ser.models.hsf_crnn import RecurrentBranch

Array = NDArray[np.float64]
CONFIG = Path(__file__).parents[2] / "config"
RECIPES: dict[str, Recipe] = read.shipped(CONFIG)[1]
BINS, FRAMES, CLASSES = 201, 750, 4
HIDDEN, PROJECTION = 256, 128
PYRAMID = (4, 8, 16, 32)


def array(tensor: torch.Tensor) -> Array:
    return tensor.detach().numpy().astype(np.float64)


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def read_by_lstm(layer: nn.LSTM, x: Array) -> Array:
    """Return the outputs of an LSTM layer over one utterance (time, inputs), from the equations of its cell."""
    w, u, b = array(layer.weight_ih_l0), array(layer.weight_hh_l0), array(layer.bias_ih_l0) + array(layer.bias_hh_l0)
    h, c = np.zeros(layer.hidden_size), np.zeros(layer.hidden_size)
    outputs = []
    for frame in x:
        i, f, g, o = np.split(w @ frame + u @ h + b, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs)


# Sizes


def linear(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


def lstm(inputs: int, cells: int) -> int:
    return 4 * cells * (inputs + cells) + 2 * 4 * cells  # torch keeps two biases per gate


def convolutions(channels: tuple[int, ...], kernels: tuple[int, ...]) -> int:
    """Return the numbers of layers that each have a bias and a batch normalisation."""
    layers = zip((1, *channels), channels, kernels, strict=False)
    return sum(before * after * kernel**2 + after + 2 * after for before, after, kernel in layers)


def left(size: int, padding: int) -> int:
    for _ in range(2):
        size = (size + 2 * padding - 5) // 2 + 1
    return size


def front(channels: tuple[int, int], padding: int) -> tuple[int, int]:
    """Return the numbers of the front end, and the width of what it leaves."""
    return convolutions(channels, (5, 5)), channels[-1] * left(BINS, padding)


def memory_layers(inputs: int, orders: tuple[int, ...], channels: int = 1) -> int:
    widths = (inputs, *[PROJECTION] * (len(orders) - 1))
    dense = sum(linear(width, HIDDEN) + linear(HIDDEN, PROJECTION) + 2 * PROJECTION for width in widths)
    return dense + channels * sum(order + 1 + order for order in orders)


def attention(padding: int) -> int:
    time = left(FRAMES, padding)
    return linear(time, time // 4) + linear(time // 4, time)


def pyramid(channels: tuple[int, int] = (16, 32), padding: int = 3, tapped: int = 1) -> int:
    """Return the numbers of C-pFSMN, without attention."""
    before, width = front(channels, padding)
    return before + memory_layers(width, PYRAMID, tapped) + linear(PROJECTION, CLASSES)


def blstm(padding: int) -> int:
    before, width = front((16, 32), padding)
    return before + 2 * lstm(width, 128) + 2 * lstm(256, 128) + linear(256, CLASSES)


def fsmn(orders: tuple[int, ...]) -> int:
    before, width = front((16, 32), 3)
    layers = sum(linear(inputs, HIDDEN) + 2 * 2 * HIDDEN for inputs in (width, *[2 * HIDDEN] * (len(orders) - 1)))
    return before + layers + sum(2 * order + 1 for order in orders) + linear(2 * HIDDEN, CLASSES)


STATISTICS = linear(988, 256) + linear(256, 128)
CRNN = convolutions((32, 64, 128), (5, 3, 3)) + 2 * lstm(128 * (40 // 8), 64)
SIZES = {
    "C-pFSMN-A": (pyramid() + attention(3), 0.690),
    "C-pFSMN": (pyramid(), 0.672),
    "pFSMN": (memory_layers(BINS, PYRAMID) + linear(PROJECTION, CLASSES), 0.284),
    "C-biLSTM": (blstm(3), 2.247),
    "C-biLSTM-unpadded": (blstm(0), 2.116),
    "C-pFSMN-A-unpadded": (pyramid(padding=0) + attention(0), 0.656),
    "C-pFSMN-A-matched": (pyramid((8, 128), 0) + attention(0), 1.849),
    "C-pFSMN-A-per-bin": (pyramid() + attention(3), 0.690),
    "C-pFSMN-A-vector": (pyramid(tapped=PROJECTION) + attention(3), 0.706),
    "C-DFSMN": (pyramid(), 0.672),  # the pyramid's own count: as many taps in all
    "C-FSMN": (fsmn((15, 15, 15, 15)), 0.840),
    "LSTM": (lstm(44, 128) + lstm(128, 128) + linear(128, CLASSES), 0.222),
    "HSF-CRNN": (STATISTICS + CRNN + linear(256, 128) + linear(128, CLASSES), 0.775),
    "HSF-CRNN-HSF": (STATISTICS + linear(128, 128) + linear(128, CLASSES), 0.303),
    "HSF-CRNN-CRNN": (CRNN + linear(128, 128) + linear(128, CLASSES), 0.472),
    "HSF-CRNN-late": (STATISTICS + CRNN + 2 * (linear(128, 128) + linear(128, CLASSES)), 0.775),
}
DIMS = {"spectrogram": BINS, "cho_frames": 44, "log_mel": 40, "emobase": 988}


def built(name: str) -> nn.Module:
    """Return the network of a recipe, built for the features that it names."""
    recipe = RECIPES[name]
    frames, vector = recipe.inputs.frames, recipe.inputs.vector
    length = None if frames is None else frames.segments.frames if frames.segments else frames.length
    shape = Shape(frames and DIMS[frames.feature], length, vector and DIMS[vector.feature])
    model: nn.Module = catalog.load("models", recipe.model).build(shape, CLASSES, **recipe.options)
    return model


@pytest.mark.parametrize("name", SIZES)
def test_parameters_are_the_sum_over_the_layers(name: str) -> None:
    exact, millions = SIZES[name]
    assert sum(parameter.numel() for parameter in built(name).parameters()) == exact
    assert round(exact / 1e6, 3) == millions


def test_two_readings_come_as_near_to_table_3_as_it_is_printed() -> None:
    assert round(SIZES["C-biLSTM-unpadded"][0] / 1e6, 2) == 2.12
    assert round(SIZES["C-pFSMN-A-matched"][0] / 1e6, 2) == 1.85


def test_every_system_of_the_paper_is_counted() -> None:
    assert set(SIZES) == {name for name, recipe in RECIPES.items() if recipe.paper == "cao2019"}


def test_every_row_of_table_2_has_a_recipe() -> None:
    named = {system for recipe in RECIPES.values() for system in recipe.published.get("cao2019", ())}
    assert named == {"LSTM[24]", "HSF-CRNN[23]", "C-biLSTM", "pFSMN", "C-pFSMN", "C-pFSMN-A"}


def test_spectrograms_are_read_alike_but_for_the_reading_per_bin() -> None:
    views = {name: one.inputs.frames for name, one in RECIPES.items() if one.paper == "cao2019" and one.inputs.frames}
    own = {name: view for name, view in views.items() if view.feature == "spectrogram"}
    assert {"C-pFSMN-A", "C-pFSMN", "pFSMN", "C-biLSTM", "C-DFSMN", "C-FSMN"} < set(own)
    usual = own["C-pFSMN-A"]
    assert (usual.floor_db, usual.scale, usual.normalise) == (60, "log", "utterance_global")
    assert own.pop("C-pFSMN-A-per-bin") == usual.model_copy(update={"normalise": "utterance"})
    assert all(view == usual for view in own.values())


def test_networks_without_a_pyramid_have_its_taps_and_at_least_its_receptive_field() -> None:
    """Check that all four remember as much; the pyramid may not win because it was given more."""
    options = RECIPES["C-pFSMN"].options
    reach = sum(order * stride for order, stride in zip(options["orders"], options["strides"], strict=True))
    for name in ("C-DFSMN", "C-FSMN"):
        own = RECIPES[name].options
        assert sum(own["orders"]) == sum(options["orders"])
        assert len(set(own["orders"])) == len(set(own["strides"])) == 1
        assert sum(order * stride for order, stride in zip(own["orders"], own["strides"], strict=True)) >= reach


# C-biLSTM and LSTM


@pytest.mark.parametrize("pooling", ["mean", "last"])
def test_the_bidirectional_network_reads_both_ways(pooling: str) -> None:
    torch.manual_seed(0)
    model = conv_blstm.build(Shape(20, 30), 3, channels=(2, 3), cells=4, pooling=pooling)
    model.eval()
    x = torch.randn(2, 30, 20)
    found = array(model(Batch(x)))
    assert isinstance(model, frame_lstm.FrameLSTM)
    assert model.front is not None
    for n in range(2):
        h = array(model.front(x))[n]
        for ahead, back in zip(model.recurrent.ahead, model.recurrent.back, strict=True):
            assert isinstance(ahead, nn.LSTM)
            assert isinstance(back, nn.LSTM)
            h = np.concatenate([read_by_lstm(ahead, h), read_by_lstm(back, h[::-1])[::-1]], axis=1)
        pooled = h.mean(0) if pooling == "mean" else np.r_[h[-1, :4], h[0, 4:]]
        wanted = array(model.output.weight) @ pooled + array(model.output.bias)
        np.testing.assert_allclose(found[n], wanted, atol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "last"])
def test_the_lstm_pools_over_real_frames_only(pooling: str) -> None:
    torch.manual_seed(0)
    model = frame_lstm.build(Shape(6), 3, cells=5, pooling=pooling)
    model.eval()
    lengths = (9, 4, 1)
    mask = torch.arange(9) < torch.tensor(lengths)[:, None]
    x = torch.randn(3, 9, 6)  # padding is not even zero
    found = array(model(Batch(x, mask)))
    assert isinstance(model, frame_lstm.FrameLSTM)
    for n, length in enumerate(lengths):
        h = array(x)[n, :length]
        for layer in model.recurrent.ahead:
            assert isinstance(layer, nn.LSTM)
            h = read_by_lstm(layer, h)
        wanted = array(model.output.weight) @ (h.mean(0) if pooling == "mean" else h[-1]) + array(model.output.bias)
        np.testing.assert_allclose(found[n], wanted, atol=1e-5)


# HSF-CRNN


def small(fusion: str) -> nn.Module:
    torch.manual_seed(0)
    shape = Shape(16, 24, vector=6)
    return hsf_crnn.build(shape, 3, fusion=fusion, statistics=(8, 6), channels=(2, 3, 4), cells=3, dense=7)


def segments(count: int = 3) -> Batch:
    generator = torch.Generator().manual_seed(1)
    return Batch(
        torch.randn(count, 24, 16, generator=generator),
        torch.ones(count, 24, dtype=torch.bool),
        torch.randn(count, 6, generator=generator),
    )


@pytest.mark.parametrize(
    ("fusion", "frames", "vector"),
    [("joint", True, True), ("late", True, True), ("crnn", True, False), ("hsf", False, True)],
)
def test_a_prediction_depends_on_the_branches_that_are_there(fusion: str, frames: bool, vector: bool) -> None:
    model, batch = small(fusion).eval(), segments()
    assert batch.frames is not None
    assert batch.vector is not None
    logits = model(batch)
    assert torch.equal(model(Batch(batch.frames.flip(1), batch.mask, batch.vector)), logits) != frames
    assert torch.equal(model(Batch(batch.frames, batch.mask, batch.vector.flip(1))), logits) != vector
    needed = {"frames": batch.frames if frames else None, "vector": batch.vector if vector else None}
    assert torch.equal(model(Batch(**needed)), logits)


@pytest.mark.parametrize("fusion", ["joint", "late", "crnn"])
def test_a_part_of_fixed_length_is_read_whole(fusion: str) -> None:
    """Check that silence after a short utterance counts as frames: no mask is read, and the last frames matter."""
    model, batch = small(fusion).eval(), segments()
    assert batch.frames is not None
    half = torch.arange(24).expand(3, 24) < 12
    assert torch.equal(model(Batch(batch.frames, half, batch.vector)), model(batch))
    silent = batch.frames * half.unsqueeze(-1)
    assert not torch.equal(model(Batch(silent, half, batch.vector)), model(batch))


def test_joint_learning_reaches_both_branches_through_one_layer() -> None:
    model, batch = small("joint").eval(), segments()
    assert isinstance(model, hsf_crnn.Joint)
    parts = torch.cat([branch(batch) for branch in model.branches], dim=1)
    x = np.maximum(array(parts) @ array(model.dense.weight).T + array(model.dense.bias), 0)
    wanted = x @ array(model.output.weight).T + array(model.output.bias)
    np.testing.assert_allclose(array(model(batch)), wanted, atol=1e-5)


def test_late_fusion_is_the_mean_of_posteriors() -> None:
    model, batch = small("late").eval(), segments()
    assert isinstance(model, hsf_crnn.Late)
    posteriors = []
    for system in model.systems:
        powers = np.exp(array(system(batch)))
        posteriors.append(powers / powers.sum(1, keepdims=True))
    np.testing.assert_allclose(np.exp(array(model(batch))), np.mean(posteriors, axis=0), atol=1e-6)


@pytest.mark.parametrize("weights", [None, torch.tensor([1.0, 2.0, 0.5])])
def test_late_fusion_trains_each_system_as_if_it_were_alone(weights: torch.Tensor | None) -> None:
    model, batch, labels = small("late").eval(), segments(), torch.tensor([0, 2, 1])
    assert isinstance(model, hsf_crnn.Late)
    model.loss(batch, labels, weights).backward()
    together = [[parameter.grad for parameter in system.parameters()] for system in model.systems]
    for system, found in zip(model.systems, together, strict=True):
        system.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(system(batch), labels, weight=weights).backward()
        for gradient, parameter in zip(found, system.parameters(), strict=True):
            torch.testing.assert_close(gradient, parameter.grad)


def test_late_fusion_is_finite_where_a_system_is_sure() -> None:
    model, batch, labels = small("late").eval(), segments(), torch.tensor([0, 2, 1])
    assert isinstance(model, hsf_crnn.Late)
    with torch.no_grad():
        for system in model.systems:
            assert isinstance(system, hsf_crnn.Joint)
            system.output.bias.copy_(torch.tensor([200.0, -200.0, 0.0]))
    loss = model.loss(batch, labels, None)
    loss.backward()
    assert model(batch).isfinite().all()
    assert loss.isfinite()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_three_pools_leave_an_eighth_of_three_seconds() -> None:
    branch = RecurrentBranch(40, (32, 64, 128), (5, 3, 3), 64)
    x = torch.randn(1, 1, 300, 40)
    assert branch.convolutions(x).shape == (1, 128, 37, 5)
    assert branch.recurrent.ahead[0].input_size == 640
    assert branch(Batch(x[0])).shape == (1, 128)


@pytest.mark.parametrize(
    ("model", "options", "named"),
    [
        (conv_blstm, {"pooling": "max"}, "pooling.*'mean' or 'last'"),
        (conv_blstm, {"channels": []}, "channels"),
        (frame_lstm, {"pooling": "max"}, "pooling.*'mean' or 'last'"),
        (hsf_crnn, {"fusion": "early"}, "fusion.*'joint', 'late', 'hsf' or 'crnn'"),
        (hsf_crnn, {"kernels": [5, 3]}, "kernels"),
        (hsf_crnn, {"kernels": [5, 3, 2]}, "odd kernel"),
        (hsf_crnn, {"statistics": []}, "statistics"),
        (hsf_crnn, {"channels": [2] * 5, "kernels": [3] * 5}, "at least 32"),
    ],
)
def test_wrong_options_are_answered_by_name(model: ModuleType, options: dict[str, object], named: str) -> None:
    with pytest.raises(SerError, match=named):
        chosen(model, Shape(24, 24, vector=7), **options)


def test_too_few_bands_for_the_pools_are_refused() -> None:
    with pytest.raises(SerError, match="at least 8 dimensions"):
        hsf_crnn.build(Shape(7, 24, vector=7), CLASSES)
