"""The folders are the registries."""

import ast

import pytest

from ser import catalog
from ser.errors import SerError


def test_an_unknown_name_is_reported_with_the_near_miss() -> None:
    with pytest.raises(SerError, match=r"unknown feature 'mfc'\. Did you mean 'mfcc'\?"):
        catalog.load("features", "mfc")


def test_a_models_kind_is_known_without_importing_it() -> None:
    assert catalog.constant("models", "linear_svm", "KIND") == "estimator"
    assert catalog.constant("models", "dense_lstm", "KIND") is None


def test_assigned_names_are_found_with_their_expressions(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "from a import b as c\nD, (E, F) = 1, (2, 3)\nG: int = 4\nH, I = pair()\n"
    monkeypatch.setattr(catalog, "tree", lambda _: ast.parse(code))
    found = catalog.assigned("ser.none")
    catalog.assigned.cache_clear()
    values = {name: value and ast.unparse(value) for name, value in found.items()}
    assert values == {"c": None, "D": "1", "E": "2", "F": "3", "G": "4", "H": None, "I": None}


def test_a_name_for_a_class_is_its_constructor_where_the_class_defines_one(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "class A:\n    def __init__(self, shape, *, cells=1): ...\n\nclass B(A): ...\n\nbuild = A\nother = B\n"
    monkeypatch.setattr(catalog, "tree", lambda _: ast.parse(code))
    found = catalog.functions("ser.none")
    catalog.assigned.cache_clear()
    assert {name: ast.unparse(node.args) for name, node in found.items()} == {"build": "shape, *, cells=1"}
