"""Speaker embedding: time-delay network, statistics pooling, 512 dimensions, and its 24-band log-mel front end.

Snyder et al., "X-Vectors: Robust DNN Embeddings for Speaker Recognition", 2018, in the shape and with the parameter
names of SpeechBrain's published VoxCeleb model, so that its `embedding_model.ckpt` loads. That model differs from
Kaldi's: log-mel instead of MFCC input, LeakyReLU, reflected edges, no voice activity detection.
"""

import math
from collections import OrderedDict

import torch
from torch import Tensor, nn

RATE = 16000  # Hz
WINDOW = 400  # samples; also the length of the DFT
HOP_SAMPLES = 160
MELS = 24
DIMS = 512
FLOOR = 1e-10  # power
RANGE = 80.0  # dB below the loudest band of the utterance

CHANNELS = (512, 512, 512, 512, 1500)
KERNELS = (5, 3, 3, 1, 1)  # frames
DILATIONS = (1, 2, 3, 1, 1)
FRAMES = 4  # fewest that the reflected edges (3 frames at most) allow
MINIMUM = (FRAMES - 1) * HOP_SAMPLES  # samples


def speechbrain_mel_filters() -> Tensor:
    """Return SpeechBrain's triangular filters, 0–8000 Hz: (201, 24), float32.

    Centres lie evenly on mel = 2595·log10(1 + f/700). A filter is symmetric in Hz with peak 1, its half width the
    distance to the centre below: it ends before the next centre above, which the usual triangle reaches.
    """
    mel = torch.linspace(0, 2595 * math.log10(1 + RATE / 2 / 700), MELS + 2)
    hertz = 700 * (10 ** (mel / 2595) - 1)
    centre, width = hertz[1:-1], (hertz[1:] - hertz[:-1])[:-1]
    bins = torch.linspace(0, RATE / 2, WINDOW // 2 + 1)[:, None]
    return (1 - (bins - centre).abs() / width).clamp(min=0)


def log_mel(signals: Tensor) -> Tensor:
    """Return 10·log10 of the mel powers of ``signals``: (batch, samples) -> (batch, samples // 160 + 1, 24), dB.

    25 ms periodic Hamming frames centred on every 160th sample, zeros beyond the ends; floor 1e-10 and 80 dB below each
    utterance's maximum.
    """
    window = torch.hamming_window(WINDOW, device=signals.device)
    spectrum = torch.stft(
        signals, WINDOW, HOP_SAMPLES, window=window, center=True, pad_mode="constant", return_complex=True
    )
    power = spectrum.real.square() + spectrum.imag.square()  # (batch, bins, frames)
    bands = power.transpose(1, 2) @ speechbrain_mel_filters().to(signals.device)
    level = 10 * bands.clamp(min=FLOOR).log10()
    return torch.maximum(level, level.amax(dim=(1, 2), keepdim=True) - RANGE)


def centred(level: Tensor) -> Tensor:
    """Subtract each band's mean over the utterance's frames: recording level and channel drop out."""
    return level - level.mean(dim=1, keepdim=True)


class Statistics(nn.Module):
    """Mean and unbiased standard deviation over time.

    SpeechBrain adds random noise of 1e-5…9e-5 to the mean, at inference too; it is left out here, so that an utterance
    has one embedding.
    """

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, time) -> (batch, 2 · channels)."""
        deviation = x.var(dim=2).clamp(min=1e-12).sqrt()  # the root has no gradient at 0, where a crop is silent
        return torch.cat([x.mean(dim=2), deviation + 1e-5], dim=1)


class XVector(nn.Module):
    """Five time-delay layers (convolution, LeakyReLU, batch normalisation), pooling, affine map: 37 state entries.

    The convolutions are dilated; with the edges reflected, their output is as long as their input.
    """

    def __init__(self) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        inputs = MELS
        for outputs, kernel, dilation in zip(CHANNELS, KERNELS, DILATIONS, strict=True):
            edge = dilation * (kernel - 1) // 2
            conv = nn.Conv1d(inputs, outputs, kernel, padding=edge, dilation=dilation, padding_mode="reflect")
            blocks += [_named("conv", conv), nn.LeakyReLU(), _named("norm", nn.BatchNorm1d(outputs))]
            inputs = outputs
        self.blocks = nn.Sequential(*blocks, Statistics(), _named("w", nn.Linear(2 * inputs, DIMS)))

    def forward(self, frames: Tensor) -> Tensor:
        """Centred log-mel frames (batch, time, 24), time at least 4 -> embeddings (batch, 512)."""
        return self.blocks(frames.transpose(1, 2))


def _named(name: str, layer: nn.Module) -> nn.Sequential:
    """Return ``layer`` under SpeechBrain's name of its parameters."""
    return nn.Sequential(OrderedDict([(name, layer)]))
