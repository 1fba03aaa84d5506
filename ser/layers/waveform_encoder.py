"""An encoder of ``transformers`` on padded waveforms, each utterance as if it were alone.

wav2vec 2.0 (Baevski et al. 2020), HuBERT (Hsu et al. 2021) and WavLM (Chen et al. 2022): strided convolutions, a
convolution that gives positions, and transformer layers, with a row of values every 20 ms.
"""

from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ser.errors import SerError
from ser.layers.interface import Positions

VARIANCE_GUARD = 1e-7  # added to an utterance's variance, as the published extractors do


class WaveformEncoder(nn.Module):
    """``network`` with its last layer as output. normalise: the samples of an utterance to mean 0 and variance 1.

    Padding is neither normalised, nor attended to, nor part of a channel's statistics. SerError for an architecture
    in which padding would change a row.
    """

    def __init__(self, network: Any, normalise: bool):
        super().__init__()
        config = network.config
        if getattr(config, "add_adapter", False) or getattr(config, "conv_pos_batch_norm", False):
            raise SerError("it has an adapter or a batch normalisation, with which padding would change a row.")
        self.network, self.normalise = network, normalise
        self.windows = list(zip(config.conv_kernel, config.conv_stride, strict=True))  # samples or rows
        strides = [stride for _, stride in self.windows]
        self.least = 1 + sum((kernel - 1) * prod(strides[:k]) for k, (kernel, _) in enumerate(self.windows))
        first = network.feature_extractor.conv_layers[0]
        if config.feat_extract_norm == "group":  # else each row is normalised on its own
            first.layer_norm = OwnTimeNorm(first.layer_norm)

    @property
    def layers(self) -> nn.ModuleList:
        """Return the transformer layers, the first first."""
        found: nn.ModuleList = self.network.encoder.layers
        return found

    def forward(self, wave: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """Waveforms (batch, samples), their lengths (batch,) -> rows (batch, time, width), real ones (batch, time).

        An utterance that is shorter than what a row sees is filled up with zeros.
        """
        wave = _normalised(wave, samples) if self.normalise else wave
        wave, samples = F.pad(wave, (0, max(0, self.least - wave.shape[1]))), samples.clamp(min=self.least)
        first = self.network.feature_extractor.conv_layers[0]
        if isinstance(getattr(first, "layer_norm", None), OwnTimeNorm):
            first.layer_norm.counts = _counts(samples, self.windows[:1])
        x = self.network(wave, attention_mask=_real(samples, wave.shape[1]).long()).last_hidden_state
        return x, _real(_counts(samples, self.windows), x.shape[1])

    def positions(self, samples: int) -> Positions:
        """Return where the rows are on a feature that holds ``samples`` of the waveform in a row."""
        found = Positions("frames", 0.5 / samples - 0.5, 1 / samples)  # of the samples
        for kernel, stride in self.windows:
            found = found.through(kernel, stride)
        return found


class OwnTimeNorm(nn.GroupNorm):
    """Mean 0 and variance 1 per channel over an utterance's own time: torch's module takes the padding too.

    counts: (batch,) real positions, set before each pass.
    """

    counts: Tensor

    def __init__(self, norm: nn.GroupNorm):
        super().__init__(norm.num_groups, norm.num_channels, norm.eps)
        if norm.num_groups != norm.num_channels:
            raise SerError("its first convolution is normalised over groups of channels; one per channel is known.")
        self.weight, self.bias = norm.weight, norm.bias

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, time) -> the same; what is on padding has no meaning."""
        real = _real(self.counts, x.shape[2])[:, None]
        x = x.float()
        count = self.counts[:, None, None]
        mean = (x * real).sum(2, keepdim=True) / count
        variance = ((x - mean).square() * real).sum(2, keepdim=True) / count
        return (x - mean) * (variance + self.eps).rsqrt() * self.weight[:, None] + self.bias[:, None]


def _normalised(wave: Tensor, samples: Tensor) -> Tensor:
    real, count = _real(samples, wave.shape[1]), samples[:, None]
    mean = (wave * real).sum(1, keepdim=True) / count
    centred = (wave - mean) * real
    return centred / (centred.square().sum(1, keepdim=True) / count + VARIANCE_GUARD).sqrt()


def _counts(samples: Tensor, windows: list[tuple[int, int]]) -> Tensor:
    """Return the positions that convolutions without padding leave of ``samples``."""
    for kernel, stride in windows:
        samples = (samples - kernel) // stride + 1
    return samples


def _real(counts: Tensor, longest: int) -> Tensor:
    """Return (batch, longest) bool, True on the first ``counts``."""
    return torch.arange(longest, device=counts.device) < counts[:, None]
