"""The rule for "none of these": each reason at its limit, and limits as quantiles of what the training saw."""

import numpy as np
import pytest

from ser.audio import reading
from ser.audio.measures import measure
from ser.audio.statistics import statistics
from ser.inference import none_rule
from ser.inference.none_rule import Limits

LIMITS = Limits(quietest=-40.0, shortest=0.5, longest=6.0, confidence=0.4)


@pytest.mark.parametrize(
    ("level", "seconds", "confidence", "reason"),
    [
        (-40.0, 0.5, 0.4, None),
        (-20.0, 6.0, 1.0, None),
        (-40.1, 2.0, 0.9, "too quiet"),
        (-30.0, 0.05, 0.9, "too short"),
        (-30.0, 6.1, 0.9, "too long"),
        (-30.0, 2.0, 0.25, "unsure"),
        (None, None, 0.9, None),
    ],
)
def test_each_reason(level: float | None, seconds: float | None, confidence: float, reason: str | None) -> None:
    assert LIMITS.reason(level, seconds, confidence) == reason
    assert Limits().reason(level, seconds, confidence) is None, "a limit that is not known is no reason"


def test_nearly_all_of_the_training_is_inside_of_its_limits() -> None:
    rng = np.random.default_rng(0)
    levels, seconds = rng.normal(-25, 4, 2000), rng.lognormal(1, 0.4, 2000)
    limits = none_rule.sound_limits(levels.tolist(), seconds.tolist())
    found = [limits.reason(level, length, 1.0) for level, length in zip(levels, seconds, strict=True)]
    assert found.count("too quiet") == pytest.approx(20, abs=1)
    assert found.count("too short") + found.count("too long") == pytest.approx(40, abs=3)


def test_of_the_right_answers_on_dev_95_percent_are_sure_enough() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet([0.7] * 4, 1000)
    truth = np.where(rng.random(1000) < 0.7, probabilities.argmax(axis=1), 0)
    limit = none_rule.confidence_limit(probabilities, truth)
    assert limit is not None
    right = probabilities.max(axis=1)[probabilities.argmax(axis=1) == truth]
    assert (right >= limit).mean() == pytest.approx(0.95, abs=2e-3)
    assert none_rule.confidence_limit(probabilities, probabilities.argmin(axis=1)) is None
    assert none_rule.confidence_limit(np.eye(4)[[0, 1]], np.array([0, 1])) == 1


@pytest.mark.parametrize("offset", [0.0, 0.3])
def test_the_level_is_the_measure_of_the_manifest(offset: float) -> None:
    time = np.arange(reading.RATE) / reading.RATE
    signal = (0.1 * np.sin(2 * np.pi * 200 * time) + offset).astype(np.float32)
    inspection = reading.Inspection(reading.RATE, 1, 1.0, statistics=statistics(signal[:, None]))
    assert none_rule.level(signal) == measure(inspection, signal[:, None], signal).level
    assert none_rule.level(signal) == pytest.approx(20 * np.log10(0.1 / np.sqrt(2)), abs=0.01)
    assert none_rule.level(np.zeros(100, np.float32)) == -120
