"""Encoders of text: vectors against the networks themselves, batches, limits, empty texts, and bad models."""

import inspect
import json
import shutil
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from hub_server import COMMIT, MODEL, Hub, running
from tiny_text_encoders import DEPTH, KINDS, POSITIONS, WIDTH, WORDS, save, tokenizer
from tokenizers import Tokenizer

from ser.checks.run import failures
from ser.config import extractors
from ser.config.options import with_options
from ser.config.schema import Feature
from ser.errors import SerError
from ser.features import _text_encoders, text_vector
from ser.features._text_encoders import TextReading
from ser.files.published import sha256
from ser.layers import pretrained

TEXTS = ("Please, leave me alone!", "no", "it is on the table", "", "unheard-of words", " ".join(WORDS))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the folder of a tiny model of each kind."""
    folder = tmp_path_factory.mktemp("text-encoders")
    return {kind: save(kind, folder / kind) for kind in KINDS}


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest, models: dict[str, Path]) -> str:
    return str(models[request.param])


def computed(model: str, text: str, most: int = POSITIONS) -> list[torch.Tensor]:
    """Return the layers, (tokens, width), by the library alone, without our batches."""
    network = getattr(transformers, KINDS[Path(model).name][0]).from_pretrained(model).eval()
    tokens = Tokenizer.from_file(f"{model}/tokenizer.json")
    tokens.no_padding()
    tokens.enable_truncation(most)
    with torch.inference_mode():
        found = network(input_ids=torch.tensor([tokens.encode(text).ids]), output_hidden_states=True)
    return [one[0] for one in (*found.hidden_states[:-1], found.last_hidden_state)]


def test_the_vector_is_the_mean_over_the_tokens_or_the_first_of_them(model: str) -> None:
    for text in TEXTS:
        layers = computed(model, text)
        assert len(layers) == DEPTH + 1
        mean = text_vector.extract(text, model=model, layers="all")
        np.testing.assert_allclose(mean[0], torch.cat(layers, dim=1).mean(0), atol=1e-5)
        first = text_vector.extract(text, model=model, pooling="first", layers=(1, 0))
        np.testing.assert_allclose(first[0], torch.cat([layers[1], layers[0]], dim=1)[0], atol=1e-5)
        assert mean.dtype == first.dtype == np.float32
    assert text_vector.dims(model=model, layers="all") == mean.shape[1] == (DEPTH + 1) * WIDTH
    assert text_vector.dims(model=model) == WIDTH


@pytest.mark.parametrize("batch", [1, 12, 4096])
def test_texts_computed_together_are_those_computed_alone(model: str, batch: int) -> None:
    together = text_vector.extract_many(TEXTS, model=model, layers="all", batch=batch)
    for text, vector in zip(TEXTS, together, strict=True):
        np.testing.assert_allclose(vector, text_vector.extract(text, model=model, layers="all"), atol=1e-5)


def test_a_batch_holds_the_stated_tokens_with_padding_at_most() -> None:
    assert list(_text_encoders._batches([5, 2, 2, 9, 3], 9)) == [[1, 2, 4], [0], [3]]
    assert list(_text_encoders._batches([], 9)) == []


def test_a_long_text_is_cut_at_the_limit_and_counted(model: str) -> None:
    long = "yes " * 40
    for limit, most in ((None, POSITIONS), (5, 5)):
        wanted = computed(model, long, most)[-1]
        assert len(wanted) == most
        np.testing.assert_allclose(text_vector.extract(long, model=model, limit=limit)[0], wanted.mean(0), atol=1e-5)
        assert f"; {most} tokens at most; " in text_vector.provenance(model=model, limit=limit)
    exact = "yes " * (POSITIONS - 2)
    texts = (long, exact, "", " \n", "no")
    assert text_vector.counts(texts, model=model) == {"texts": 5, "cut": 1, "empty": 2}
    assert text_vector.counts(texts, model=model, limit=3) == {"texts": 5, "cut": 2, "empty": 2}
    with pytest.raises(SerError, match=rf"reads {POSITIONS} tokens at most, not {POSITIONS + 1}\.$"):
        text_vector.extract("no", model=model, limit=POSITIONS + 1)
    with pytest.raises(SerError, match="limit: 2 tokens are those that model"):
        text_vector.extract("no", model=model, limit=2)


def test_an_empty_text_is_that_of_the_tokens_around_it(model: str) -> None:
    vector = text_vector.extract("", model=model)
    np.testing.assert_allclose(vector[0], computed(model, "")[-1].mean(0), atol=1e-5)
    assert len(computed(model, "")[-1]) == 2
    assert np.array_equal(vector, text_vector.extract("  ", model=model))


def test_the_contract_of_an_extractor_of_text_holds(model: str) -> None:
    entry = Feature(extractor="text_vector", options={"model": model})
    assert list(failures(entry, "text_vector")) == []
    assert extractors.transcript(entry) == "given"
    assert extractors.transcript(Feature(extractor="text_vector", options={"transcript": "asr"})) == "asr"
    assert extractors.transcript(Feature(extractor="mfcc")) is None
    options = with_options(entry, "here").options
    assert [path.name for path in text_vector.files(**options)] == [
        "config.json",
        "tokenizer.json",
        "model.safetensors",
    ]


def test_the_note_has_weights_licence_layers_and_pooling(models: dict[str, Path]) -> None:
    folder = models["bert"]
    note = text_vector.provenance(model=str(folder), layers=(1, 2), pooling="first")
    assert note == (
        f"bert, a folder, model.safetensors SHA-256 {sha256(folder / 'model.safetensors')}, licence apache-2.0; "
        f"layers 1, 2; {POSITIONS} tokens at most; first token"
    )
    assert text_vector.provenance(model=str(folder)).endswith("; mean over the tokens")


def test_a_model_on_the_hub_is_read_at_its_commit_and_then_without_a_connection(
    models: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("huggingface_hub")
    given = {"model": MODEL, "revision": COMMIT}
    pretrained._from_hub.cache_clear()
    with running(monkeypatch, tmp_path / "cache") as server:
        Hub.files = {path.name: path.read_bytes() for path in models["bert"].iterdir()}
        assert text_vector.files(**given) == []
        vector = text_vector.extract("no", **given)
        asked = len(Hub.asked)
        assert f"/{MODEL}/resolve/{COMMIT}/tokenizer.json" in Hub.asked
        server.shutdown()
        server.server_close()
        pretrained._from_hub.cache_clear()
        assert np.array_equal(text_vector.extract("no", **given), vector)
        assert len(Hub.asked) == asked
        note = text_vector.provenance(**given)
    assert np.array_equal(text_vector.extract("no", model=str(models["bert"])), vector)
    assert note.startswith(f"{MODEL}, revision {COMMIT}, model.safetensors SHA-256 ")
    assert "licence apache-2.0" in note


def test_both_records_of_the_options_have_the_same_defaults() -> None:
    defaults = {one.name: one.default for one in fields(TextReading) if one.name != "model"}
    stated = {name: one.default for name, one in inspect.signature(text_vector.extract).parameters.items()}
    assert {name: stated[name] for name in defaults} == defaults


@pytest.mark.parametrize(("kind", "head"), [("bert", "BertForPreTraining"), ("roberta", "RobertaForMaskedLM")])
def test_a_checkpoint_that_was_saved_with_a_head_is_the_same_encoder(kind: str, head: str, tmp_path: Path) -> None:
    """Published BERT is saved so: with a prefix before each name, a head and, of RoBERTa, without a pooler."""
    with_head = save(kind, tmp_path / kind, head=head)
    bare = getattr(transformers, KINDS[kind][0]).from_pretrained(with_head)
    copy = tmp_path / "bare" / kind
    bare.save_pretrained(copy)
    shutil.copy(with_head / "tokenizer.json", copy)
    for text in TEXTS:
        one, other = (text_vector.extract(text, model=str(folder)) for folder in (with_head, copy))
        assert np.array_equal(one, other)


def test_a_checkpoint_of_torch_is_read_without_executing_it(models: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(models["bert"], tmp_path / "bert")
    state = getattr(transformers, "BertModel").from_pretrained(folder).state_dict()  # noqa: B009
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    same = text_vector.extract("no", model=str(models["bert"]))
    assert np.array_equal(text_vector.extract("no", model=str(folder)), same)

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(tmp_path / "executed"), "w")

    bad = copied(folder, tmp_path / "bomb")
    torch.save({**state, "x": Bomb()}, bad / "pytorch_model.bin")
    refused(bad, "nothing in it was executed")
    assert not (tmp_path / "executed").exists()


def test_code_in_a_models_repository_is_never_imported(models: dict[str, Path], tmp_path: Path) -> None:
    folder = copied(models["bert"], tmp_path / "own", auto_map={"AutoModel": "own.Model"})
    (folder / "own.py").write_text("raise SystemExit('executed')")
    text_vector.extract("no", model=str(folder))
    assert not [name for name in sys.modules if name.endswith(".own")]


def copied(folder: Path, to: Path, **config: Any) -> Path:
    """Return a copy of a model with changes in its config.json."""
    shutil.copytree(folder, to)
    path = to / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return to


def refused(folder: Path | str, message: str, **options: Any) -> None:
    with pytest.raises(SerError, match=message) as error:
        text_vector.extract("no", model=str(folder), **options)
    assert "\n" not in str(error.value)


def test_a_folder_that_is_no_model_is_named(models: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "the folder lacks config.json and tokenizer.json")
    bare = copied(models["bert"], tmp_path / "bare")
    (bare / "model.safetensors").unlink()
    refused(bare, "holds no weights; known: model.safetensors or pytorch_model.bin")
    with pytest.raises(SerError, match="holds no weights"):
        text_vector.files(model=str(bare))  # before any job
    refused(tmp_path / "nowhere", "neither a folder nor a name on the hub")
    refused(models["bert"], "is a folder, which has no revision", revision="0" * 40)
    refused(models["bert"], f"is {sha256(models['bert'] / 'model.safetensors')}, not {'0' * 64}", sha256="0" * 64)
    with pytest.raises(SerError, match=r"someone/bert.* commit"):
        text_vector.files(model="someone/bert")


def test_weights_and_tokenisers_of_another_architecture_are_refused(models: dict[str, Path], tmp_path: Path) -> None:
    refused(copied(models["bert"], tmp_path / "gpt", model_type="gpt2"), r"unknown architecture .* 'gpt2'.*Known: bert")
    refused(copied(models["bert"], tmp_path / "deep", num_hidden_layers=3), "another architecture than config.json")
    mixed = copied(models["bert"], tmp_path / "mixed")
    shutil.copy(models["distilbert"] / "model.safetensors", mixed)
    refused(mixed, "another architecture than config.json")
    small = copied(models["bert"], tmp_path / "small", vocab_size=10)
    refused(small, "tokenizer.json has tokens 0 to 18, config.json states 10 tokens")
    torn = copied(models["bert"], tmp_path / "torn")
    (torn / "tokenizer.json").write_text('{"model": 3}')
    refused(torn, "cannot be loaded from .*tokenizer.json")
    plain = copied(models["bert"], tmp_path / "plain")
    tokenizer(plain / "tokenizer.json", padding=0, begins=False)
    refused(plain, "adds no token that begins a text")
    short = copied(models["bert"], tmp_path / "short", max_position_embeddings="many")
    refused(short, "states no max_position_embeddings")
    refused(models["bert"], "has layers 0 to 2, not 7", layers=(7,))
