"""Alternating time-delay layers and LSTMs on raw speech, with the utterance's label on every frame: Sarma et al. 2018.

"Emotion identification from raw speech signals using DNNs", Interspeech. We had its abstract only; the order and sizes
of the layers are from Kaldi's TDNN-LSTM recipes and a re-implementation.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from ser.bounds import Count, Index, Share
from ser.errors import SerError
from ser.layers.frame_loss import frame_cross_entropy
from ser.layers.interface import Batch, Shape
from ser.layers.recurrent import Initial, Recurrent
from ser.layers.statistics import mean, pooled
from ser.layers.time_delay import Perturbation, RawWaveform, RestrictedAttention, TimeDelay

Offsets = Annotated[Sequence[int], Field(min_length=1)]


class TimeDelayLSTM(nn.Module):
    """Front end, layers, and an output for every frame, or for the statistics of all.

    front_end: "waveform" joins the rows into a signal and learns a frame from 512 samples, "frames" reads the first
    ``columns`` of each row; every: the first layer keeps every n-th frame; width: of each layer; offsets: frames that
    the upper time-delay layers splice (the first splices −1, 0, 1); both: LSTMs of half the width in each direction;
    attention: a layer of time-restricted self-attention before the output, with ``heads``, ``left``, ``right`` and
    ``stride``; aggregation: "frame" gives every frame the label, "utterance" pools mean and sd; augment: in training,
    speeds and gains of the waveform; dropout: after every LSTM; initial: of the LSTMs, see
    ``ser.layers.recurrent.initialise``. SerError for a wrong option.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int,
        *,
        front_end: Literal["waveform", "frames"] = "waveform",
        columns: Count | None = None,
        every: Count = 1,
        width: Count = 128,
        offsets: Offsets = (-3, 0, 3),
        both: bool = False,
        attention: bool = False,
        heads: Count = 12,
        left: Index = 5,
        right: Index = 2,
        stride: Count = 3,
        aggregation: Literal["frame", "utterance"] = "frame",
        augment: bool = True,
        dropout: Share = 0.0,
        initial: Initial = "glorot",
    ):
        super().__init__()
        if both and width % 2:
            raise SerError(f"option width is {width}; two directions need an even one.")
        if augment and front_end == "frames":
            raise SerError("option augment changes a waveform; with front_end 'frames' set it to false.")
        self.columns, self.every, self.frame = columns, every, aggregation == "frame"
        dims = shape.frame_dims()
        self.waveform = RawWaveform() if front_end == "waveform" else None
        first = self.waveform.dims if self.waveform else min(dims, columns or dims)
        layers: list[TimeDelay | Recurrent | RestrictedAttention] = [TimeDelay(first, width, (-1, 0, 1))]
        for upper in (0, 2, 2):
            layers += [TimeDelay(width, width, offsets) for _ in range(upper)]
            layers.append(Recurrent(width, width // 2 if both else width, both=both, initial=initial))
        if attention:
            layers.append(RestrictedAttention(width, heads, left, right, stride))
        self.layers = nn.ModuleList(layers)
        self.perturbation = Perturbation() if augment else None
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(layers[-1].dims * (1 if self.frame else 2), classes)

    def _outputs(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the outputs of the last layer, (batch, time, dims), and the mask (batch, time)."""
        x, mask = batch.real_frames()
        if self.waveform is None:
            x = x[..., : self.columns]
        else:
            signal, counts = x.flatten(1), mask.sum(1) * x.shape[2]
            if self.perturbation is not None:
                signal, counts = self.perturbation(signal, counts)
            x, mask = self.waveform(signal, counts)
        for number, layer in enumerate(self.layers):
            x = layer(x, mask)
            if number == 0:
                x, mask = x[:, :: self.every], mask[:, :: self.every]
            if isinstance(layer, Recurrent):
                x = self.dropout(x)
        return x, mask

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, dims) -> logits, or the mean ln posterior of the frames (batch, classes)."""
        x, mask = self._outputs(batch)
        if self.frame:
            return mean(self.output(x).float().log_softmax(-1), mask)
        return self.output(pooled(x, mask, ("mean", "std")))

    def loss(self, batch: Batch, labels: Tensor, weights: Tensor | None) -> Tensor:
        """Return the cross-entropy of all frames with their utterance's label, or of the utterances."""
        if not self.frame:
            return F.cross_entropy(self(batch).float(), labels, weight=weights)
        x, mask = self._outputs(batch)
        log_posteriors = self.output(x).float().log_softmax(-1)
        return frame_cross_entropy(log_posteriors, mask, labels, weights)


build = TimeDelayLSTM
