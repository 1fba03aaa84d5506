"""Recurrent layers over padded sequences that never see the padding.

A forward pass does not see what comes later, so right padding is harmless to it. A backward pass would begin with the
padding; here the valid part of each sequence is turned round, read forward and turned back. Exact, and on a CPU many
times faster than packing.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from ser.layers.statistics import last

Cell = Literal["lstm", "gru"]
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}


def turned(x: Tensor, mask: Tensor) -> Tensor:
    """Return (batch, time, dims) with the valid frames of each row in reverse order; its own inverse on them."""
    time = torch.arange(x.shape[1], device=x.device)
    index = (mask.sum(1, keepdim=True) - 1 - time).where(mask, time)  # padding stays where it is
    return x.gather(1, index.unsqueeze(-1).expand_as(x))


class Recurrent(nn.Module):
    """``layers`` LSTM or GRU layers, in one direction or both: (batch, time, inputs) -> (batch, time, ``dims``).

    ``dims`` is ``cells``, or 2 · cells with ``both`` (forward half first). Each layer reads the joined directions of
    the one below, with ``dropout`` between layers. Outputs on padding are 0.
    """

    def __init__(
        self,
        inputs: int,
        cells: int,
        *,
        layers: int = 1,
        both: bool = False,
        cell: Cell = "lstm",
        dropout: float = 0.0,
    ):
        super().__init__()
        self.dims = cells * (2 if both else 1)
        widths = [inputs, *[self.dims] * (layers - 1)]
        self.ahead = nn.ModuleList(CELLS[cell](width, cells, batch_first=True) for width in widths)
        self.back = nn.ModuleList(CELLS[cell](width, cells, batch_first=True) for width in widths if both)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(batch, time, inputs), (batch, time) -> (batch, time, dims)."""
        for number, layer in enumerate(self.ahead):
            below = self.dropout(x) if number else x
            x = layer(below)[0]
            if self.back:
                x = torch.cat([x, turned(self.back[number](turned(below, mask))[0], mask)], dim=-1)
        return x * mask.unsqueeze(-1)

    def final(self, x: Tensor, mask: Tensor) -> Tensor:
        """Return where each direction ends, from this layer's outputs: (batch, time, dims) -> (batch, dims)."""
        end = last(x, mask)
        if not self.back:
            return end
        half = self.dims // 2
        return torch.cat([end[:, :half], x[:, 0, half:]], dim=-1)
