"""The attention of a prediction is the one that the training recorded, at its time in the recording."""

from pathlib import Path

import numpy as np
import pytest
from tiny_project import TEXTS, Project, names_of_test

from ser.inference import predictions, recordings, trained_run
from ser.inference.recordings import Request
from ser.inference.system import System
from ser.tables import contracts


@pytest.mark.parametrize("name", ["C-pFSMN-A", "DenseLSTM-Time"])
def test_the_attention_is_that_of_the_training_where_the_speech_is(name: str, project: Project) -> None:
    folder = project.train(name)
    system, failures = System(trained_run.read(folder)), predictions.Failures()
    wanted = [Request(Path("wav", f"{one}.wav"), one, text=TEXTS[one]) for one in names_of_test()]
    found = list(predictions.predict(system, wanted, failures, attention=3))
    assert [bool(answer.attention) for _, answer in found] == [True, True, True, False]
    table = contracts.read(contracts.ATTENTION, folder / "attention.parquet").to_pylist()
    stored = {(row["utterance"], row["attention"]): row for row in table if row["axis"] == "frames"}
    assert stored
    for request, answer in found[:3]:
        signal, begin, _ = recordings.sound(request, system.trained.contents.audio)
        assert 0.1 < begin < 0.4, "silence before the speech is cut"
        for one in answer.attention:
            row = stored[request.name, one.name]
            assert one.start == pytest.approx(begin + row["start"])
            assert one.step == pytest.approx(row["step"])
            assert one.equal == pytest.approx(1 / len(row["weights"]))
            np.testing.assert_allclose(one.weights, row["weights"][: len(one.weights)], atol=1e-6)
            assert one.after == pytest.approx(sum(row["weights"][len(one.weights) :]), abs=1e-5)
            assert one.start + one.step * (len(one.weights) - 1.5) < begin + len(signal) / 16000


def test_every_segment_has_its_attention_and_a_system_without_has_none(project: Project) -> None:
    system = System(trained_run.read(project.train("CNN_TF_Att.pooling")))
    request = Request(Path("wav", "test3.wav"), "test3")
    answer = next(predictions.predict(system, [request], predictions.Failures(), attention=1))[1]
    starts = [one.start for one in answer.attention]
    assert len(starts) > 1
    np.testing.assert_allclose(np.diff(starts)[:-1], 0.3, atol=1e-6)  # the segments of the tiny recipe
    other = System(trained_run.read(project.train("SVM-eGeMAPS")))
    assert next(predictions.predict(other, [request], predictions.Failures(), attention=1))[1].attention == ()
