"""Parameter counts are known without data and are those of the network that is trained."""

from types import SimpleNamespace
from typing import Any

import pytest

from ser import catalog
from ser.config.recipe import Inputs, Recipe, View
from ser.errors import SerError
from ser.training import parameter_count

DIMS = {"mfcc": 96, "egemaps": 88}


def use(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "load", lambda _, __: module)


def test_a_network_by_arithmetic(tiny: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    use(tiny, monkeypatch)
    recipe = Recipe(model="m", inputs=Inputs(frames=View(feature="mfcc")))
    assert parameter_count.parameters(recipe, DIMS, 4) == (96 * 8 + 8) + (8 + 8) + (8 * 4 + 4)


def test_an_estimator_grows_with_its_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    use(pytest.importorskip("ser.models.linear_svm"), monkeypatch)
    recipe = Recipe(model="m", inputs=Inputs(vector=View(feature="f")))
    small, large = (parameter_count.parameters(recipe, {"f": dims}, 4) for dims in (10, 30))
    assert small >= 4 * 11 - 4
    assert (large - small) % 20 == 0
    assert large > small


def test_an_unknown_feature_is_an_error(tiny: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    use(tiny, monkeypatch)
    with pytest.raises(SerError, match="Did you mean 'mfcc'"):
        parameter_count.parameters(Recipe(model="m", inputs=Inputs(frames=View(feature="mfc"))), DIMS, 4)
