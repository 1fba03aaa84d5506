"""Intervals clustered by speaker: coverage by simulation, errors by brute force, scipy where it does the same.

Simulated speakers have recalls from a beta distribution of known mean and intraclass correlation, so the true WA and UA
are known exactly. Tolerances are three standard errors of the simulated rate, or wider.
"""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ser import metrics
from ser.errors import SerError
from ser.evaluation import intervals
from ser.evaluation.intervals import Tally, detectable, estimate, spread, tally

CLASSES = ("angry", "happy", "neutral", "sad")
SHARES = np.array([0.2, 0.3, 0.3, 0.2])
RECALLS = np.array([0.65, 0.5, 0.55, 0.7])
TRUTH = {"WA": float(SHARES @ RECALLS), "UA": float(RECALLS.mean())}
ICC = 0.05  # speakers' recalls have a standard deviation of some 11 points, as on the corpora of acted emotion


def simulated(draw: np.random.Generator, speakers: int, utterances: int) -> tuple[np.ndarray, np.ndarray]:
    """Return right answers and utterances, (speakers, classes): good speakers are good in every class."""
    total = draw.multinomial(utterances, SHARES, speakers)
    scale = (1 - ICC) / ICC
    recall = stats.beta.ppf(draw.random((speakers, 1)), RECALLS * scale, (1 - RECALLS) * scale)
    return draw.binomial(total, recall), total


def counted(right: np.ndarray, total: np.ndarray, kind: str = "speaker") -> Tally:
    names = tuple(map(str, range(len(right))))
    return Tally("s", confused(right, total)[:, None], kind, names, pd.DataFrame())


def confused(right: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Return confusion counts, (speakers, classes, classes), whose wrong answers are the next class."""
    counts = right[..., None] * np.eye(4)
    counts[:, range(4), [1, 2, 3, 0]] = total - right
    return counts


def singletons(right: np.ndarray, total: np.ndarray) -> Tally:
    """Return the same answers with every utterance as a cluster of its own."""
    cells = [(label, hit) for label in range(4) for hit in (0, 1)]
    sums, hits = total.sum(0), right.sum(0)
    times = [hits[label] if hit else sums[label] - hits[label] for label, hit in cells]
    unit = np.eye(4)
    right_rows, total_rows = (
        np.repeat([unit[label] * factor for label, factor in rows], times, axis=0)
        for rows in (cells, [(label, 1) for label, _ in cells])
    )
    return counted(right_rows, total_rows, "utterance")


def covered(tallies: list[Tally], metric: str, method: str = "jackknife") -> float:
    found = [estimate(one, metric, method, seed=number) for number, one in enumerate(tallies)]
    return float(np.mean([one.low <= TRUTH[metric] <= one.high for one in found]))


def predicted(speakers: int, utterances: int, seeds: tuple[int, ...] = (0,), draw: int = 0) -> pd.DataFrame:
    """Return random predictions with speaker, in two folds, right more often than by chance."""
    random = np.random.default_rng(draw)
    labels = random.choice(CLASSES, utterances, p=SHARES)
    speaker = random.integers(speakers, size=utterances)
    skill = random.uniform(0.2, 0.8, speakers)[speaker]
    rows = []
    for seed in seeds:
        predicted = np.where(random.random(utterances) < skill, labels, random.choice(CLASSES, utterances))
        rows.append(
            pd.DataFrame(
                {
                    "seed": seed,
                    "fold": speaker % 2,
                    "utterance": [f"u{number}" for number in range(utterances)],
                    "speaker": [f"speaker{number}" for number in speaker],
                    "label": labels,
                    "predicted": predicted,
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def measured(rows: pd.DataFrame, metric: str) -> float:
    """Return the mean over seeds of a metric."""
    each = []
    for _, seed in rows.groupby("seed"):
        truth, predicted = (pd.Index(CLASSES).get_indexer(seed[column]) for column in ("label", "predicted"))
        each.append(metrics.METRICS[metric].of(metrics.confusion(truth, predicted, len(CLASSES)), None))
    return float(np.mean(each))


@pytest.mark.parametrize(("speakers", "utterances"), [(6, 300), (10, 300), (24, 60), (91, 30)])
def test_the_jackknife_covers_the_truth_as_often_as_stated(speakers: int, utterances: int) -> None:
    draw = np.random.default_rng(speakers)
    tallies = [counted(*simulated(draw, speakers, utterances)) for _ in range(2000)]
    for metric in metrics.DEFAULT:
        assert covered(tallies, metric) == pytest.approx(0.95, abs=0.015)


def test_the_bootstrap_covers_with_many_speakers_and_is_too_narrow_with_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "RESAMPLES", 600)
    draw = np.random.default_rng(1)
    few, many = ([counted(*simulated(draw, speakers, 60)) for _ in range(500)] for speakers in (10, 91))
    assert covered(few, "UA", "bootstrap") == pytest.approx(0.90, abs=0.03)
    assert covered(many, "UA", "bootstrap") == pytest.approx(0.945, abs=0.03)


def test_intervals_of_utterances_as_if_independent_are_too_narrow() -> None:
    draw = np.random.default_rng(2)
    tallies = [singletons(*simulated(draw, 10, 300)) for _ in range(300)]
    assert covered(tallies, "UA") < 0.6


@pytest.mark.parametrize("metric", metrics.METRICS)
def test_the_error_is_that_of_leaving_out_a_speaker_at_a_time(metric: str) -> None:
    rows = predicted(7, 150, seeds=(0, 1, 5))
    left = [measured(rows[rows["speaker"] != speaker], metric) for speaker in rows["speaker"].unique()]
    found = estimate(tally(rows, CLASSES), metric)
    error = math.sqrt(6 / 7 * float(((np.array(left) - np.mean(left)) ** 2).sum()))
    assert found.value == pytest.approx(measured(rows, metric))
    assert found.error == pytest.approx(error)
    reach = stats.t.ppf(0.975, 6) * error / (found.value * (1 - found.value))
    odds = found.value / (1 - found.value) * np.exp([-reach, reach])
    assert (found.low, found.high) == pytest.approx(tuple(odds / (1 + odds)))
    assert found.method == "jackknife of speakers, t(6) of the logit"


def test_the_error_of_single_utterances_is_the_binomial_one() -> None:
    rows = predicted(3, 200).assign(speaker=None)
    found = estimate(tally(rows, CLASSES), "WA")
    assert found.error == pytest.approx(math.sqrt(found.value * (1 - found.value) / 199))


@pytest.mark.parametrize("clustered", [True, False])
def test_the_bootstrap_is_that_of_scipy(clustered: bool) -> None:
    rows = predicted(12, 400)
    rows = rows if clustered else rows.assign(speaker=None)
    right = (rows["label"] == rows["predicted"]).to_numpy(float)
    names = rows["speaker" if clustered else "utterance"]
    groups = [np.flatnonzero(names == name) for name in names.unique()]
    sums, sizes = np.array([right[group].sum() for group in groups]), np.array([len(group) for group in groups])
    theirs = stats.bootstrap(
        (np.arange(len(groups)),),
        lambda chosen, axis=-1: sums[chosen].sum(axis) / sizes[chosen].sum(axis),
        n_resamples=6000,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    ours = estimate(tally(rows, CLASSES), "WA", "bootstrap")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)
    assert f"{'speaker' if clustered else 'utterance'}s, 2000 draws" in ours.method


def test_the_bootstrap_of_ua_is_that_of_rows_drawn_by_speaker() -> None:
    rows = predicted(6, 90, seeds=(0, 1))
    draw = np.random.default_rng(3)
    by_speaker = [group for _, group in rows.groupby("speaker")]
    drawn = [measured(pd.concat([by_speaker[number] for number in draw.integers(6, size=6)]), "UA") for _ in range(400)]
    found = estimate(tally(rows, CLASSES), "UA", "bootstrap")
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=0.03)


def test_the_bootstrap_is_the_same_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    one = tally(predicted(10, 300), CLASSES)
    whole = estimate(one, "UA", "bootstrap", seed=4)
    monkeypatch.setattr(intervals, "CELLS", 500)
    assert estimate(one, "UA", "bootstrap", seed=4) == whole
    assert estimate(one, "UA", "bootstrap", seed=5) != whole


@pytest.mark.parametrize("hidden", ["all", "one utterance", "all but one speaker"])
def test_without_two_known_speakers_the_clusters_are_utterances(hidden: str) -> None:
    rows = predicted(4, 40, seeds=(0, 1))
    names = {
        "all": None,
        "one utterance": rows["speaker"].where(rows["utterance"] != "u7", None),
        "all but one speaker": "only",
    }
    found = tally(rows.assign(speaker=names[hidden]), CLASSES)
    assert (found.kind, len(found.clusters)) == ("utterance", 40)
    assert tally(rows, CLASSES).kind == "speaker"


def test_seeds_of_different_utterances_are_averaged_as_seeds() -> None:
    rows = predicted(5, 60, seeds=(0, 1))
    rows = rows[(rows["seed"] == 0) | (rows["fold"] == 0)]
    found = tally(rows, CLASSES)
    assert found.tested is None
    for metric in metrics.METRICS:
        assert estimate(found, metric).value == pytest.approx(measured(rows, metric))


def test_a_class_that_no_utterance_has_does_not_lower_ua() -> None:
    rows = predicted(5, 60)
    rows = rows[rows["label"] != "sad"]
    assert estimate(tally(rows, CLASSES), "UA").value == pytest.approx(measured(rows, "UA"))


def test_where_clusters_do_not_differ_there_is_no_interval() -> None:
    rows = predicted(5, 60)
    perfect = estimate(tally(rows.assign(predicted=rows["label"]), CLASSES), "UA")
    assert perfect.value == 1
    alike = counted(np.tile([3, 2, 1, 4], (4, 1)), np.tile([5, 5, 5, 5], (4, 1)))
    single = tally(rows[:1], CLASSES)
    for found in (perfect, estimate(alike, "WA"), estimate(alike, "UA", "bootstrap"), estimate(single, "WA")):
        assert math.isnan(found.low)
        assert math.isnan(found.high)


def test_the_interval_of_a_very_good_system_stays_below_one() -> None:
    right, total = np.full((10, 4), 10), np.full((10, 4), 10)
    right[0, 0], right[3, 2] = 7, 9
    found = estimate(counted(right, total), "WA")
    assert 0.9 < found.low < found.value == 0.99 < found.high < 1


def test_spread_is_that_of_the_values_of_seeds_and_folds() -> None:
    rows = predicted(6, 120, seeds=(0, 1, 2))
    for metric in metrics.METRICS:
        by_seed = [measured(of_seed, metric) for _, of_seed in rows.groupby("seed")]
        by_fold = [
            np.mean([measured(run, metric) for _, run in of_fold.groupby("seed")])
            for _, of_fold in rows.groupby("fold")
        ]
        found = spread(rows, CLASSES, metric)
        assert (found["seed_sd"], found["fold_sd"]) == pytest.approx((np.std(by_seed, ddof=1), np.std(by_fold, ddof=1)))
        assert found["seeds"] == 3
    single = spread(rows[(rows["seed"] == 0) & (rows["fold"] == 0)], CLASSES, "UA")
    assert math.isnan(single["seed_sd"])
    assert math.isnan(single["fold_sd"])


def test_no_difference_is_detectable_where_no_swap_reaches_the_level() -> None:
    assert math.isnan(detectable(0.01, 5))
    assert detectable(0.01, 6) == pytest.approx(0.01 * (2.570582 + 0.919544), rel=1e-5)
    assert detectable(0.01, 10_000) == pytest.approx(0.028, abs=1e-4)
    assert math.isnan(detectable(0.0, 10))


def test_wrong_input_is_named() -> None:
    rows = predicted(3, 20)
    with pytest.raises(SerError, match=r"unknown interval method 'bootstap'\. Did you mean 'bootstrap'"):
        estimate(tally(rows, CLASSES), "WA", "bootstap")
    with pytest.raises(SerError, match="labels that are not classes: sad"):
        tally(rows, CLASSES[:3])
