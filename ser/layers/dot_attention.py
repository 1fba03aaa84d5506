"""Attention by dot products of a query with a sequence."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

BOUND = 0.25  # first weights of an ``Affine`` (Yoon et al. 2018, the authors' code)


def weights(query: Tensor, h: Tensor, mask: Tensor) -> Tensor:
    """Return softmax_t(query · h_t) over the real t, unscaled (Luong et al. 2015, "dot").

    (batch, dims), (batch, time, dims), (batch, time) with a True in each row -> (batch, time), 0 on padding.
    """
    return torch.einsum("bd,btd->bt", query, h).masked_fill(~mask, -torch.inf).softmax(-1)


class Affine(nn.Module):
    """x W + b, initialised with W uniform in ±0.25 and b zero; ``shared``: b is one number for all outputs."""

    def __init__(self, inputs: int, outputs: int, *, shared: bool = False):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs).uniform_(-BOUND, BOUND))
        self.bias = nn.Parameter(torch.zeros(1 if shared else outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(…, inputs) -> (…, outputs)."""
        return F.linear(x, self.weight) + self.bias


class MultiHead(nn.Module):
    """Scaled dot-product attention from a target sequence to a source, in ``heads`` (Vaswani et al. 2017, section
    3.2.2).

    Queries, keys and values are affine maps of the inputs, and so is the result of the joined heads; ``dims`` must be
    divisible by ``heads``. Initialised with Glorot weights and zero biases.
    """

    def __init__(self, queries: int, keys: int, dims: int, heads: int):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = nn.Linear(queries, dims), nn.Linear(keys, dims), nn.Linear(keys, dims)
        self.join = nn.Linear(dims, dims)
        for layer in (self.query, self.key, self.value, self.join):
            glorot(layer)

    def forward(self, target: Tensor, source: Tensor, mask: Tensor) -> Tensor:
        """(batch, n, queries), (batch, time, keys), mask (batch, time) -> (batch, n, dims)."""
        query, key, value = map(self._split, (self.query(target), self.key(source), self.value(source)))
        found = F.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None])
        return self.join(found.transpose(1, 2).flatten(2))

    def weights(self, target: Tensor, source: Tensor, mask: Tensor) -> Tensor:
        """Return the attention weights of every head: (batch, heads, n, time), summing to 1 over time, 0 on padding.

        Arguments as in the forward pass, which does not materialise the weights.
        """
        query, key = self._split(self.query(target)), self._split(self.key(source))
        score = query @ key.transpose(2, 3) / query.shape[-1] ** 0.5
        return score.masked_fill(~mask[:, None, None], -torch.inf).softmax(-1)

    def _split(self, x: Tensor) -> Tensor:
        """(batch, time, dims) -> (batch, heads, time, dims / heads)."""
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)


class ContextPooling(nn.Module):
    """Σ_t softmax_t(u · tanh(W h_t + b)) h_t over the real t (Yang et al. 2016, hierarchical attention, Eq. 5–7)."""

    def __init__(self, dims: int):
        super().__init__()
        self.inner = glorot(nn.Linear(dims, dims))
        bound = (3 / dims) ** 0.5  # Glorot's, for a vector as Keras counts it: dims in, dims out
        self.context = nn.Parameter(torch.empty(dims).uniform_(-bound, bound))

    def forward(self, h: Tensor, mask: Tensor) -> Tensor:
        """(batch, time, dims), (batch, time) -> (batch, dims)."""
        return torch.einsum("bt,btd->bd", self.weights(h, mask), h)

    def weights(self, h: Tensor, mask: Tensor) -> Tensor:
        """(batch, time, dims), (batch, time) -> (batch, time), summing to 1, 0 on padding."""
        score = (torch.tanh(self.inner(h)) @ self.context).masked_fill(~mask, -torch.inf)
        return score.softmax(-1)


def glorot(layer: nn.Linear) -> nn.Linear:
    """Return ``layer`` with uniform Glorot weights and zero biases, Keras's default."""
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
