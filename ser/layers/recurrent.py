"""Recurrent layers over padded sequences that never see the padding.

A forward pass does not depend on later frames, so padding on the right does not change it. A backward pass would start
in the padding; here the real part of each sequence is reversed, processed forward and reversed back. This is exact,
and on a CPU many times faster than packing.
"""

from typing import Literal, cast

import torch
from torch import Tensor, nn

from ser.layers.interface import full_mask
from ser.layers.statistics import last

Cell = Literal["lstm", "gru"]
Initial = Literal["uniform", "orthogonal", "glorot"]
CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}
RESIDUAL_SD = 0.01  # of the initial weights of a residual projection (Yoon et al., the authors' code of 2020)


def reversed_frames(x: Tensor, mask: Tensor) -> Tensor:
    """Return (batch, time, dims) with the real frames of each row in reverse order; its own inverse on them."""
    time = torch.arange(x.shape[1], device=x.device)
    index = (mask.sum(1, keepdim=True) - 1 - time).where(mask, time)  # padding stays where it is
    return x.gather(1, index.unsqueeze(-1).expand_as(x))


def initialise(layer: nn.LSTM | nn.GRU, initial: Initial) -> None:
    """Initialise the weights of a layer of one direction.

    ``uniform``: torch's default, within ±1/√cells. ``orthogonal``: TensorFlow 1's cells under an orthogonal
    initialiser, with one semi-orthogonal matrix over input and state together (a GRU has one for its gates and one for
    its candidate) and the bias 1 on a GRU's gates. ``glorot``: Keras, Glorot on the input and orthogonal on the state.
    Both have the bias 1 on an LSTM's forget gate and 0 elsewhere.
    """
    if initial == "uniform":
        return
    ahead, state, bias, other = layer.parameters()
    cells, lstm = layer.hidden_size, isinstance(layer, nn.LSTM)
    nn.init.zeros_(bias)
    nn.init.zeros_(other)
    with torch.no_grad():
        if lstm:
            bias[cells : 2 * cells] = 1
        elif initial == "orthogonal":
            bias[: 2 * cells] = 1
        if initial == "glorot":
            nn.init.xavier_uniform_(ahead)
            nn.init.orthogonal_(state)
            return
        for block in (slice(0, 4 * cells),) if lstm else (slice(0, 2 * cells), slice(2 * cells, 3 * cells)):
            kernel = nn.init.orthogonal_(torch.empty(block.stop - block.start, ahead.shape[1] + cells))
            ahead[block], state[block] = kernel[:, :-cells], kernel[:, -cells:]


class Recurrent(nn.Module):
    """``layers`` LSTM or GRU layers, in one direction or both: (batch, time, inputs) -> (batch, time, ``dims``).

    ``dims`` is ``cells``, or 2 · cells with ``both`` (forward half first). Each layer reads the joined directions of
    the one below, with ``dropout`` between layers. Outputs on padding are 0. ``initial``: see ``initialise``.
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
        initial: Initial = "uniform",
    ):
        super().__init__()
        self.dims = cells * (2 if both else 1)
        widths = [inputs, *[self.dims] * (layers - 1)]
        self.ahead = nn.ModuleList(CELLS[cell](width, cells, batch_first=True) for width in widths)
        self.back = nn.ModuleList(CELLS[cell](width, cells, batch_first=True) for width in widths if both)
        self.dropout = nn.Dropout(dropout)
        for layer in (*self.ahead, *self.back):
            initialise(cast(nn.LSTM | nn.GRU, layer), initial)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(batch, time, inputs), (batch, time) -> (batch, time, dims); without a mask every frame is real."""
        mask = full_mask(x, mask)
        for number, layer in enumerate(self.ahead):
            below = self.dropout(x) if number else x
            x = layer(below)[0]
            if self.back:
                x = torch.cat([x, reversed_frames(self.back[number](reversed_frames(below, mask))[0], mask)], dim=-1)
        return x * mask.unsqueeze(-1)

    def final(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return where each direction ends, from this layer's outputs: (batch, time, dims) -> (batch, dims)."""
        end = last(x, mask)
        if not self.back:
            return end
        half = self.dims // 2
        return torch.cat([end[:, :half], x[:, 0, half:]], dim=-1)


class Encoder(nn.Module):
    """One recurrent layer between dropouts; returns its outputs and its end.

    As in TensorFlow's dropout wrapper (Yoon et al. 2018, the authors' code), ``into`` and ``out`` are the dropout rates
    of the inputs and outputs, drawn for every frame. Recurrent connections and the end have no dropout. With
    ``residual``, inputs are first mapped linearly to ``cells`` and added, without dropout, to the outputs of each
    direction and to the end. The cells have ``orthogonal`` initial weights.
    """

    def __init__(
        self,
        inputs: int,
        cells: int,
        *,
        both: bool = False,
        cell: Cell = "lstm",
        into: float = 0.0,
        out: float = 0.0,
        residual: bool = False,
    ):
        super().__init__()
        self.residual = nn.Linear(inputs, cells) if residual else None
        if self.residual is not None:
            nn.init.normal_(self.residual.weight, std=RESIDUAL_SD)
            nn.init.zeros_(self.residual.bias)
        self.cells = Recurrent(cells if residual else inputs, cells, both=both, cell=cell, initial="orthogonal")
        self.dims = self.cells.dims
        self.into, self.out = nn.Dropout(into), nn.Dropout(out)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, time, inputs), (batch, time) -> outputs (batch, time, dims), end (batch, dims)."""
        x = x if self.residual is None else self.residual(x)
        h = self.cells(self.into(x), mask)
        if self.residual is None:
            return self.out(h), self.cells.final(h, mask)
        past = x.repeat(1, 1, self.dims // x.shape[2]) * mask.unsqueeze(-1)
        return self.out(h) + past, self.cells.final(h + past, mask)
