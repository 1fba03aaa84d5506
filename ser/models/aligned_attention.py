"""Attention from every word to the frames: the learned alignment of Xu et al. 2019.

Xu, Zhang, Han, Wang, Peng, Li, "Learning alignment for multimodal emotion recognition from speech", Interspeech 2019,
following the authors' recipe (Delta-ML/delta, egs/iemocap/emo/v1). We leave out a layer normalisation that it creates
and never uses, and our word encoder does not read padding.
"""

import torch
from torch import Tensor, nn

from ser.bounds import Count, Share
from ser.errors import SerError
from ser.layers.dot_attention import ContextPooling, MultiHead, glorot
from ser.layers.interface import FRAMES, WORDS, AttentionWeights, Batch, Shape
from ser.layers.recurrent import Cell, Recurrent
from ser.layers.statistics import mean
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

    ``cells``: of each direction of the three encoders; 2 · cells must be divisible by ``heads``. Padding of a
    view of fixed length counts as real, as in the recipe; with inputs.frames.limit it is masked.
    """
    if heads < 1 or 2 * cells % heads:
        raise SerError(f"option heads is {heads}, which does not divide 2 · cells = {2 * cells}.")
    dims, words = shape.frame_dims(), WordVectors(shape.word_table())
    return AlignedAttention(dims, words, classes, dense, cell, cells, heads, audio_dropout, text_dropout)


class AlignedAttention(nn.Module):
    """Two encoders, attention from words to frames, a third encoder over words and attended frames, pooling."""

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
        *_, word_mask, joined = self._encoded(batch)
        pooled = self.pooling(joined, word_mask)
        return self.output(self.drop_text(self.drop_text(pooled)))  # twice: in the pooling and after it

    def attention_weights(self, batch: Batch) -> dict[str, AttentionWeights]:
        """Return the weights of the alignment, averaged over words and heads, and of the pooling over words."""
        audio, mask, text, word_mask, joined = self._encoded(batch)
        alignment = mean(self.attention.weights(text, audio, mask).mean(1), word_mask)
        pooled = self.pooling.weights(joined, word_mask)
        return {"alignment": AttentionWeights(alignment, FRAMES), "pooling": AttentionWeights(pooled, WORDS)}

    def _encoded(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return the outputs of both encoders, (batch, time or words, dims), each with its mask, and of the third, as
        long as the words."""
        (frames, mask), (words, word_mask) = batch.real_frames(), batch.real_words()
        audio = self.drop_audio(torch.relu(self.dense(frames)))
        audio = self.drop_audio(self.audio(audio, mask))
        text = self.drop_text(self.text(self.drop_text(self.words(words)), word_mask))
        attended = self.drop_text(self.attention(text, audio, mask))
        return audio, mask, text, word_mask, self.aligned(torch.cat([attended, text], dim=-1), word_mask)
