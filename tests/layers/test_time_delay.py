"""Layers of time-delay networks against loops over frames, and the waveform against physics."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ser.layers.time_delay import (
    SPEEDS,
    Perturbation,
    RawWaveform,
    RealNorm,
    RestrictedAttention,
    TimeDelay,
    real,
    resampled,
)

LENGTHS = torch.tensor([9, 4, 1])
RATE = 16000


def frames(dims: int, lengths: Tensor = LENGTHS, junk: float = 0.0) -> tuple[Tensor, Tensor]:
    """Return random frames, with ``junk`` on the padding, and the mask."""
    x = torch.randn(len(lengths), int(lengths.max()), dims, generator=torch.Generator().manual_seed(3))
    mask = real(x, lengths)
    return x.masked_fill(~mask.unsqueeze(-1), junk), mask


def unsettled(norm: RealNorm) -> tuple[NDArray[np.float64], ...]:
    """Give a norm statistics and scales of its own; return mean, variance, weight, bias."""
    generator = torch.Generator().manual_seed(4)
    inner = norm.norm
    for tensor in (inner.running_mean, inner.running_var, inner.weight.data, inner.bias.data):
        assert tensor is not None
        tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    return tuple(
        t.detach().double().numpy()  # type: ignore[union-attr]
        for t in (inner.running_mean, inner.running_var, inner.weight, inner.bias)
    )


def normed(x: NDArray[np.float64], statistics: tuple[NDArray[np.float64], ...]) -> NDArray[np.float64]:
    mean, variance, weight, bias = statistics
    result: NDArray[np.float64] = (x - mean) / np.sqrt(variance + 1e-5) * weight + bias
    return result


@pytest.mark.parametrize("offsets", [(-1, 0, 1), (-3, 0, 3), (-2, 0), (1, 4), (0,)])
def test_time_delay_is_the_loop_over_frames_and_offsets(offsets: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    layer = TimeDelay(3, 5, offsets).eval()
    statistics = unsettled(layer.norm)
    x, mask = frames(3, junk=7.0)
    found = layer(x, mask).detach().numpy()
    weight, bias = (p.detach().double().numpy() for p in (layer.affine.weight, layer.affine.bias))
    for b, length in enumerate(LENGTHS.tolist()):
        for t in range(x.shape[1]):
            if t >= length:
                assert (found[b, t] == 0).all()
                continue
            spliced = [x[b, t + o].double().numpy() if 0 <= t + o < length else np.zeros(3) for o in offsets]
            wanted = normed(np.maximum(weight @ np.concatenate(spliced) + bias, 0), statistics)
            np.testing.assert_allclose(found[b, t], wanted, atol=1e-5)


def test_the_norm_in_training_takes_its_statistics_from_real_frames_alone() -> None:
    norm = RealNorm(4)
    x, mask = frames(4, junk=50.0)
    kept = x[mask].double().numpy()
    found = norm(x, mask)
    wanted = (kept - kept.mean(0)) / np.sqrt(kept.var(0) + 1e-5)
    np.testing.assert_allclose(found[mask].detach().numpy(), wanted, atol=1e-5)
    assert (found[~mask] == 0).all()
    assert norm.norm.running_mean is not None
    assert norm.norm.running_var is not None
    np.testing.assert_allclose(norm.norm.running_mean.numpy(), 0.1 * kept.mean(0), atol=1e-6)
    np.testing.assert_allclose(norm.norm.running_var.numpy(), 0.9 + 0.1 * kept.var(0, ddof=1), atol=1e-6)


def test_without_padding_the_norm_is_torchs() -> None:
    ours, theirs = RealNorm(4), nn.BatchNorm1d(4)
    x, mask = frames(4, torch.tensor([6, 6]))
    x = (100 + x).requires_grad_()
    for mode in (True, False):
        ours.train(mode), theirs.train(mode)
        both = ours(x, mask), theirs(x.transpose(1, 2)).transpose(1, 2)
        torch.testing.assert_close(*both, atol=1e-3, rtol=1e-4)
    slopes = [torch.autograd.grad(y.square().sum() + y[0, 0].sum(), x)[0] for y in both]
    torch.testing.assert_close(*slopes, atol=1e-3, rtol=1e-3)


def test_a_single_frame_in_a_batch_gives_finite_gradients() -> None:
    layer = TimeDelay(3, 5, (-1, 0, 1))
    x, mask = frames(3, torch.tensor([1]))
    layer(x.requires_grad_(), mask).sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()


@pytest.mark.parametrize(("left", "right", "stride"), [(5, 2, 3), (1, 1, 1), (0, 3, 2), (0, 0, 1)])
def test_restricted_attention_is_the_loop_over_frames_and_heads(left: int, right: int, stride: int) -> None:
    torch.manual_seed(0)
    heads, key, value = 2, 4, 3
    layer = RestrictedAttention(6, heads=heads, key=key, value=value, left=left, right=right, stride=stride).eval()
    statistics = unsettled(layer.norm)
    x, mask = frames(6, junk=7.0)
    found = layer(x, mask).detach().numpy()
    places = left + right + 1
    assert layer.dims == heads * (value + places) == found.shape[2]
    weight, bias = (p.detach().double().numpy() for p in (layer.affine.weight, layer.affine.bias))
    hot = np.eye(places)
    for b, length in enumerate(LENGTHS.tolist()):
        assert (found[b, length:] == 0).all()
        parts = (x[b].double().numpy() @ weight.T + bias).reshape(len(x[b]), heads, -1)
        for t in range(length):
            joined = []
            for head in range(heads):
                query = parts[t, head, key + value :]  # key + places entries
                keys, values = [], []
                for position in range(places):
                    at = t + stride * (position - left)
                    k, v = np.zeros(key), np.zeros(value)
                    if 0 <= at < length:
                        k, v = parts[at, head, :key], parts[at, head, key : key + value]
                    keys.append(np.concatenate([k / np.sqrt(key), hot[position]]))
                    values.append(np.concatenate([v, hot[position]]))
                scores = np.exp(np.stack(keys) @ query)
                joined.append(scores / scores.sum() @ np.stack(values))
            wanted = normed(np.maximum(np.concatenate(joined), 0), statistics)
            np.testing.assert_allclose(found[b, t], wanted, atol=1e-5)


def test_the_front_end_is_torchs_layers_in_a_row_and_makes_a_frame_of_512_samples() -> None:
    torch.manual_seed(0)
    front = RawWaveform((4, 6, 5)).eval()
    for norm in front.norms:
        assert isinstance(norm, RealNorm)
        unsettled(norm)
    plain = nn.Sequential()
    for convolution, norm in zip(front.convolutions, front.norms, strict=True):
        assert isinstance(norm, RealNorm)
        plain.extend([convolution, norm.norm, nn.ReLU(), nn.MaxPool1d(4, 2, padding=1)])
    signal = torch.randn(2, 2048)
    found, mask = front(signal, torch.tensor([2048, 2048]))
    assert mask.all()
    torch.testing.assert_close(found, plain(signal.unsqueeze(1)).transpose(1, 2))
    assert found.shape == (2, 4, 5)
    for count, wanted in ((1, 1), (512, 1), (513, 2), (2047, 4)):
        assert int(front(signal, torch.tensor([count, 2048]))[1][0].sum()) == wanted


@pytest.mark.parametrize("count", [1, 60, 511, 512, 700, 1025, 1991])
def test_a_neighbour_that_is_longer_changes_no_frame_of_the_front_end(count: int) -> None:
    torch.manual_seed(0)
    front = RawWaveform((4, 6, 5))
    signal = torch.randn(2, 2048)
    front(signal, torch.tensor([2048, 2048]))
    for norm in front.eval().norms:
        assert isinstance(norm, RealNorm)
        unsettled(norm)
    together, mask = front(signal, torch.tensor([count, 2048]))
    alone, every = front(signal[:1, :count], torch.tensor([count]))
    assert every.all()
    torch.testing.assert_close(together[:1, : alone.shape[1]], alone)
    assert (together[0, alone.shape[1] :] == 0).all()
    assert int(mask[0].sum()) == alone.shape[1]


@pytest.mark.parametrize(("up", "down"), SPEEDS[1:])
@pytest.mark.parametrize("hertz", [80.0, 1000.0, 5500.0])
def test_a_tone_becomes_a_tone_of_another_pitch(up: int, down: int, hertz: float) -> None:
    time = np.arange(3000) / RATE
    tone = torch.from_numpy(np.sin(2 * np.pi * hertz * time)).float().unsqueeze(0)
    found = resampled(tone, up, down)[0].numpy()
    assert len(found) == -(-3000 * up // down)
    wanted = np.sin(2 * np.pi * hertz * np.arange(len(found)) * down / up / RATE)
    np.testing.assert_allclose(found[50:-50], wanted[50:-50], atol=0.01)


def test_aliases_are_filtered_out() -> None:
    tone = torch.from_numpy(np.sin(2 * np.pi * 7900 * np.arange(4000) / RATE)).float().unsqueeze(0)
    fast = resampled(tone, 10, 11)[0, 50:-50]  # 7900 · 1.1 Hz is above the Nyquist frequency
    assert fast.abs().max() < 0.1


def test_perturbation_draws_speed_and_gain_of_each_utterance_anew_in_training_only() -> None:
    layer = Perturbation()
    counts = torch.full((400,), 1000)
    counts[1] = 10
    signal = torch.sin(torch.arange(1000) / 9).repeat(400, 1) * real(torch.empty(400, 1000), counts)
    untouched, same = layer.eval()(signal, counts)
    assert torch.equal(untouched, signal)
    assert torch.equal(same, counts)
    layer.train()
    torch.manual_seed(0)
    first, lengths = layer(signal, counts)
    torch.manual_seed(0)
    again, _ = layer(signal, counts)
    other, _ = layer(signal, counts)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    found, times = lengths[2:].unique(return_counts=True)
    assert found.tolist() == [910, 1000, 1112]  # 1000 / 1.1, 1000, 1000 / 0.9, rounded up
    assert times.min() > 90
    assert int(lengths[1]) in (10, 12)
    loudness = first[:, 100:800].abs().amax(1)[2:]
    assert 0.125 * 0.95 < loudness.min() < 0.3
    assert 1.8 < loudness.max() < 2.1


def test_perturbation_is_of_each_utterance_alone() -> None:
    layer = Perturbation()
    signal = torch.randn(3, 1000)
    torch.manual_seed(1)
    first, counts = layer(signal, torch.tensor([1000, 700, 1000]))
    changed = signal.clone()
    changed[2] = 0
    changed[1, 700:] = 9  # not of the utterance
    torch.manual_seed(1)
    second, _ = layer(changed, torch.tensor([1000, 700, 1000]))
    assert torch.equal(first[0], second[0])
    torch.testing.assert_close(first[1, : int(counts[1])], second[1, : int(counts[1])])
