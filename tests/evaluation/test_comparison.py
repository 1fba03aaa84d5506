"""Paired comparisons: false alarms and power by simulation, p values by brute force and by scipy."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ser.errors import SerError
from ser.evaluation import comparison, pairing
from ser.evaluation.comparison import compare, difference, holm, shares, sign_flip, swaps
from ser.evaluation.intervals import Tally, detectable, estimate, tally
from ser.metrics import METRICS, confusion

CLASSES = ("angry", "happy", "neutral", "sad")
RECALLS = np.array([0.65, 0.5, 0.55, 0.7])


def answers(speakers: int, utterances: int, draw: int, skill: float = 0.3) -> pd.DataFrame:
    """Return one seed's answers on utterances that depend on their numbers only, not on ``draw``."""
    fixed, random = np.random.default_rng(99), np.random.default_rng(draw)
    labels = fixed.choice(CLASSES, utterances)
    speaker = fixed.integers(speakers, size=utterances)
    known = random.random(utterances) < skill + 0.2 * random.random(speakers)[speaker]
    return pd.DataFrame(
        {
            "seed": 0,
            "fold": speaker % 3,
            "utterance": [f"u{number}" for number in range(utterances)],
            "speaker": [f"speaker{number}" for number in speaker],
            "label": labels,
            "predicted": np.where(known, labels, random.choice(CLASSES, utterances)),
        }
    )


def two(speakers: int = 8, utterances: int = 200) -> tuple[pd.DataFrame, pd.DataFrame]:
    return answers(speakers, utterances, 1, 0.4), answers(speakers, utterances, 2, 0.3)


def compared(one: pd.DataFrame, other: pd.DataFrame, metric: str, **options: object) -> comparison.Comparison:
    return compare(tally(one, CLASSES, "one"), tally(other, CLASSES, "other"), metric, **options)  # type: ignore[arg-type]


def measured(rows: pd.DataFrame, metric: str) -> float:
    truth, predicted = (pd.Index(CLASSES).get_indexer(rows[column]) for column in ("label", "predicted"))
    return float(METRICS[metric].of(confusion(truth, predicted, len(CLASSES)), None))


@pytest.mark.parametrize("metric", METRICS)
def test_p_is_that_of_swapping_all_predictions_of_speakers_by_hand(metric: str) -> None:
    one, other = two(speakers=5)
    found = compared(one, other, metric)
    seen = measured(one, metric) - measured(other, metric)
    swapped = []
    for chosen in itertools.product([False, True], repeat=5):
        turned = np.array(chosen)[[int(name[-1]) for name in one["speaker"]]]
        first = one.assign(predicted=np.where(turned, other["predicted"], one["predicted"]))
        second = other.assign(predicted=np.where(turned, one["predicted"], other["predicted"]))
        swapped.append(measured(first, metric) - measured(second, metric))
    assert found.difference == pytest.approx(100 * seen)
    assert found.p == pytest.approx(np.mean(np.abs(swapped) >= abs(seen) - 1e-12))
    assert found.method.endswith("; all 2^5 swaps of 5 clusters")


@pytest.mark.parametrize("utterances", [11, 300])
def test_single_utterances_are_tested_as_scipy_does(utterances: int) -> None:
    one, other = (rows.assign(speaker=None) for rows in two(utterances=utterances))
    right = [(rows["label"] == rows["predicted"]).to_numpy(float) for rows in (one, other)]
    theirs = stats.permutation_test(
        right,
        lambda a, b, axis=-1: (a - b).mean(axis),
        permutation_type="samples",
        n_resamples=9999,
        rng=0,
        vectorized=True,
    )
    assert compared(one, other, "WA").p == pytest.approx(theirs.pvalue, abs=1e-9 if utterances == 11 else 0.03)


def test_shares_of_speakers_are_tested_as_scipy_does() -> None:
    part = np.random.default_rng(0).normal(0.4, 1, 10)
    theirs = stats.permutation_test(
        (part,), lambda x, axis=-1: x.sum(axis), permutation_type="samples", n_resamples=5000
    )
    assert sign_flip(part) == (pytest.approx(theirs.pvalue), "all 2^10 swaps of 10 clusters")


@pytest.mark.parametrize("clusters", [1, 2, 13])
def test_sums_of_two_halves_are_all_sums(clusters: int) -> None:
    part = np.random.default_rng(clusters).integers(-2, 5, clusters).astype(float)  # many equal sums
    sums = [np.dot(signs, part) for signs in itertools.product([-1, 1], repeat=clusters)]
    assert sign_flip(part)[0] == np.mean(np.abs(sums) >= abs(part.sum()))


def test_drawing_swaps_comes_to_the_same_as_listing_them(monkeypatch: pytest.MonkeyPatch) -> None:
    part = np.random.default_rng(1).normal(0.5, 1, 12)
    part[3], part[7] = part[2], -part[2]  # equal shares are drawn together
    listed, how = sign_flip(part)
    monkeypatch.setattr(comparison, "EXACT", 0)
    monkeypatch.setattr(comparison, "DRAWS", (200_000,))
    drawn, other_how = sign_flip(part)
    assert how.startswith("all 2^12")
    assert other_how.startswith("200000 random")
    assert drawn == pytest.approx(listed, abs=4 * math.sqrt(listed * (1 - listed) / 200_000))


def test_drawing_swaps_of_any_metric_comes_to_the_same_as_listing_them(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = (tally(rows, CLASSES) for rows in two(speakers=12, utterances=300))
    pair, metric = difference(one, other), METRICS["macro F1"]
    listed, how = swaps(pair, metric)
    monkeypatch.setattr(comparison, "EXACT_SWAPS", 0)
    monkeypatch.setattr(comparison, "DRAWS", (50_000,))
    drawn, other_how = swaps(pair, metric)
    assert how.startswith("all 2^12")
    assert other_how.startswith("50000 random swaps of 12 clusters")
    assert drawn == pytest.approx(listed, abs=4 * math.sqrt(listed * (1 - listed) / 50_000))


@pytest.mark.parametrize("metric", ["WA", "UA"])
def test_a_linear_metric_computed_for_each_swap_gives_the_p_of_its_shares(metric: str) -> None:
    pair = difference(*(tally(rows, CLASSES) for rows in two(speakers=9)))
    assert swaps(pair, METRICS[metric])[0] == sign_flip(shares(pair, METRICS[metric]))[0]


def test_a_drawn_p_is_never_zero_and_seeded() -> None:
    part = np.linspace(1, 2, 40)
    assert sign_flip(part) == (1 / 100_000, "99999 random swaps of 40 clusters")
    noise = np.random.default_rng(2).normal(0.2, 1, 40)
    assert sign_flip(noise, seed=3) == sign_flip(noise, seed=3)
    assert sign_flip(noise, seed=3) != sign_flip(noise, seed=5)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("speakers", [8, 40])
def test_a_system_does_not_differ_from_itself(metric: str, speakers: int) -> None:
    one, _ = two(speakers)
    found = compared(one, one, metric)
    assert (found.difference, found.p) == (0, 1)
    assert math.isnan(found.low)
    assert math.isnan(found.detectable)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("method", ["jackknife", "bootstrap"])
def test_exchanging_the_systems_changes_the_sign(metric: str, method: str) -> None:
    one, other = two()
    here, there = compared(one, other, metric, method=method), compared(other, one, metric, method=method)
    assert here.difference == pytest.approx(-there.difference)
    assert (here.p, here.detectable) == pytest.approx((there.p, there.detectable))
    within = 1e-9 if method == "jackknife" else 1.5  # the bootstrap draws other speakers for it
    assert (here.low, here.high) == pytest.approx((-there.high, -there.low), abs=within)
    assert here.low < here.difference < here.high


@pytest.mark.parametrize("metric", METRICS)
def test_systems_need_not_have_the_same_seeds(metric: str) -> None:
    one, other = two()
    seeds = pd.concat([other, answers(8, 200, 3).assign(seed=1)])
    found = compared(one, seeds, metric)
    means = [measured(rows, metric) for _, rows in seeds.groupby("seed")]
    assert found.difference == pytest.approx(100 * (measured(one, metric) - np.mean(means)))


def test_other_utterances_labels_and_speakers_are_refused() -> None:
    one, other = two()
    with pytest.raises(SerError, match=r"one and other were tested on different utterances: u0 \(fold \d, \w+\), u1"):
        compared(one, other[2:], "WA")
    moved = other.assign(fold=other["fold"].where(other["utterance"] != "u5", 7))
    with pytest.raises(SerError, match=r"different utterances: u5 \(fold"):
        compared(one, moved, "WA")
    with pytest.raises(SerError, match="do not name the same speakers"):
        compared(one, other.assign(speaker=other["speaker"].where(other["utterance"] != "u5", "speaker7")), "WA")
    uneven = pd.concat([other, other[:50].assign(seed=1)])
    with pytest.raises(SerError, match="other cannot be compared: its seeds were tested on different utterances"):
        compared(one, uneven, "WA")


def test_systems_with_different_classes_are_refused() -> None:
    one, other = two()
    fewer = other[other["label"].ne("sad") & other["predicted"].ne("sad")]
    sides = [
        pairing.Tested(rows, classes, tally(rows, classes, name))
        for name, rows, classes in (("one", one, CLASSES), ("other", fewer, CLASSES[:3]))
    ]
    assert pairing.paired(sides[0], sides[0]) is not None
    message = r"with different classes cannot be compared: one \(angry, happy, neutral, sad\) and other \(angry, happy,"
    with pytest.raises(SerError, match=message):
        pairing.paired(*sides)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == pytest.approx([1, 1])
    assert len(holm([])) == 0


def pair(draw: np.random.Generator, speakers: int, gain: float = 0.0) -> Tally:
    """Return two systems on clustered speakers, of whom the first has recalls that are higher by ``gain``."""
    total = draw.multinomial(200, [0.2, 0.3, 0.3, 0.2], speakers)
    speaker = draw.normal(0, 0.1, (speakers, 1))
    recall = [np.clip(RECALLS + speaker + draw.normal(0, 0.05, (speakers, 1)), 0, 0.9) for _ in range(2)]
    right = [draw.binomial(total, at) for at in (recall[0] + gain, recall[1])]
    names = tuple(map(str, range(speakers)))
    counts = [one[..., None] * np.eye(4) for one in right]
    for one, hits in zip(counts, right, strict=True):
        one[:, range(4), [1, 2, 3, 0]] = total - hits
    made = [Tally("s", one[:, None], "speaker", names, pd.DataFrame()) for one in counts]
    return difference(*made)


@pytest.mark.parametrize("speakers", [8, 10, 24, 40])
def test_false_alarms_are_as_rare_as_stated_and_the_interval_covers_zero(
    speakers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "DRAWS", (499,))
    draw = np.random.default_rng(speakers)
    pairs = [pair(draw, speakers) for _ in range(1200)]
    alarms = np.mean([sign_flip(shares(one, METRICS["UA"]), seed=n)[0] <= 0.05 for n, one in enumerate(pairs)])
    assert alarms == pytest.approx(0.045, abs=0.02)
    found = [estimate(one, "UA") for one in pairs]
    assert np.mean([one.low <= 0 <= one.high for one in found]) == pytest.approx(0.95, abs=0.02)


def test_taking_utterances_for_independent_raises_false_alarms() -> None:
    draw = np.random.default_rng(5)
    alarms = []
    for _ in range(300):
        recall = np.repeat(0.6 + draw.normal(0, 0.05, (2, 10)), 200, axis=1)  # of each system for each of 10 speakers
        one, other = draw.random((2, 2000)) < recall
        singles = one.astype(float) - other
        by_speaker = singles.reshape(10, 200).sum(1)
        alarms.append([sign_flip(part)[0] <= 0.05 for part in (singles, by_speaker)])
    single, clustered = np.mean(alarms, axis=0)
    assert single > 0.15
    assert clustered < 0.09


def test_the_detectable_difference_is_found_four_times_in_five() -> None:
    draw = np.random.default_rng(6)
    error = math.sqrt(np.mean([estimate(pair(draw, 12), "UA").error ** 2 for _ in range(600)]))
    gain = detectable(error, 12)
    found = np.mean([sign_flip(shares(pair(draw, 12, gain), METRICS["UA"]))[0] <= 0.05 for _ in range(600)])
    assert 0.03 < gain < 0.1
    assert found == pytest.approx(0.8, abs=0.06)
