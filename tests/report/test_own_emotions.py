"""Emotions that a user declares are classes on the page and in the tables, whatever letters they have."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ser.config.plan import Plan
from ser.config.schema import Block, Protocol

OWN = ("Mild_amusement", "contempt", "neutral", "wütend")


def test_declared_emotions_reach_tables_and_page(
    reported: Callable[..., Path], plan_of: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(plan_of.__globals__, "CLASSES", OWN)  # type: ignore[attr-defined]
    protocols = {"all": Protocol(title="Folds", rule="session_out", labels="all", leaks=("text",))}
    block = Block(corpora=("own",), protocols=("all",), systems=("SVM_50%",))
    folder = reported(plan_of(block, folds=2, protocols=protocols))
    page = (folder / "index.html").read_text(encoding="utf-8")
    recalls = (folder / "tables/recalls.csv").read_text(encoding="utf-8")
    latex = (folder / "tables/protocols.tex").read_text(encoding="utf-8")
    for name in OWN:
        assert name in page
        assert name in recalls
    assert r"Mild\_amusement" in latex
