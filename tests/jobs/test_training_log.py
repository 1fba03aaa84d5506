"""The log of a training shows what selects the epoch, for every epoch."""

import pytest

from ser.jobs import training_log
from ser.jobs.training_log import TrainingLog


def lines(capsys: pytest.CaptureFixture[str], name: str, scores: list[float | None]) -> list[str]:
    log = TrainingLog(len(scores), 0)
    for epoch, score in enumerate(scores, start=1):
        log.epoch(epoch, 10 * epoch, 1.25, (name, score), last=epoch == len(scores))
    return capsys.readouterr().err.splitlines()


def test_epochs_between_two_lines_keep_their_score(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = lines(capsys, "dev WA (%)", [0.25, 0.5, 0.625])
    assert line.startswith("epoch 3/3, step 30, ")
    assert line.endswith("loss 1.2500, dev WA (%) of epochs 1 to 3 25.0 50.0 62.5")


def test_a_line_per_epoch_has_its_own_score(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training_log, "EVERY", 0)
    assert [line.partition("dev ")[2] for line in lines(capsys, "dev loss", [1.5, 1.25])] == [
        "loss 1.5000",
        "loss 1.2500",
    ]


def test_without_a_dev_part_there_is_no_score(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, "dev UA (%)", [None, None])[0].endswith("loss 1.2500")
