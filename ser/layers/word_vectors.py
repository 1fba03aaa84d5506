"""Word vectors, trained with the rest of a network."""

from torch import Tensor, nn


class WordVectors(nn.Module):
    """Look words up in a table that starts as ``Shape.table``: (batch, words) int64 -> (batch, words, ``dims``).

    Padding (row 0) stays zero. ``frozen`` keeps the table fixed.
    """

    def __init__(self, table: Tensor, *, frozen: bool = False):
        super().__init__()
        self.table = nn.Embedding(table.shape[0], table.shape[1], padding_idx=0, _weight=table.clone())
        self.table.weight.requires_grad_(not frozen)
        self.dims = int(table.shape[1])

    def forward(self, words: Tensor) -> Tensor:
        return self.table(words)
