"""The stage ``augment``: features of disturbed copies, with noise of their own and voices of the train part."""

from pathlib import Path

import numpy as np
import pytest

from ser.conditions import babble
from ser.config.copies import DisturbedCopy
from ser.errors import SerError
from ser.stages.augment import AugmentJob, augment
from ser.stages.extract import ExtractJob, extract
from ser.tables import contracts

RATE = 16000
NAMES = [f"{speaker}{take}" for speaker in "abcdef" for take in range(2)]
TRAIN = [name for name in NAMES if name[0] in "abc"]


def sound(name: str, seconds: float = 0.5) -> np.ndarray:
    noise = np.random.default_rng(NAMES.index(name)).normal(size=int(seconds * RATE))
    return (0.1 * noise).astype(np.float32)


@pytest.fixture
def audio(tmp_path: Path) -> Path:
    for shard in range(2):
        rows = [
            {"utterance": name, "rate": RATE, "frames": RATE // 2, "samples": sound(name).tobytes()}
            for name in NAMES[shard::2]
        ]
        contracts.write(contracts.AUDIO, rows, tmp_path / f"audio/{shard}.parquet")
    part = {"a": "train", "b": "train", "c": "train", "d": "dev", "e": "test", "f": "test"}
    folds = [
        {"utterance": name, "part": part[name[0]], "label": "ab"[at % 2], "speaker": name[0], "fold": 0}
        for at, name in enumerate(NAMES)
    ]
    notes = {"protocol": '{"rule": "any", "labels": "all", "selection": "last"}', "classes": '["a", "b"]'}
    contracts.write(contracts.FOLDS, folds, tmp_path / "folds.parquet", notes)
    return tmp_path / "audio/0.parquet"


def features(audio: Path, condition: str, strength: float, extractor: str = "waveform", **keys: object) -> list[dict]:
    out = audio.parents[1] / f"{condition}{strength}.parquet"
    given = {"feature": extractor, "extractor": extractor, "condition": condition, "strength": strength}
    augment(AugmentJob.model_validate(given | {"shard": audio, "out": out, "device": "cpu", "gpus": 0} | keys))
    return contracts.read(contracts.FEATURES, out).to_pylist()


def test_a_gain_of_0_db_extracts_what_the_stage_extract_does(audio: Path) -> None:
    out = audio.parents[1] / "plain.parquet"
    extract(ExtractJob(feature="waveform", extractor="waveform", audio=audio, out=out, device="cpu", gpus=0))
    copy = DisturbedCopy("gain", 0.0)
    found = {row.pop("utterance"): row for row in features(audio, "gain", 0.0)}
    assert found == {copy.of(row.pop("utterance")): row for row in contracts.read(contracts.FEATURES, out).to_pylist()}
    plain, made = (contracts.metadata(path) for path in (out, audio.parents[1] / "gain0.0.parquet"))
    assert {**made, "checksum": ""} == {**plain, "checksum": ""}


def test_every_copy_has_noise_of_its_own_also_at_another_strength(audio: Path) -> None:
    """Otherwise a network could learn the noise."""
    added = []
    for strength in (10.0, 0.0):
        for row in features(audio, "white_noise", strength):
            samples = np.frombuffer(row["matrix"], row["dtype"]).astype(np.float64).ravel()[: RATE // 2]
            noise = samples - sound(row["utterance"].split("+")[0])
            assert 10 * np.log10(0.01 / noise.var()) == pytest.approx(strength, abs=0.3)
            added.append(noise / noise.std())
    together = np.abs(np.corrcoef(added) - np.eye(len(added)))
    assert together.max() < 0.05


def test_voices_are_of_other_speakers_of_the_train_part_alone(audio: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[bytes, list[bytes]]] = []

    def recorded(signal: np.ndarray, strength: float, random: object, others: list[np.ndarray]) -> np.ndarray:
        del strength, random
        given.append((signal.tobytes(), [one.tobytes() for one in others]))
        return signal

    monkeypatch.setattr(babble, "disturb", recorded)
    keys = {"protocol": "p", "fold": 0, "folds": audio.parents[1] / "folds.parquet"}
    rows = features(audio, "babble", 10.0, **keys)
    copy = DisturbedCopy("babble", 10.0, protocol="p", fold=0)
    mine = [name for name in TRAIN if name.endswith("0")]  # of this shard
    assert [row["utterance"] for row in rows] == [copy.of(name) for name in mine]
    name_of = {sound(name).tobytes(): name for name in NAMES}
    assert [name_of[signal] for signal, _ in given] == mine
    for signal, others in given:
        wanted = {name for name in TRAIN if name[0] != name_of[signal][0]}
        assert {name_of[one] for one in others} == wanted, "of all shards"


def test_a_feature_of_transcripts_is_that_of_the_utterance(audio: Path) -> None:
    shard = audio.parents[1] / "words.parquet"
    row = {"utterance": "a0", "frames": 1, "dims": 2, "dtype": "float32", "matrix": np.ones(2, np.float32).tobytes()}
    contracts.write(contracts.FEATURES, [row], shard, {"feature": "bert", "hop": "null"})
    (found,) = features(shard, "white_noise", 0.0, "text_vector")
    assert found == {**row, "utterance": DisturbedCopy("white_noise", 0.0).of("a0")}


def test_what_cannot_be_disturbed_is_named(audio: Path) -> None:
    with pytest.raises(SerError, match=r"needs the voices of other speakers of the train part: name its fold table"):
        features(audio, "babble", 10.0)
    rows = [{"utterance": "a0", "rate": RATE, "frames": 200, "samples": np.ones(200, np.float32).tobytes()}]
    contracts.write(contracts.AUDIO, rows, audio)
    named = rf"{audio}, condition 'end_missing' 95: feature 'prosody', utterance a0\+end_missing-"
    with pytest.raises(SerError, match=named):
        features(audio, "end_missing", 95.0, "prosody")
