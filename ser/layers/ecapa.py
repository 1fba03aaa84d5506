"""Speaker embedding ECAPA-TDNN: squeezed and excited Res2Net blocks, attentive statistics, 192 dimensions.

Desplanques et al., "ECAPA-TDNN: Emphasized channel attention, propagation and aggregation in TDNN based speaker
verification", Interspeech 2020, in the shape and with the parameter names of SpeechBrain's published VoxCeleb model, so
that its `embedding_model.ckpt` loads. Shapes are (batch, channels, time) throughout.
"""

import math
from collections import OrderedDict

import torch
from torch import Tensor, nn

RATE = 16000  # Hz
WINDOW = 400  # samples; also the length of the DFT
HOP_SAMPLES = 160
MELS, CHANNELS, JOINED, DIMS = 80, 1024, 3072, 192
SCALE = 8  # groups of channels of a Res2Net block
SQUEEZED = 128  # channels of the excitation and of the attention
DILATIONS = (2, 3, 4)
FRAMES = 5  # fewest that the reflected edges (4 frames at most) allow
MINIMUM = (FRAMES - 1) * HOP_SAMPLES  # samples
FLOOR = 1e-10  # power
RANGE = 80.0  # dB below the loudest band of the utterance
LEAST = 1e-12  # variance


def centred_log_mel(signals: Tensor) -> Tensor:
    """Return SpeechBrain's log-mel without each band's mean: (batch, samples) -> (batch, 80, samples // 160 + 1).

    In dB, floor 1e-10 and 80 dB below each utterance's maximum; 25 ms periodic Hamming frames centred on every 160th
    sample, zeros beyond the ends; filters are symmetric triangles in Hz, as in ``ser.layers.xvector``.
    """
    window = torch.hamming_window(WINDOW, device=signals.device)
    spectrum = torch.stft(
        signals, WINDOW, HOP_SAMPLES, window=window, center=True, pad_mode="constant", return_complex=True
    )
    power = spectrum.real.square() + spectrum.imag.square()  # (batch, bins, frames)
    mel = torch.linspace(0, 2595 * math.log10(1 + RATE / 2 / 700), MELS + 2)
    hertz = 700 * (10 ** (mel / 2595) - 1)
    centre, width = hertz[1:-1, None], (hertz[1:] - hertz[:-1])[:-1, None]
    bins = torch.linspace(0, RATE / 2, WINDOW // 2 + 1)
    filters = (1 - (bins - centre).abs() / width).clamp(min=0).to(signals.device)
    level = 10 * (filters @ power).clamp(min=FLOOR).log10()
    level = torch.maximum(level, level.amax(dim=(1, 2), keepdim=True) - RANGE)
    return level - level.mean(dim=2, keepdim=True)


class Layer(nn.Sequential):
    """A dilated convolution with reflected edges, ReLU, batch normalisation."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, dilation: int = 1):
        edge = dilation * (kernel - 1) // 2
        conv = nn.Conv1d(inputs, outputs, kernel, padding=edge, dilation=dilation, padding_mode="reflect")
        norm = nn.BatchNorm1d(outputs)
        super().__init__(OrderedDict(conv=_named("conv", conv), activation=nn.ReLU(), norm=_named("norm", norm)))


class Res2Net(nn.Module):
    """Groups of channels, each but the first through a layer after the result of the group before is added."""

    def __init__(self, dilation: int):
        super().__init__()
        size = CHANNELS // SCALE
        self.blocks = nn.ModuleList(Layer(size, size, 3, dilation) for _ in range(SCALE - 1))

    def forward(self, x: Tensor) -> Tensor:
        first, *others = x.chunk(SCALE, dim=1)
        found = [first]
        for k, (group, layer) in enumerate(zip(others, self.blocks, strict=True)):
            found.append(layer(group if k == 0 else group + found[-1]))
        return torch.cat(found, dim=1)


class Excitation(nn.Module):
    """Each channel times a factor in 0…1 that depends on the means over time of all channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = _named("conv", nn.Conv1d(CHANNELS, SQUEEZED, 1))
        self.conv2 = _named("conv", nn.Conv1d(SQUEEZED, CHANNELS, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2(self.conv1(x.mean(dim=2, keepdim=True)).relu()).sigmoid() * x


class EcapaBlock(nn.Module):
    """A layer, a Res2Net, a layer, an excitation, and the input added."""

    def __init__(self, dilation: int):
        super().__init__()
        self.tdnn1, self.res2net_block = Layer(CHANNELS, CHANNELS), Res2Net(dilation)
        self.tdnn2, self.se_block = Layer(CHANNELS, CHANNELS), Excitation()

    def forward(self, x: Tensor) -> Tensor:
        return x + self.se_block(self.tdnn2(self.res2net_block(self.tdnn1(x))))


class Pooling(nn.Module):
    """Mean and deviation over time, with weights per channel that see the utterance's own mean and deviation."""

    def __init__(self) -> None:
        super().__init__()
        self.tdnn = Layer(3 * JOINED, SQUEEZED)
        self.conv = _named("conv", nn.Conv1d(SQUEEZED, JOINED, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, 3072, time) -> (batch, 6144)."""
        even = torch.full_like(x[:, :1], 1 / x.shape[2])
        context = [part.unsqueeze(2).expand_as(x) for part in _moments(x, even)]
        weights = self.conv(self.tdnn(torch.cat([x, *context], dim=1)).tanh()).softmax(2)
        return torch.cat(_moments(x, weights), dim=1)


class EcapaTdnn(nn.Module):
    """Four blocks, the last three of which are joined, pooling and an affine map."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Layer(MELS, CHANNELS, 5), *(EcapaBlock(dilation) for dilation in DILATIONS)])
        self.mfa = Layer(len(DILATIONS) * CHANNELS, JOINED)
        self.asp = Pooling()
        self.asp_bn = _named("norm", nn.BatchNorm1d(2 * JOINED))
        self.fc = _named("conv", nn.Conv1d(2 * JOINED, DIMS, 1))

    def forward(self, levels: Tensor) -> Tensor:
        """Centred log-mel levels (batch, 80, time), time at least 5 -> embeddings (batch, 192)."""
        found = [self.blocks[0](levels)]
        for block in list(self.blocks)[1:]:
            found.append(block(found[-1]))
        pooled = self.asp_bn(self.asp(self.mfa(torch.cat(found[1:], dim=1))))
        return self.fc(pooled.unsqueeze(2)).squeeze(2)


def _moments(x: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return the weighted mean and standard deviation over time, (batch, channels) each."""
    mean = (weights * x).sum(2)
    return mean, (weights * (x - mean.unsqueeze(2)).square()).sum(2).clamp(min=LEAST).sqrt()


def _named(name: str, layer: nn.Module) -> nn.Sequential:
    """Return ``layer`` under SpeechBrain's name of its parameters."""
    return nn.Sequential(OrderedDict([(name, layer)]))
