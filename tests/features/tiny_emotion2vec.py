"""A tiny emotion2vec with weights from a formula, under the names and in the format of the published checkpoints."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml

WIDTH, HIDDEN, HEADS, FILTERS, BEFORE, DEPTH, TOKENS, KERNEL = 18, 72, 3, 8, 2, 2, 3, 3
AUDIO = {
    "prenet_depth": BEFORE,
    "num_extra_tokens": TOKENS,
    "use_alibi_encoder": True,
    "learned_alibi": False,
    "extractor_mode": "layer_norm",
    "feature_encoder_spec": "[(8, 10, 5)] + [(8, 3, 2)] * 4 + [(8,2,2)] + [(8,2,2)]",
    "conv_pos_width": 15,
    "conv_pos_groups": 3,
    "conv_pos_depth": 5,
    "conv_pos_pre_ln": False,
}
MODEL = {
    "depth": DEPTH,
    "num_heads": HEADS,
    "norm_eps": 1e-5,
    "embed_dim": WIDTH,
    "mlp_ratio": 4.0,
    "layer_norm_first": False,
    "normalize": True,
}


def shapes(scales: tuple[int, ...] = (1, 1, HEADS, 1, 1)) -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor that an encoder reads, by its published name, sorted by name."""
    encoder = "modality_encoders.AUDIO."
    found: dict[str, tuple[int, ...]] = {f"{encoder}alibi_scale": scales, f"{encoder}extra_tokens": (1, TOKENS, WIDTH)}
    for number, kernel in enumerate((10, 3, 3, 3, 3, 2, 2)):
        layer = f"{encoder}local_encoder.conv_layers.{number}."
        found[f"{layer}0.weight"] = (FILTERS, FILTERS if number else 1, kernel)
        found |= {f"{layer}2.1.{part}": (FILTERS,) for part in ("weight", "bias")}
    found |= {f"{encoder}project_features.1.{part}": (FILTERS,) for part in ("weight", "bias")}
    found |= {f"{encoder}project_features.2.weight": (WIDTH, FILTERS), f"{encoder}project_features.2.bias": (WIDTH,)}
    for number in range(1, 6):
        found[f"{encoder}relative_positional_encoder.{number}.0.weight"] = (WIDTH, WIDTH // 3, KERNEL)
        found[f"{encoder}relative_positional_encoder.{number}.0.bias"] = (WIDTH,)
    found |= {f"{encoder}context_encoder.norm.{part}": (WIDTH,) for part in ("weight", "bias")}
    blocks = [f"{encoder}context_encoder.blocks.{number}." for number in range(BEFORE)]
    for block in [*blocks, *(f"blocks.{number}." for number in range(DEPTH))]:
        found |= {f"{block}{norm}.{part}": (WIDTH,) for norm in ("norm1", "norm2") for part in ("weight", "bias")}
        maps = {"attn.qkv": (3 * WIDTH, WIDTH), "attn.proj": (WIDTH, WIDTH)}
        maps |= {"mlp.fc1": (HIDDEN, WIDTH), "mlp.fc2": (WIDTH, HIDDEN)}
        for name, (outputs, inputs) in maps.items():
            found |= {f"{block}{name}.weight": (outputs, inputs), f"{block}{name}.bias": (outputs,)}
    return dict(sorted(found.items()))


def tensors(scales: tuple[int, ...] = (1, 1, HEADS, 1, 1)) -> dict[str, torch.Tensor]:
    """Return values between −0.3 and 0.3, factors of a normalisation around 1, distance factors from 0.5 to 1.5."""
    random = np.random.default_rng(0)
    found = {}
    for name, shape in shapes(scales).items():
        values = random.uniform(-0.3, 0.3, shape)
        factor = name.endswith("weight") and len(shape) == 1
        offset = 1.0 if factor or name.endswith("alibi_scale") else 0.0
        found[name] = torch.from_numpy((values + offset).astype(np.float32))
    return found


def save(folder: Path, state: dict[str, torch.Tensor] | None = None, model: Any = None, **audio: Any) -> Path:
    """Write the model into ``folder`` and return it; model, audio: changes of its configuration."""
    folder.mkdir(parents=True)
    stated = {**MODEL, **(model or {}), "modalities": {"audio": {**AUDIO, **audio}}}
    (folder / "config.yaml").write_text(yaml.safe_dump({"model": "Emotion2vec", "model_conf": stated}))
    extra = {"modality_encoders.AUDIO.decoder.proj.weight": torch.zeros(2, 2), "proj.bias": torch.zeros(9)}
    torch.save({"model": {**(tensors() if state is None else state), **extra}}, folder / "model.pt")
    (folder / "README.md").write_text("---\nlicense: other\n---\n# A tiny model\n")
    return folder


def sound(seconds: float) -> np.ndarray:
    """Return a gliding tone in noise, (samples,), float32, from a formula that another program can repeat."""
    time = np.arange(round(seconds * 16000)) / 16000
    noise = np.random.default_rng(1).uniform(-1, 1, len(time))
    return (0.3 * np.sin(2 * np.pi * (150 * time + 30 * time**2)) + 0.05 * noise).astype(np.float32)
