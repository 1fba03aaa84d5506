"""Attention from the statistics of one modality to the maps of another (Peng et al. 2021, Equations 4–6)."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from ser.layers.multiscale_convolution import Map

Pairing = Literal["one-to-one", "all-pairs", "joined"]


def attention(context: Tensor, states: Tensor, real: Tensor | None = None) -> Tensor:
    """Return Σ_k softmax_k(e · h_k) h_k over real positions k, for each of several contexts e (Equations 4 and 5).

    The product is not scaled. (batch, contexts, dims), (batch, positions, dims), (batch, positions) -> (batch,
    contexts, dims); every row of ``real`` has at least one True, None: all.
    """
    return weights(context, states, real) @ states


def weights(context: Tensor, states: Tensor, real: Tensor | None = None) -> Tensor:
    """Return softmax_k(e · h_k) of Equation 4: (batch, contexts, positions), each sum is 1, 0 where not ``real``."""
    score = context @ states.transpose(1, 2)
    if real is not None:
        score = score.masked_fill(~real.unsqueeze(1), -torch.inf)
    return score.softmax(-1)


def attended(contexts: Sequence[Tensor], maps: Sequence[Map], pairing: Pairing) -> Tensor:
    """Return the attention of ``contexts`` to ``maps``, concatenated, (batch, ``width``) (Equation 6).

    contexts: per audio kernel its statistics (batch, statistics, filters); maps: per text kernel. The figure does not
    tell which kernels are paired: "one-to-one" pairs the i-th with the i-th, "all-pairs" each with each, "joined" all
    filters of a statistic with all filters of a word, whose maps are then equally long.
    """
    return torch.cat([attention(context, *one).flatten(1) for context, one in _paired(contexts, maps, pairing)], dim=-1)


def shares(contexts: Sequence[Tensor], maps: Sequence[Map], pairing: Pairing) -> list[Tensor]:
    """Return the attention weights of ``attended``, averaged over the contexts: per map (batch, positions).

    A "joined" pairing has a single map.
    """
    return [weights(context, *one).mean(1) for context, one in _paired(contexts, maps, pairing)]


def _paired(contexts: Sequence[Tensor], maps: Sequence[Map], pairing: Pairing) -> list[tuple[Tensor, Map]]:
    """Return the pairs of a context and the map that it attends to."""
    if pairing == "one-to-one":
        return list(zip(contexts, maps, strict=True))
    if pairing == "all-pairs":
        every = torch.cat(list(contexts), dim=1)
        return [(every, one) for one in maps]
    states = torch.cat([states for states, _ in maps], dim=-1)
    return [(torch.cat(list(contexts), dim=-1), (states, maps[0][1]))]


def width(pairing: Pairing, contexts: int, maps: int, size: int) -> int:
    """Return the width of ``attended`` for a number of audio and text kernels; ``size``: statistics · filters.

    All pairings but "all-pairs" need as many audio as text kernels.
    """
    return contexts * size * (maps if pairing == "all-pairs" else 1)
