"""Tests that a system should pass: limits against intervals, numbers against plain loops, and what is not tested."""

from math import isnan, nan

import numpy as np
import pandas as pd
import pytest

from ser.config.disturbances import MILD, UNNOTICED
from ser.errors import SerError
from ser.evaluation import model_tests
from ser.evaluation.calibration import calibration_error, reliability
from ser.evaluation.model_tests import Finding

CLASSES = ("angry", "happy", "sad")


def rows(seeds: int = 2, speakers: int = 6, right: float = 0.7, *, repeated: bool = False) -> pd.DataFrame:
    """Return predictions of 12 utterances of each speaker; repeated: every seed has folds of other utterances."""
    draw, found = np.random.default_rng(3), []
    for seed in range(seeds):
        for number in range(12 * speakers):
            label = CLASSES[number % 3]
            predicted = label if draw.random() < right else str(draw.choice(CLASSES))
            speaker = f"s{number // 12}"
            fold = (number // 12 + seed * repeated) % 2
            found.append([seed, fold, f"{speaker}-{number}", speaker, label, predicted])
    return pd.DataFrame(found, columns=["seed", "fold", "utterance", "speaker", "label", "predicted"])


def outcome(clean: pd.DataFrame, conditions: dict[tuple[str, float], pd.DataFrame]) -> dict[str, Finding]:
    found = model_tests.findings(clean, CLASSES, 0.05, (), lambda name, strength: conditions.get((name, strength)))
    return {one.test: one for one in found}


def ua(some: pd.DataFrame) -> float:
    right = some["label"] == some["predicted"]
    return float(np.mean([right[some["seed"] == seed].groupby(some["label"]).mean().mean() for seed in range(2)]))


@pytest.mark.parametrize(
    ("low", "value", "high", "at_least", "verdict"),
    [
        (0.3, 0.4, 0.5, True, "passed"),
        (0.1, 0.15, 0.2, True, "failed"),
        (0.2, 0.3, 0.4, True, "undecided"),
        (0.1, 0.15, 0.2, False, "passed"),
        (0.3, 0.4, 0.5, False, "failed"),
        (nan, 0.4, nan, True, "passed"),
        (nan, 0.4, nan, False, "failed"),
        (nan, nan, nan, True, "not tested"),
        (nan, nan, nan, False, "not tested"),
    ],
)
def test_the_interval_decides(low: float, value: float, high: float, at_least: bool, verdict: str) -> None:
    assert Finding("kind", "test", value, low, high, 0.25, at_least).verdict == verdict


def test_losses_and_agreements_are_those_of_the_rows_in_any_order() -> None:
    clean = rows()
    noisy = clean.assign(predicted=np.where(clean.index % 4 == 0, "happy", clean["predicted"]))
    shuffled = noisy.sample(frac=1, random_state=1)
    found = outcome(clean, {("white_noise", 20.0): shuffled, ("gain", -6.0): shuffled})
    loss = found["UA, white_noise 20 less undisturbed"]
    assert loss.value == pytest.approx(ua(noisy) - ua(clean))
    assert loss.low < loss.value < loss.high < 0
    same = found["same answer, gain -6"]
    assert same.value == pytest.approx((noisy["predicted"] == clean["predicted"]).mean())
    assert same.low < same.value < same.high


def test_what_was_not_computed_is_not_tested_and_never_passed() -> None:
    found = outcome(rows(), {})
    missing = [one for one in found.values() if one.kind in ("fairness", "robustness", "consistency")]
    assert len(missing) == 1 + len(MILD) + len(UNNOTICED)
    assert {one.verdict for one in missing} == {"not tested"}
    assert {one.verdict for one in found.values() if one.kind in ("correctness", "calibration")} <= {"passed", "failed"}


def test_a_loss_of_seeds_that_test_different_folds_is_not_known() -> None:
    clean = rows(repeated=True)
    found = outcome(clean, {("white_noise", 20.0): clean, ("gain", 6.0): clean})
    assert isnan(found["UA, white_noise 20 less undisturbed"].value)
    assert found["same answer, gain 6"].value == 1


def test_disturbed_rows_of_other_utterances_are_an_error() -> None:
    clean = rows()
    with pytest.raises(SerError):
        outcome(clean, {("gain", 6.0): clean.assign(utterance=lambda some: some["utterance"] + "-x")})


def test_the_calibration_error_is_the_mean_over_seeds() -> None:
    clean = rows()
    given = np.random.default_rng(0).dirichlet((1, 1, 1), len(clean))
    truth = np.array([CLASSES.index(name) for name in clean["label"]])
    each = [calibration_error(reliability(given[mine], truth[mine])) for mine in (slice(0, 72), slice(72, None))]
    assert model_tests.calibration_error_of(clean, given, CLASSES) == pytest.approx(np.mean(each))
