"""Stage transcribe: given and recognised transcripts of a shard, and their tokens."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser import catalog, recognisers
from ser.audio import reading
from ser.demo_corpus import espeak
from ser.errors import SerError
from ser.stages.transcribe import TranscribeJob, transcribe
from ser.tables import contracts
from ser.text.tokens import tokens

SHARDS: dict[str, tuple[int, str | None]] = {
    "b": (0, "Excuse me."),
    "a": (0, "[LAUGHTER] I don't know... Okay?"),
    "c": (1, ""),
    "d": (2, None),
    "e": (2, None),
}


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    rows = [
        {"utterance": name, "audio": f"{name}.wav", "seconds": 1.0, "rate": 16000, "channels": 1, "checksum": "0" * 32}
        | {"shard": shard, "text": text}
        for name, (shard, text) in SHARDS.items()
    ]
    path = tmp_path / "manifest.parquet"
    contracts.write(contracts.MANIFEST, pa.Table.from_pylist(rows, schema=contracts.MANIFEST.schema), path)
    return path


def recordings(path: Path, signals: dict[str, np.ndarray]) -> Path:
    rows = [
        {"utterance": name, "rate": 16000, "frames": len(signal), "samples": signal.astype("<f4").tobytes()}
        for name, signal in signals.items()
    ]
    contracts.write(contracts.AUDIO, pa.Table.from_pylist(rows, schema=contracts.AUDIO.schema), path)
    return path


def rows(path: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = contracts.read(contracts.TRANSCRIPTS, path).to_pylist()
    return found


def test_the_corpuss_own_text_is_kept_and_split_into_tokens(manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "given" / "0.parquet"
    transcribe(TranscribeJob(manifest=manifest, shard=0, out=out))
    first, second = rows(out)
    assert (first["utterance"], second["utterance"]) == ("b", "a"), "the order of the shard"
    assert first["text"] == first["reference"] == "Excuse me."
    assert first["words"] == ["excuse", "me", "."]
    assert second["words"] == ["[", "laughter", "]", "i", "do", "n't", "know", "...", "okay", "?"]
    assert contracts.metadata(out)["provenance"] == "the corpus's own transcripts"


def test_an_empty_transcript_is_legal_and_a_missing_one_is_not(manifest: Path, tmp_path: Path) -> None:
    transcribe(TranscribeJob(manifest=manifest, shard=1, out=tmp_path / "1.parquet"))
    assert rows(tmp_path / "1.parquet") == [{"utterance": "c", "text": "", "words": [], "reference": ""}]
    with pytest.raises(SerError, match=r"no transcript of 2 utterances: d, e.*inputs\.words\.transcript"):
        transcribe(TranscribeJob(manifest=manifest, shard=2, out=tmp_path / "2.parquet"))
    transcribe(TranscribeJob(manifest=manifest, shard=7, out=tmp_path / "7.parquet"))
    assert rows(tmp_path / "7.parquet") == []


def test_a_recogniser_transcribes_the_shards_recordings(manifest: Path, tmp_path: Path) -> None:
    ((samples, _),) = espeak.synthesise([("my mother called me yesterday", espeak.Voice("en-us", rate=150))])
    signal = reading.resample(np.frombuffer(samples, "<i2").astype(np.float32) / 32768, espeak.RATE)
    shard = recordings(tmp_path / "audio.parquet", {"b": signal, "a": np.zeros(800, np.float32)})
    out = tmp_path / "0.parquet"
    transcribe(TranscribeJob(manifest=manifest, shard=0, out=out, audio=shard, recogniser="pocketsphinx"))
    spoken, silent = rows(out)
    assert {"my", "mother"} <= set(spoken["words"])  # type: ignore[call-overload]
    assert spoken["reference"] == "Excuse me."
    assert (silent["text"], silent["words"]) == ("", [])
    notes = contracts.metadata(out)
    assert notes["recogniser"] == "pocketsphinx"
    assert "US English" in notes["provenance"]
    assert json.loads(notes["options"]) == {}
    assert set(json.loads(notes["versions"])) == {"pocketsphinx"}


RECOGNISER = """
from types import SimpleNamespace
from ser.errors import SerError
DEPENDS = ("numpy",)
loaded = {}
def load(*, model: str = "small", device: str = "auto"):
    loaded.update(model=model, device=device)
    return SimpleNamespace(recognise=recognise, provenance="a substitute")
def recognise(signal, rate):
    if signal.size < 3:
        raise SerError("is too short.")
    return f"Loudness {signal.max():.1f} at {rate}"
"""


@pytest.fixture
def stand_in(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the name of a recogniser with options, in a package folder of its own."""
    folder, name = tmp_path_factory.mktemp("package") / "ser" / "recognisers", f"any_{uuid4().hex}"
    folder.mkdir(parents=True)
    (folder / f"{name}.py").write_text(RECOGNISER)
    monkeypatch.setattr(catalog, "ROOT", folder.parent)
    monkeypatch.setattr(recognisers, "__path__", [*recognisers.__path__, str(folder)])
    yield name
    sys.modules.pop(f"ser.recognisers.{name}", None)


def test_options_and_the_device_reach_the_recogniser_and_the_notes(
    manifest: Path, tmp_path: Path, stand_in: str
) -> None:
    shard = recordings(tmp_path / "a.parquet", {"d": np.full(5, 0.5), "e": np.full(9, 0.7)})
    out = tmp_path / "2.parquet"
    options = {"model": "large"}
    transcribe(
        TranscribeJob(
            manifest=manifest, shard=2, out=out, audio=shard, recogniser=stand_in, options=options, device="cpu"
        )
    )
    loaded = catalog.load("recognisers", stand_in).loaded
    assert loaded == {"model": "large", "device": "cpu"}
    assert [row["text"] for row in rows(out)] == ["Loudness 0.5 at 16000", "Loudness 0.7 at 16000"]
    assert [row["reference"] for row in rows(out)] == ["", ""], "the corpus has none"
    assert contracts.metadata(out)["options"] == '{"model": "large"}'
    transcribe(
        TranscribeJob(
            manifest=manifest,
            shard=2,
            out=out,
            audio=shard,
            recogniser=stand_in,
            options={"model": "m", "device": "cuda"},
        )
    )
    assert loaded["device"] == "cuda", "the configuration overrides the job's device"


def test_what_cannot_be_recognised_is_named(manifest: Path, tmp_path: Path, stand_in: str) -> None:
    out = tmp_path / "2.parquet"
    with pytest.raises(SerError, match="audio of shard 2"):
        transcribe(TranscribeJob(manifest=manifest, shard=2, out=out, recogniser=stand_in))
    with pytest.raises(SerError, match=r"unknown option of any_\w+ 'modle'.*'model'"):
        transcribe(
            TranscribeJob(
                manifest=manifest, shard=2, out=out, audio=manifest, recogniser=stand_in, options={"modle": "x"}
            )
        )
    other = recordings(tmp_path / "a.parquet", {"d": np.ones(5), "c": np.ones(5)})
    with pytest.raises(SerError, match="resample again"):
        transcribe(TranscribeJob(manifest=manifest, shard=2, out=out, audio=other, recogniser=stand_in))
    short = recordings(tmp_path / "a.parquet", {"d": np.ones(5), "e": np.ones(2)})
    with pytest.raises(SerError, match="utterance e: is too short"):
        transcribe(TranscribeJob(manifest=manifest, shard=2, out=out, audio=short, recogniser=stand_in))
    assert not out.exists()


def test_the_error_for_an_unknown_recogniser_names_the_known_ones(manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"unknown recogniser 'pocketsfinx'.*Known: faster_whisper, pocketsphinx"):
        transcribe(
            TranscribeJob(manifest=manifest, shard=0, out=tmp_path / "0", audio=manifest, recogniser="pocketsfinx")
        )
    assert catalog.names("recognisers") == ["faster_whisper", "pocketsphinx"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Yeah.  No. I mean, um.", "yeah . no . i mean , um ."),
        ("Mr. Smith can't come at 3 p.m. today.", "mr. smith ca n't come at 3 p.m. today ."),
        ("What! Really?!", "what ! really ? !"),
        ("I'm gonna say “no”, don’t you?", "i 'm gon na say `` no '' , do n't you ?"),
        ("It costs $3.50, (well) isn't it...yes", "it costs $ 3.50 , ( well ) is n't it ... yes"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_words_are_those_of_the_penn_treebank_in_lower_case(text: str, words: str) -> None:
    assert tokens(text) == words.split()


@given(st.text(max_size=60))
def test_a_token_is_never_empty_and_has_no_white_space(text: str) -> None:
    found = tokens(text)
    assert all(word and word.split() == [word] for word in found)
    assert all(word == word.lower() for word in found)


@given(st.lists(st.sampled_from(["yes", "no", "mother", "go", "away"]), max_size=8))
def test_plain_words_are_unchanged(words: list[str]) -> None:
    assert tokens(" ".join(words)) == words
