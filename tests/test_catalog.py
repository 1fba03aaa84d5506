"""The folders are the registries."""

import pytest

from ser import catalog
from ser.errors import SerError


def test_an_unknown_name_is_reported_with_the_near_miss() -> None:
    with pytest.raises(SerError, match=r"unknown feature 'mfc'\. Did you mean 'mfcc'\?"):
        catalog.load("features", "mfc")


def test_a_models_kind_is_known_without_importing_it() -> None:
    assert catalog.constant("models", "linear_svm", "KIND") == "estimator"
    assert catalog.constant("models", "dense_lstm", "KIND") is None
