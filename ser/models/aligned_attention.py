"""Every word looks for its frames: the learned alignment of Xu et al. 2019.

Xu, Zhang, Han, Wang, Peng, Li, "Learning alignment for multimodal emotion recognition from speech", Interspeech 2019,
as the authors' recipe has it (Delta-ML/delta, egs/iemocap/emo/v1). A layer normalisation that is made there and never
used is left out; here the encoder of the words does not run into their padding.
"""

import torch
from torch import Tensor, nn

from ser.bounds import Count, Share
from ser.errors import SerError
from ser.layers import inputs
from ser.layers.attention_weights import FRAMES, WORDS, AttentionWeights
from ser.layers.batch import Batch, Shape
from ser.layers.dot_attention import ContextPooling, MultiHead, glorot
from ser.layers.recurrent import Cell, Recurrent
from ser.layers.statistics import mean, valid
from ser.layers.word_vectors import WordVectors


def build(
    shape: Shape,
    classes: int,
    *,
    dense: Count = 512,
    cell: Cell = "gru",
    cells: Count = 100,
    heads: Count = 8,
    audio_dropout: Share = 0.5,
    text_dropout: Share = 0.5,
) -> nn.Module:
    """Return the model: frames (batch, time, dims), words (batch, words) -> (batch, classes).

    ``cells``: of each direction of the three encoders; 2 · cells must be divisible by ``heads``. Frames that a view of
    fixed length pads count as real, as in the recipe; with inputs.frames.limit no padding is seen.
    """
    if heads < 1 or 2 * cells % heads:
        raise SerError(f"option heads is {heads}, which does not divide 2 · cells = {2 * cells}.")
    dims, words = inputs.frames(shape), WordVectors(inputs.table(shape))
    return AlignedAttention(dims, words, classes, dense, cell, cells, heads, audio_dropout, text_dropout)


class AlignedAttention(nn.Module):
    """Two encoders, attention from words to frames, a third encoder over the words with what they found, pooling."""

    def __init__(
        self,
        dims: int,
        words: WordVectors,
        classes: int,
        dense: int,
        cell: Cell,
        cells: int,
        heads: int,
        audio_dropout: float,
        text_dropout: float,
    ):
        super().__init__()
        width = 2 * cells
        self.words = words
        self.dense = glorot(nn.Linear(dims, dense))
        self.audio = Recurrent(dense, cells, both=True, cell=cell, initial="glorot")
        self.text = Recurrent(words.dims, cells, both=True, cell=cell, initial="glorot")
        self.attention = MultiHead(width, width, width, heads)
        self.aligned = Recurrent(2 * width, cells, both=True, cell=cell, initial="glorot")
        self.pooling = ContextPooling(width)
        self.output = glorot(nn.Linear(width, classes))
        self.drop_audio, self.drop_text = nn.Dropout(audio_dropout), nn.Dropout(text_dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, dims), words (batch, words) -> logits (batch, classes)."""
        heard, mask, read, said = self._encoded(batch)
        pooled = self.pooling(self._joined(heard, mask, read, said), said)
        logits: Tensor = self.output(self.drop_text(self.drop_text(pooled)))  # twice: in the pooling and after it
        return logits

    def attention_weights(self, batch: Batch) -> dict[str, AttentionWeights]:
        """Return what the words look at, mean over words and heads, and how the pooling weighs the words."""
        heard, mask, read, said = self._encoded(batch)
        looks = mean(self.attention.weights(read, heard, mask).mean(1), said)
        pooled = self.pooling.weights(self._joined(heard, mask, read, said), said)
        return {"alignment": AttentionWeights(looks, FRAMES), "pooling": AttentionWeights(pooled, WORDS)}

    def _encoded(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the outputs of both encoders, (batch, time or words, dims), each with what of it is real."""
        assert batch.frames is not None
        assert batch.words is not None
        mask, said = valid(batch.frames, batch.mask), valid(batch.words, batch.word_mask)
        heard = self.drop_audio(torch.relu(self.dense(batch.frames)))
        heard = self.drop_audio(self.audio(heard, mask))
        read = self.drop_text(self.text(self.drop_text(self.words(batch.words)), said))
        return heard, mask, read, said

    def _joined(self, heard: Tensor, mask: Tensor, read: Tensor, said: Tensor) -> Tensor:
        """Return the words with the frames that each has found, read once more: (batch, words, dims)."""
        found = self.drop_text(self.attention(read, heard, mask))
        joined: Tensor = self.aligned(torch.cat([found, read], dim=-1), said)
        return joined
