"""Intervals and comparisons of dimensions: coverage and false alarms by simulation, the rest by brute force."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ser import dimension_metrics
from ser.dimension_metrics import MEASURES, SUMS
from ser.errors import SerError
from ser.evaluation import comparison, pairing, predictions
from ser.evaluation.comparison import compare, difference, holm, swaps, verdict
from ser.evaluation.intervals import Tally, estimate, spread, tally
from ser.layout import Run
from ser.tables import contracts
from ser.tables.estimates import ESTIMATES

DIMENSIONS = ("valence", "activation")
EVERY = dimension_metrics.names(MEASURES, DIMENSIONS)
ICC = 0.05  # of target and prediction: speakers differ in both
NOISE = 0.6


def estimates(
    speakers: int, utterances: int, draw: int = 0, seeds: tuple[int, ...] = (0,), slope: float = 0.5
) -> pd.DataFrame:
    """Return estimates of targets that depend on the numbers of the utterances only, not on ``draw``."""
    fixed, random = np.random.default_rng(99), np.random.default_rng(draw)
    target, speaker = fixed.uniform(1, 5, (utterances, 2)), fixed.integers(speakers, size=utterances)
    of_speaker = slope + random.normal(0, 0.1, speakers)[speaker, None]
    rows = {
        "fold": speaker % 2,
        "utterance": [f"u{number}" for number in range(utterances)],
        "speaker": [f"speaker{number}" for number in speaker],
        "target_valence": target[:, 0],
        "target_activation": target[:, 1],
    }
    found = []
    for seed in seeds:
        predicted = 1.5 + of_speaker * target + random.normal(0, NOISE, target.shape)
        found.append(pd.DataFrame({"seed": seed, **rows, **dict(zip(PREDICTED, predicted.T, strict=True))}))
    return pd.concat(found, ignore_index=True)


PREDICTED = [f"predicted_{name}" for name in DIMENSIONS]


def tallied(rows: pd.DataFrame, name: str = "") -> Tally:
    return tally(rows, (), name, DIMENSIONS)


def measured(rows: pd.DataFrame, metric: str) -> float:
    """Return the mean over seeds and dimensions of a metric, computed of the values themselves."""
    measure, _, of = metric.partition(" ")
    found = []
    for (_, seed), name in itertools.product(rows.groupby("seed"), (of,) if of else DIMENSIONS):
        x, y = seed[f"target_{name}"].to_numpy(), seed[f"predicted_{name}"].to_numpy()
        covariance = np.cov(x, y, ddof=0)
        found.append(
            {
                "CCC": 2 * covariance[0, 1] / (covariance[0, 0] + covariance[1, 1] + (x.mean() - y.mean()) ** 2),
                "Pearson": np.corrcoef(x, y)[0, 1],
                "MAE": np.abs(x - y).mean(),
            }[measure]
        )
    return float(np.mean(found))


def simulated(draw: np.random.Generator, speakers: int, utterances: int) -> tuple[np.ndarray, np.ndarray]:
    """Return targets and predictions, (speakers, utterances): speakers differ in level, bias and noise."""
    level, bias, slope = draw.normal(0, 1, (3, speakers, 1))
    target = math.sqrt(ICC) * level + math.sqrt(1 - ICC) * draw.normal(0, 1, (speakers, utterances))
    noise = NOISE * (math.sqrt(ICC) * bias + draw.normal(0, 1, target.shape))
    return target, (0.5 + 0.15 * slope) * target + noise


def counted(target: np.ndarray, predicted: np.ndarray, other: np.ndarray | None = None) -> Tally:
    sides = [None if one is None else _added(target, one) for one in (predicted, other)]
    assert sides[0] is not None
    names = tuple(map(str, range(len(target))))
    return Tally("s", sides[0], "speaker", names, pd.DataFrame(), sides[1], dimensions=("valence",))


def _added(target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    each = dimension_metrics.sums(target.reshape(-1, 1), predicted.reshape(-1, 1), np.zeros(1))
    return each.reshape(*target.shape, 1, len(SUMS)).sum(1)[:, None]


# of very many speakers: the slopes have a mean of 0.5 and a variance of 0.15²
SPREAD = 0.25 + 0.15**2 + NOISE**2 * (1 + ICC)
TRUTH = {"CCC": 1 / (1 + SPREAD), "Pearson": 0.5 / math.sqrt(SPREAD)}


@pytest.mark.parametrize(("speakers", "utterances"), [(6, 300), (10, 300), (24, 60), (91, 30)])
def test_the_jackknife_covers_the_truth_as_often_as_stated(speakers: int, utterances: int) -> None:
    draw = np.random.default_rng(speakers)
    tallies = [counted(*simulated(draw, speakers, utterances)) for _ in range(400)]
    for metric, truth in TRUTH.items():
        found = [estimate(one, metric) for one in tallies]
        assert np.mean([one.low <= truth <= one.high for one in found]) == pytest.approx(0.945, abs=0.035)


def test_the_interval_of_the_absolute_error_covers_it() -> None:
    draw = np.random.default_rng(5)
    truth = estimate(counted(*simulated(draw, 20_000, 20)), "MAE").value
    found = [estimate(counted(*simulated(draw, 10, 300)), "MAE") for _ in range(400)]
    assert np.mean([one.low <= truth <= one.high for one in found]) == pytest.approx(0.945, abs=0.035)
    assert all(one.low > 0 for one in found)


@pytest.mark.parametrize("metric", EVERY)
def test_the_error_is_that_of_leaving_out_a_speaker_at_a_time(metric: str) -> None:
    rows = estimates(7, 150, seeds=(0, 1, 5))
    left = [measured(rows[rows["speaker"] != speaker], metric) for speaker in rows["speaker"].unique()]
    found = estimate(tallied(rows), metric)
    error = math.sqrt(6 / 7 * float(((np.array(left) - np.mean(left)) ** 2).sum()))
    assert found.value == pytest.approx(measured(rows, metric))
    assert found.error == pytest.approx(error)
    reach = stats.t.ppf(0.975, 6) * error
    if metric.startswith("MAE"):
        limits = found.value * np.exp(np.array([-1, 1]) * reach / found.value)
        assert found.method == "jackknife of speakers, t(6) of the logarithm"
    else:
        limits = np.tanh(np.arctanh(found.value) + np.array([-1, 1]) * reach / (1 - found.value**2))
        assert found.method == "jackknife of speakers, t(6) of Fisher's z"
    assert (found.low, found.high) == pytest.approx(tuple(limits))


def test_the_bootstrap_is_that_of_rows_drawn_by_speaker() -> None:
    rows, draw = estimates(6, 90), np.random.default_rng(3)
    by_speaker = [group for _, group in rows.groupby("speaker")]
    drawn = [measured(pd.concat([by_speaker[k] for k in draw.integers(6, size=6)]), "CCC") for _ in range(400)]
    found = estimate(tallied(rows), "CCC", "bootstrap")
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=0.03)


def test_spread_is_that_of_the_values_of_seeds_and_folds() -> None:
    rows = estimates(6, 120, seeds=(0, 1, 2))
    for metric in EVERY:
        by_seed = [measured(of_seed, metric) for _, of_seed in rows.groupby("seed")]
        by_fold = [measured(of_fold, metric) for _, of_fold in rows.groupby("fold")]
        found = spread(rows, (), metric, DIMENSIONS)
        assert (found["seed_sd"], found["fold_sd"]) == pytest.approx((np.std(by_seed, ddof=1), np.std(by_fold, ddof=1)))


def test_the_scale_of_the_ratings_changes_nothing_but_the_error() -> None:
    rows = estimates(7, 150)
    columns = [name for name in rows if name.startswith(("target", "predicted"))]
    one, other = tallied(rows), tallied(rows.assign(**{name: 1.5 * rows[name] - 0.5 for name in columns}))
    for metric in ("CCC", "Pearson valence"):
        assert estimate(other, metric).low == pytest.approx(estimate(one, metric).low)
    assert estimate(other, "MAE").low == pytest.approx(1.5 * estimate(one, "MAE").low)


def test_a_constant_prediction_has_no_interval_and_no_correlation() -> None:
    rows = estimates(7, 150).assign(predicted_valence=3.1)
    found = estimate(tallied(rows), "CCC valence")
    assert (found.value, found.error) == (0, 0)
    assert math.isnan(found.low)
    for method in ("jackknife", "bootstrap"):
        for metric in ("Pearson valence", "Pearson"):
            undefined = estimate(tallied(rows), metric, method)
            assert math.isnan(undefined.value)
            assert math.isnan(undefined.high)
    against = compare(tallied(rows), tallied(estimates(7, 150, 4)), "Pearson valence")
    assert math.isnan(against.difference)
    assert math.isnan(against.p)
    assert compare(tallied(rows), tallied(estimates(7, 150, 4)), "CCC valence").p < 0.05


def test_an_undefined_test_counts_in_its_family_and_has_no_p() -> None:
    found = holm([0.01, math.nan, 0.02])
    assert found[[0, 2]] == pytest.approx([0.03, 0.04])
    assert math.isnan(found[1])
    assert math.isnan(holm([math.nan])[0])


@pytest.mark.parametrize("metric", EVERY)
def test_p_is_that_of_swapping_all_predictions_of_speakers_by_hand(metric: str) -> None:
    one, other = estimates(6, 120, 1), estimates(6, 120, 2, slope=0.35)
    found = compare(tallied(one, "one"), tallied(other, "other"), metric)
    seen = measured(one, metric) - measured(other, metric)
    swapped = []
    for chosen in itertools.product([False, True], repeat=6):
        turned = np.array(chosen)[[int(name[-1]) for name in one["speaker"]]]
        first, second = one.copy(), other.copy()
        for name in PREDICTED:
            first[name] = np.where(turned, other[name], one[name])
            second[name] = np.where(turned, one[name], other[name])
        swapped.append(measured(first, metric) - measured(second, metric))
    assert found.difference == pytest.approx(seen)  # in the metric's own unit, not in points
    assert found.p == pytest.approx(np.mean(np.abs(swapped) >= abs(seen) - 1e-9))
    assert found.low < seen < found.high


def test_a_planted_difference_is_found_and_one_system_does_not_differ_from_itself() -> None:
    one, other = tallied(estimates(12, 300, 1), "one"), tallied(estimates(12, 300, 2, slope=0.2), "other")
    found = compare(one, other, "CCC")
    assert found.p < 0.01
    assert found.low > 0
    assert compare(other, one, "CCC").difference == pytest.approx(-found.difference)
    assert compare(one, one, "CCC").p == 1
    error = compare(one, other, "MAE valence")
    assert error.difference < 0
    assert verdict(error.difference, error.p, lower=True) == "upheld"
    assert verdict(error.difference, error.p) == "refuted"


def test_false_alarms_are_rare_and_the_interval_of_a_difference_covers_zero() -> None:
    draw = np.random.default_rng(8)
    alarms, covered = [], []
    for number in range(200):
        target, one = simulated(draw, 10, 60)
        other = one + draw.normal(0, 0.3, (10, 1)) * target  # equal on average, not by speaker
        one = one + draw.normal(0, 0.3, (10, 1)) * target
        pair = counted(target, one, other)
        alarms.append(swaps(pair, pair.metric("CCC"), seed=number)[0] <= 0.05)
        found = estimate(pair, "CCC")
        covered.append(found.low <= 0 <= found.high)
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.045)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.035)


def test_drawing_swaps_comes_to_the_same_as_listing_them(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = difference(tallied(estimates(10, 200, 1)), tallied(estimates(10, 200, 2, slope=0.45)))
    metric = pair.metric("CCC")
    listed, _ = swaps(pair, metric)
    monkeypatch.setattr(comparison, "EXACT_SWAPS", 0)
    monkeypatch.setattr(comparison, "DRAWS", (20_000,))
    assert swaps(pair, metric)[0] == pytest.approx(listed, abs=4 * math.sqrt(listed * (1 - listed) / 20_000))


def test_other_targets_and_dimensions_are_refused() -> None:
    one = estimates(6, 60)
    changed = one.assign(target_valence=one["target_valence"].where(one["utterance"] != "u7", 2.25))
    with pytest.raises(SerError, match=r"different utterances: u7 \(fold 0, 2.081/2.4\)"):
        difference(tallied(one, "one"), tallied(changed, "other"))
    few = pairing.Tested(one, (), tally(one, (), "few", ("valence",)), ("valence",))
    many = pairing.Tested(one, (), tallied(one, "many"), DIMENSIONS)
    with pytest.raises(SerError, match=r"different dimensions .*: few \(valence\) and many \(valence, "):
        pairing.paired(few, many)


RUN = Run("corpus", "protocol", "system", 0, 0)


def written(where: Path, run: Run = RUN, names: object = DIMENSIONS, **changes: object) -> None:
    row = {**run._asdict(), "utterance": "u", "speaker": "s", "target": [3.0, 2.5], "predicted": [3.5, 2.0], **changes}
    notes = {"dimensions": json.dumps(names), "digest": "0", "tested": "once"}
    contracts.write(ESTIMATES, [row], where / run.folder / predictions.FILE, notes)


def test_estimates_are_read_with_a_column_per_side_and_dimension(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path)
    found = predictions.read([RUN])
    assert (found.classes, found.dimensions) == ((), DIMENSIONS)
    assert found.rows.loc[0, ["target_valence", "predicted_valence"]].tolist() == [3.0, 3.5]
    assert found.rows.loc[0, ["target_activation", "predicted_activation"]].tolist() == [2.5, 2.0]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": [3.0]}, "column 'target' holds not one number for each of valence, activation in u"),
        ({"predicted": [3.0, math.nan]}, "column 'predicted' holds not one number"),
        ({"predicted": [3.0, None]}, "column 'predicted' holds not one number"),
        ({"seed": 4}, "column 'seed' must be 0 throughout, it holds 4"),
    ],
)
def test_wrong_estimates_are_refused(
    changes: dict[str, object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path, **changes)
    with pytest.raises(SerError, match=message):
        predictions.read([RUN])


def test_runs_of_one_protocol_with_other_dimensions_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    other = RUN._replace(fold=1)
    written(tmp_path)
    written(tmp_path, other, ("valence", "dominance"), utterance="v")
    with pytest.raises(SerError, match="different dimensions: valence, dominance and valence, activation"):
        predictions.read([RUN, other])
    rows = {**other._asdict(), "utterance": "v", "speaker": "s", "label": "sad", "predicted": "sad"}
    notes = {"classes": '["sad"]', "digest": "0", "tested": "once"}
    path = other.folder / predictions.FILE
    contracts.write(contracts.PREDICTIONS, [{**rows, "probabilities": [1.0]}], path, notes)
    with pytest.raises(SerError, match="one protocol but have different targets: sad and valence, activation"):
        predictions.read([RUN, other])
