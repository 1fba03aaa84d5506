"""Memory of a feed-forward sequential memory network: a learned filter over past and future frames.

Two kinds of layer: FSMN (Zhang et al. 2015, arXiv 1512.08301) and DFSMN (Zhang et al. 2018; Cao et al. 2019, Equations
2–4). Both sums run over outputs of the same layer (the plain-text version of Cao et al. prints it so): the filter is
finite, no recursion.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Taps = Literal["scalar", "vector"]


class Memory(nn.Module):
    """p_t + Σ_{i=0..back} a_i · p_{t − stride·i} + Σ_{j=1..ahead} b_j · p_{t + stride·j}, zero outside.

    (batch, time, channels) -> the same shape. Scalar taps are one number per offset, shared by all channels; vector
    taps are one per offset and channel. The current frame counts twice (identity and a_0), as Cao et al. print it;
    without ``identity`` there are only the sums, as in FSMN.
    """

    def __init__(self, channels: int, back: int, ahead: int, *, stride: int, taps: Taps, identity: bool):
        super().__init__()
        self.stride, self.identity = stride, identity
        width = () if taps == "scalar" else (channels,)
        bound = (back + 1 + ahead) ** -0.5  # torch's default for a filter with this number of taps
        self.back = nn.Parameter(torch.empty(back + 1, *width).uniform_(-bound, bound))  # a_0 … a_back
        self.ahead = nn.Parameter(torch.empty(ahead, *width).uniform_(-bound, bound))  # b_1 … b_ahead

    def forward(self, p: Tensor) -> Tensor:
        sums = torch.matmul(self._matrix(p.shape[1]), p) if self.back.ndim == 1 else self._filtered(p)
        return p + sums if self.identity else sums

    def _matrix(self, time: int) -> Tensor:
        """Return the taps as a banded Toeplitz matrix (time, time), one product for all channels."""
        reach = (time - 1) // self.stride + 1  # offsets 0, stride, 2·stride, … inside ``time`` frames
        back, ahead = self.back[:reach], self.ahead[: reach - 1]
        i = torch.arange(len(back), device=back.device)
        j = torch.arange(1, len(ahead) + 1, device=back.device)
        taps = back.new_zeros(2 * time - 1)  # by offset −(time−1) … time−1
        taps = taps.index_put((time - 1 - self.stride * i,), back)
        taps = taps.index_put((time - 1 + self.stride * j,), ahead)
        return taps.unfold(0, time, 1).flip(0)  # row t, column u: the tap of offset u − t

    def _filtered(self, p: Tensor) -> Tensor:
        x = p.transpose(1, 2)  # (batch, channels, time)
        channels, stride = x.shape[1], self.stride
        weight = self.back.flip(0).t().unsqueeze(1)  # oldest frame first
        y = F.conv1d(F.pad(x, (stride * (len(self.back) - 1), 0)), weight, dilation=stride, groups=channels)
        if len(self.ahead):
            coming = F.pad(x, (0, stride * len(self.ahead)))[:, :, stride:]
            y = y + F.conv1d(coming, self.ahead.t().unsqueeze(1), dilation=stride, groups=channels)
        return y.transpose(1, 2)


class MemoryLayer(nn.Module):
    """DFSMN or FSMN: ReLU layer h, a ``Memory`` of ``back`` and ``ahead`` frames, batch normalisation.

    With ``projection``, DFSMN (Cao et al. 2019, Equations 2–4): h is projected linearly before the memory, and ``skip``
    adds the layer below, memory to memory by the identity, so inputs = projection; ``dims`` is the projection.

    Without, FSMN (Zhang et al. 2015): h and its memory h̃ are concatenated, h first, so that the layer above is
    h' = f(W h + W̃ h̃ + b); ``dims`` is 2 · hidden. The memory has ``hidden`` channels and no identity. The batch
    normalisation is from Cao et al.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        back: int,
        ahead: int,
        stride: int,
        taps: Taps,
        *,
        projection: int | None,
        skip: bool,
    ):
        super().__init__()
        deep = projection is not None
        # before the linear layers: the order of the random draws decides the first weights
        memory = Memory(projection or hidden, back, ahead, stride=stride, taps=taps, identity=deep)
        self.hidden = nn.Linear(inputs, hidden)
        self.projection = None if projection is None else nn.Linear(hidden, projection)
        self.memory = memory
        self.skip, self.dims = skip, 2 * hidden if projection is None else projection
        self.norm = nn.BatchNorm1d(self.dims)

    def forward(self, below: Tensor) -> Tensor:
        """(batch, time, inputs) -> (batch, time, dims)."""
        h = torch.relu(self.hidden(below))
        x = torch.cat([h, self.memory(h)], dim=-1) if self.projection is None else self.memory(self.projection(h))
        x = x + below if self.skip else x
        return self.norm(x.flatten(0, 1)).view_as(x)  # over batch and time at once
