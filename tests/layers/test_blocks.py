"""Network parts against independent computations of the papers' formulas."""

import numpy as np
import pytest
import torch
from torch import nn

from ser.layers.convolutional_front_end import FrontEnd, reduced
from ser.layers.fsmn_memory import Memory, MemoryLayer
from ser.layers.interface import Shape
from ser.layers.map_pooling import AttentionPooling, AveragePooling, BilinearPooling
from ser.layers.statistics import last, maximum, mean, pooled, std
from ser.models.dense_lstm import FeatureAttention, TimeAttention
from ser.models.multiscale_cnn import MultiScale
from ser.models.pyramid_fsmn import TimestepAttention


def array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().numpy().astype(np.float64)


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    raised = np.exp(x - x.max(axis=axis, keepdims=True))
    return raised / raised.sum(axis=axis, keepdims=True)


@pytest.mark.parametrize("taps", ["scalar", "vector"])
@pytest.mark.parametrize(("back", "ahead", "stride"), [(4, 4, 1), (5, 3, 2), (2, 4, 3), (32, 32, 2), (3, 0, 1)])
def test_memory_is_equation_2_up_to_the_edges(taps: str, back: int, ahead: int, stride: int) -> None:
    torch.manual_seed(0)
    memory = Memory(3, back, ahead, stride=stride, taps=taps, identity=True)
    p = torch.randn(2, 21, 3)
    a, b, x = array(memory.back), array(memory.ahead), array(p)
    wanted = x.copy()
    for t in range(21):
        for i in range(back + 1):
            if t - stride * i >= 0:
                wanted[:, t] += a[i] * x[:, t - stride * i]
        for j in range(1, ahead + 1):
            if t + stride * j < 21:
                wanted[:, t] += b[j - 1] * x[:, t + stride * j]
    np.testing.assert_allclose(array(memory(p)), wanted, atol=1e-5)


def test_memory_of_one_frame_covers_only_itself() -> None:
    memory = Memory(2, 4, 4, stride=2, taps="scalar", identity=True)
    p = torch.randn(1, 1, 2)
    torch.testing.assert_close(memory(p), p * (1 + memory.back[0]))


def test_every_tap_within_reach_learns() -> None:
    memory = Memory(2, 4, 4, stride=2, taps="scalar", identity=True)
    memory(torch.randn(3, 12, 2)).square().sum().backward()
    assert memory.back.grad is not None
    assert memory.ahead.grad is not None
    assert (memory.back.grad != 0).all()
    assert (memory.ahead.grad != 0).all()


def test_memory_layer_adds_the_layer_below_before_it_normalises() -> None:
    torch.manual_seed(0)
    layer = MemoryLayer(4, 8, 2, 2, 1, "scalar", projection=4, skip=True).eval()
    x = torch.randn(2, 6, 4)
    assert layer.projection is not None
    memory = layer.memory(layer.projection(torch.relu(layer.hidden(x))))
    torch.testing.assert_close(layer(x), (memory + x) / (1 + layer.norm.eps) ** 0.5)


def test_timestep_attention_is_equations_5_to_7() -> None:
    torch.manual_seed(0)
    attention = TimestepAttention(9, 0.25)
    x = torch.randn(2, 9, 5)
    first, second = attention.layers[0], attention.layers[2]
    assert isinstance(first, nn.Linear)
    assert first.out_features == 2
    a = array(x).mean(2)
    hidden = np.maximum(a @ array(first.weight).T + array(first.bias), 0)
    s = softmax(hidden @ array(second.weight).T + array(second.bias), 1)
    wanted = sum(s[:, t, None] * array(x)[:, t] for t in range(9))
    np.testing.assert_allclose(array(attention(x)), wanted, atol=1e-5)


def test_time_attention_is_equation_5_on_each_utterance_alone() -> None:
    torch.manual_seed(0)
    attention = TimeAttention(4, 6)
    query, h = torch.randn(2, 4), torch.randn(2, 7, 6)
    mask = torch.arange(7) < torch.tensor([[7], [3]])
    found = array(attention(query, h, mask))
    for n, length in enumerate((7, 3)):
        own = array(h)[n, :length]
        w = softmax(array(query)[n] @ array(attention.score.weight).T @ own.T, 0)
        np.testing.assert_allclose(found[n], w @ own, atol=1e-5)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_feature_attention_is_equation_6_on_each_utterance_alone(reduction: str) -> None:
    torch.manual_seed(0)
    attention = FeatureAttention(6, reduction)
    h = torch.randn(2, 7, 6)
    mask = torch.arange(7) < torch.tensor([[7], [3]])
    found = array(attention(h, mask))
    for n, length in enumerate((7, 3)):
        own = array(h)[n, :length]
        w = softmax(np.tanh(own @ array(attention.inner.weight).T) @ array(attention.outer.weight).T, 1)
        wanted = (w * own).sum(0) if reduction == "sum" else (w * own).mean(0)
        np.testing.assert_allclose(found[n], wanted, atol=1e-5)


def test_statistics_are_those_of_the_real_frames() -> None:
    x = torch.randn(3, 8, 4)
    lengths = (8, 5, 1)
    mask = torch.arange(8) < torch.tensor(lengths)[:, None]
    found = array(pooled(x, mask))
    for n, length in enumerate(lengths):
        own = array(x)[n, :length]
        np.testing.assert_allclose(found[n], np.r_[own.max(0), own.mean(0), own.std(0)], atol=1e-5)
        np.testing.assert_allclose(array(last(x, mask))[n], own[-1])
    full = array(x)
    np.testing.assert_allclose(array(pooled(x)), np.c_[full.max(1), full.mean(1), full.std(1)], atol=1e-5)


def test_statistics_of_a_constant_have_finite_gradients() -> None:
    x = torch.zeros(2, 5, 3, requires_grad=True)
    (std(x) + maximum(x) + mean(x)).sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_front_end_has_the_sizes_of_the_paper() -> None:
    assert [reduced(n, 2, 3) for n in (201, 300, 500, 750, 1000, 1500)] == [52, 77, 127, 189, 252, 377]
    assert [reduced(n, 2, 0) for n in (201, 750)] == [48, 185]
    front = FrontEnd(Shape(20, 30), (2, 3), 3)
    assert front(torch.randn(1, 30, 20)).shape == (1, reduced(30, 2, 3), front.dims)


def test_front_end_keeps_time_in_order() -> None:
    front = FrontEnd(Shape(20, 30), (2, 3), 3).eval()
    x = torch.randn(1, 40, 20)
    changed = x.clone()
    changed[:, 30:] += 1
    before, after = front(x), front(changed)
    assert torch.equal(before[:, :6], after[:, :6])  # output t sees no frame after 4·t + 4
    assert not torch.equal(before[:, 8:], after[:, 8:])


def test_multi_scale_is_a_sum_over_its_window_and_masks_padding() -> None:
    torch.manual_seed(0)
    layer = MultiScale(3, (2, 4), 5)
    x = torch.randn(2, 9, 3)
    x[1, 3:] = 0
    mask = torch.arange(9) < torch.tensor([[9], [3]])
    for (found, real), kernel, conv in zip(layer(x, mask), (2, 4), layer.layers, strict=True):
        weight, bias = array(conv.weight), array(conv.bias)
        wanted = [np.einsum("kd,fdk->f", array(x)[0, t : t + kernel], weight) + bias for t in range(9 - kernel + 1)]
        np.testing.assert_allclose(array(found)[0], np.maximum(wanted, 0), atol=1e-5)
        assert real.sum(1).tolist() == [9 - kernel + 1, max(1, 3 - kernel + 1)]


@pytest.mark.parametrize("kind", ["spatial", "class", "none"])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_attention_pooling_is_equation_10(kind: str, reduction: str) -> None:
    torch.manual_seed(0)
    head = AttentionPooling(6, 4, softmax=kind, reduction=reduction)
    maps = torch.randn(2, 6, 3, 5)
    found = array(head(maps))
    a, b = array(head.top_down.weight)[:, :, 0, 0], array(head.bottom_up.weight)[0, :, 0, 0]
    for n in range(2):
        X = array(maps)[n].reshape(6, 15).T  # positions × channels
        top, bottom = X @ a.T + array(head.top_down.bias), X @ b + array(head.bottom_up.bias)
        top = softmax(top, 1) if kind == "class" else top
        bottom = softmax(bottom, 0) if kind == "spatial" else bottom
        total = top.T @ bottom
        np.testing.assert_allclose(found[n], total if reduction == "sum" else total / 15, atol=1e-5)


def test_average_pooling_forgets_where() -> None:
    head = AveragePooling(6, 4)
    maps = torch.randn(1, 6, 3, 5)
    torch.testing.assert_close(head(maps), head(maps.flip(2, 3)))


@pytest.mark.parametrize("root_first", [True, False])
def test_bilinear_pooling_is_the_normalised_second_order(root_first: bool) -> None:
    head = BilinearPooling(4, 3, root_first=root_first)
    maps = torch.randn(1, 4, 2, 3, requires_grad=True)
    X = array(maps)[0].reshape(4, 6).T
    second = (X.T @ X / 6).ravel()
    if root_first:
        second = np.sign(second) * np.sqrt(np.abs(second))
        second /= np.linalg.norm(second)
    else:
        second /= np.linalg.norm(second)
        second = np.sign(second) * np.sqrt(np.abs(second))
    found = head(maps)
    np.testing.assert_allclose(array(found)[0], array(head.output.weight) @ second + array(head.output.bias), atol=1e-4)
    (head(torch.zeros_like(maps)) + found).sum().backward()
    assert maps.grad is not None
    assert maps.grad.isfinite().all()
