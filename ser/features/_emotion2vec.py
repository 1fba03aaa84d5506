"""emotion2vec from its own format: ``config.yaml`` and a checkpoint, as FunASR and the authors publish them.

Nothing in the checkpoint is executed: it is safetensors, or torch's format read with ``weights_only``. The expression
for the convolutions in ``config.yaml`` is parsed, not evaluated.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from ser.errors import SerError, offenders
from ser.features._frames import Matrix, Signal, require
from ser.features._torch import computing_device, inference
from ser.features._windows import HOP_SAMPLES, joined, windows
from ser.layers.pretrained import Layers, Pretrained, layer_numbers, local_files, located

if TYPE_CHECKING:
    from torch import Tensor

    from ser.layers.emotion2vec import Emotion2vec, Emotion2vecShape

CONFIG = "config.yaml"
WEIGHTS = ("model.safetensors", "model.pt", "emotion2vec_base.pt")
INSIDE = ("state_dict", "model_state_dict", "model")  # keys under which a checkpoint may hold its tensors
PREFIXES = ("module.", "d2v_model.")  # of names in some checkpoints
SCALES = "modality_encoders.AUDIO.alibi_scale"
TERM = re.compile(r"\[\((\d+),(\d+),(\d+)\)\](?:\*(\d+))?")


@dataclass(frozen=True)
class Emotion2vecReading:
    """The options of an extractor: which model is read, and how; see ``emotion2vec_frames``."""

    model: str
    revision: str | None = None
    sha256: str | None = None
    layers: Layers = "last"
    window: float = 30.0
    overlap: float = 2.0
    device: str = "auto"

    def files(self) -> list[Path]:
        """Return the local files that the values depend on: none of a model on the hub."""
        return local_files(self.model, self.revision, (CONFIG,), WEIGHTS)

    def located(self) -> Pretrained:
        """Return the model on disk, downloaded where the hub's cache lacks it."""
        return located(self.model, self.revision, needed=(CONFIG,), weights=WEIGHTS, sha=self.sha256)

    def stated(self) -> Mapping[str, Any]:
        """Return ``model_conf`` in the model's ``config.yaml``."""
        files = self.files()
        return _stated(files[0] if files else self.located().folder / CONFIG)

    def numbers(self) -> tuple[int, ...]:
        """Return the numbers of the layers that are read."""
        stated = self.stated()
        depth = int(stated["depth"]) + int(stated["modalities"]["audio"]["prenet_depth"])
        return layer_numbers(self.layers, depth, self.model)

    def width(self) -> int:
        """Return the values of a row: those of all layers that are read, in their order."""
        return int(self.stated()["embed_dim"]) * len(self.numbers())

    def provenance(self) -> str:
        """Return one line: the model, its weights, its licence, and the layers that are read."""
        return f"{self.located().provenance()}; layers {', '.join(map(str, self.numbers()))}"


def states(signals: Sequence[Signal], rate: int, reading: Emotion2vecReading) -> list[Matrix]:
    """Return the rows of every utterance, (rows, width), float32, each computed alone.

    SerError for another rate than 16 kHz, or an utterance that is shorter than what one row sees.
    """
    import torch
    from torch.nn import functional as F

    from ser.layers.emotion2vec import minimum

    on = computing_device(reading.device)
    stated, numbers, found = reading.stated(), reading.numbers(), reading.located()
    network = _network(found, found.weights.stat().st_mtime_ns, reading.model, on)
    least, _ = minimum(_convolutions(str(stated["modalities"]["audio"]["feature_encoder_spec"])))
    result = []
    with inference():
        for signal in signals:
            require(signal, rate, minimum=least)
            wave = torch.from_numpy(np.array(signal, np.float32))
            wave = F.layer_norm(wave, wave.shape) if stated.get("normalize") else wave
            cuts = windows((len(wave) - least) // HOP_SAMPLES + 1, reading.window, reading.overlap)
            parts = []
            for cut in cuts:
                end = len(wave) if cut.last else (cut.end - 1) * HOP_SAMPLES + least
                layers = network(wave[None, cut.first * HOP_SAMPLES : end].to(on))
                parts.append(torch.cat([layers[number][0] for number in numbers], dim=-1).cpu().numpy())
            result.append(joined(parts, cuts))
    return result


@cache
def _network(found: Pretrained, _changed: int, model: str, device: str) -> "Emotion2vec":
    """Return the network on ``device``; it is loaded once as long as its file does not change."""
    import torch

    from ser.layers import pretrained_network
    from ser.layers.emotion2vec import Emotion2vec

    with pretrained_network.reading(model, found.weights):
        if found.weights.suffix == ".safetensors":
            from safetensors.torch import load_file

            content: Any = load_file(found.weights)
        else:
            content = torch.load(found.weights, map_location="cpu", weights_only=True)
        tensors = _tensors(content)
    shape = _shape(_stated(found.folder / CONFIG), tensors, model)
    network = Emotion2vec(shape)
    wanted = network.state_dict()
    if lacking := sorted(name for name in wanted if name not in tensors or tensors[name].shape != wanted[name].shape):
        raise SerError(
            f"model '{model}': {found.weights.name} holds weights of another architecture than {CONFIG}: "
            f"{offenders(lacking)}."
        )
    network.load_state_dict({name: tensors[name].float() for name in wanted})
    return network.eval().to(device)


def _tensors(content: Any) -> "dict[str, Tensor]":
    """Return the tensors of a checkpoint by the names that they have in the network."""
    for key in INSIDE:
        content = content.get(key, content)
    found = {}
    for name, value in content.items():
        for prefix in PREFIXES:
            name = name.removeprefix(prefix)
        found[name] = value
    if (scales := found.get(SCALES)) is not None and scales.dim() == 4:  # of checkpoints with one scale for all layers
        found[SCALES] = scales.unsqueeze(0)
    return found


def _stated(path: Path) -> Mapping[str, Any]:
    """Return ``model_conf``; SerError where it is none of emotion2vec, or of another design than the published ones."""
    try:
        stated = yaml.safe_load(path.read_text(encoding="utf-8"))["model_conf"]
        audio = stated["modalities"]["audio"]
        design = {
            "layer_norm_first": stated["layer_norm_first"],
            "modalities.audio.conv_pos_pre_ln": audio["conv_pos_pre_ln"],
            "modalities.audio.learned_alibi": audio["learned_alibi"],
        }
        numbers = [stated[key] for key in ("embed_dim", "depth", "num_heads", "mlp_ratio", "norm_eps")]
        numbers += [audio[key] for key in ("prenet_depth", "num_extra_tokens", "conv_pos_depth", "conv_pos_width")]
        for number in (*numbers, audio["conv_pos_groups"]):
            float(number)
        str(audio["feature_encoder_spec"] + audio["extractor_mode"])
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise SerError(f"{path} is not the configuration of an emotion2vec ({reason}).") from error
    if other := [key for key, value in design.items() if value]:
        raise SerError(f"{path}: {offenders(other)} is set; no published emotion2vec has it, and it is not supported.")
    found: Mapping[str, Any] = stated
    return found


def _convolutions(text: str) -> tuple[tuple[int, int, int], ...]:
    """Return filters, kernel and stride of each convolution in a sum such as [(512, 10, 5)] + [(512, 3, 2)] * 4."""
    found: list[tuple[int, int, int]] = []
    for term in re.sub(r"\s", "", text).split("+"):
        match = TERM.fullmatch(term)
        if match is None or int(match[4] or 1) > 20:
            raise SerError(f"{CONFIG}: feature_encoder_spec is '{text[:100]}', not a sum such as [(512, 10, 5)] * 2.")
        found += [(int(match[1]), int(match[2]), int(match[3]))] * int(match[4] or 1)
    return tuple(found)


def _shape(stated: Mapping[str, Any], tensors: "Mapping[str, Tensor]", model: str) -> "Emotion2vecShape":
    from ser.layers.emotion2vec import Emotion2vecShape, minimum

    audio = stated["modalities"]["audio"]
    convolutions = _convolutions(str(audio["feature_encoder_spec"]))
    if (step := minimum(convolutions)[1]) != HOP_SAMPLES:
        raise SerError(f"model '{model}': its rows are {step} samples apart; {HOP_SAMPLES} are needed.")
    if (scales := tensors.get(SCALES)) is None:
        raise SerError(f"model '{model}': its weights lack {SCALES}: they are not those of an emotion2vec.")
    depth = int(audio["conv_pos_depth"])
    kernel = max(3, int(audio["conv_pos_width"]) // depth)
    if kernel % 2 == 0:
        raise SerError(f"model '{model}': its convolutions for positions see {kernel} rows; an odd number is needed.")
    return Emotion2vecShape(
        convolutions=convolutions,
        grouped=audio["extractor_mode"] == "default",
        width=int(stated["embed_dim"]),
        heads=int(stated["num_heads"]),
        hidden=int(int(stated["embed_dim"]) * float(stated["mlp_ratio"])),
        positions=(depth, kernel, int(audio["conv_pos_groups"])),
        before=int(audio["prenet_depth"]),
        depth=int(stated["depth"]),
        tokens=int(audio["num_extra_tokens"]),
        scales=tuple(scales.shape),
        eps=float(stated["norm_eps"]),
    )
