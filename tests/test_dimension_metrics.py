"""CCC, Pearson's correlation and MAE: by hand, as numpy computes them, under affine maps, and where undefined."""

import math

import numpy as np
import pytest

from ser import dimension_metrics, metrics
from ser.dimension_metrics import ccc, find, mae, names, pearson, sums
from ser.errors import SerError

RANDOM = np.random.default_rng(0)
TARGET = np.round(RANDOM.uniform(1, 5, (400, 3)), 2)
PREDICTED = 0.5 * TARGET + RANDOM.normal(1.2, 0.7, (400, 3))
NONE = np.zeros(3)


def of(target: np.ndarray, predicted: np.ndarray, centre: float = 0.0) -> np.ndarray:
    """Return the sums (D, 7) of all utterances; arrays of one dimension are (utterances,)."""
    x, y = (np.asarray(one, float).reshape(len(one), -1) for one in (target, predicted))
    return sums(x, y, np.full(x.shape[1], centre)).sum(0)


def test_by_hand() -> None:
    target, predicted = np.array([1.0, 2, 3, 4]), np.array([2.0, 2, 4, 4])
    # means 2.5 and 3, variances 1.25 and 1, covariance 1: 2 / (2.25 + 0.25), 1 / sqrt(1.25), (1 + 0 + 1 + 0) / 4
    found = of(target, predicted)
    assert ccc(found)[0] == pytest.approx(0.8)
    assert pearson(found)[0] == pytest.approx(1 / math.sqrt(1.25))
    assert mae(found)[0] == 0.5


def test_agreement_with_numpy() -> None:
    found = of(TARGET, PREDICTED, 3.0)
    for number, (x, y) in enumerate(zip(TARGET.T, PREDICTED.T, strict=True)):
        covariance = np.cov(x, y, ddof=0)
        expected = 2 * covariance[0, 1] / (covariance[0, 0] + covariance[1, 1] + (x.mean() - y.mean()) ** 2)
        assert ccc(found)[number] == pytest.approx(expected)
        assert pearson(found)[number] == pytest.approx(np.corrcoef(x, y)[0, 1])
        assert mae(found)[number] == pytest.approx(np.abs(x - y).mean())


def test_a_common_affine_map_changes_no_correlation_and_scales_the_error() -> None:
    found, mapped = of(TARGET, PREDICTED), of(2.5 * TARGET - 7, 2.5 * PREDICTED - 7)
    for measure in (ccc, pearson):
        assert measure(mapped) == pytest.approx(measure(found))
    assert mae(mapped) == pytest.approx(2.5 * mae(found))


def test_pearson_ignores_shift_and_scale_of_the_prediction_and_ccc_does_not() -> None:
    found, moved = of(TARGET, PREDICTED), of(TARGET, 3 * PREDICTED + 1)
    assert pearson(moved) == pytest.approx(pearson(found))
    assert (ccc(moved) < ccc(found)).all()
    assert (np.abs(ccc(found)) <= np.abs(pearson(found))).all()  # Lin 1989


def test_the_best_and_the_worst() -> None:
    assert ccc(of(TARGET, TARGET, 3.0)) == pytest.approx(np.ones(3))
    assert mae(of(TARGET, TARGET)) == pytest.approx(NONE)
    mirrored = 2 * TARGET.mean(0) - TARGET
    for measure in (ccc, pearson):
        assert measure(of(TARGET, mirrored, 3.0)) == pytest.approx(-np.ones(3))


@pytest.mark.parametrize("constant", [3.7, 1e4, 0.0])
@pytest.mark.parametrize("centre", [0.0, 3.0])
def test_a_constant_prediction_has_ccc_0_and_no_correlation(constant: float, centre: float) -> None:
    found = of(TARGET, np.full_like(TARGET, constant), centre)
    assert ccc(found).tolist() == [0, 0, 0]
    assert np.isnan(pearson(found)).all()
    assert math.isnan(find("Pearson", ("a", "b", "c")).of(found, None))


def test_a_constant_target_has_no_correlation() -> None:
    assert np.isnan(pearson(of(np.full_like(TARGET, 2.2), PREDICTED))).all()
    same = of(np.full_like(TARGET, 2.2), np.full_like(TARGET, 2.2))
    assert np.isnan(ccc(same)).all()


def test_a_prediction_that_hardly_varies_is_no_constant() -> None:
    assert pearson(of(TARGET, 3 + 1e-4 * PREDICTED, 3.0)) == pytest.approx(pearson(of(TARGET, PREDICTED, 3.0)))


def test_centred_sums_lose_no_digits_far_from_zero() -> None:
    far = 1e7
    centred, raw = (of(TARGET + far, PREDICTED + far, centre) for centre in (far + 3, 0.0))
    assert ccc(centred) == pytest.approx(ccc(of(TARGET, PREDICTED)), abs=1e-7)
    assert np.abs(ccc(raw) - ccc(centred)).max() > 1e-6  # so the centre is needed


def test_the_parts_of_the_utterances_add_up() -> None:
    parts = of(TARGET[:150], PREDICTED[:150]) + of(TARGET[150:], PREDICTED[150:])
    assert ccc(parts) == pytest.approx(ccc(of(TARGET, PREDICTED)))


def test_without_utterances_there_is_no_value() -> None:
    for measure in (ccc, pearson, mae):
        assert np.isnan(measure(np.zeros((2, 3, 7)))).all()


def test_a_metric_is_the_mean_over_dimensions_or_one_of_them() -> None:
    found, dimensions = of(TARGET, PREDICTED), ("valence", "activation", "dominance")
    assert find("CCC", dimensions).of(found, None) == pytest.approx(ccc(found).mean())
    assert find("MAE activation", dimensions).of(found, None) == pytest.approx(mae(found)[1])
    assert find("MAE activation").lower
    assert not find("CCC").lower
    assert find("UA") is metrics.METRICS["UA"]


def test_names_of_the_tables() -> None:
    assert names(("CCC", "MAE"), ("valence",)) == ("CCC", "MAE")
    both = ("CCC", "MAE", "CCC valence", "CCC dominance", "MAE valence", "MAE dominance")
    assert names(("CCC", "MAE"), ("valence", "dominance")) == both
    assert names(("WA", "UA"), ()) == ("WA", "UA")


@pytest.mark.parametrize("chosen", [("WA", "UA"), ("Pearson", "CCC"), ("MAE", "Pearson")])
def test_the_ranking_is_by_ua_or_ccc_or_the_first(chosen: tuple[str, ...]) -> None:
    assert dimension_metrics.ranking(chosen) == {"WA": "UA", "Pearson": "CCC", "MAE": "MAE"}[chosen[0]]


def test_unknown_names_are_refused() -> None:
    with pytest.raises(SerError, match=r"unknown metric 'UA'\. Known: CCC, MAE, Pearson"):
        find("UA", ("valence",))
    with pytest.raises(SerError, match=r"unknown dimension of CCC 'valance'\. Did you mean 'valence'"):
        find("CCC valance", ("valence", "dominance"))
    with pytest.raises(SerError, match="unknown metric 'RMSE'"):
        find("RMSE")
