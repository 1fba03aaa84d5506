"""The table and the figure of docs/adding.md appear in every form of a report."""

import re
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest

from ser.config.plan import Plan
from ser.config.schema import Block
from ser.report import sections

TEXT = (Path(__file__).parents[2] / "docs" / "adding.md").read_text(encoding="utf-8")
CODE = dict(re.findall(r'^```python title="ser/report/sections/(\w+\.py)"\n(.*?)^```', TEXT, re.MULTILINE | re.DOTALL))


def test_a_new_table_and_figure_are_written_and_on_the_page(
    both: Path,
    plan_of: Callable[..., Plan],
    render: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert set(CODE) == {"speed.py", "size.py"}
    for name, code in CODE.items():
        (tmp_path / name).write_text(code)
    monkeypatch.setattr(sections, "__path__", [*sections.__path__, str(tmp_path)])
    block = Block(
        corpora=("demo",), protocols=("session-out", "random"), systems=("Audio-CNN", "SVM_50%"), seeds=(0, 1)
    )
    with chdir(both.parents[1]):
        render(plan_of(block), both.relative_to(both.parents[1]), tmp_path / "out")
    assert (tmp_path / "out/tables/speed.csv").read_text().startswith("system,runs,seconds\n")
    assert "Audio-CNN" in (tmp_path / "out/tables/speed.md").read_text()
    assert (tmp_path / "out/figures/size.svg").is_file()
    page = (tmp_path / "out/index.html").read_text()
    assert "Time per epoch" in page
    assert "Parameters and time" in page
