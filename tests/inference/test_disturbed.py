"""Test utterances under conditions: no change gives the stored predictions, and each utterance has its own noise."""

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_project import CORPUS, Project, names_of_test, protocol

from ser import layout
from ser.config.disturbances import Disturbance
from ser.errors import SerError
from ser.inference import disturbed, trained_run
from ser.inference.system import System
from ser.preparation import disturbing
from ser.stages.disturb import DisturbJob, disturb
from ser.tables import contracts
from ser.tables.disturbances import DISTURBED

KINDS = ("SVM-eGeMAPS", "Audio-CNN")


def table(folder: Path, condition: str, *strengths: float, seed: int = 0) -> list[dict[str, object]]:
    out = folder / "robustness" / f"{condition}.parquet"
    disturb(DisturbJob(condition=condition, strengths=strengths, seed=seed, run=folder, device="cpu", gpus=0, out=out))
    return contracts.read(DISTURBED, out).to_pylist()


@pytest.mark.parametrize("name", KINDS)
def test_a_gain_of_0_db_gives_the_predictions_that_the_run_stored(name: str, project: Project) -> None:
    folder = project.train(name)
    predicted = contracts.read(contracts.PREDICTIONS, folder / "predictions.parquet").to_pylist()
    stored = {row["utterance"]: row for row in predicted}
    rows = table(folder, "gain", 0.0)
    assert [row["utterance"] for row in rows] == sorted(names_of_test())
    for row in rows:
        assert row["predicted"] == stored[row["utterance"]]["predicted"]
        assert row["label"] == stored[row["utterance"]]["label"]
        np.testing.assert_allclose(row["probabilities"], stored[row["utterance"]]["probabilities"], atol=1e-4)
    strong = table(folder, "white_noise", 20.0, -10.0)
    assert [row["strength"] for row in strong] == [20.0] * 4 + [-10.0] * 4
    clean = [row["probabilities"] for row in rows]
    far = [np.abs(np.subtract(row["probabilities"], one)).max() for row, one in zip(strong[4:], clean, strict=True)]
    assert max(far) > 0.001


def test_noise_is_of_the_utterance_and_the_seed_and_not_of_the_strength() -> None:
    signal = np.sin(np.arange(16000) / 9).astype(np.float32)
    one = Disturbance("white_noise", (20.0, 0.0))

    def noise(name: str, strength: float, of: Disturbance = one) -> np.ndarray:
        added = disturbing.disturbed(signal, name, of, strength) - signal
        return added / added.std()

    np.testing.assert_allclose(noise("a", 20.0), noise("a", 0.0), atol=1e-3)
    assert abs(float(np.mean(noise("a", 0.0) * noise("b", 0.0)))) < 0.05
    assert abs(float(np.mean(noise("a", 0.0) * noise("a", 0.0, Disturbance("white_noise", (20.0,), 1))))) < 0.05
    assert len({one.digest, Disturbance("white_noise", (20.0,)).digest, Disturbance("gain", (20.0, 0.0)).digest}) == 3


def test_babble_is_of_other_speakers_of_the_corpus(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from ser.conditions import babble

    given: list[list[bytes]] = []

    def recorded(signal: np.ndarray, strength: float, random: object, others: list[np.ndarray]) -> np.ndarray:
        del strength, random
        given.append([one.tobytes() for one in others])
        return signal

    monkeypatch.setattr(babble, "disturb", recorded)
    folder = project.train("SVM-eGeMAPS")
    rows = list(disturbed.predictions(System(trained_run.read(folder)), Disturbance("babble", (0.0,)), None))
    audio = contracts.read(contracts.AUDIO, project.audio).to_pylist()
    manifest = contracts.read(contracts.MANIFEST, layout.manifest(CORPUS)).to_pylist()
    names = {row["utterance"]: row["speaker"] for row in manifest}
    speaker = {row["samples"]: names[row["utterance"]] for row in audio}
    assert len(given) == len(rows) == 4
    for row, others in zip(rows, given, strict=True):
        assert {speaker[one] for one in others} == {*speaker.values()} - {row["speaker"]}


def test_a_speakers_statistics_are_those_of_all_disturbed_utterances(project: Project) -> None:
    """A protocol that normalises by speaker, and a gain that the statistics take away again."""
    rule = protocol(normalisation="speaker")
    folder = project.train("Audio-CNN", rule, "by-speaker")
    stored = contracts.read(contracts.PREDICTIONS, folder / "predictions.parquet").to_pylist()
    by_name = {row["utterance"]: row["probabilities"] for row in stored}
    for row in table(folder, "gain", 0.0):
        np.testing.assert_allclose(row["probabilities"], by_name[row["utterance"]], atol=1e-4)


def test_the_table_says_what_made_it(project: Project) -> None:
    folder = project.train("SVM-eGeMAPS")
    table(folder, "start_missing", 50.0, seed=3)
    notes = contracts.metadata(folder / "robustness/start_missing.parquet")
    assert json.loads(notes["classes"]) == ["angry", "happy", "neutral", "sad"]
    assert (notes["seed"], notes["digest"]) == ("3", Disturbance("start_missing", (50.0,), 3).digest)


def test_what_cannot_be_predicted_is_named(project: Project, tmp_path: Path) -> None:
    with pytest.raises(SerError, match="the run is not trained"):
        table(tmp_path, "gain", 0.0)
    folder = project.train("SVM-eGeMAPS")
    with pytest.raises(SerError, match=r"unknown condition 'white_nois'\. Did you mean 'white_noise'"):
        table(folder, "white_nois", 0.0)
