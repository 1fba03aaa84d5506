"""Tiny encoders with random weights, one of each architecture, in folders as their authors publish them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

RATE = 16000
WIDTH, DEPTH = 16, 2
CARD = "---\nlanguage: en\nlicense: apache-2.0\n---\n# A tiny model\n"
SMALL = {"hidden_size": WIDTH, "num_hidden_layers": DEPTH, "num_attention_heads": 2, "intermediate_size": 32}
WAVE = {**SMALL, "conv_dim": [8] * 7, "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
LAYER = {"feat_extract_norm": "layer", "do_stable_layer_norm": True}
BERT = {"feature_projection_input_dim": 160, "conv_depthwise_kernel_size": 7}
POSITIONS = {"left_max_position_embeddings": 4, "right_max_position_embeddings": 2}
WHISPER = {
    "d_model": WIDTH,
    **{
        f"{half}_{key}": value for half in ("encoder", "decoder") for key, value in (("layers", DEPTH), ("ffn_dim", 32))
    },
    **{f"{half}_attention_heads": 2 for half in ("encoder", "decoder")},
    "vocab_size": 60,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 3,
}
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {  # network, extractor, its configuration
    "wav2vec2": ("Wav2Vec2Model", "Wav2Vec2FeatureExtractor", WAVE),
    "wav2vec2-large": ("Wav2Vec2Model", "Wav2Vec2FeatureExtractor", {**WAVE, **LAYER}),
    "hubert": ("HubertModel", "Wav2Vec2FeatureExtractor", WAVE),
    "wavlm": ("WavLMModel", "Wav2Vec2FeatureExtractor", {**WAVE, **LAYER}),
    "data2vec-audio": ("Data2VecAudioModel", "Wav2Vec2FeatureExtractor", {**WAVE, "conv_pos_kernel_size": 3}),
    "whisper": ("WhisperModel", "WhisperFeatureExtractor", WHISPER),
    "wav2vec2-bert": ("Wav2Vec2BertModel", "SeamlessM4TFeatureExtractor", {**SMALL, **BERT, **POSITIONS}),
}


def save(kind: str, folder: Path, **changes: Any) -> Path:
    """Write a random model of a kind into ``folder`` and return it; changes: of its configuration."""
    network, extractor, options = KINDS[kind]
    kinds = getattr(transformers, network)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = kinds(kinds.config_class(**{**options, **changes}))
    model.save_pretrained(folder)
    steps = {"stride": 2, "padding_value": 0.0} if kind == "wav2vec2-bert" else {}
    getattr(transformers, extractor)(**steps).save_pretrained(folder)
    (folder / "README.md").write_text(CARD)
    return folder


def sound(seconds: float, seed: int = 0) -> np.ndarray:
    """Return a gliding tone in noise, (samples,), float32."""
    time = np.arange(round(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).normal(size=len(time))
    return (0.3 * np.sin(2 * np.pi * (150 * time + 30 * time**2)) + 0.05 * noise).astype(np.float32)
