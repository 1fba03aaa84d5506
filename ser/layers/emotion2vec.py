"""emotion2vec (Ma et al. 2024): the encoder of data2vec 2.0 for speech (Baevski et al. 2023), in evaluation.

Parameters have the names of the published checkpoints; their decoder, which training alone needs, and their classifier
are left out. Letters: B batch, T rows, H heads, D width.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class Emotion2vecShape:
    """Sizes. convolutions: filters, kernel and stride of each on the waveform; grouped: whether the first of them is
    normalised over time, instead of every one over its filters; positions: depth, kernel and groups of the convolutions
    that give positions; before, depth: blocks before the main ones, and the main ones; tokens: before the first row;
    scales: shape of the factors of the attention's distance term; eps: of the blocks' normalisation.
    """

    convolutions: tuple[tuple[int, int, int], ...]
    grouped: bool
    width: int
    heads: int
    hidden: int
    positions: tuple[int, int, int]
    before: int
    depth: int
    tokens: int
    scales: tuple[int, ...]
    eps: float


class Transposed(nn.Module):
    """Exchange the last two axes."""

    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(-2, -1)


class Attention(nn.Module):
    """Self-attention with an additive term per head, (B, T, D) and (1, H, T, T) -> (B, T, D)."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1)
        )
        weights = (query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1]) + bias).softmax(-1)
        mixed: Tensor = self.proj((weights @ value).transpose(1, 2).flatten(2))
        return mixed


class FeedForward(nn.Module):
    """Two maps with GELU between them."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        mapped: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return mapped


class EncoderBlock(nn.Module):
    """Attention and feed-forward, each added to its input and then normalised."""

    def __init__(self, shape: Emotion2vecShape):
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(shape.width, eps=shape.eps) for _ in range(2))
        self.attn = Attention(shape.width, shape.heads)
        self.mlp = FeedForward(shape.width, shape.hidden)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        x = self.norm1(x + self.attn(x, bias))
        normalised: Tensor = self.norm2(x + self.mlp(x))
        return normalised


class PrecedingBlocks(nn.Module):
    """The blocks before the main ones, and the normalisation of their input."""

    def __init__(self, shape: Emotion2vecShape):
        super().__init__()
        self.norm = nn.LayerNorm(shape.width, eps=shape.eps)
        self.blocks = nn.ModuleList(EncoderBlock(shape) for _ in range(shape.before))


class Convolutions(nn.Module):
    """Convolutions on the waveform, (B, samples) -> (B, filters, T)."""

    def __init__(self, shape: Emotion2vecShape):
        super().__init__()
        layers, channels = [], 1
        for number, (filters, kernel, stride) in enumerate(shape.convolutions):
            norm: list[nn.Module] = []
            if not shape.grouped:
                norm = [nn.Sequential(Transposed(), nn.LayerNorm(filters), Transposed())]
            elif number == 0:
                norm = [nn.GroupNorm(filters, filters)]
            convolution = nn.Conv1d(channels, filters, kernel, stride, bias=False)
            layers.append(nn.Sequential(convolution, nn.Identity(), *norm, nn.GELU()))
            channels = filters
        self.conv_layers = nn.ModuleList(layers)

    def forward(self, wave: Tensor) -> Tensor:
        x = wave.unsqueeze(1)
        for layer in self.conv_layers:
            x = layer(x)
        return x


class SpeechEncoder(nn.Module):
    """What is before the main blocks: (B, samples) -> rows with tokens before them, (B, tokens + T, D)."""

    def __init__(self, shape: Emotion2vecShape):
        super().__init__()
        filters, width = shape.convolutions[-1][0], shape.width
        depth, kernel, groups = shape.positions
        self.local_encoder = Convolutions(shape)
        self.project_features = nn.Sequential(Transposed(), nn.LayerNorm(filters), nn.Linear(filters, width))
        positions = [
            nn.Sequential(
                nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=groups),
                nn.Identity(),
                Transposed(),
                nn.LayerNorm(width, elementwise_affine=False),
                Transposed(),
                nn.GELU(),
            )
            for _ in range(depth)
        ]
        self.relative_positional_encoder = nn.Sequential(Transposed(), *positions, Transposed())
        self.extra_tokens = nn.Parameter(torch.zeros(1, shape.tokens, width))
        self.alibi_scale = nn.Parameter(torch.ones(shape.scales))
        self.context_encoder = PrecedingBlocks(shape)

    def forward(self, wave: Tensor) -> Tensor:
        x = self.project_features(self.local_encoder(wave))
        x = x + self.relative_positional_encoder(x)
        x = torch.cat([self.extra_tokens.expand(len(x), -1, -1), x], dim=1)
        normalised: Tensor = self.context_encoder.norm(x)
        return normalised


class Emotion2vec(nn.Module):
    """The network, (B, samples) -> the input of the first block and the output of each, (B, T, D) without tokens."""

    def __init__(self, shape: Emotion2vecShape):
        super().__init__()
        self.tokens, self.heads = shape.tokens, shape.heads
        self.modality_encoders = nn.ModuleDict({"AUDIO": SpeechEncoder(shape)})
        self.blocks = nn.ModuleList(EncoderBlock(shape) for _ in range(shape.depth))

    def forward(self, wave: Tensor) -> list[Tensor]:
        encoder = self.modality_encoders["AUDIO"]
        assert isinstance(encoder, SpeechEncoder)
        x = encoder(wave)
        rows = x.shape[1] - self.tokens
        distance = F.pad(distances(rows, self.heads).to(x), (self.tokens, 0, self.tokens, 0))
        layers = [x]
        for number, block in enumerate([*encoder.context_encoder.blocks, *self.blocks]):
            scale = encoder.alibi_scale.clamp_min(0)[number if len(encoder.alibi_scale) > 1 else 0]
            layers.append(block(layers[-1], distance * scale))
        return [layer[:, self.tokens :] for layer in layers]


def distances(rows: int, heads: int) -> Tensor:
    """Return the negative distance of every two rows times the slope of each head, (1, heads, rows, rows).

    Slopes are those of Press et al. 2022: powers of 2^(−8 / n) for n heads where n is a power of two; for other numbers
    those of the power below, then every second one of the power above.
    """
    below = 2 ** math.floor(math.log2(heads))
    slopes = _slopes(below) + _slopes(2 * below)[::2][: heads - below]
    at = torch.arange(rows)
    return -(at[:, None] - at[None]).abs() * torch.tensor(slopes)[None, :, None, None]


def _slopes(heads: int) -> list[float]:
    return [2 ** (-8 * (number + 1) / heads) for number in range(heads)]


def minimum(convolutions: Sequence[tuple[int, int, int]]) -> tuple[int, int]:
    """Return the samples that one row sees, and those between two rows."""
    least, step = 1, 1
    for _, kernel, stride in convolutions:
        least += (kernel - 1) * step
        step *= stride
    return least, step
