r"""One definition of a report table, from which its CSV, Markdown, LaTeX and HTML follow.

A table is a list of columns over a list of records of any type:

    COLUMNS = (
        Column("system", "System"),
        Column("UA", "UA", lambda row: row.ua, PERCENT, "mean recall of the classes, percent"),
        Column("note", "", lambda row: row.warning),  # no title: only in the CSV file
        Column("", "Verdict", lambda row: row.verdict, html=badge),  # no name: not in the CSV file
    )
    Table("Results on demo", COLUMNS, rows, source=("scores.parquet",))

The legend of a caption and the tooltips of the page are the columns' own meanings, so that they cannot drift.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import pandas as pd

from ser.report.formats import NONE, TEXT, Format

Row = Any  # a record of whatever type the table's columns read
Value = Callable[[Row], Any] | str  # of a column: a function of the record, or a path
LATEX_ROWS = 40  # that fit on a page
WIDE = 45  # characters of a LaTeX cell from which on it is set as a paragraph
MARKDOWN: Final = str.maketrans({"|": r"\|", "<": "&lt;", ">": "&gt;", "*": r"\*", "_": r"\_", "`": r"\`", "\n": " "})
LATEX: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        **{special: f"\\{special}" for special in "&%$#_{}"},
        "±": r"$\pm$",
        "×": r"$\times$",
        "−": r"$-$",
        "·": r"$\cdot$",
        "–": "--",
        "…": r"\ldots{}",
        "Δ": r"$\Delta$",
        "τ": r"$\tau$",
        "μ": r"$\mu$",
        "≤": r"$\leq$",
        "≥": r"$\geq$",
        "→": r"$\rightarrow$",
        "’": "'",
        "[": "{[}",  # behind a line's end it would be an option of it
        "\u2009": r"\,",
    }
)


@dataclass(frozen=True)
class Column:
    """One column. ``value`` reads it from a record, "" for what ``name`` names; ``format`` writes the value.

    value: a function, or the path of an attribute or of a mapping's item, such as ``run.seed``. name: heading in the
    CSV file, "" to leave the column out. title: heading for readers, "" for a CSV-only column. meaning: what the
    numbers are, displayed as a tooltip and in the legend. html: the cell on the page instead of the formatted text.
    small: on the page the value is small text below the column before, after this prefix; None for a column of its own.
    page, text: whether the column is on the page, and in Markdown and LaTeX.
    """

    name: str
    title: str = ""
    value: Value = ""
    format: Format = TEXT
    meaning: str = ""
    html: Callable[[Row], str] | None = None
    small: str | None = None
    page: bool = True
    text: bool = True

    def read(self, row: Row) -> Any:
        """Return the value in ``row``."""
        if callable(self.value):
            return self.value(row)
        for name in (self.value or self.name).split("."):
            row = row.get(name) if isinstance(row, Mapping) else None if row is None else getattr(row, name)
        return row

    def csv(self, row: Row) -> object:
        """Return the value for the CSV file; None where there is none."""
        value = self.read(row)
        return None if _unknown(value) else self.format.csv(value)

    def cell(self, row: Row) -> str:
        """Return the value as text; a dash where a number is unknown."""
        value = self.read(row)
        if _unknown(value):
            return NONE if self.format.numeric else ""
        return self.format.text(value)

    def markup(self, row: Row) -> str:
        """Return the cell of the page; text is escaped by the template, ``Markup`` is not."""
        return self.html(row) if self.html else self.cell(row)

    def sort_key(self, row: Row) -> float | None:
        """Return the number by which the page sorts; None to sort by the text."""
        value = self.read(row)
        return float(value) if isinstance(value, int | float) and not _unknown(value) else None


@dataclass(frozen=True)
class Table:
    """Records and their columns.

    title: what is in it, as a phrase. caption: further sentences. source: files that the numbers come from. warning: of
    the corpus. notes: marked a, b, … in the cells. group: on the page, heading of the rows that follow each other with
    the same heading. best: whether the page emphasises a row. paper: rows of a paper's or a leaking protocol. page:
    whether it is on the page. folded: whether it is closed there until the reader opens it. cards: on the page each row
    is a card on any screen, not only on a narrow one.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    caption: str = ""
    source: Sequence[str] = ()
    warning: str = ""
    notes: Sequence[str] = ()
    group: Callable[[Row], str] | None = None
    best: Callable[[Row], bool] | None = None
    paper: bool = False
    page: bool = True
    folded: bool = False
    cards: bool = False

    @property
    def text_columns(self) -> list[Column]:
        """Those of Markdown and LaTeX."""
        return [column for column in self.columns if column.title and column.text]

    @property
    def page_columns(self) -> list[tuple[Column, list[Column]]]:
        """Those of the page, each with the columns that are small text below it."""
        found: list[tuple[Column, list[Column]]] = []
        for column in self.columns:
            if column.title and column.page:
                if column.small is not None:
                    found[-1][1].append(column)
                else:
                    found.append((column, []))
        return found

    @property
    def groups(self) -> list[tuple[str, list[Row]]]:
        """Headings of the page and their rows; one group without a heading where there are none."""
        group = self.group or (lambda _: "")
        return [(heading, list(rows)) for heading, rows in groupby(self.rows, key=group)]

    @property
    def legend(self) -> str:
        """The meaning of the columns, those with the same meaning together: ``WA, UA: percent; p: two-sided``."""
        titles: dict[str, list[str]] = {}
        for column in self.text_columns:
            if column.meaning:
                titles.setdefault(column.meaning, []).append(column.title)
        return "; ".join(f"{', '.join(named)}: {meaning}" for meaning, named in titles.items())

    @property
    def full_caption(self) -> str:
        """Title, caption, legend and source as sentences."""
        source = f"From {' and '.join(filter(None, [', '.join(self.source[:-1]), *self.source[-1:]]))}"
        parts = (self.title, self.caption, self.legend, source if self.source else "")
        return " ".join(part if part.endswith(".") else f"{part}." for part in parts if part)


NOTHING = Table("", (Column("note"),), ())  # of a section that does not apply


def frame(tables: Iterable[Table]) -> pd.DataFrame:
    """Return the rows of all ``tables`` with CSV names, at least one; the names are the same in each."""
    every = [(one, columns) for one in tables if (columns := [column for column in one.columns if column.name])]
    rows = [[column.csv(row) for column in columns] for one, columns in every for row in one.rows]
    return pd.DataFrame(rows, columns=[column.name for column in every[0][1]])


def csv(frame: pd.DataFrame) -> str:
    """Return a data frame as CSV."""
    return frame.to_csv(index=False, lineterminator="\n")


def markdown(tables: Iterable[Table], heading: str) -> str:
    """Return the tables that have rows as GitHub Markdown under ``heading``."""
    parts = [f"# {heading.translate(MARKDOWN)}"]
    for table in tables:
        columns = table.text_columns
        if table.rows and columns:
            lines = [f"> **Warning:** {table.warning.translate(MARKDOWN)}", ""] if table.warning else []
            lines += [table.full_caption.translate(MARKDOWN), ""]
            lines.append(_markdown_row(column.title for column in columns))
            lines.append("|" + "|".join("--:" if column.format.numeric else ":--" for column in columns) + "|")
            lines += [_markdown_row(column.cell(row) for column in columns) for row in table.rows]
            lines += [""] if table.notes else []
            lines += [f"- {letter(index)}: {note.translate(MARKDOWN)}" for index, note in enumerate(table.notes)]
            parts.append("\n".join(lines))
    return "\n\n".join(parts if len(parts) > 1 else [*parts, "Nothing to show."]) + "\n"


def latex(tables: Iterable[Table]) -> str:
    r"""Return the tables that have rows as LaTeX ``table`` environments for ``\input``; long ones in parts."""
    parts = [r"% \usepackage{booktabs,graphicx}; wide tables are shrunk to the line, none is enlarged"]
    for table in tables:
        starts = range(0, len(table.rows), LATEX_ROWS) if table.text_columns else ()
        for number, start in enumerate(starts, start=1):
            part = f" Part {number} of {len(starts)}." if len(starts) > 1 else ""
            parts.append(_environment(table, table.rows[start : start + LATEX_ROWS], part))
    return "\n".join(parts) + "\n"


def tex(text: str) -> str:
    """Return ``text`` with every character that LaTeX reads as a command escaped, in ASCII."""
    return " ".join(text.translate(LATEX).split())


def letter(index: int) -> str:
    """Return a, b, … z, a26, … for 0, 1, …"""
    return chr(ord("a") + index) if index < 26 else f"a{index}"


def _environment(table: Table, rows: Sequence[Row], part: str) -> str:
    columns = table.text_columns
    widest = [max(len(column.cell(row)) for row in table.rows) for column in columns]
    alignments = [
        "r" if column.format.numeric else "l" if width <= WIDE else "p{7cm}"
        for column, width in zip(columns, widest, strict=True)
    ]
    cells = pd.DataFrame([[tex(column.cell(row)) for column in columns] for row in rows])
    cells.columns = pd.Index([tex(column.title) for column in columns])
    tabular = cells.style.hide(axis="index").to_latex(hrules=True, column_format="".join(alignments))
    warning = rf"\textbf{{Warning: {tex(table.warning)}}} " if table.warning else ""
    lines = [
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{warning}{tex(table.full_caption + part)}}}",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        f"{tabular.rstrip()}}}",
        *(rf"\par\footnotesize {letter(index)}: {tex(note)}" for index, note in enumerate(table.notes)),
        r"\end{table}",
        "",
    ]
    return "\n".join(lines)


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.translate(MARKDOWN) for cell in cells)} |"


def _unknown(value: object) -> bool:
    return value is None or value != value  # NaN differs from itself
