"""Bidirectional encoders of frames and of words that attend to each other alternately: BRE and MHA of Yoon et al. 2019.

Yoon, Byun, Dey, Jung, "Speech emotion recognition using multi-hop attention mechanism", ICASSP 2019. Its code was not
released. The blocks follow the authors' next paper (david-yoon/attentive-modality-hopping-for-SER), without its mistake
of reversing the backward outputs twice, which misaligns the two directions.
"""

from functools import partial
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ser.bounds import Count, Share
from ser.layers.dot_attention import Affine, weights
from ser.layers.interface import FRAMES, WORDS, AttentionWeights, Batch, Shape
from ser.layers.recurrent import Cell, Encoder
from ser.layers.word_vectors import WordVectors


class MultiHop(nn.Module):
    """The end of each encoder, replaced hop by hop by attention from the other modality; linear output.

    The query of the first hop is the end of the audio, over the words. The query of the second is the result of the
    first, over the audio; that of the third is the result of the second, over the words again.

    ``which``: "audio" (Audio-BRE), "text" (Text-BRE) or "both" (MHA), with ``hops`` 1, 2 or 3. ``cells``: of each
    direction. ``residual``: see ``ser.layers.recurrent.Encoder``. ``…_dropout``: of the encoder's inputs;
    ``output_dropout``: of both encoders' outputs, but not of their ends.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int,
        *,
        which: Literal["audio", "text", "both"] = "both",
        hops: Annotated[int, Field(ge=1, le=3)] = 2,
        cell: Cell = "lstm",
        cells: Count = 200,
        residual: bool = True,
        audio_dropout: Share = 0.3,
        text_dropout: Share = 0.7,
        output_dropout: Share = 0.0,
    ):
        super().__init__()
        encoder = partial(Encoder, cells=cells, both=True, cell=cell, out=output_dropout, residual=residual)
        self.audio: Encoder | None = None
        self.text: Encoder | None = None
        self.words: WordVectors | None = None
        joined = 0
        if which != "text":
            self.audio = encoder(shape.frame_dims(), into=audio_dropout)
            joined += self.audio.dims + shape.vector_dims()
        if which != "audio":
            words = WordVectors(shape.word_table())
            self.text, self.words = encoder(words.dims, into=text_dropout), words
            joined += self.text.dims
        self.queries = nn.ModuleList(Affine(2 * cells, 2 * cells) for _ in range(hops if which == "both" else 0))
        self.output = Affine(joined, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, dims), vector (batch, dims), words (batch, words) -> logits (batch, classes)."""
        return self.output(self._joined(batch)[0])

    def attention_weights(self, batch: Batch) -> dict[str, AttentionWeights]:
        """Return the weights of every hop: over words, over frames, and over words again."""
        return self._joined(batch)[1]

    def _joined(self, batch: Batch) -> tuple[Tensor, dict[str, AttentionWeights]]:
        """Return the input of the output layer (batch, dims), and the attention weights of the hops."""
        modalities: list[tuple[Encoder, Tensor, Tensor]] = []  # each with its input and mask
        if self.audio is not None:
            modalities.append((self.audio, *batch.real_frames()))
        if self.text is not None and self.words is not None:
            words, mask = batch.real_words()
            modalities.append((self.text, self.words(words), mask))
        encoded = [(*encoder(x, mask), mask) for encoder, x, mask in modalities]  # outputs, end, mask
        parts = [end for _, end, _ in encoded]  # the vector of each modality
        hops: dict[str, AttentionWeights] = {}
        for hop, query in enumerate(self.queries):
            source, target = hop % 2, 1 - hop % 2
            states, _, mask = encoded[target]
            shares = weights(query(parts[source]), states, mask)
            parts[target] = torch.einsum("bt,btd->bd", shares, states)
            hops[f"hop {hop + 1}"] = AttentionWeights(shares, WORDS if target else FRAMES)
        if self.audio is not None:
            parts.append(batch.vector)
        return torch.cat(parts, dim=-1), hops


build = MultiHop
