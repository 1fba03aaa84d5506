"""A pretrained encoder of speech that is trained further: all its layers, the last ones, or adapters of low rank.

The input is the waveform, the head that of ``weighted_layers``. The strided convolutions stay as they are unless asked
for: Wang et al., "A fine-tuned wav2vec 2.0/HuBERT benchmark for speech emotion recognition, speaker verification and
spoken language understanding", 2021. Adapters: Hu et al., "LoRA: Low-rank adaptation of large language models", ICLR
2022, through ``peft``. Rates that fall from layer to layer: Bao et al., "BEiT", ICLR 2022, see the optimiser
``layerwise_adamw``.

The state of the network has the encoder's architecture, so that a trained one needs neither the hub nor a folder.
"""

import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor, nn

from ser.bounds import Count, Index, Share
from ser.errors import SerError, offenders, unknown
from ser.layers import pretrained_network
from ser.layers.interface import AttentionWeights, Batch, Shape
from ser.layers.pretrained import NEEDED, WEIGHTS, configuration, is_folder, located
from ser.layers.waveform_encoder import WaveformEncoder
from ser.models.weighted_layers import Pooling, WeightedLayers

RATE = 16000
NETWORKS = {"wav2vec2": "Wav2Vec2Model", "hubert": "HubertModel", "wavlm": "WavLMModel"}  # by model_type
PLAIN = {"layerdrop": 0.0, "apply_spec_augment": False}  # dropout is the only chance in a pass
READ_DIRECTLY = ("q_proj", "k_proj", "v_proj", "out_proj")  # by WavLM's attention, which would pass an adapter by


def build(
    shape: Shape,
    classes: int,
    *,
    model: str,
    revision: str | None = None,
    sha256: str | None = None,
    trained_layers: Index | None = None,
    convolutions: bool = False,
    checkpointing: bool = False,
    lora_rank: Count | None = None,
    lora_alpha: Count = 16,
    lora_dropout: Share = 0.0,
    lora_targets: Sequence[str] = ("q_proj", "v_proj"),
    projection: Count = 256,
    pooling: Pooling = "mean",
    dropout: Share = 0.1,
) -> "FinetunedEncoder":
    """Return the network with the published weights.

    model: a folder as ``save_pretrained`` writes it, or a name on the hub; revision: its commit there; sha256: that the
    file of weights must have, required of a folder; trained_layers: how many at the end, null for all layers and what
    is below them; convolutions: whether those are trained too; checkpointing: activations are computed again for the
    gradient, which takes more time and less memory; lora_rank: of adapters that are trained instead of the trained
    layers' own weights, null for none; lora_alpha: an adapter's output is multiplied by alpha / rank.
    SerError where the model cannot be had or is of another architecture, or options do not fit it.
    """
    shape.frame_dims()
    if is_folder(model) and sha256 is None:
        raise SerError(f"model '{model}' is a folder, which can change: set options.sha256 to that of its weights.")
    found = located(model, revision, needed=NEEDED, weights=WEIGHTS, sha=sha256)
    kind = str(configuration(found.folder / NEEDED[0]).get("model_type"))
    if kind not in NETWORKS:
        raise unknown(f"architecture (model_type) of model '{model}' for training", kind, NETWORKS)
    reader = configuration(found.folder / NEEDED[1])
    if (rate := reader.get("sampling_rate", RATE)) != RATE:
        raise SerError(f"model '{model}' reads {rate} Hz; {RATE} Hz are needed.")
    network: Any = pretrained_network.load(found, model, NETWORKS[kind])
    about = {
        "network": NETWORKS[kind],
        "config": {**network.config.to_diff_dict(), **PLAIN, "_name_or_path": ""},
        "normalise": bool(reader.get("do_normalize", True)),
        "origin": found.provenance(),
    }
    tuning = Tuning(trained_layers, convolutions, checkpointing, lora_rank, lora_alpha, lora_dropout, lora_targets)
    head = {"projection": projection, "pooling": pooling, "dropout": dropout}
    return FinetunedEncoder(network, json.dumps(about).encode(), classes, tuning, head)


def restored(weights: Mapping[str, Tensor], shape: Shape, classes: int, **options: Any) -> "FinetunedEncoder":
    """Return the network with the ``weights`` of a finished training, without what it was made of.

    SerError where they have no architecture of an encoder.
    """
    transformers = pretrained_network.library()
    shape.frame_dims()
    try:
        text = bytes(weights["architecture"].tolist())
        about = json.loads(text)
        kinds = getattr(transformers, {name: name for name in NETWORKS.values()}[about["network"]])
        network = kinds(kinds.config_class.from_dict(about["config"]))
    except (KeyError, TypeError, ValueError) as error:
        raise SerError(f"its weights have no architecture of an encoder ({error!r}).") from error
    given = {name: one.default for name, one in inspect.signature(build).parameters.items()} | options
    tuning = Tuning(**{name: given[name] for name in Tuning.__dataclass_fields__})
    head = {name: given[name] for name in ("projection", "pooling", "dropout")}
    model = FinetunedEncoder(network, text, classes, tuning, head)
    model.load_state_dict(weights)
    return model


def origin(weights: Path) -> str:
    """Return name, commit, SHA-256 and licence of the encoder that a training began with, from what it stored."""
    with safe_open(weights, framework="pt") as file:
        return str(json.loads(bytes(file.get_tensor("architecture").tolist()))["origin"])


@dataclass(frozen=True)
class Tuning:
    """What of an encoder is trained and how; the fields are options of ``build``."""

    trained_layers: int | None
    convolutions: bool
    checkpointing: bool
    lora_rank: int | None
    lora_alpha: int
    lora_dropout: float
    lora_targets: Sequence[str]


class FinetunedEncoder(nn.Module):
    """An encoder and its head. about: JSON of the network's class, its configuration, ``normalise`` and ``origin``."""

    architecture: Tensor

    def __init__(self, network: Any, about: bytes, classes: int, tuning: Tuning, head: Mapping[str, Any]):
        super().__init__()
        self.register_buffer("architecture", torch.tensor(list(about), dtype=torch.uint8))
        for name, value in PLAIN.items():
            setattr(network.config, name, value)
        self.encoder = WaveformEncoder(network, json.loads(about)["normalise"])
        self.head = WeightedLayers(Shape(network.config.hidden_size), classes, **head)
        _choose(self.encoder, tuning)
        self.frozen = _frozen(self.encoder)
        if tuning.checkpointing:
            enable = getattr(network, "activation_checkpointing_enable", None) or network.gradient_checkpointing_enable
            enable({"use_reentrant": False})  # the second is its name in earlier versions
        self.train()

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, rows, samples of a row) -> logits (batch, classes)."""
        return self.head(self._encoded(batch))

    def attention_weights(self, batch: Batch) -> dict[str, AttentionWeights]:
        """Return the weights of the encoder's rows, where they are pooled with attention."""
        found = self.head.attention_weights(self._encoded(batch))
        where = self.encoder.positions(batch.frames.shape[2])
        return {name: replace(one, positions=where) for name, one in found.items()}

    def train(self, mode: bool = True) -> "FinetunedEncoder":
        """Set the mode; what is not trained computes as in a prediction, without dropout."""
        super().train(mode)
        for part in self.frozen:
            part.eval()
        return self

    def _encoded(self, batch: Batch) -> Batch:
        frames, mask = batch.real_frames()
        return Batch(*self.encoder(frames.flatten(1), mask.sum(1) * frames.shape[2]))


def _choose(encoder: WaveformEncoder, tuning: Tuning) -> None:
    """Mark what is trained, and how deep below the head each parameter is: the last layer 1, what is below all most."""
    network, layers = encoder.network, encoder.layers
    count = len(layers) if tuning.trained_layers is None else tuning.trained_layers
    if count > len(layers):
        raise SerError(f"trained_layers is {count}; the encoder has {len(layers)} layers.")
    if tuning.convolutions and (tuning.trained_layers is not None or tuning.lora_rank is not None):
        raise SerError("convolutions: they are trained with all layers only: set trained_layers and lora_rank to null.")
    network.requires_grad_(False)
    last = network.encoder.layer_norm if network.config.do_stable_layer_norm else None  # after the last layer
    if tuning.lora_rank is None:
        below = () if tuning.trained_layers is not None else (network.feature_projection, network.encoder)
        for part in (*below, *layers[len(layers) - count :], *([last] if last and count else [])):
            part.requires_grad_(True)
        network.feature_extractor.requires_grad_(tuning.convolutions)
    else:
        _adapt(network, range(len(layers) - count, len(layers)), tuning, tuning.lora_rank)
    depths = {id(own): len(layers) - k for k, layer in enumerate(layers) for own in layer.parameters()}
    depths |= {id(own): 1 for own in (last.parameters() if last else ())}
    for own in network.parameters():
        own.depth = depths.get(id(own), len(layers) + 1)


def _adapt(network: Any, numbers: range, tuning: Tuning, rank: int) -> None:
    """Give the layers of these numbers adapters: B·A · alpha / rank is added to a weight, and only A and B learn."""
    try:
        import peft
    except ModuleNotFoundError as error:
        raise SerError("lora_rank: adapters need peft: pip install 'ser[finetuning]'.") from error
    if not numbers:
        raise SerError("lora_rank: trained_layers is 0, so no layer gets an adapter.")
    if network.config.model_type == "wavlm" and (without := set(tuning.lora_targets) & set(READ_DIRECTLY)):
        raise SerError(
            f"lora_targets: WavLM's attention would pass adapters of {offenders(sorted(without))} by; use "
            "intermediate_dense and output_dense."
        )
    inside = network.encoder.layers.named_modules()
    known = {name.rpartition(".")[2] for name, one in inside if isinstance(one, nn.Linear)}
    if missing := sorted(set(tuning.lora_targets) - known):
        raise unknown("lora_targets", missing[0], known)
    config = peft.LoraConfig(
        r=rank,
        lora_alpha=tuning.lora_alpha,
        lora_dropout=tuning.lora_dropout,
        target_modules=list(tuning.lora_targets),
        layers_to_transform=list(numbers),
        layers_pattern="layers",
    )
    peft.inject_adapter_in_model(config, network)


def _frozen(encoder: WaveformEncoder) -> list[nn.Module]:
    """Return the parts of which nothing is trained; the dropout before the first layer goes with what is below it."""
    network = encoder.network
    below = [network.feature_projection, network.encoder.pos_conv_embed]
    parts = [network.feature_extractor, *below, *encoder.layers]
    found = [part for part in parts if not any(own.requires_grad for own in part.parameters())]
    return [*found, network.encoder.dropout] if below[1] in found else found
