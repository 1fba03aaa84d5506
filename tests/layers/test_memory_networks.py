"""FSMN and DFSMN against loops over their equations, frame by frame and layer by layer."""

import numpy as np
import pytest
import torch
from networks import chosen
from numpy.typing import NDArray
from torch import nn

from ser.errors import SerError
from ser.layers.convolutional_front_end import FrontEnd, reduced
from ser.layers.fsmn_memory import Memory, MemoryLayer
from ser.layers.interface import Batch, Shape
from ser.models import pyramid_fsmn

Array = NDArray[np.float64]
DIMS, CLASSES, HIDDEN, PROJECTION = 5, 3, 7, 4


def array(tensor: torch.Tensor) -> Array:
    return tensor.detach().numpy().astype(np.float64)


def affine(layer: nn.Linear, x: Array) -> Array:
    return x @ array(layer.weight).T + array(layer.bias)


def normed(norm: nn.BatchNorm1d, x: Array) -> Array:
    """Return what batch normalisation makes of ``x`` in evaluation mode."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    mean, variance = array(norm.running_mean), array(norm.running_var)
    return (x - mean) / np.sqrt(variance + norm.eps) * array(norm.weight) + array(norm.bias)


def sums(memory: Memory, x: Array, stride: int) -> Array:
    """Return Σ_i a_i x_{t−s·i} + Σ_j b_j x_{t+s·j} of one utterance (time, channels), frame by frame."""
    a, b = array(memory.back), array(memory.ahead)
    found = np.zeros_like(x)
    for t in range(len(x)):
        for i in range(len(a)):
            if t - stride * i >= 0:
                found[t] += a[i] * x[t - stride * i]
        for j in range(1, len(b) + 1):
            if t + stride * j < len(x):
                found[t] += b[j - 1] * x[t + stride * j]
    return found


def unsettled(model: nn.Module) -> nn.Module:
    """Return the model in evaluation mode, its batch normalisation far from the identity."""
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm1d):
            for tensor in (norm.running_mean, norm.bias.data):
                assert tensor is not None
                tensor.normal_()
            for tensor in (norm.running_var, norm.weight.data):
                assert tensor is not None
                tensor.uniform_(0.5, 2.0)
    return model.eval()


@pytest.mark.parametrize("identity", [True, False])
@pytest.mark.parametrize("taps", ["scalar", "vector"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("time", [1, 2, 5, 6, 13])
def test_memory_with_and_without_identity_is_its_sum_up_to_the_edges(
    time: int, stride: int, taps: str, identity: bool
) -> None:
    torch.manual_seed(time)
    memory = Memory(3, 4, 3, stride=stride, taps=taps, identity=identity)
    x = torch.randn(2, time, 3)
    found = array(memory(x))
    for n in range(2):
        own = array(x)[n]
        np.testing.assert_allclose(found[n], sums(memory, own, stride) + (own if identity else 0), atol=1e-5)


@pytest.mark.parametrize("taps", ["scalar", "vector"])
@pytest.mark.parametrize(("orders", "strides"), [((3, 3), (1, 1)), ((2, 5), (1, 2)), ((4, 4, 4), (2, 2, 2))])
def test_fsmn_sends_up_both_the_layer_and_its_memory(
    orders: tuple[int, ...], strides: tuple[int, ...], taps: str
) -> None:
    """Check h' = f(W h + W̃ h̃ + b), with W and W̃ apart, in every layer and in the output."""
    torch.manual_seed(0)
    model = pyramid_fsmn.build(
        Shape(DIMS, 11),
        CLASSES,
        front_end="none",
        block="fsmn",
        skip="none",
        hidden=HIDDEN,
        orders=orders,
        strides=strides,
        taps=taps,
        attention="none",
    )
    unsettled(model)
    x = torch.randn(2, 11, DIMS)
    found = array(model(Batch(x)))
    for n in range(2):
        h, memorised = array(x)[n], np.zeros((11, 0))
        for layer, stride in zip(model.layers, strides, strict=True):
            assert isinstance(layer, MemoryLayer)
            weight, width = array(layer.hidden.weight), h.shape[1]
            h = np.maximum(
                h @ weight[:, :width].T + memorised @ weight[:, width:].T + array(layer.hidden.bias),
                0,
            )
            memorised = sums(layer.memory, h, stride)
            both = normed(layer.norm, np.concatenate([h, memorised], axis=1))
            h, memorised = both[:, :HIDDEN], both[:, HIDDEN:]
        assert isinstance(model.output, nn.Linear)
        weight = array(model.output.weight)
        logits = h.mean(0) @ weight[:, :HIDDEN].T + memorised.mean(0) @ weight[:, HIDDEN:].T + array(model.output.bias)
        np.testing.assert_allclose(found[n], logits, atol=1e-4)


@pytest.mark.parametrize("taps", ["scalar", "vector"])
@pytest.mark.parametrize("order_count", ["paper", "current"])
@pytest.mark.parametrize(("skip", "over"), [("all", {1, 2}), ("change", {2}), ("none", set())])
@pytest.mark.parametrize("strides", [(1, 1, 1), (2, 2, 2), (1, 1, 2)])
def test_dfsmn_is_equations_2_to_4_layer_by_layer(
    strides: tuple[int, ...], skip: str, over: set[int], order_count: str, taps: str
) -> None:
    torch.manual_seed(0)
    orders = (2, 2, 4)
    model = pyramid_fsmn.build(
        Shape(DIMS, 11),
        CLASSES,
        front_end="none",
        hidden=HIDDEN,
        projection=PROJECTION,
        orders=orders,
        strides=strides,
        order_count=order_count,
        taps=taps,
        skip=skip,
        attention="none",
        pooling="last",
    )
    unsettled(model)
    x = torch.randn(2, 11, DIMS)
    found = array(model(Batch(x)))
    for n in range(2):
        below = array(x)[n]
        for number, (layer, order, stride) in enumerate(zip(model.layers, orders, strides, strict=True)):
            assert isinstance(layer, MemoryLayer)
            assert (len(layer.memory.back), len(layer.memory.ahead)) == (order + (order_count == "paper"), order)
            assert layer.projection is not None
            p = affine(layer.projection, np.maximum(affine(layer.hidden, below), 0))
            remembered = p + sums(layer.memory, p, stride)
            below = normed(layer.norm, remembered + below if number in over else remembered)
        assert isinstance(model.output, nn.Linear)
        np.testing.assert_allclose(found[n], affine(model.output, below[-1]), atol=1e-4)


def test_the_order_decides_how_far_back_a_frame_reaches() -> None:
    """Check that order 3 in stride 2 is 6 frames back as printed, and 4 where the current one counts."""
    for order_count, furthest in (("paper", 6), ("current", 4)):
        model = pyramid_fsmn.build(
            Shape(2, 12),
            CLASSES,
            front_end="none",
            orders=[3],
            strides=[2],
            order_count=order_count,
            attention="none",
            pooling="last",
        ).eval()
        x = torch.randn(1, 12, 2, requires_grad=True)
        model(Batch(x)).square().sum().backward()
        assert x.grad is not None
        seen = torch.nonzero(x.grad.abs().sum((0, 2)))[:, 0].tolist()
        assert seen == [11 - back for back in range(furthest, -1, -2)]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"block": "cfsmn"}, "block.*'dfsmn' or 'fsmn'"),
        ({"block": "fsmn"}, "set skip to none"),
        ({"skip": "first"}, "skip.*'all', 'change' or 'none'"),
        ({"order_count": "ali"}, "order_count.*'paper' or 'current'"),
        ({"orders": [], "strides": []}, "orders"),
        ({"orders": [4, 0], "strides": [1, 1]}, "orders: must be greater than or equal to 1"),
        ({"orders": [4, 8], "strides": [1, 0]}, "strides: must be greater than or equal to 1"),
        ({"channels": []}, "channels"),
        ({"padding": -1}, "padding"),
    ],
)
def test_options_that_cannot_be_are_refused_by_name(options: dict[str, object], named: str) -> None:
    with pytest.raises(SerError, match=named):
        chosen(pyramid_fsmn, Shape(24, 24), **options)


def test_convolutions_reduce_as_their_arithmetic_gives() -> None:
    """Check 5×5 at stride 2×2: with padding 3, n becomes floor((n + 1) / 2) + 1 in each layer."""
    for n in (20, 201, 300, 750, 1500):
        once = (n + 1) // 2 + 1
        assert reduced(n, 1, 3) == once
        assert reduced(n, 2, 3) == (once + 1) // 2 + 1
    assert [reduced(750, 2, padding) for padding in (3, 0)] == [189, 185]
    for padding, bins in ((3, 52), (0, 48)):
        front = FrontEnd(Shape(201, 40), (2, 32), padding)
        assert (front.dims, front.time) == (bins * 32, reduced(40, 2, padding))
        assert front(torch.randn(1, 40, 201)).shape == (1, front.time, front.dims)


def test_the_channels_of_a_frame_stay_together() -> None:
    front = FrontEnd(Shape(9, 40), (2, 3), 3).eval()
    x = torch.randn(1, 20, 9)
    maps = front.layers(x.unsqueeze(1))
    for t in range(maps.shape[2]):
        assert torch.equal(front(x)[0, t], maps[0, :, t].flatten())
