"""Recognisers: the same recording gives the same text after any other, and errors name what is wrong."""

import inspect
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from ser import catalog
from ser.audio import reading
from ser.config.options import with_options
from ser.config.schema import Transcript
from ser.demo_corpus import espeak
from ser.errors import SerError
from ser.recognisers import faster_whisper, pocketsphinx

SENTENCES = ("my mother called me yesterday", "he told me about his mother")


@pytest.fixture(scope="module")
def spoken() -> dict[str, np.ndarray]:
    """Sentences in a synthetic voice, 16 kHz."""
    speech = espeak.synthesise([(text, espeak.Voice("en-us", rate=150)) for text in SENTENCES])
    return {
        text: reading.resample(np.frombuffer(samples, "<i2").astype(np.float32) / 32768, espeak.RATE)
        for text, (samples, _) in zip(SENTENCES, speech, strict=True)
    }


@pytest.fixture(scope="module")
def sphinx() -> pocketsphinx.PocketSphinx:
    return pocketsphinx.load()


@pytest.mark.parametrize("name", catalog.names("recognisers"))
def test_every_recogniser_names_its_libraries_and_takes_options_by_name(name: str) -> None:
    module = catalog.load("recognisers", name)
    assert all(version(distribution) for distribution in module.DEPENDS)
    assert all(one.kind is one.KEYWORD_ONLY for one in inspect.signature(module.load).parameters.values())


def test_pocketsphinx_recognises_words_of_the_sentence(
    sphinx: pocketsphinx.PocketSphinx, spoken: dict[str, np.ndarray]
) -> None:
    for text, signal in spoken.items():
        words = sphinx.recognise(signal, 16000)
        assert words == words.lower()
        assert len(set(words.split()) & set(text.split())) >= 2, "of 130 000 words that it knows"
    assert "pocketsphinx 5" in sphinx.provenance


def test_pocketsphinx_does_not_depend_on_earlier_utterances(
    sphinx: pocketsphinx.PocketSphinx, spoken: dict[str, np.ndarray]
) -> None:
    first, second = spoken.values()
    before = sphinx.recognise(second, 16000)
    sphinx.recognise(3 * first, 16000)  # louder, and clipped
    assert sphinx.recognise(second, 16000) == before
    assert pocketsphinx.load().recognise(second, 16000) == before


@pytest.mark.parametrize("samples", [0, 1, 100, 1600])
def test_pocketsphinx_recognises_nothing_in_silence(sphinx: pocketsphinx.PocketSphinx, samples: int) -> None:
    assert sphinx.recognise(np.zeros(samples, np.float32), 16000) == ""


def test_recordings_at_another_rate_are_refused(sphinx: pocketsphinx.PocketSphinx, whisper: Path) -> None:
    for recogniser in (sphinx, faster_whisper.load(model=str(whisper), device="cpu")):
        with pytest.raises(SerError, match="8000 Hz"):
            recogniser.recognise(np.zeros(800, np.float32), 8000)


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Whisper of one layer and 16 dimensions with random weights: its text is meaningless, but it runs."""
    from ctranslate2.specs import WhisperSpec

    folder = tmp_path_factory.mktemp("models") / "tiny-random"
    folder.mkdir()
    words = vocabulary(folder / "tokenizer.json")
    spec = WhisperSpec(1, 2, 1, 2)
    fill(spec, len(words))
    spec.register_vocabulary(words)
    spec.config.lang_ids = [words.index("<|en|>")]
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.alignment_heads = [(0, 0)]
    spec.validate()
    spec.optimize()
    spec.save(str(folder))
    return folder


def vocabulary(path: Path) -> list[str]:
    """Write a tokenizer of single bytes and Whisper's special words; return its words in order."""
    import tokenizers

    letters = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>"]
    special += ["<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"]
    special += [f"<|{0.02 * step:.2f}|>" for step in range(1501)]
    model = tokenizers.models.BPE({letter: index for index, letter in enumerate(letters)}, [])
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.add_special_tokens(special)
    tokenizer.save(str(path))
    return letters + special


def fill(spec: object, words: int, dims: int = 16, mels: int = 80) -> None:
    """Give every part of the model random weights of the right shape."""
    generator = np.random.default_rng(0)

    def put(layer: object, *shape: int) -> None:
        layer.weight = generator.normal(0, 0.3, shape).astype(np.float32)  # type: ignore[attr-defined]
        layer.bias = np.zeros(shape[0], np.float32)  # type: ignore[attr-defined]

    def norm(layer: object) -> None:
        layer.gamma, layer.beta = np.ones(dims, np.float32), np.zeros(dims, np.float32)  # type: ignore[attr-defined]

    def attention(layer: object, *shapes: tuple[int, int]) -> None:
        norm(layer.layer_norm)  # type: ignore[attr-defined]
        for linear, shape in zip(layer.linear, shapes, strict=True):  # type: ignore[attr-defined]
            put(linear, *shape)

    def feed_forward(layer: object) -> None:
        norm(layer.layer_norm)  # type: ignore[attr-defined]
        put(layer.linear_0, 2 * dims, dims)  # type: ignore[attr-defined]
        put(layer.linear_1, dims, 2 * dims)  # type: ignore[attr-defined]

    encoder, decoder = spec.encoder, spec.decoder  # type: ignore[attr-defined]
    put(encoder.conv1, dims, mels, 3)
    put(encoder.conv2, dims, dims, 3)
    encoder.position_encodings.encodings = generator.normal(0, 0.3, (1500, dims)).astype(np.float32)
    decoder.position_encodings.encodings = generator.normal(0, 0.3, (448, dims)).astype(np.float32)
    decoder.embeddings.weight = generator.normal(0, 0.3, (words, dims)).astype(np.float32)
    decoder.projection.weight = decoder.embeddings.weight
    for half in (encoder, decoder):
        norm(half.layer_norm)
        for layer in half.layer:
            attention(layer.self_attention, (3 * dims, dims), (dims, dims))
            feed_forward(layer.ffn)
    for layer in decoder.layer:
        attention(layer.attention, (dims, dims), (2 * dims, dims), (dims, dims))


def test_whisper_gives_the_same_text_for_the_same_recording(whisper: Path, spoken: dict[str, np.ndarray]) -> None:
    first, second = spoken.values()
    recogniser = faster_whisper.load(model=str(whisper), device="cpu", beam_size=2)
    before = recogniser.recognise(first, 16000)
    assert before
    assert before == before.strip()
    assert recogniser.recognise(second, 16000) != before
    assert recogniser.recognise(first, 16000) == before
    assert faster_whisper.load(model=str(whisper), device="cpu", beam_size=2).recognise(first, 16000) == before
    for part in ("tiny-random", "cpu int8", "faster-whisper"):
        assert part in recogniser.provenance


def test_whisper_is_called_without_sampling_and_context(
    whisper: Path, spoken: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, object] = {}
    recogniser = faster_whisper.load(model=str(whisper), device="cpu", beam_size=3)
    usual: Callable[..., object] = recogniser.model.transcribe
    monkeypatch.setattr(
        recogniser.model, "transcribe", lambda signal, **options: asked.update(options) or usual(signal, **options)
    )
    recogniser.recognise(spoken[SENTENCES[1]], 16000)
    wanted = {"temperature": 0.0, "condition_on_previous_text": False, "vad_filter": False}
    assert asked == {**wanted, "language": "en", "beam_size": 3}


def test_whisper_depends_on_the_file_of_its_weights(whisper: Path) -> None:
    assert faster_whisper.files(model=str(whisper), beam_size=1) == [whisper / "model.bin"]
    assert faster_whisper.files(model="large-v3") == []


def test_a_model_that_the_hub_does_not_give_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    for name in ("tiny.en", "someone/no-such-model", "huge-v9"):
        with pytest.raises(SerError, match=rf"'{name}' is neither a folder nor available.*as 'model'"):
            faster_whisper.load(model=name)


def test_an_error_names_what_a_folder_without_a_model_lacks(tmp_path: Path, whisper: Path) -> None:
    with pytest.raises(SerError, match=r"lacks model\.bin and tokenizer\.json"):
        faster_whisper.load(model=str(tmp_path))
    (tmp_path / "model.bin").write_bytes(b"no model")
    (tmp_path / "tokenizer.json").write_bytes((whisper / "tokenizer.json").read_bytes())
    with pytest.raises(SerError, match="cannot be loaded on cpu as int8"):
        faster_whisper.load(model=str(tmp_path), device="cpu")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"device": "cpu", "language": "de"}, ("language", "'de'", "Known: en")),
        ({"device": "cpu", "compute_type": "int3"}, ("int3", "cannot be loaded")),
    ],
)
def test_options_that_the_model_lacks_are_named(
    whisper: Path, options: dict[str, object], words: tuple[str, ...]
) -> None:
    with pytest.raises(SerError) as error:
        faster_whisper.load(model=str(whisper), **options)  # type: ignore[arg-type]
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "gpu"}, "options.device: must be 'auto', 'cpu' or 'cuda'; it is 'gpu'"),
        ({"beam_size": 0}, "options.beam_size: must be greater than or equal to 1; it is 0"),
    ],
)
def test_wrong_options_of_whisper_are_named(options: dict[str, object], message: str) -> None:
    with pytest.raises(SerError, match=message):
        with_options(Transcript(recogniser="faster_whisper", options={"model": "tiny", **options}), "whisper")
