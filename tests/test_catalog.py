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


def test_a_table_beside_a_used_module_counts(package: Path) -> None:
    before = fresh("ser.stage")
    (package / "published.csv").write_text("a,1\n")
    with_table = fresh("ser.stage")
    (package / "published.csv").write_text("a,2\n")
    assert len({before, with_table, fresh("ser.stage")}) == 3


def test_the_help_text_of_a_key_changes_no_fingerprint(package: Path) -> None:
    stage = package / "stage.py"
    stage.write_text("from pydantic import Field\n\nKEY = Field(1, description='one')\n")
    before = fresh("ser.stage")
    stage.write_text("from pydantic import Field\n\nKEY = Field(1, description='a better word')\n")
    assert fresh("ser.stage") == before
    stage.write_text("from pydantic import Field\n\nKEY = Field(2, description='one')\n")
    assert fresh("ser.stage") != before


@pytest.mark.usefixtures("package")
def test_a_job_planned_with_other_code_is_refused() -> None:
    code = fresh("ser.stage")
    catalog.expect(code, "ser.stage")
    catalog.expect("", "ser.stage")
    with pytest.raises(SerError, match="the code has changed"):
        catalog.expect("0123", "ser.stage")


def test_a_models_kind_is_known_without_importing_it() -> None:
    assert catalog.constant("models", "linear_svm", "KIND") == "estimator"
    assert catalog.constant("models", "dense_lstm", "KIND") is None
