"""Layers of time-delay networks on raw speech (Sarma et al. 2018), used by the model ``tdnn_lstm``.

Every layer returns 0 on padding and does not depend on it in evaluation; normalisation uses real frames only.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ROW = 512  # samples that the waveform's convolutions turn into one frame
SPEEDS = ((1, 1), (10, 9), (10, 11))  # output and input samples: speed 1.0, 0.9, 1.1
LOUDNESS = (0.125, 2.0)  # smallest and largest gain, as in Kaldi's volume perturbation
CROSSINGS = 8  # of zero, on either side of the low-pass filter's centre
PASSED = 0.95  # of the lower of the two Nyquist frequencies


class RealNorm(nn.Module):
    """Batch normalisation over the real frames, 0 on padding: (batch, time, channels) and mask -> the same shape."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.BatchNorm1d(channels)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        real = mask.unsqueeze(-1)
        norm: Any = self.norm  # its statistics are declared as optional
        x = x.float() * real
        if norm.training:
            count = mask.sum().float()
            share = mask.numel() / count  # padding is 0, so that sums over all frames are sums over real ones
            variance, mean = torch.var_mean(x, dim=(0, 1), correction=0)
            variance, mean = (variance + mean.square()) * share, mean * share
            variance = (variance - mean.square()).clamp_min(0)
            norm.running_mean.lerp_(mean.detach(), norm.momentum)
            norm.running_var.lerp_(variance.detach() * count / (count - 1).clamp_min(1), norm.momentum)
        else:
            mean, variance = norm.running_mean, norm.running_var
        scale = norm.weight * torch.rsqrt(variance + norm.eps)
        return torch.addcmul(norm.bias - mean * scale, x, scale) * real


class TimeDelay(nn.Module):
    """An affine map of the frames at ``offsets`` from each frame, ReLU, batch normalisation, in Kaldi's order.

    (batch, time, inputs), (batch, time) -> (batch, time, outputs). Frames beyond an utterance's ends are 0.
    """

    def __init__(self, inputs: int, outputs: int, offsets: Sequence[int]):
        super().__init__()
        self.offsets = tuple(offsets)
        self.affine, self.dims = nn.Linear(len(self.offsets) * inputs, outputs), outputs
        self.norm = RealNorm(outputs)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        spliced = torch.cat(shifted(x * mask.unsqueeze(-1), self.offsets), dim=-1)
        return self.norm(torch.relu(self.affine(spliced)), mask)


def shifted(x: Tensor, offsets: Sequence[int]) -> list[Tensor]:
    """Return x (batch, time, …) shifted by each offset: frame t is frame t + offset, or 0 beyond the ends."""
    before, after = max(0, -min(offsets)), max(0, max(offsets))
    padding = (0, 0) * (x.dim() - 2)
    wide = F.pad(x, (*padding, before, after))
    return [wide[:, before + offset : before + offset + x.shape[1]] for offset in offsets]


class RestrictedAttention(nn.Module):
    """Multi-head self-attention over a few frames around each: Povey et al. 2018, "A time-restricted self-attention
    layer for ASR", as in Kaldi.

    (batch, time, inputs), (batch, time) -> (batch, time, ``dims``). Frame t sees the C = left + right + 1 frames t +
    stride · o for o from −left to right, those beyond its ends as zeros. The position o is a one-hot vector of length C
    appended to key and value; a query has key + C entries. Only the products of the keys proper are scaled, by
    1 / √key. Each head gives the weighted value and the weights themselves; ReLU and batch normalisation follow.
    """

    def __init__(self, inputs: int, heads: int, left: int, right: int, stride: int, *, key: int = 40, value: int = 60):
        super().__init__()
        self.heads, self.offsets = heads, [stride * o for o in range(-left, right + 1)]
        self.sizes = [key, value, key, len(self.offsets)]  # the last two make the query
        self.affine = nn.Linear(inputs, heads * sum(self.sizes))
        self.dims = heads * (value + len(self.offsets))
        self.norm = RealNorm(self.dims)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        parts = self.affine(x).unflatten(-1, (self.heads, -1)) * mask[..., None, None]
        keys, values, query, position = parts.split(self.sizes, dim=-1)  # each (batch, time, heads, …)
        products = [(query * k).sum(-1) for k in shifted(keys, self.offsets)]
        scores = torch.stack(products, dim=-1) / math.sqrt(self.sizes[0]) + position
        weights = scores.float().softmax(-1)  # (batch, time, heads, C)
        seen: Any = sum(weights[..., n : n + 1] * v for n, v in enumerate(shifted(values, self.offsets)))
        return self.norm(torch.relu(torch.cat([seen, weights], dim=-1).flatten(2)), mask)


class RawWaveform(nn.Module):
    """Three convolutions that make a frame of 512 samples: (batch, samples) -> (batch, frames, ``dims``).

    Each has a kernel of 7 and a stride of 4, batch normalisation, ReLU and max-pooling of 4 with a stride of 2. The
    last frame is zero-padded.
    """

    def __init__(self, channels: Sequence[int] = (64, 128, 128)):
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv1d(before, after, 7, 4, padding=3) for before, after in zip((1, *channels), channels, strict=False)
        )
        self.norms = nn.ModuleList(RealNorm(width) for width in channels)
        self.pool = nn.MaxPool1d(4, 2, padding=1)
        self.dims = channels[-1]

    def forward(self, signal: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        """Signals (batch, samples), how many samples are real (batch,) -> frames (batch, time, dims), (batch, time)."""
        signal = signal * real(signal, counts)
        x = F.pad(signal, (0, -signal.shape[1] % ROW)).unsqueeze(2)  # (batch, time, channels)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = convolution(x.transpose(1, 2)).transpose(1, 2)
            x = torch.relu(norm(x, real(x, _fewer(counts, 4))))
            x = self.pool(x.transpose(1, 2)).transpose(1, 2)
            counts = _fewer(counts, 8)
            x = x * real(x, counts).unsqueeze(-1)
        return x, real(x, counts)


def real(x: Tensor, counts: Tensor) -> Tensor:
    """Return which of x (batch, time, …) are the first ``counts`` (batch,): (batch, time)."""
    return torch.arange(x.shape[1], device=x.device) < counts.unsqueeze(1)


def _fewer(counts: Tensor, factor: int) -> Tensor:
    return (counts + factor - 1) // factor


class Perturbation(nn.Module):
    """In training, draw a speed of 0.9, 1.0 or 1.1 and a gain for each utterance: (batch, samples), (batch,) -> same.

    A speed is a resampling, which changes the pitch too. Gains are uniform in 0.125 … 2. In evaluation, nothing
    changes.
    """

    def forward(self, signal: Tensor, counts: Tensor) -> tuple[Tensor, Tensor]:
        if not self.training:
            return signal, counts
        signal = signal * real(signal, counts)
        versions = [signal, *(resampled(signal, up, down) for up, down in SPEEDS[1:])]
        longest = max(version.shape[1] for version in versions)
        every = torch.stack([F.pad(version, (0, longest - version.shape[1])) for version in versions])
        speed = torch.randint(len(SPEEDS), (len(signal),), device=signal.device)
        gain = torch.empty(len(signal), 1, device=signal.device).uniform_(*LOUDNESS)
        lengths = torch.stack([_fewer(counts * up, down) for up, down in SPEEDS])
        utterance = torch.arange(len(signal), device=signal.device)
        return every[speed, utterance] * gain, lengths[speed, utterance]


def resampled(signal: Tensor, up: int, down: int) -> Tensor:
    """Return ``up`` samples for every ``down`` samples of (batch, samples), rounded up, zeros beyond the ends.

    Band-limited interpolation with a Hann-windowed sinc; sample m of the result is the signal at m · down / up.
    """
    cutoff = PASSED * min(1.0, up / down)
    reach = math.ceil(CROSSINGS / cutoff)
    taps = torch.arange(-reach, reach + down, dtype=torch.float64)
    away = taps - torch.arange(up, dtype=torch.float64).unsqueeze(1) * down / up  # (up, taps), in samples of the signal
    window = torch.cos(math.pi / 2 * (away * cutoff / CROSSINGS).clamp(-1, 1)).square()
    kernel = (cutoff * torch.sinc(cutoff * away) * window).to(signal)
    padded = F.pad(signal, (reach, reach + down)).unsqueeze(1)
    with torch.autocast(signal.device.type, enabled=False):
        phases = F.conv1d(padded, kernel.unsqueeze(1), stride=down)  # (batch, up, steps)
    return phases.transpose(1, 2).flatten(1)[:, : -(-signal.shape[1] * up // down)]
