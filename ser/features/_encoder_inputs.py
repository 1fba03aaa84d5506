"""What an encoder of ``transformers`` reads of a signal: the waveform, Whisper's log-mel, or w2v-BERT's filter bank.

A reader cuts a prepared utterance into the inputs of its windows and joins several inputs to a batch, with the
feature extractor that the model's authors published with its weights.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError
from ser.features._frames import RATE, Signal
from ser.features._windows import HOP_SAMPLES, Window

if TYPE_CHECKING:
    from torch import Tensor

LONGEST = 1500  # rows of Whisper's input, which is always 30 s
FRAME, STEP = 400, 160  # samples of a row of the filter bank, and between two

Array = NDArray[np.float32]


class EncoderInput(Protocol):
    """What an encoder reads.

    minimum: samples of the shortest utterance; padded: whether padding to a common length changes no row; least: rows
    that are computed of any input, however short.
    """

    minimum: int
    padded: bool
    least: int

    def prepared(self, signal: Signal) -> tuple[Array, int]:
        """Return the whole utterance as ``cut`` takes it, and its rows."""

    def cut(self, whole: Array, window: Window) -> Array:
        """Return the input of one window; its first axis is time."""

    def batch(self, inputs: Sequence[Array]) -> "Mapping[str, Tensor]":
        """Return the arguments of the network for several inputs."""


class Waveform:
    """The waveform of wav2vec 2.0, HuBERT, WavLM and data2vec, normalised as the model's extractor states."""

    least = 1

    def __init__(self, config: Any, extractor: Any):
        steps = [int(step) for step in config.conv_stride]
        self.minimum, step = 1, 1
        for kernel, stride in zip(config.conv_kernel, steps, strict=True):
            self.minimum += (int(kernel) - 1) * step
            step *= stride
        if getattr(config, "add_adapter", False):
            raise SerError("it has an adapter, which changes the number of rows.")
        if step != HOP_SAMPLES:
            raise SerError(f"its rows are {step} samples apart; {HOP_SAMPLES} are needed.")
        self.extractor = extractor
        # Normalisation over an utterance's time reads the padding too, and so do data2vec's stacked convolutions.
        self.padded = config.model_type != "data2vec-audio" and config.feat_extract_norm == "layer"

    def prepared(self, signal: Signal) -> tuple[Array, int]:
        """Return the normalised waveform (samples,)."""
        values = self.extractor(np.array(signal), sampling_rate=RATE, return_tensors="np").input_values[0]
        return values.astype(np.float32), (len(signal) - self.minimum) // HOP_SAMPLES + 1

    def cut(self, whole: Array, window: Window) -> Array:
        """Return the samples of a window: those that its rows see, and in the last one those that no row sees."""
        end = len(whole) if window.last else (window.end - 1) * HOP_SAMPLES + self.minimum
        return whole[window.first * HOP_SAMPLES : end]

    def batch(self, inputs: Sequence[Array]) -> "Mapping[str, Tensor]":
        """Return the waveforms (batch, samples), zero on padding, with their mask where there is any."""
        values, mask = _stacked(inputs)
        return {"input_values": values} if bool(mask.all()) else {"input_values": values, "attention_mask": mask}


class LogMel:
    """Whisper's log-mel spectrogram of 30 s, silence after the utterance."""

    minimum, padded, least = HOP_SAMPLES, True, LONGEST

    def __init__(self, config: Any, extractor: Any):
        if config.max_source_positions != LONGEST or extractor.hop_length * 2 != HOP_SAMPLES:
            raise SerError(f"its input is not 30 s in {LONGEST} rows.")
        self.extractor = extractor

    def prepared(self, signal: Signal) -> tuple[Array, int]:
        """Return the signal itself (samples,)."""
        return signal, -(-len(signal) // HOP_SAMPLES)

    def cut(self, whole: Array, window: Window) -> Array:
        """Return the spectrogram of a window, (3000, mels)."""
        if window.end - window.first > LONGEST:
            raise SerError(f"it reads {LONGEST / 50:g} s at most; set window to that or less.")
        samples = np.array(whole[window.first * HOP_SAMPLES : window.end * HOP_SAMPLES])
        features = self.extractor(samples, sampling_rate=RATE, return_tensors="np").input_features[0]
        return features.astype(np.float32).T

    def batch(self, inputs: Sequence[Array]) -> "Mapping[str, Tensor]":
        """Return the spectrograms (batch, mels, 3000)."""
        import torch

        return {"input_features": torch.from_numpy(np.stack(inputs)).transpose(1, 2).contiguous()}


class FilterBank:
    """w2v-BERT's 80 log filter energies, normalised per band over the utterance; two of 10 ms in a row."""

    minimum, padded, least = FRAME + STEP, True, 1

    def __init__(self, config: Any, extractor: Any):
        if config.add_adapter or extractor.stride * STEP != HOP_SAMPLES:
            raise SerError(f"its rows are not {HOP_SAMPLES} samples apart.")
        self.extractor = extractor

    def prepared(self, signal: Signal) -> tuple[Array, int]:
        """Return the complete rows (rows, 160)."""
        found = self.extractor([np.array(signal)], sampling_rate=RATE, return_tensors="np")
        rows = int(found.attention_mask[0].sum())
        return found.input_features[0][:rows].astype(np.float32), rows

    def cut(self, whole: Array, window: Window) -> Array:
        """Return the rows of a window."""
        return whole[window.first : window.end]

    def batch(self, inputs: Sequence[Array]) -> "Mapping[str, Tensor]":
        """Return the rows (batch, rows, 160), zero on padding, with their mask."""
        values, mask = _stacked(inputs)
        return {"input_features": values, "attention_mask": mask}


def _stacked(inputs: Sequence[Array]) -> "tuple[Tensor, Tensor]":
    """Return the inputs with zeros to the longest, (batch, time, …), and (batch, time) int64, 1 on what is real."""
    import torch

    lengths = [len(one) for one in inputs]
    values = np.zeros((len(inputs), max(lengths), *inputs[0].shape[1:]), np.float32)
    mask = np.zeros(values.shape[:2], np.int64)
    for row, one in enumerate(inputs):
        values[row, : len(one)], mask[row, : len(one)] = one, 1
    return torch.from_numpy(values), torch.from_numpy(mask)
