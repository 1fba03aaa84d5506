"""What a table is, as Markdown and as LaTeX (booktabs), with the corpus's warning on each."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ser.reports.gathered.results import Block, Result

HONEST = "speaker-independent"
PAPER = "paper or leaking protocol"
RANKINGS = {
    HONEST: "Speaker-independent protocols: no speaker of the test part is trained on.",
    PAPER: "Paper protocols and protocols that leak: reproduction, not to be ranked with speaker-independent rows.",
}
PAGE = 40  # rows of a LaTeX table that fit on a page
WIDE = 45  # characters of a cell from which on it is set as a paragraph
TEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "±": r"$\pm$",
        "×": r"$\times$",
        "−": r"$-$",
        "·": r"$\cdot$",
        "–": "--",
        "…": r"\ldots{}",
        "Δ": r"$\Delta$",
        "τ": r"$\tau$",
        "≤": r"$\leq$",
        "→": r"$\rightarrow$",
        "’": "'",
        "[": "{[}",  # behind a line's end it would be an option of it
        "\u2009": r"\,",
    }
)
MARKDOWN = str.maketrans({"|": r"\|", "<": "&lt;", ">": "&gt;", "*": r"\*", "_": r"\_", "`": r"\`", "\n": " "})


@dataclass(frozen=True)
class Table:
    """Cells as text; ``text`` columns are aligned left, the rest right."""

    caption: str
    warning: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text: frozenset[str]
    notes: tuple[str, ...] = ()  # marked a, b, … in the cells


def rankings(block: Block) -> list[tuple[str, tuple[Result, ...]]]:
    """Return the two kinds of rows of a block, which never share a table, without empty ones."""
    return [(kind, rows) for kind, rows in ((HONEST, block.honest), (PAPER, block.paper)) if rows]


def markdown(tables: Sequence[Table], title: str) -> str:
    """Return the tables as GitHub Markdown under ``title``."""
    parts = [f"# {title.translate(MARKDOWN)}"]
    for table in tables:
        lines = [table.caption.translate(MARKDOWN), ""]
        if table.warning:
            lines = [f"> **Warning:** {table.warning.translate(MARKDOWN)}", "", *lines]
        lines.append("| " + " | ".join(name.translate(MARKDOWN) for name in table.columns) + " |")
        lines.append("|" + "|".join(":--" if name in table.text else "--:" for name in table.columns) + "|")
        lines += ["| " + " | ".join(cell.translate(MARKDOWN) for cell in row) + " |" for row in table.rows]
        lines += [""] if table.notes else []
        lines += [f"- {letter(index)}: {note.translate(MARKDOWN)}" for index, note in enumerate(table.notes)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts if tables else [*parts, "Nothing to show."]) + "\n"


def latex(tables: Sequence[Table]) -> str:
    """Return the tables as LaTeX ``table`` environments, to be read by ``\\input``; long ones in parts."""
    parts = [r"% \usepackage{booktabs,graphicx}; wide tables are shrunk to the line, none is enlarged"]
    for table in tables:
        pages = range(0, max(1, len(table.rows)), PAGE)
        parts += [
            _float(table, start, f" Part {number} of {len(pages)}." if len(pages) > 1 else "")
            for number, start in enumerate(pages, start=1)
        ]
    return "\n".join(parts) + "\n"


def _float(table: Table, start: int, part: str) -> str:
    """Return ``PAGE`` rows from ``start`` as one environment."""
    warning = rf"\textbf{{Warning: {tex(table.warning)}}} " if table.warning else ""
    lines = [
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{warning}{tex(table.caption + part)}}}",
        r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        rf"\begin{{tabular}}{{{''.join(map(_alignment(table), table.columns))}}}",
        r"\toprule",
        " & ".join(tex(name) for name in table.columns) + r" \\",
        r"\midrule",
        *(" & ".join(tex(cell) for cell in row) + r" \\" for row in table.rows[start : start + PAGE]),
        r"\bottomrule",
        r"\end{tabular}}",
        *(rf"\par\footnotesize {letter(index)}: {tex(note)}" for index, note in enumerate(table.notes)),
        r"\end{table}",
        "",
    ]
    return "\n".join(lines)


def _alignment(table: Table) -> Callable[[str], str]:
    """Return a function from a column to its letter; sentences are set as paragraphs."""
    widest = {name: max(map(len, cells)) for name, *cells in zip(table.columns, *table.rows, strict=True) if cells}
    return lambda name: "r" if name not in table.text else "l" if widest.get(name, 0) <= WIDE else "p{7cm}"


def tex(text: str) -> str:
    """Return ``text`` with every character that LaTeX reads as a command escaped."""
    return " ".join(text.translate(TEX).split())


def letter(index: int) -> str:
    """Return a, b, … z, a26, … for 0, 1, …"""
    return chr(ord("a") + index) if index < 26 else f"a{index}"
