"""Attention from the statistics of one modality to the maps of another (Peng et al. 2021, Equations 4–6)."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from ser.layers.multiscale_convolution import Map

Pairing = Literal["one-to-one", "all-pairs", "joined"]


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

    (batch, contexts, dims), (batch, positions, dims), (batch, positions) -> (batch, contexts, positions), 0 where not
    ``real``. Every row of ``real`` has at least one True; None: all.
    """
    score = context @ states.transpose(1, 2)
    if real is not None:
        score = score.masked_fill(~real.unsqueeze(1), -torch.inf)
    return score.softmax(-1)
