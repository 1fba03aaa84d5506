"""The LaTeX tables: well formed, on pages of their own length, and compiled where LaTeX is at hand."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ser.report import registry
from ser.report.formats import TEXT, Format
from ser.report.table import LATEX_ROWS, Column, Table, latex

LATEX = shutil.which("pdflatex")
DOCUMENT = r"""\documentclass{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage{booktabs,graphicx}
\begin{document}
%s
\end{document}
"""
NUMBER = Format(str, str)
# Tables that this report has nothing for.
EMPTY = (
    *("transcripts", "arithmetic", "recordings", "for_use", "subgroups", "robustness", "label_maps", "transfer"),
    *("dimensions", "label_sets"),
)


def made(title: str, columns: dict[str, Format], rows: tuple[tuple[str, ...], ...], **more: object) -> Table:
    each = [
        Column("", name, lambda row, index=index: row[index], kind)
        for index, (name, kind) in enumerate(columns.items())
    ]
    return Table(title, each, rows, **more)


AWKWARD = made(
    "Caption with 50 % & _all_ {that} #needs $care ~ ^ \\ < >",
    {"Name": TEXT, "Δ UA": NUMBER, "Reason": TEXT},
    (("a_b", "−1.20", "[2.1, 3.4] → no"), ("[c]", "+0.30 ± 0.10", "words " * 30)),
    warning="a warning…",
    notes=("a note with τ ≤ 1",),
)


def environments(text: str) -> list[str]:
    return text.split(r"\begin{table}")[1:]


def test_every_table_of_a_report_is_well_formed(whole: Path) -> None:
    files = sorted((whole / "tables").glob("*.tex"))
    assert [path.stem for path in files] == registry.names("tables")
    assert len(files) > 14
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert text.isascii(), (path.name, sorted({letter for letter in text if not letter.isascii()}))
        assert environments(text) or path.stem in EMPTY, path.name
        for table in environments(text):
            spec = re.search(r"\\begin\{tabular\}\{((?:[lr]|p\{7cm\})+)\}", table).group(1)
            columns = len(re.findall(r"[lr]|p\{7cm\}", spec))
            rows = [line for line in table.splitlines() if line.endswith(r"\\")]
            assert 2 <= len(rows) <= LATEX_ROWS + 1
            assert {len(re.split(r"(?<!\\)&", row)) for row in rows} == {columns}, path.name
            assert table.count("{") - table.count(r"\{") == table.count("}") - table.count(r"\}")
            assert not any(row.startswith("[") for row in rows), "an option of the line before"


def test_a_long_table_goes_on_in_further_environments() -> None:
    rows = tuple((str(number), "x") for number in range(2 * LATEX_ROWS + 1))
    table = made("Long", {"A": NUMBER, "B": NUMBER}, rows, warning="Beware.")
    parts = environments(latex([table]))
    assert len(parts) == 3
    assert [f"Part {number} of 3" in part for number, part in enumerate(parts, start=1)] == [True] * 3
    assert all("Beware." in part for part in parts)
    listed = [line.split(" & ")[0] for part in parts for line in part.splitlines() if line.endswith(r" & x \\")]
    assert listed == [row[0] for row in rows]


def test_long_cells_are_paragraphs_and_awkward_letters_commands() -> None:
    text = latex([AWKWARD])
    assert r"\begin{tabular}{lrp{7cm}}" in text
    assert text.isascii()
    assert "{[}c] & " in text


@pytest.mark.skipif(LATEX is None, reason="pdflatex is not on this machine")
def test_the_tables_compile(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "awkward.tex").write_text(latex([AWKWARD]), encoding="utf-8")
    for path in [tmp_path / "awkward.tex", *sorted((whole / "tables").glob("*.tex"))]:
        (tmp_path / "all.tex").write_text(DOCUMENT % path.read_text(encoding="utf-8"), encoding="utf-8")
        command = [str(LATEX), "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", check=False)
        assert done.returncode == 0, f"{path.name}: {done.stdout[-1500:]}"
        assert (tmp_path / "all.pdf").stat().st_size > 5000
