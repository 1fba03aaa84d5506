"""emotion2vec from its own format: the rows that public code computes, layers, windows, and bad models."""

import inspect
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from safetensors.torch import save_file
from tiny_emotion2vec import BEFORE, DEPTH, HEADS, WIDTH, save, sound, tensors

from ser.config import extractors
from ser.config.options import with_options
from ser.config.schema import Feature
from ser.errors import SerError
from ser.features import _emotion2vec, emotion2vec_frames, emotion2vec_vector
from ser.features._emotion2vec import Emotion2vecReading
from ser.files.published import sha256
from ser.layers.emotion2vec import distances

RATE = 16000
PER_LAYER = (BEFORE + DEPTH, 1, HEADS, 1, 1)
# Rows 0, 11 and 23, first four values of the last layer, as FunASR 1.4.16 computes them with these weights.
PUBLIC: dict[tuple[int, ...], list[list[float]]] = {
    (1, 1, HEADS, 1, 1): [
        [-0.6505031585693359, 1.8783782720565796, -1.0550339221954346, 0.3441780209541321],
        [-1.6807326078414917, 1.9380770921707153, -1.3314439058303833, 0.7310505509376526],
        [-1.6070235967636108, 1.8441953659057617, -1.1612967252731323, 0.8844344019889832],
    ],
    PER_LAYER: [
        [0.6030059456825256, 0.8022027015686035, -1.555098295211792, 0.37761709094047546],
        [0.7675564289093018, 1.0606759786605835, -1.3278204202651978, 0.24011318385601044],
        [0.4823901653289795, 1.4269710779190063, -1.4604721069335938, -0.5980985760688782],
    ],
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save(tmp_path_factory.mktemp("emotion2vec") / "tiny"))


@pytest.mark.parametrize("scales", PUBLIC)
def test_the_rows_are_those_of_public_code(scales: tuple[int, ...], tmp_path: Path) -> None:
    folder = save(tmp_path / "model", tensors(scales))
    rows = _emotion2vec.states([sound(0.5)], RATE, Emotion2vecReading(str(folder), device="cpu"))[0]
    assert rows.shape == (24, WIDTH)
    np.testing.assert_allclose(rows[[0, 11, 23], :4], PUBLIC[scales], atol=2e-5)


def test_all_layers_one_after_the_other_and_statistics_over_them(model: str) -> None:
    signal = sound(0.7)
    every = emotion2vec_frames.extract(signal, RATE, model=model, layers="all")
    assert every.dtype == np.float16
    assert every.shape[1] == emotion2vec_frames.dims(model=model, layers="all") == (BEFORE + DEPTH + 1) * WIDTH
    last = emotion2vec_frames.extract(signal, RATE, model=model)
    assert np.array_equal(last, every[:, -WIDTH:])
    some = emotion2vec_frames.extract(signal, RATE, model=model, layers=(3, 0))
    assert np.array_equal(some, np.concatenate([every[:, 3 * WIDTH : 4 * WIDTH], every[:, :WIDTH]], axis=1))
    vector = emotion2vec_vector.extract(signal, RATE, model=model, statistics="mean+sd")
    wanted = np.concatenate([last.astype(np.float64).mean(0), last.astype(np.float64).std(0)])
    np.testing.assert_allclose(vector[0], wanted, atol=2e-3)
    assert emotion2vec_vector.dims(model=model, statistics="mean+sd") == 2 * WIDTH


def test_windows_give_as_many_rows_as_the_whole(model: str) -> None:
    for seconds in (1.5, 2.003, 2.41):
        whole = emotion2vec_frames.extract(sound(seconds), RATE, model=model)
        parts = emotion2vec_frames.extract(sound(seconds), RATE, model=model, window=1.0, overlap=0.3)
        assert parts.shape == whole.shape
        assert np.isfinite(parts).all()


def test_the_gain_changes_nothing_where_the_waveform_is_normalised(model: str) -> None:
    one = emotion2vec_vector.extract(sound(0.5), RATE, model=model)
    np.testing.assert_allclose(
        emotion2vec_vector.extract(np.float32(0.2) * sound(0.5), RATE, model=model), one, atol=1e-3
    )


def test_slopes_of_heads_that_are_no_power_of_two() -> None:
    assert distances(3, 4)[0, :, 0, 2].tolist() == pytest.approx([-2 * 2 ** (-2 * n) for n in (1, 2, 3, 4)])
    six = [2**-2, 2**-4, 2**-6, 2**-8, 2**-1, 2**-3]  # of four heads, then every second of eight
    assert (-distances(2, 6)[0, :, 0, 1]).tolist() == pytest.approx(six)


def test_the_contract_of_an_extractor_holds(model: str) -> None:
    for module in (emotion2vec_frames, emotion2vec_vector):
        entry = with_options(Feature(extractor=module.__name__.split(".")[-1], options={"model": model}), "here")
        for seconds in (0.025, 1.0):
            matrix = module.extract(sound(seconds), RATE, **entry.options)
            extractors.check_matrix(module, module.dims(**entry.options), matrix)
        with pytest.raises(SerError, match="needs at least 400 samples"):
            module.extract(sound(0.0249), RATE, **entry.options)
        with pytest.raises(SerError, match="16000 Hz, this signal has 8000 Hz"):
            module.extract(sound(1.0), 8000, **entry.options)
        assert [path.name for path in module.files(**entry.options)] == ["config.yaml", "model.pt"]
        stated = {name: one.default for name, one in inspect.signature(module.extract).parameters.items()}
        defaults = {one.name: one.default for one in fields(Emotion2vecReading) if one.name != "model"}
        assert {name: stated[name] for name in defaults} == defaults
    note = emotion2vec_vector.provenance(model=model, layers=(1, 2))
    digest = sha256(Path(model, "model.pt"))
    assert note == f"tiny, a folder, model.pt SHA-256 {digest}, licence other; layers 1, 2; mean over the utterance"


@pytest.mark.parametrize("prefix", ["", "d2v_model.", "module."])
def test_every_form_of_a_checkpoint_is_the_same_model(prefix: str, model: str, tmp_path: Path) -> None:
    wanted = emotion2vec_vector.extract(sound(0.5), RATE, model=model)
    state = {f"{prefix}{name}": value for name, value in tensors().items()}
    folder = save(tmp_path / "other", state)
    assert np.array_equal(emotion2vec_vector.extract(sound(0.5), RATE, model=str(folder)), wanted)
    (folder / "model.pt").unlink()
    save_file(state, folder / "model.safetensors")
    assert np.array_equal(emotion2vec_vector.extract(sound(0.5), RATE, model=str(folder)), wanted)


def refused(folder: Path, message: str, **options: Any) -> None:
    with pytest.raises(SerError, match=message) as error:
        emotion2vec_frames.extract(sound(0.5), RATE, model=str(folder), **options)
    assert "\n" not in str(error.value)


def test_a_checkpoint_is_not_executed(model: str, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(tmp_path / "executed"), "w")

    folder = tmp_path / "bomb"
    shutil.copytree(model, folder)
    torch.save({"model": {**tensors(), "x": Bomb()}}, folder / "model.pt")
    refused(folder, "cannot be loaded from .*model.pt; nothing in it was executed")
    folder = save(tmp_path / "code", feature_encoder_spec="__import__('os').mkdir('executed')")
    refused(folder, "feature_encoder_spec is '.*mkdir.*not a sum such as")
    assert not (tmp_path / "executed").exists()
    assert not Path("executed").exists()


def test_what_is_no_emotion2vec_is_one_sentence(model: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "the folder lacks config.yaml")
    shutil.copy(Path(model, "config.yaml"), tmp_path / "empty")
    refused(tmp_path / "empty", "holds no weights; known: model.safetensors or model.pt or emotion2vec_base.pt")
    (tmp_path / "empty" / "config.yaml").write_text(yaml.safe_dump({"model": "Paraformer"}))
    (tmp_path / "empty" / "model.pt").write_bytes(b"")
    refused(tmp_path / "empty", "is not the configuration of an emotion2vec")
    refused(Path(model), f"is {sha256(Path(model, 'model.pt'))}, not {'0' * 64}", sha256="0" * 64)
    refused(save(tmp_path / "first", model={"layer_norm_first": True}), "layer_norm_first is set; no published")
    refused(save(tmp_path / "deep", model={"depth": 3}), r"another architecture than config.yaml: blocks\.2\.attn")
    refused(save(tmp_path / "wide", model={"embed_dim": 36}), "another architecture than config.yaml")
    refused(save(tmp_path / "other", {"x": torch.zeros(1)}), "lack modality_encoders.AUDIO.alibi_scale")
    refused(save(tmp_path / "slow", feature_encoder_spec="[(8, 10, 5)]"), "rows are 5 samples apart; 320 are needed")
    refused(save(tmp_path / "bare", conv_pos_depth=None), "is not the configuration of an emotion2vec")
    refused(Path(model), "has layers 0 to 4, not 7", layers=(7,))
