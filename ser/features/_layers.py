"""Layers of a pretrained model: their width and number, and which of them are read."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from ser.bounds import Index
from ser.errors import SerError, offenders

Layers = Literal["last", "all"] | Annotated[Sequence[Index], Field(min_length=1)]

# Width of a layer and number of layers, of published models: what can be listed before the weights are there.
SIZES: Mapping[str, tuple[int, int]] = {
    "facebook/wav2vec2-base": (768, 12),
    "facebook/wav2vec2-large-lv60": (1024, 24),
    "facebook/hubert-base-ls960": (768, 12),
    "facebook/hubert-large-ll60k": (1024, 24),
    "microsoft/wavlm-base": (768, 12),
    "microsoft/wavlm-base-plus": (768, 12),
    "microsoft/wavlm-large": (1024, 24),
    "facebook/data2vec-audio-base": (768, 12),
    "facebook/data2vec-audio-large": (1024, 24),
    "facebook/w2v-bert-2.0": (1024, 24),
    **{
        name.format(size): sizes
        for name in ("openai/whisper-{}", "Systran/faster-whisper-{}")
        for size, sizes in {
            "tiny": (384, 4),
            "base": (512, 6),
            "small": (768, 12),
            "medium": (1024, 24),
            "large-v2": (1280, 32),
            "large-v3": (1280, 32),
        }.items()
    },
}


def layer_numbers(layers: Layers, depth: int, model: str) -> tuple[int, ...]:
    """Return the numbers of ``layers`` of a model with ``depth`` of them: 0, the input of the first, to ``depth``."""
    if isinstance(layers, str):
        return (depth,) if layers == "last" else tuple(range(depth + 1))
    if wrong := [number for number in layers if not 0 <= number <= depth]:
        raise SerError(f"layers: model '{model}' has layers 0 to {depth}, not {offenders(wrong)}.")
    if len(set(layers)) < len(layers):
        raise SerError(f"layers: one is listed twice: {offenders(layers)}.")
    return tuple(layers)
