"""Pretrained encoders: rows, layers, windows and batches against the networks themselves, and bad models."""

import inspect
import json
import shutil
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from tiny_encoders import DEPTH, KINDS, RATE, WIDTH, save, sound

from ser.config import extractors
from ser.config.options import with_options
from ser.config.schema import Feature
from ser.errors import SerError
from ser.features import _encoders, encoder_frames, encoder_vector
from ser.features._encoders import EncoderReading
from ser.files.published import sha256
from ser.layers.pretrained import NEEDED

SHORTEST = {"whisper": 320, "wav2vec2-bert": 560}  # samples; of the others 400


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the folder of a tiny model of each kind."""
    folder = tmp_path_factory.mktemp("encoders")
    return {kind: save(kind, folder / kind) for kind in KINDS}


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest, models: dict[str, Path]) -> str:
    return str(models[request.param])


def kind_of(model: str) -> str:
    return Path(model).name


def computed(model: str, signal: np.ndarray) -> list[torch.Tensor]:
    """Return the layers, (rows, width), by the library alone, without our readers and batches."""
    network, extractor, _ = KINDS[kind_of(model)]
    loaded = getattr(transformers, network).from_pretrained(model).eval()
    given = getattr(transformers, extractor).from_pretrained(model)(signal, sampling_rate=RATE, return_tensors="pt")
    loaded = loaded.encoder if network == "WhisperModel" else loaded
    with torch.inference_mode():
        found = loaded(**given, output_hidden_states=True)
    layers = [one[0] for one in (*found.hidden_states[:-1], found.last_hidden_state)]
    if network == "WhisperModel":
        layers = [one[: -(-len(signal) // 320)] for one in layers]
    if network == "Wav2Vec2BertModel":
        layers = [one[: int(given.attention_mask.sum())] for one in layers]
    return layers


def test_all_layers_are_those_of_the_network(model: str) -> None:
    signal = sound(0.53)
    wanted = torch.cat(computed(model, signal), dim=1).numpy()
    found = encoder_frames.extract(signal, RATE, model=model, layers="all")
    assert found.dtype == np.float16
    assert found.shape == (len(wanted), (DEPTH + 1) * WIDTH)
    np.testing.assert_allclose(found, wanted, atol=5e-3, rtol=2e-3)
    assert encoder_frames.dims(model=model, layers="all") == found.shape[1]


def test_one_layer_and_several_are_slices_of_all(model: str) -> None:
    every = encoder_frames.extract(sound(0.4), RATE, model=model, layers="all")
    for layers, numbers in (("last", [2]), ([0], [0]), ((2, 1), [2, 1])):
        wanted = np.concatenate([every[:, one * WIDTH : (one + 1) * WIDTH] for one in numbers], axis=1)
        assert np.array_equal(encoder_frames.extract(sound(0.4), RATE, model=model, layers=layers), wanted)
        assert encoder_frames.dims(model=model, layers=layers) == wanted.shape[1]


def test_statistics_are_those_of_the_rows(model: str) -> None:
    rows = _encoders.states([sound(0.7)], RATE, EncoderReading(model, layers="all"))[0].astype(np.float64)
    vector = encoder_vector.extract(sound(0.7), RATE, model=model, layers="all", statistics="mean+sd")
    np.testing.assert_allclose(vector[0], np.concatenate([rows.mean(0), rows.std(0)]), rtol=1e-5, atol=1e-6)
    assert encoder_vector.dims(model=model, layers="all", statistics="mean+sd") == vector.shape[1]
    assert vector.dtype == np.float32
    mean = encoder_vector.extract(sound(0.7), RATE, model=model)
    assert np.array_equal(mean[0], vector[0, 2 * WIDTH : 3 * WIDTH])


def test_a_batch_gives_the_rows_of_each_utterance(model: str) -> None:
    signals = [sound(seconds, seed) for seed, seconds in enumerate((0.5, 1.1, 0.5, 0.31, 2.0))]
    together = _encoders.states(signals, RATE, EncoderReading(model, layers="all"))
    for signal, rows in zip(signals, together, strict=True):
        alone = _encoders.states([signal], RATE, EncoderReading(model, layers="all"))[0]
        np.testing.assert_allclose(rows, alone, atol=2e-5)


@pytest.mark.parametrize(
    ("padded", "least", "wanted"),
    [(True, 1, [[3, 1, 2], [0]]), (False, 1, [[3], [1, 2], [0]]), (True, 90, [[3], [1], [2], [0]])],
)
def test_a_batch_holds_the_stated_seconds_at_most(padded: bool, least: int, wanted: list[list[int]]) -> None:
    inputs = [(np.zeros(320 * rows, np.float32), rows) for rows in (50, 20, 20, 10)]
    reader: Any = SimpleNamespace(padded=padded, least=least)
    assert _encoders._batches(inputs, 2.0, reader) == wanted  # 100 rows


def test_windows_give_as_many_rows_as_the_whole(model: str) -> None:
    for seconds in (1.5, 2.003, 2.41):
        whole = encoder_frames.extract(sound(seconds), RATE, model=model)
        parts = encoder_frames.extract(sound(seconds), RATE, model=model, window=1.0, overlap=0.3)
        assert parts.shape == whole.shape
        assert np.isfinite(parts).all()


@pytest.mark.parametrize("kind", ["wav2vec2-large", "wavlm"])
def test_windows_give_the_rows_of_the_whole_where_a_layer_sees_little(kind: str, models: dict[str, Path]) -> None:
    """Layer 0 sees 16 rows (a convolution) around its own, less than half of an overlap of 0.7 s."""
    given = {"model": str(models[kind]), "layers": (0,)}
    whole = _encoders.states([sound(2.3)], RATE, EncoderReading(**given))[0]
    parts = _encoders.states([sound(2.3)], RATE, EncoderReading(**given, window=1.2, overlap=0.7))[0]
    np.testing.assert_allclose(parts, whole, atol=2e-5)
    apart = _encoders.states([sound(2.3)], RATE, EncoderReading(**given, window=1.2, overlap=0.0))[0]
    assert np.abs(apart - whole).max() > 1e-3


def test_an_utterance_shorter_than_one_row_is_refused(model: str) -> None:
    shortest = SHORTEST.get(kind_of(model), 400)
    assert len(encoder_frames.extract(sound(shortest / RATE), RATE, model=model)) == 1
    with pytest.raises(SerError, match=f"needs at least {shortest} samples"):
        encoder_frames.extract(sound((shortest - 1) / RATE), RATE, model=model)
    with pytest.raises(SerError, match="16000 Hz, this signal has 8000 Hz"):
        encoder_vector.extract(sound(1.0), 8000, model=model)


def test_the_contract_of_an_extractor_holds(model: str) -> None:
    for module in (encoder_frames, encoder_vector):
        entry = with_options(Feature(extractor=module.__name__.split(".")[-1], options={"model": model}), "here")
        for seconds in (1.0, 2.0):
            matrix = module.extract(sound(seconds), RATE, **entry.options)
            extractors.check_matrix(module, module.dims(**entry.options), matrix)
            assert abs(len(matrix) - (1 if module.HOP is None else seconds / module.HOP)) <= 2
        assert np.isfinite(module.extract(np.zeros(RATE, np.float32), RATE, **entry.options)).all()
        assert [path.name for path in module.files(**entry.options)][:2] == list(NEEDED)


def test_the_note_has_weights_licence_and_layers(models: dict[str, Path]) -> None:
    folder = models["hubert"]
    note = encoder_vector.provenance(model=str(folder), layers=(1, 2), statistics="mean")
    assert note == (
        f"hubert, a folder, model.safetensors SHA-256 {sha256(folder / 'model.safetensors')}, licence apache-2.0; "
        "layers 1, 2; mean over the utterance"
    )


def test_both_functions_have_the_same_defaults() -> None:
    defaults = {one.name: one.default for one in fields(EncoderReading)}
    for module in (encoder_frames, encoder_vector):
        stated = {name: one.default for name, one in inspect.signature(module.extract).parameters.items()}
        assert {name: stated[name] for name in defaults if name != "model"} == {
            name: value for name, value in defaults.items() if name != "model"
        }


def copied(folder: Path, to: Path, **config: Any) -> Path:
    """Return a copy of a model with changes in its config.json."""
    shutil.copytree(folder, to)
    path = to / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return to


def refused(folder: Path, message: str, **options: Any) -> None:
    with pytest.raises(SerError, match=message) as error:
        encoder_frames.extract(sound(0.5), RATE, model=str(folder), **options)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_no_model_is_named(models: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", r"the folder lacks config.json and preprocessor_config.json")
    bare = copied(models["hubert"], tmp_path / "bare")
    (bare / "model.safetensors").unlink()
    refused(bare, "holds no weights; known: model.safetensors or pytorch_model.bin")
    with pytest.raises(SerError, match="holds no weights"):
        encoder_frames.files(model=str(bare))  # before any job
    refused(tmp_path / "nowhere", "neither a folder nor a name on the hub")
    refused(models["hubert"], "is a folder, which has no revision", revision="0" * 40)
    refused(models["hubert"], f"is {sha256(models['hubert'] / 'model.safetensors')}, not {'0' * 64}", sha256="0" * 64)


def test_weights_of_another_architecture_are_refused(models: dict[str, Path], tmp_path: Path) -> None:
    refused(
        copied(models["hubert"], tmp_path / "bert", model_type="bert"), r"unknown architecture .* 'bert'.* Known: d"
    )
    refused(copied(models["hubert"], tmp_path / "deep", num_hidden_layers=3), "another architecture than config.json")
    wide = copied(models["hubert"], tmp_path / "wide", hidden_size=32)
    refused(wide, "another architecture than config.json|cannot be loaded")
    mixed = copied(models["wavlm"], tmp_path / "mixed")
    shutil.copy(models["whisper"] / "model.safetensors", mixed)
    refused(mixed, "another architecture than config.json")
    (tmp_path / "torn").mkdir()
    torn = copied(models["hubert"], tmp_path / "torn/model")
    (torn / "model.safetensors").write_bytes((torn / "model.safetensors").read_bytes()[:500])
    refused(torn, "cannot be loaded from .*; nothing in it was executed")
    telephone = copied(models["hubert"], tmp_path / "telephone")
    stated = json.loads((telephone / NEEDED[1]).read_text()) | {"sampling_rate": 8000}
    (telephone / NEEDED[1]).write_text(json.dumps(stated))
    refused(telephone, r"telephone' reads 8000 Hz; 16000 Hz are needed\.$")
    slow = copied(models["hubert"], tmp_path / "slow", conv_stride=[5, 2, 2, 2, 2, 2, 1])
    refused(slow, "rows are 160 samples apart; 320 are needed")


def test_a_checkpoint_of_torch_is_read_without_executing_it(models: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(models["wavlm"], tmp_path / "checkpoint")
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    same = encoder_frames.extract(sound(0.5), RATE, model=str(models["wavlm"]))
    assert np.array_equal(encoder_frames.extract(sound(0.5), RATE, model=str(folder)), same)

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(tmp_path / "executed"), "w")

    bad = copied(folder, tmp_path / "bomb")
    torch.save({**state, "x": Bomb()}, bad / "pytorch_model.bin")
    refused(bad, "nothing in it was executed")
    assert not (tmp_path / "executed").exists()


def test_weights_that_were_stored_in_half_precision_are_computed_in_float32(
    models: dict[str, Path], tmp_path: Path
) -> None:
    """Whisper large v3 is published so; the library's default is the type of the file."""
    folder = copied(models["whisper"], tmp_path / "half", dtype="float16")
    state = {name: value.half() for name, value in load_file(folder / "model.safetensors").items()}
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    whole = encoder_frames.extract(sound(0.5), RATE, model=str(models["whisper"]))
    np.testing.assert_allclose(encoder_frames.extract(sound(0.5), RATE, model=str(folder)), whole, atol=2e-2)


@pytest.mark.parametrize("kind", ["hubert", "wavlm", "wav2vec2"])
def test_a_checkpoint_with_the_names_of_published_ones_is_the_same_model(
    kind: str, models: dict[str, Path], tmp_path: Path
) -> None:
    """They were saved from networks with a head, and with torch's older names of a normalised weight."""
    folder = copied(models[kind], tmp_path / "published")
    older = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    state = {}
    for name, value in load_file(folder / "model.safetensors").items():
        for new, old in older.items():
            name = name.replace(new, old)
        state[f"{kind}.{name}"] = value
    assert sum("weight_g" in name for name in state) == 1
    state.pop(f"{kind}.masked_spec_embed", None)
    torch.save({**state, "lm_head.weight": torch.zeros(3, WIDTH)}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    same = encoder_frames.extract(sound(0.5), RATE, model=str(models[kind]))
    assert np.array_equal(encoder_frames.extract(sound(0.5), RATE, model=str(folder)), same)


def test_layers_that_do_not_exist_are_named(models: dict[str, Path]) -> None:
    refused(models["hubert"], "has layers 0 to 2, not 3, 7", layers=(1, 3, 7))
    refused(models["hubert"], "one is listed twice: 1, 1", layers=(1, 1))
    refused(models["hubert"], "window=1 s must be longer than overlap=2 s", window=1.0)
    with pytest.raises(SerError, match="layers: must be"):
        with_options(Feature(extractor="encoder_frames", options={"model": "x", "layers": "first"}), "here")


def test_a_value_beyond_float16_is_refused_and_its_mean_is_not(models: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(models["hubert"], tmp_path / "large")
    state = load_file(folder / "model.safetensors")
    state["encoder.layers.1.final_layer_norm.bias"] = torch.full((WIDTH,), 1e6)
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    refused(folder, "larger than float16 can store")
    assert encoder_vector.extract(sound(0.5), RATE, model=str(folder)).mean() == pytest.approx(1e6, rel=1e-3)
