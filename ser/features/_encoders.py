"""Encoders of speech through ``transformers``: wav2vec 2.0, HuBERT, WavLM, data2vec-audio, Whisper, w2v-BERT 2.0.

Each gives a row of values per layer every 20 ms. Layer 0 is the input of the first transformer layer, layer n the
output of the n-th; the last one after the final normalisation, where the network has one. Nothing in the weights is
executed: they are safetensors, or a checkpoint that torch reads with ``weights_only``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ser.errors import SerError, unknown
from ser.features import _encoder_inputs
from ser.features._encoder_inputs import Array, EncoderInput
from ser.features._frames import RATE, Matrix, Signal, require
from ser.features._torch import computing_device, inference
from ser.features._windows import ROWS_PER_SECOND, joined, windows
from ser.layers.pretrained import (
    NEEDED,
    SIZES,
    WEIGHTS,
    Layers,
    Pretrained,
    configuration,
    is_folder,
    layer_numbers,
    local_files,
    located,
)

if TYPE_CHECKING:
    from torch import nn

WIDTH, DEPTH = ("hidden_size", "d_model"), ("encoder_layers", "num_hidden_layers")  # in config.json, the first there


@dataclass(frozen=True)
class Family:
    """Names in ``transformers`` and the reader; inside: attribute of the network that is the encoder."""

    network: str
    extractor: str
    reader: type[Any]
    inside: str = ""


FAMILIES: Mapping[str, Family] = {  # by model_type in config.json
    "wav2vec2": Family("Wav2Vec2Model", "Wav2Vec2FeatureExtractor", _encoder_inputs.Waveform),
    "hubert": Family("HubertModel", "Wav2Vec2FeatureExtractor", _encoder_inputs.Waveform),
    "wavlm": Family("WavLMModel", "Wav2Vec2FeatureExtractor", _encoder_inputs.Waveform),
    "data2vec-audio": Family("Data2VecAudioModel", "Wav2Vec2FeatureExtractor", _encoder_inputs.Waveform),
    "whisper": Family("WhisperModel", "WhisperFeatureExtractor", _encoder_inputs.LogMel, "encoder"),
    "wav2vec2-bert": Family("Wav2Vec2BertModel", "SeamlessM4TFeatureExtractor", _encoder_inputs.FilterBank),
}


@dataclass(frozen=True)
class EncoderReading:
    """The options of an extractor: which model is read, and how.

    model: a folder, or a name on the hub; revision: its commit there; sha256: that the file of weights must have;
    layers: last, all, or their numbers; window, overlap: seconds, see ``windows``; batch: seconds of sound that are
    computed at once.
    """

    model: str
    revision: str | None = None
    sha256: str | None = None
    layers: Layers = "last"
    window: float = 30.0
    overlap: float = 2.0
    batch: float = 60.0
    device: str = "auto"

    def files(self) -> list[Path]:
        """Return the local files that the values depend on: none of a model on the hub."""
        return local_files(self.model, self.revision, NEEDED, WEIGHTS)

    def located(self) -> Pretrained:
        """Return the model on disk, downloaded where the hub's cache lacks it."""
        return located(self.model, self.revision, needed=NEEDED, weights=WEIGHTS, sha=self.sha256)

    def numbers(self) -> tuple[int, ...]:
        """Return the numbers of the layers that are read."""
        return layer_numbers(self.layers, self.sizes()[1], self.model)

    def sizes(self) -> tuple[int, int]:
        """Return the width of a layer and the number of layers; of a published model without its files."""
        if not is_folder(self.model) and self.model in SIZES:
            return SIZES[self.model]
        files = self.files()
        return _sizes(files[0] if files else self.located().folder / NEEDED[0])

    def width(self) -> int:
        """Return the values of a row: those of all layers that are read, in their order."""
        return self.sizes()[0] * len(self.numbers())

    def provenance(self) -> str:
        """Return one line: the model, its weights, its licence, and the layers that are read."""
        return f"{self.located().provenance()}; layers {', '.join(map(str, self.numbers()))}"


def states(signals: Sequence[Signal], rate: int, reading: EncoderReading) -> list[Matrix]:
    """Return the rows of every utterance, (rows, width), float32.

    Windows of similar length share a batch, and only of equal length where padding would change a row. SerError for
    another rate than 16 kHz, or an utterance that is shorter than what one row sees.
    """
    model = load(reading, computing_device(reading.device))
    for signal in signals:
        require(signal, rate, minimum=model.reader.minimum)
    numbers = reading.numbers()
    inputs, cuts = [], []
    for signal in signals:
        whole, rows = model.reader.prepared(signal)
        cuts.append(windows(rows, reading.window, reading.overlap))
        inputs += [(model.reader.cut(whole, cut), cut.end - cut.first) for cut in cuts[-1]]
    found: list[Matrix] = [np.empty((0, 0), np.float32)] * len(inputs)
    for group in _batches(inputs, reading.batch, model.reader):
        for index, matrix in zip(group, model.rows([inputs[one] for one in group], numbers), strict=True):
            found[index] = matrix
    parts = iter(found)
    return [joined([next(parts) for _ in of], of) for of in cuts]


def _batches(inputs: Sequence[tuple[Array, int]], seconds: float, reader: EncoderInput) -> list[list[int]]:
    """Return the indices of each batch, by length; equal lengths only, where padding would change a row."""
    found: list[list[int]] = []
    most = seconds * ROWS_PER_SECOND
    for index in sorted(range(len(inputs)), key=lambda one: len(inputs[one][0])):
        array, rows = inputs[index]
        group = found[-1] if found else []
        alike = group and (reader.padded or len(inputs[group[0]][0]) == len(array))
        if alike and max(rows, reader.least) * (len(group) + 1) <= most:
            group.append(index)
        else:
            found.append([index])
    return found


@dataclass(frozen=True, eq=False)
class PretrainedEncoder:
    """A network in evaluation mode on a device, and its reader."""

    network: "nn.Module"
    reader: EncoderInput
    device: str

    def rows(self, inputs: Sequence[tuple[Array, int]], numbers: Sequence[int]) -> list[Matrix]:
        """Return (rows, layers · width) float32 of inputs, each with its number of rows."""
        import torch

        with inference():
            given = self.reader.batch([array for array, _ in inputs])
            moved = {name: value.to(self.device) for name, value in given.items()}
            found = self.network(**moved, output_hidden_states=True)
            layers = [*found.hidden_states[:-1], found.last_hidden_state]
            joint = torch.cat([layers[number] for number in numbers], dim=-1).float().cpu().numpy()
        return [matrix[:count] for matrix, (_, count) in zip(joint, inputs, strict=True)]


def load(reading: EncoderReading, device: str) -> PretrainedEncoder:
    """Return the encoder on ``device``; it is loaded once as long as its file does not change."""
    found = reading.located()
    return _load(found, found.weights.stat().st_mtime_ns, reading.model, device)


@cache
def _load(found: Pretrained, _changed: int, model: str, device: str) -> PretrainedEncoder:
    import transformers

    from ser.layers import pretrained_network

    family = _family(found.folder / NEEDED[0], model)
    with pretrained_network.reading(model, found.folder / NEEDED[1]):
        extractor = getattr(transformers, family.extractor).from_pretrained(found.folder, local_files_only=True)
    encoder = pretrained_network.load(found, model, family.network, family.inside)
    if extractor.sampling_rate != RATE:
        raise SerError(f"model '{model}' reads {extractor.sampling_rate} Hz; {RATE} Hz are needed.")
    try:
        reader = family.reader(encoder.config, extractor)
    except SerError as error:
        raise SerError(f"model '{model}': {error}") from error
    return PretrainedEncoder(encoder.to(device), reader, device)


def _family(path: Path, model: str) -> Family:
    kind = str(configuration(path).get("model_type"))
    if kind not in FAMILIES:
        raise unknown(f"architecture (model_type) of model '{model}'", kind, FAMILIES)
    return FAMILIES[kind]


def _sizes(path: Path) -> tuple[int, int]:
    config = configuration(path)
    found = [
        next((config[name] for name in names if isinstance(config.get(name), int)), None) for names in (WIDTH, DEPTH)
    ]
    if None in found:
        raise SerError(f"{path} states no {' or '.join(WIDTH)} and {' or '.join(DEPTH)}: it is no encoder's.")
    return int(found[0]), int(found[1])  # type: ignore[arg-type]
