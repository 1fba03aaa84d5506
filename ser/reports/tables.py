"""The tables of a report as Markdown and LaTeX (booktabs), with the corpus's warning on each."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ser.reports.gap import Gap, remark
from ser.reports.results import Block, Result, Spread

HONEST = "speaker-independent"
PAPER = "paper or leaking protocol"
RANKINGS = {
    HONEST: "Speaker-independent protocols: no speaker of the test part is trained on.",
    PAPER: "Paper protocols and protocols that leak: reproduction, not to be ranked with speaker-independent rows.",
}
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


def results(blocks: Iterable[Block]) -> list[Table]:
    """Return, for each block, one table of speaker-independent rows and one of paper rows; empty ones are left out."""
    tables = []
    for block in blocks:
        for ranking, rows in rankings(block):
            caption = f"{block.corpus}, {block.classes}. {RANKINGS[ranking]} Percent; chance is the test's majority "
            caption += "class for WA and 1/classes for UA; ± is the standard deviation over folds. "
            caption += f"Seeds {_seeds(rows)}; trained on {'; '.join(_devices(rows))}. From scores.parquet."
            sources = sources_of(rows)
            cells = [_cells(result, sources) for result in rows]
            columns = tuple(cells[0])
            lines = tuple(tuple(row.values()) for row in cells)
            text = frozenset({"Protocol", "Leaks", "System", "Folds × seeds", "Epochs", "Source", "Remark"})
            tables.append(Table(caption, block.warning, columns, lines, text, sources))
    return tables


def rankings(block: Block) -> list[tuple[str, tuple[Result, ...]]]:
    """Return the two kinds of rows of a block, which never share a table, without empty ones."""
    return [(kind, rows) for kind, rows in ((HONEST, block.honest), (PAPER, block.paper)) if rows]


def recalls(blocks: Iterable[Block]) -> list[Table]:
    """Return the recall of every class, one table per block and kind of rows."""
    tables = []
    for block in blocks:
        for ranking, results_ in rankings(block):
            classes = results_[0].first.classes
            rows = [
                (result.protocol, result.system, *(percent(result.recalls[name]) for name in classes))
                for result in results_
            ]
            caption = (
                f"Recall per class in percent, pooled over folds, mean over seeds: {block.corpus}, {block.classes}. "
            )
            caption += f"{RANKINGS[ranking]} From scores.parquet."
            text = frozenset({"Protocol", "System"})
            tables.append(Table(caption, block.warning, ("Protocol", "System", *classes), tuple(rows), text))
    return tables


def gap_table(gaps: Sequence[Gap]) -> list[Table]:
    """Return the difference between leaking and speaker-independent UA, paired by system."""
    if not gaps:
        return []
    columns = ("Corpus", "System", "Without leak", "With leak", "Leaks", "UA", "UA with leak", "Δ UA", "Δ WA", "Remark")
    rows = tuple(
        (
            gap.block.corpus,
            gap.honest.system,
            gap.honest.protocol,
            gap.leaking.protocol,
            "; ".join(gap.leaking.first.protocol.leaks),
            percent(gap.honest.ua.mean),
            percent(gap.leaking.ua.mean),
            points(gap.ua),
            points(gap.wa),
            remark(gap),
        )
        for gap in gaps
    )
    warning = " ".join(dict.fromkeys(gap.block.warning for gap in gaps if gap.block.warning))
    caption = "What the leak adds: UA in percent, differences in points, leaking minus speaker-independent, the same "
    caption += "system on the same corpus and classes. From scores.parquet."
    return [Table(caption, warning, columns, rows, frozenset(columns) - {"UA", "UA with leak", "Δ UA", "Δ WA"})]


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
    """Return the tables as LaTeX ``table`` environments, to be read by ``\\input``."""
    parts = [r"% \usepackage{booktabs,graphicx}; wide tables are shrunk to the line, none is enlarged"]
    for table in tables:
        spec = "".join("l" if name in table.text else "r" for name in table.columns)
        warning = rf"\textbf{{Warning: {tex(table.warning)}}} " if table.warning else ""
        parts += [
            r"\begin{table}[htbp]",
            r"\centering",
            rf"\caption{{{warning}{tex(table.caption)}}}",
            r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
            rf"\begin{{tabular}}{{{spec}}}",
            r"\toprule",
            " & ".join(tex(name) for name in table.columns) + r" \\",
            r"\midrule",
            *(" & ".join(tex(cell) for cell in row) + r" \\" for row in table.rows),
            r"\bottomrule",
            r"\end{tabular}}",
            *(rf"\par\footnotesize {letter(index)}: {tex(note)}" for index, note in enumerate(table.notes)),
            r"\end{table}",
            "",
        ]
    return "\n".join(parts) + "\n"


def tex(text: str) -> str:
    """Return ``text`` with every character that LaTeX reads as a command escaped."""
    return " ".join(text.translate(TEX).split())


def percent(value: float) -> str:
    """Return a fraction as percent with two decimals; "–" if there is none."""
    return "–" if math.isnan(value) else f"{100 * value:.2f}"


def points(value: float) -> str:
    """Return a difference of fractions in percentage points, with its sign."""
    return f"{100 * value:+.2f}".replace("-", "−")


def spread_text(spread: Spread) -> str:
    """Return ``mean ± sd`` in percent; the mean alone where there is one value."""
    return percent(spread.mean) + (f" ± {percent(spread.sd)}" if spread.sd is not None else "")


def folds_text(result: Result) -> str:
    """Return ``folds × seeds``, and which folds if not all were run."""
    text = f"{len(result.folds)} × {len(result.seeds)}"
    return f"{text} ({result.partial})" if result.partial else text


def published_text(result: Result, metric: str) -> str:
    """Return the published percentages of one metric, in the order of the paper's tables."""
    return " / ".join(f"{entry.percent:.2f}" for entry in result.published if entry.metric == metric)


def published_protocol(result: Result) -> str:
    """Return where the published numbers stand and under which protocol they were got."""
    return " / ".join(dict.fromkeys(f"{entry.table}: {entry.protocol}" for entry in result.published))


def sources_of(rows: Iterable[Result]) -> tuple[str, ...]:
    """Return where the published numbers of ``rows`` stand and under which protocol they were got, each once."""
    return tuple(dict.fromkeys(text for row in rows for text in _sources(row)))


def marks(row: Result, sources: Sequence[str]) -> str:
    """Return the letters of a row's published numbers in ``sources``."""
    return ", ".join(letter(sources.index(text)) for text in _sources(row))


def letter(index: int) -> str:
    """Return a, b, … z, a26, … for 0, 1, …"""
    return chr(ord("a") + index) if index < 26 else f"a{index}"


def _sources(row: Result) -> list[str]:
    return list(dict.fromkeys(f"{entry.paper}, {entry.table}: {entry.protocol}" for entry in row.published))


def _seeds(rows: Sequence[Result]) -> str:
    """Return the seeds of a table's rows: ``0, 1``."""
    return ", ".join(map(str, sorted({record.run.seed for row in rows for record in row.records})))


def _devices(rows: Sequence[Result]) -> list[str]:
    return sorted({record.device for row in rows for record in row.records})


def _cells(result: Result, sources: Sequence[str]) -> dict[str, str]:
    return {
        "Protocol": result.protocol,
        "Leaks": "; ".join(result.leaks),
        "System": result.system,
        "Folds × seeds": folds_text(result),
        "Epochs": result.epochs,
        "WA": percent(result.wa.mean),
        "UA": percent(result.ua.mean),
        "WA over folds": spread_text(result.fold_wa),
        "UA over folds": spread_text(result.fold_ua),
        "n": str(result.utterances),
        "Chance WA": percent(result.chance_wa),
        "Chance UA": percent(result.chance_ua),
        "Published WA": published_text(result, "WA"),
        "Published UA": published_text(result, "UA"),
        "Source": marks(result, sources),
        "Remark": result.remark,
    }
