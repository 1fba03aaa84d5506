"""Stage transcribe: the corpus's own words or what a recogniser hears, shard by shard; and what a word is."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ser import audio, catalog
from ser.demo_corpus import espeak
from ser.errors import SerError
from ser.stages import transcribe as stage
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


def test_the_corpuss_own_text_is_kept_and_cut_into_words(manifest: Path, tmp_path: Path) -> None:
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


def test_a_recogniser_hears_the_shards_recordings(manifest: Path, tmp_path: Path) -> None:
    with espeak.synthesiser() as synthesiser:
        said = synthesiser.synthesise("my mother called me yesterday", espeak.Voice("en-us", rate=150)).samples
    signal = audio.resample(np.frombuffer(said, "<i2").astype(np.float32) / 32768, espeak.RATE)
    shard = recordings(tmp_path / "audio.parquet", {"b": signal, "a": np.zeros(800, np.float32)})
    out = tmp_path / "0.parquet"
    transcribe(TranscribeJob(manifest=manifest, shard=0, out=out, audio=shard, recogniser="pocketsphinx"))
    heard, silent = rows(out)
    assert {"my", "mother"} <= set(heard["words"])  # type: ignore[call-overload]
    assert heard["reference"] == "Excuse me."
    assert (silent["text"], silent["words"]) == ("", [])
    notes = contracts.metadata(out)
    assert notes["recogniser"] == "pocketsphinx"
    assert "US English" in notes["provenance"]
    assert json.loads(notes["options"]) == {}
    assert set(json.loads(notes["versions"])) == {"pocketsphinx"}


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A stand-in for a recogniser with options: says how loud it was; returns what it was loaded with."""
    loaded: dict[str, object] = {}

    def recognise(signal: np.ndarray, rate: int) -> str:
        if signal.size < 3:
            raise SerError("is too short.")
        return f"Heard {signal.max():.1f} at {rate}"

    def load(**options: object) -> SimpleNamespace:
        loaded.update(options)
        return SimpleNamespace(recognise=recognise, provenance="a stand-in")

    monkeypatch.setattr(stage.catalog, "load", lambda *_: SimpleNamespace(DEPENDS=("numpy",), load=load))
    monkeypatch.setattr(stage.catalog, "keywords", lambda *_: {"model": True, "device": False})
    return loaded


def test_options_and_the_device_reach_the_recogniser_and_the_notes(
    manifest: Path, tmp_path: Path, stand_in: dict[str, object]
) -> None:
    shard = recordings(tmp_path / "a.parquet", {"d": np.full(5, 0.5), "e": np.full(9, 0.7)})
    out = tmp_path / "2.parquet"
    options = {"model": "large"}
    transcribe(
        TranscribeJob(manifest=manifest, shard=2, out=out, audio=shard, recogniser="any", options=options, device="cpu")
    )
    assert stand_in == {"model": "large", "device": "cpu"}
    assert [row["text"] for row in rows(out)] == ["Heard 0.5 at 16000", "Heard 0.7 at 16000"]
    assert [row["reference"] for row in rows(out)] == ["", ""], "the corpus has none"
    assert contracts.metadata(out)["options"] == '{"model": "large"}'
    transcribe(
        TranscribeJob(
            manifest=manifest, shard=2, out=out, audio=shard, recogniser="any", options={"model": "m", "device": "cuda"}
        )
    )
    assert stand_in["device"] == "cuda", "the configuration's word counts"


@pytest.mark.usefixtures("stand_in")
def test_what_cannot_be_heard_is_named(manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "2.parquet"
    with pytest.raises(SerError, match="audio of shard 2"):
        transcribe(TranscribeJob(manifest=manifest, shard=2, out=out, recogniser="any"))
    with pytest.raises(SerError, match=r"unknown option of any 'modle'.*'model'"):
        transcribe(
            TranscribeJob(manifest=manifest, shard=2, out=out, audio=manifest, recogniser="any", options={"modle": "x"})
        )
    other = recordings(tmp_path / "a.parquet", {"d": np.ones(5), "c": np.ones(5)})
    with pytest.raises(SerError, match="resample again"):
        transcribe(TranscribeJob(manifest=manifest, shard=2, out=out, audio=other, recogniser="any"))
    short = recordings(tmp_path / "a.parquet", {"d": np.ones(5), "e": np.ones(2)})
    with pytest.raises(SerError, match="utterance e: is too short"):
        transcribe(TranscribeJob(manifest=manifest, shard=2, out=out, audio=short, recogniser="any"))
    assert not out.exists()


def test_an_unknown_recogniser_is_told_which_there_are(manifest: Path, tmp_path: Path) -> None:
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
def test_a_word_is_never_empty_and_holds_no_blank(text: str) -> None:
    found = tokens(text)
    assert all(word and word.split() == [word] for word in found)
    assert all(word == word.lower() for word in found)


@given(st.lists(st.sampled_from(["yes", "no", "mother", "go", "away"]), max_size=8))
def test_plain_words_come_through_as_they_are(words: list[str]) -> None:
    assert tokens(" ".join(words)) == words
