"""Attention from every word to the frames: the learned alignment of Xu et al. 2019.

Xu, Zhang, Han, Wang, Peng, Li, "Learning alignment for multimodal emotion recognition from speech", Interspeech 2019,
following the authors' code (Delta-ML/delta, egs/iemocap/emo/v1). We leave out a layer normalisation that their code
creates and never uses.
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


class AlignedAttention(nn.Module):
    """Two encoders, attention from words to frames, a third encoder over words and attended frames, pooling.

    ``dense``: units of the layer before the audio encoder; ``cells``: of each direction of an encoder, 2 · cells must
    be divisible by ``heads``; ``text_dropout``: also of attended and pooled vectors. With a ``length`` padding counts
    as real, which the authors' code does for frames; with a ``limit`` it is masked, also in the word encoder.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int,
        *,
        dense: Count = 512,
        cell: Cell = "gru",
        cells: Count = 100,
        heads: Count = 8,
        audio_dropout: Share = 0.5,
        text_dropout: Share = 0.5,
    ):
        super().__init__()
        width = 2 * cells
        if width % heads:
            raise SerError(f"option heads is {heads}, which does not divide 2 · cells = {width}.")
        dims = shape.frame_dims()
        self.words = WordVectors(shape.word_table())
        self.dense = glorot(nn.Linear(dims, dense))
        self.audio = Recurrent(dense, cells, both=True, cell=cell, initial="glorot")
        self.text = Recurrent(self.words.dims, cells, both=True, cell=cell, initial="glorot")
        self.attention = MultiHead(width, width, width, heads)
        self.aligned = Recurrent(2 * width, cells, both=True, cell=cell, initial="glorot")
        self.pooling = ContextPooling(width)
        self.output = glorot(nn.Linear(width, classes))
        self.drop_audio, self.drop_text = nn.Dropout(audio_dropout), nn.Dropout(text_dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, dims), words (batch, words) -> logits (batch, classes)."""
        *_, word_mask, aligned = self._encoded(batch)
        pooled = self.pooling(aligned, word_mask)
        pooled = self.drop_text(self.drop_text(pooled))  # twice, as in the authors' code: its pooling ends with one
        return self.output(pooled)

    def attention_weights(self, batch: Batch) -> dict[str, AttentionWeights]:
        """Return the weights of both attentions: of the alignment its mean over words and heads, and of the pooling."""
        audio, mask, text, word_mask, aligned = self._encoded(batch)
        per_head = self.attention.weights(text, audio, mask)  # (batch, heads, words, time)
        alignment = mean(per_head.mean(1), word_mask)
        pooled = self.pooling.weights(aligned, word_mask)
        return {"alignment": AttentionWeights(alignment, FRAMES), "pooling": AttentionWeights(pooled, WORDS)}

    def _encoded(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return audio (batch, time, 2 · cells), its mask, text (batch, words, 2 · cells), its mask, and the output of
        the third encoder, shaped like the text."""
        (frames, mask), (words, word_mask) = batch.real_frames(), batch.real_words()
        audio = self.drop_audio(torch.relu(self.dense(frames)))
        audio = self.drop_audio(self.audio(audio, mask))
        text = self.drop_text(self.text(self.drop_text(self.words(words)), word_mask))
        attended = self.drop_text(self.attention(text, audio, mask))
        return audio, mask, text, word_mask, self.aligned(torch.cat([attended, text], dim=-1), word_mask)


build = AlignedAttention
