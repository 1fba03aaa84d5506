"""Support vector regression: one machine per dimension, C by CCC on dev, and values within train's."""

import numpy as np
import pytest

from ser.dimension_metrics import mean_ccc
from ser.errors import SerError
from ser.models import support_vector_regression as regression

CS = (1e-4, 1e-2, 1.0)


def planted(seed: int, count: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Three informative columns and a noisy one; the second dimension is the first, upside down."""
    draw = np.random.default_rng(seed)
    x = np.asarray(draw.normal(size=(count, 4)))
    first = np.asarray(x[:, :3] @ np.array([0.7, -0.5, 0.4]) + 0.2 * draw.normal(size=count))
    return x, np.stack([first, -first], axis=1)


def test_it_learns_each_dimension_and_its_direction() -> None:
    (x, y), (z, wanted) = planted(0), planted(1)
    found = regression.scores(regression.build(2, c=1.0).fit(x, y), z)
    assert mean_ccc(wanted, found) > 0.9
    assert np.corrcoef(found.T)[0, 1] < -0.9


def test_c_is_the_best_on_dev_by_what_the_protocol_selects() -> None:
    parts = {"train": planted(0), "dev": planted(1)}
    vectors, targets = ({part: pair[side] for part, pair in parts.items()} for side in (0, 1))
    for selection, by in (("dev_ccc", "CCC"), ("dev_loss", "mean square")):
        chosen, notes = regression.fit(regression.build(2, c=CS), vectors, targets, selection)
        values = {one["c"]: one[by] for one in chosen["tried"]}
        assert chosen["c"] == (min if by == "mean square" else max)(values, key=lambda c: values[c])
        assert chosen["by"] == by
        assert by in notes[0]
        again = regression.build(2, c=chosen["c"]).fit(vectors["train"], targets["train"])
        found = regression.scores(again, vectors["dev"])
        assert mean_ccc(targets["dev"], found) == pytest.approx(chosen["CCC"])


def test_a_value_beyond_trains_targets_is_set_to_the_nearest_of_them() -> None:
    x, y = planted(0)
    machine = regression.build(2, c=1.0).fit(x, y)
    far = regression.scores(machine, 1e6 * x[:5])
    assert np.isin(far, np.concatenate([y.min(0), y.max(0)])).all()
    inside = regression.scores(machine, 0.1 * x)
    assert (inside > y.min(0)).all()
    assert (inside < y.max(0)).all()


def test_refit_uses_dev_too() -> None:
    vectors = {"train": planted(0)[0], "dev": 10 + planted(1)[0]}
    targets = {"train": planted(0)[1], "dev": planted(1)[1]}
    machine = regression.build(2, c=CS, refit="train+dev")
    regression.fit(machine, vectors, targets, "dev_ccc")
    assert machine.scaler.mean_[0] == pytest.approx(np.concatenate(list(vectors.values()))[:, 0].mean())


def test_a_protocol_without_dev_leaves_c_at_its_stated_value() -> None:
    x, y = planted(0)
    chosen, notes = regression.fit(regression.build(2, c=CS), {"train": x}, {"train": y}, "last")
    assert chosen == {}
    assert "not chosen" in notes[0]


def test_an_empty_grid_is_refused() -> None:
    with pytest.raises(SerError, match="one value of the option c"):
        regression.build(1, c=())
