"""One GRU over frames, one over words, joined by linear layers: ARE, TRE, MDRE and MDREA of Yoon et al. 2018.

Yoon, Byun, Jung, "Multimodal speech emotion recognition using audio and text", SLT 2018, following the authors'
code (david-yoon/multimodal-speech-emotion) where the paper gives no detail. Trained with a sigmoid per class, although
an utterance has one class; the class of the largest logit is predicted.
"""

from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ser.bounds import Count, Share
from ser.layers.dot_attention import Affine, weights
from ser.layers.interface import WORDS, AttentionWeights, Batch, Shape
from ser.layers.recurrent import Encoder
from ser.layers.word_vectors import WordVectors

# A model with a loss of its own that also learns other targets than labels, by the loss of their kind.
LEARNS = ("majority", "distribution", "several", "dimensions")


class DualRecurrent(nn.Module):
    """The last states of one or both encoders, the vector joined to the audio's, linear layers without activation.

    ``which``: "audio" (ARE), "text" (TRE); "both" (MDRE) maps both ends and joins them; "attention" (MDREA): the mapped
    audio is the query over the words. ``…_dropout``: of a GRU's inputs and outputs (the code gives the share that is
    kept). The last state has no dropout, so that dropout of outputs matters in "attention" only. ``shared_bias``: every
    linear layer has one bias for all its outputs, as in the code, instead of one each.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int,
        *,
        which: Literal["audio", "text", "both", "attention"] = "both",
        cells: Count = 200,
        audio_dropout: Share = 0.3,
        text_dropout: Share = 0.7,
        shared_bias: bool = True,
    ):
        super().__init__()
        affine = partial(Affine, shared=shared_bias)
        self.audio: Encoder | None = None
        self.text: Encoder | None = None
        self.words: WordVectors | None = None
        self.audio_map: Affine | None = None
        self.text_map: Affine | None = None
        joined = cells
        if which != "text":
            self.audio = Encoder(shape.frame_dims(), cells, cell="gru", into=audio_dropout, out=audio_dropout)
            joined += shape.vector_dims()
        if which != "audio":
            words = WordVectors(shape.word_table())
            self.text = Encoder(words.dims, cells, cell="gru", into=text_dropout, out=text_dropout)
            self.words = words
        if which == "both":
            self.audio_map, self.text_map = affine(joined, joined // 2), affine(cells, cells // 2)
            joined = joined // 2 + cells // 2
        elif which == "attention":
            self.audio_map = affine(joined, cells)
            joined = 2 * cells
        self.output = affine(joined, classes)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, dims), vector (batch, dims), words (batch, words) -> logits (batch, classes)."""
        return self.output(self._joined(batch)[0])

    def attention_weights(self, batch: Batch) -> dict[str, AttentionWeights]:
        """Return the attention from audio to words, if the model has one."""
        return self._joined(batch)[1]

    def _joined(self, batch: Batch) -> tuple[Tensor, dict[str, AttentionWeights]]:
        """Return the input of the output layer (batch, dims), and the attention weights."""
        parts: list[Tensor] = []
        attention: dict[str, AttentionWeights] = {}
        if self.audio is not None:
            joined = torch.cat([self.audio(*batch.real_frames())[1], batch.vector], dim=-1)
            parts.append(joined if self.audio_map is None else self.audio_map(joined))
        if self.text is not None and self.words is not None:
            words, mask = batch.real_words()
            states, end = self.text(self.words(words), mask)
            if self.text_map is not None:
                end = self.text_map(end)
            elif parts:
                attention["words"] = AttentionWeights(weights(parts[0], states, mask), WORDS)
                end = torch.einsum("bt,btd->bd", attention["words"].weights, states)
            parts.append(end)
        return torch.cat(parts, dim=-1), attention

    def loss(self, batch: Batch, labels: Tensor, weights: Tensor | None) -> Tensor:
        """Return the sigmoid cross-entropy of the label's one-hot vector: mean over classes, then over utterances.

        With ``weights`` (classes,) the latter is weighted by the weight of each utterance's class, as in torch's
        cross-entropy.
        """
        logits = self(batch).float()
        target = F.one_hot(labels, logits.shape[1]).to(logits.dtype)
        each = F.binary_cross_entropy_with_logits(logits, target, reduction="none").mean(1)
        if weights is None:
            return each.mean()
        weight = weights[labels]
        return (weight * each).sum() / weight.sum()


build = DualRecurrent
