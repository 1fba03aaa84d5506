"""Multi-scale convolutions with statistical pooling and attention: every network of Peng et al. 2021.

A branch over frames and one over words, either or both: convolutions of several widths (Equations 1, 2) and statistics
of every map (Equation 3). Optional additions are a vector of the utterance, maximum and mean of the word vectors
(SWEM), and attention from the statistics of the frames to the maps of the words (Equations 4–6). Kernel widths are from
the figure in the authors' repository (which has no code); the dense width and the positions of dropout are not printed.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from ser.bounds import Count, Counts, Share
from ser.errors import SerError
from ser.layers.interface import PADDING, WORDS, AttentionWeights, Batch, Shape
from ser.layers.statistics import POOLINGS, pooled
from ser.layers.word_vectors import WordVectors

Map = tuple[Tensor, Tensor | None]  # (batch, positions, filters) and which positions are real; None: all
Pairing = Literal["one-to-one", "all-pairs", "joined"]
Statistics = Annotated[Sequence[Literal["max", "mean", "std"]], Field(min_length=1)]
SWEM = ("max", "mean")  # of Shen et al. 2018, as Peng et al. use it


def _check(
    shape: Shape,
    attention: str,
    kernels: Sequence[int],
    text_kernels: Sequence[int],
    *,
    frames: bool,
    words: bool,
    swem: bool,
    masked: bool,
    mask_words: bool,
) -> None:
    """Raise SerError for options that contradict each other or the inputs."""
    if not (frames or words):
        raise SerError("it reads neither frames nor words: set options.frames or options.words.")
    if swem and not words:
        raise SerError("option swem needs words; set options.words.")
    if attention != "none" and not (frames and words):
        raise SerError("option attention needs frames and words; set options.frames and options.words.")
    if attention in ("one-to-one", "joined") and len(kernels) != len(text_kernels):
        raise SerError(
            f"option attention '{attention}' needs as many text_kernels as kernels, there are "
            f"{len(text_kernels)} and {len(kernels)}; 'all-pairs' takes any."
        )
    if masked and not mask_words:
        raise SerError("options.masked masks all padding; with it mask_swem and mask_attention must be true.")
    if frames:
        shape.frame_dims()  # first: without frames the error must name them, not their length
        _check_length("frames", shape.length, masked)
    if words:
        shape.word_table()
        _check_length("words", shape.sentence, masked)


def _check_length(modality: str, length: int | None, masked: bool) -> None:
    if masked and length is not None:
        raise SerError(
            f"it cannot mask padding in a view of fixed length, where padding counts as {modality}; "
            f"with options.masked use inputs.{modality}.limit instead of length."
        )
    if not masked and length is None:
        raise SerError(f"it needs equally long inputs: set inputs.{modality}.length, or options.masked to let it vary.")


class MultiScale(nn.Module):
    """For every kernel one layer over time that spans all dimensions, stride 1, ReLU.

    A sequence of n frames gives n − kernel + 1 positions, and at least one: a shorter one is zero-padded to the kernel.
    With ``same`` there are zeros on both sides and n positions whatever the kernel, each centred on its frame (an even
    kernel sees one frame more ahead than back).
    """

    def __init__(self, dims: int, kernels: Sequence[int], filters: int, *, same: bool = False):
        super().__init__()
        self.kernels, self.same = tuple(kernels), same
        self.layers = nn.ModuleList(nn.Conv1d(dims, filters, kernel) for kernel in self.kernels)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> list[Map]:
        """(batch, time, dims), (batch, time) -> per kernel its map (batch, positions, filters) and the map's mask.

        With a mask, a position is real that sees real frames only (``same``: that is centred on one), at least one;
        without, every position is, and its mask None. Frames that are not real are zero.
        """
        x = x.transpose(1, 2).contiguous()  # once for all kernels
        shortfall = max(0, max(self.kernels) - x.shape[2])
        maps: list[Map] = []
        for kernel, layer in zip(self.kernels, self.layers, strict=True):
            edges = ((kernel - 1) // 2, kernel // 2) if self.same else (0, shortfall)
            found = torch.relu(layer(F.pad(x, edges) if any(edges) else x)).transpose(1, 2)
            real = mask
            if mask is not None and not self.same:
                positions = (mask.sum(1, keepdim=True) - kernel + 1).clamp_min(1)
                real = torch.arange(found.shape[1], device=x.device) < positions
            maps.append((found, real))
        return maps


class PooledScales(nn.Module):
    """One modality's branch: a ``MultiScale`` and, of every map, the named ``statistics`` over its real positions.

    ``width`` is their number: kernels · statistics · filters.
    """

    def __init__(
        self, dims: int, kernels: Sequence[int], filters: int, statistics: Sequence[str], *, same: bool = False
    ):
        super().__init__()
        self.scales, self.statistics = MultiScale(dims, kernels, filters, same=same), tuple(statistics)
        self.width = len(self.scales.kernels) * len(self.statistics) * filters

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[list[Map], list[Tensor]]:
        """(batch, time, dims), (batch, time) -> maps, and per map its statistics (batch, statistics, filters)."""
        maps = self.scales(x, mask)
        return maps, [torch.stack([POOLINGS[name](*one) for name in self.statistics], dim=1) for one in maps]


def attended(contexts: Sequence[Tensor], maps: Sequence[Map], pairing: Pairing) -> tuple[Tensor, list[Tensor]]:
    """Return the attention of ``contexts`` to ``maps``, concatenated, (batch, values) (Equations 5 and 6), and its
    ``weights``, per map (batch, contexts, positions).

    contexts: per audio kernel its statistics (batch, statistics, filters); maps: per text kernel. The figure does not
    tell which kernels are paired: "one-to-one" pairs the i-th with the i-th, "all-pairs" each with each, "joined" all
    filters of a statistic with all filters of a word, whose maps are then equally long. Each pair of kernels has
    statistics · filters values, "joined" as many as "one-to-one".
    """
    if pairing == "joined":
        contexts = [torch.cat(list(contexts), dim=-1)]
        maps = [(torch.cat([states for states, _ in maps], dim=-1), maps[0][1])]
    elif pairing == "all-pairs":
        contexts = [torch.cat(list(contexts), dim=1)] * len(maps)
    shares = [weights(context, *one) for context, one in zip(contexts, maps, strict=True)]
    found = [(share @ states).flatten(1) for share, (states, _) in zip(shares, maps, strict=True)]
    return torch.cat(found, dim=-1), shares


def weights(context: Tensor, states: Tensor, real: Tensor | None = None) -> Tensor:
    """Return softmax_k(e · h_k) of Equation 4, over the real positions k for each of several contexts e, unscaled.

    As ``ser.layers.dot_attention.weights``, which has a single query per row.

    (batch, contexts, dims), (batch, positions, dims), (batch, positions) -> (batch, contexts, positions), 0 where not
    ``real``. Every row of ``real`` has at least one True; None: all.
    """
    score = context @ states.transpose(1, 2)
    if real is not None:
        score = score.masked_fill(~real.unsqueeze(1), -torch.inf)
    return score.softmax(-1)


def over_words(maps: Sequence[Map], real: Tensor) -> list[Map]:
    """Return the maps with those positions as real that begin at a word; later ones see padding only.

    real: (batch, words), True on words, which come first. In maps with a position per word, its middle counts.
    """
    counts = real.sum(1, keepdim=True)
    return [(states, torch.arange(states.shape[1], device=real.device) < counts) for states, _ in maps]


class MultiScaleCNN(nn.Module):
    """The branches concatenated, dense ReLU layer, linear output; ``dense.in_features`` is the classifier's input.

    ``frames``, ``vector`` and ``words`` select the inputs; one of frames and words is needed. ``frozen`` keeps the word
    vectors fixed. ``attention`` is "none" or a pairing of audio with text kernels: "one-to-one", "all-pairs" or
    "joined", which pads the text so that all its maps have a position per word. Inputs shorter than the widest kernel
    are zero-padded to it. SerError for options that contradict each other or the inputs.

    Frames and words have a fixed length. Its zero-padding counts in the statistics of the maps, as in the figure, but
    not in SWEM and attention, unless ``mask_swem`` or ``mask_attention`` is false: the mean of a short transcript is
    then almost zero, its maximum at least zero, and much of the attention is on positions without a word. With
    ``masked`` lengths vary and only positions that see real frames or words alone count, in all three.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int,
        *,
        frames: bool = True,
        vector: bool = False,
        words: bool = False,
        kernels: Counts = (5, 7, 9, 11),
        statistics: Statistics = ("max", "mean", "std"),
        text_kernels: Counts = (2, 3, 4, 5),
        text_statistics: Statistics = ("max", "mean", "std"),
        swem: bool = False,
        frozen: bool = False,
        attention: Literal["none"] | Pairing = "none",
        filters: Count = 128,
        masked: bool = False,
        mask_swem: bool = True,
        mask_attention: bool = True,
        dense: Count = 256,
        dropout: Share = 0.3,
    ):
        super().__init__()
        given = {"frames": frames, "words": words, "swem": swem, "masked": masked}
        _check(shape, attention, kernels, text_kernels, **given, mask_words=mask_swem and mask_attention)
        self.attention, self.vector, self.swem, self.masked = attention, vector, swem, masked
        self.mask_swem, self.mask_attention = mask_swem, mask_attention
        self.audio = PooledScales(shape.frame_dims(), kernels, filters, statistics) if frames else None
        self.text, self.words = None, None
        width = (shape.vector_dims() if vector else 0) + (self.audio.width if self.audio else 0)
        if words:
            table = WordVectors(shape.word_table(), frozen=frozen)
            self.text = PooledScales(table.dims, text_kernels, filters, text_statistics, same=attention == "joined")
            self.words = table
            width += self.text.width + swem * len(SWEM) * table.dims
        if self.audio and attention != "none":
            width += self.audio.width * (len(text_kernels) if attention == "all-pairs" else 1)
        self.dropout = nn.Dropout(dropout)
        self.dense = nn.Linear(width, dense)
        self.output = nn.Linear(dense, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, dims), vector (batch, dims), words (batch, words) -> logits (batch, classes)."""
        x = torch.relu(self.dense(self.dropout(self.joined(batch)[0])))
        return self.output(self.dropout(x))

    def joined(self, batch: Batch) -> tuple[Tensor, list[Tensor]]:
        """Return the classifier's input (batch, width) and the attention weights, see ``attended``.

        The input is audio statistics, vector, text statistics, SWEM, attention, as far as they are there.
        """
        mask, word_mask = (batch.mask, batch.word_mask) if self.masked else (None, None)
        audio = [] if self.audio is None else self.audio(batch.frames, mask)[1]
        parts = list(audio)
        shares: list[Tensor] = []
        if self.vector:
            parts.append(batch.vector)
        if self.words is not None and self.text is not None:
            vectors, real = self.words(batch.words), batch.words != PADDING
            maps, text = self.text(vectors, word_mask)
            parts += text
            if self.swem:
                parts.append(pooled(vectors, real if self.mask_swem else None, SWEM))
            if self.attention != "none":
                maps = over_words(maps, real) if self.mask_attention and not self.masked else maps
                found, shares = attended(audio, maps, self.attention)
                parts.append(found)
        return torch.cat([part.flatten(1) for part in parts], dim=-1), shares

    def attention_weights(self, batch: Batch) -> dict[str, AttentionWeights]:
        """Return the attention to the positions of every text kernel, averaged over the audio statistics."""
        if self.attention == "none" or self.text is None:
            return {}
        shares = [share.mean(1) for share in self.joined(batch)[1]]
        if self.attention == "joined":  # a position per word, whatever the kernel
            return {"all kernels": AttentionWeights(shares[0], WORDS)}
        kernels = self.text.scales.kernels
        return {
            f"kernel {k}": AttentionWeights(each, WORDS.through(k)) for k, each in zip(kernels, shares, strict=True)
        }


build = MultiScaleCNN
