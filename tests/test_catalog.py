"""Fingerprints follow the code that a stage uses, and nothing else."""

from pathlib import Path

import pytest

from ser import catalog
from ser.errors import SerError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "ser"
    root.mkdir()
    (root / "stage.py").write_text('"""Stage."""\nfrom ser.tool import cut\n\n\ndef run() -> int:\n    return cut(3)\n')
    (root / "tool.py").write_text('"""Tool."""\n\n\ndef cut(x: int) -> int:\n    """Cut."""\n    return x - 1\n')
    (root / "other.py").write_text("VALUE = 1\n")
    monkeypatch.setattr(catalog, "ROOT", root)
    return root


def fresh(*modules: str) -> str:
    catalog._syntax.cache_clear()
    catalog.fingerprint.cache_clear()
    return catalog.fingerprint(*modules)


@pytest.fixture(autouse=True)
def _clean() -> object:
    yield
    catalog._syntax.cache_clear()
    catalog.fingerprint.cache_clear()


def test_a_comment_or_docstring_changes_no_fingerprint(package: Path) -> None:
    before = fresh("ser.stage")
    tool = package / "tool.py"
    tool.write_text(tool.read_text().replace('"""Cut."""', '"""Cut one."""') + "# a remark\n")
    assert fresh("ser.stage") == before


def test_an_imported_module_changes_it(package: Path) -> None:
    before = fresh("ser.stage")
    tool = package / "tool.py"
    tool.write_text(tool.read_text().replace("x - 1", "x - 2"))
    assert fresh("ser.stage") != before


def test_a_module_that_is_not_imported_changes_nothing(package: Path) -> None:
    before = fresh("ser.stage")
    (package / "other.py").write_text("VALUE = 2\n")
    assert fresh("ser.stage") == before


def test_an_import_inside_a_function_counts(package: Path) -> None:
    stage = package / "stage.py"
    stage.write_text("def run() -> int:\n    from ser.other import VALUE\n\n    return VALUE\n")
    before = fresh("ser.stage")
    (package / "other.py").write_text("VALUE = 2\n")
    assert fresh("ser.stage") != before


def test_an_unknown_name_is_told_with_the_near_miss() -> None:
    with pytest.raises(SerError, match=r"unknown feature 'mfc'\. Did you mean 'mfcc'\?"):
        catalog.load("features", "mfc")
