"""The papers' own tables, line by line: our number, the printed one, their difference, and how far they compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from ser.papers import published
from ser.papers.comparable import on_this_corpus, recognised
from ser.papers.ours import OwnResult
from ser.papers.published import Published

HEADINGS = {"parameters": "parameters, M", "minutes": "training, min", "converged UA": "UA, converged"}
NOT_RUN = "not run in this experiment"


@dataclass(frozen=True)
class Cell:
    """A number of ours and the printed one, both in percent, millions or minutes; None where there is none."""

    ours: float | None
    printed: float | None

    @property
    def difference(self) -> float | None:
        """Ours minus the printed one."""
        return None if self.ours is None or self.printed is None else self.ours - self.printed

    @property
    def text(self) -> str:
        """``57.40 (64.34, −6.94)``: ours, the printed one and the difference."""
        if self.printed is None:
            return "–" if self.ours is None else f"{self.ours:.2f}"
        beside = f"{self.printed:.2f}" if self.difference is None else f"{self.printed:.2f}, {self.difference:+.2f}"
        return f"{'–' if self.ours is None else f'{self.ours:.2f}'} ({beside})".replace("-", "−")


@dataclass(frozen=True)
class PaperLine:
    """A system of a paper's table, as printed and as ``result`` has it under one protocol; None: not run."""

    system: str  # the paper's name
    recognised: bool  # on recognised transcripts
    result: OwnResult | None
    cells: tuple[Cell, ...]
    remark: str

    @property
    def name(self) -> str:
        """The paper's name, and on which transcripts where they were recognised."""
        return f"{self.system}, recognised text" if self.recognised else self.system


@dataclass(frozen=True)
class PaperTable:
    """A table of a paper beside ours; ``columns`` as in the paper, then what only we have."""

    paper: str
    table: str
    columns: tuple[str, ...]
    lines: tuple[PaperLine, ...]
    notes: tuple[str, ...]


def paper_tables(results: Sequence[OwnResult]) -> list[PaperTable]:
    """Return every table of a paper that one of ``results`` is named in, in the paper's order of rows and columns."""
    named = {paper for result in results for paper in result.recipe.published}
    found = []
    for paper in (name for name in published.papers() if name in named):
        printed = published.printed(paper)
        for table in dict.fromkeys(number.table for _, number in printed):
            made = _table(paper, table, [entry for entry in printed if entry[1].table == table], results)
            found += [made] if any(line.result for line in made.lines) else []
    return found


def _table(paper: str, name: str, printed: list[tuple[str, Published]], results: Sequence[OwnResult]) -> PaperTable:
    columns = list(dict.fromkeys((number.metric, number.label) for _, number in printed))
    lines: list[PaperLine] = []
    for system, spoken in dict.fromkeys((system, number.recognised) for system, number in printed):
        numbers = [number for other, number in printed if (other, number.recognised) == (system, spoken)]
        values = {(number.metric, number.label): number.percent for number in numbers}
        ours = [
            result
            for result in results
            if system in result.recipe.published.get(paper, ())
            and recognised(result.recipe) == spoken
            and on_this_corpus(result.first.adapter, numbers)
        ]
        for result in sorted(ours, key=lambda one: (one.first.protocol.paper != paper, one.corpus, one.protocol)):
            cells = tuple(Cell(_ours(result, *column), values.get(column)) for column in columns)
            lines.append(PaperLine(system, spoken, result, cells, _remark(paper, system, result)))
        if not ours:
            cells = tuple(Cell(None, values.get(column)) for column in columns)
            lines.append(PaperLine(system, spoken, None, cells, NOT_RUN))
    headings = tuple(HEADINGS.get(metric, f"{metric} {label}".strip()) for metric, label in columns)
    return PaperTable(paper, name, headings, tuple(lines), _ratios(columns, lines))


def _ours(result: OwnResult, metric: str, label: str) -> float | None:
    """Return our number for a column, in the paper's unit; None where we have none."""
    if metric == "parameters":
        return result.first.parameters / 1e6
    if metric == "minutes":
        return result.seconds / 60 / len(result.records)
    value = {
        "WA": result.wa.mean,
        "UA": result.ua.mean,
        "converged UA": result.converged_ua,
        "recall": result.recalls.get(label),
    }[metric]
    return None if value is None or value != value else 100 * value


def _remark(paper: str, system: str, result: OwnResult) -> str:
    parts = [result.remark_on(paper), published.known_remark(paper, system)]
    if result.curve_ua is not None:
        parts.append(f"best point of our test curve: UA {100 * result.curve_ua:.2f}, chosen on the test part")
    if result.partial:
        parts.append(result.partial)
    return "; ".join(part for part in dict.fromkeys(parts) if part)


def _ratios(columns: Sequence[tuple[str, str]], lines: Sequence[PaperLine]) -> tuple[str, ...]:
    """Return how many times larger and slower each system is than those below it, where a table prints both."""
    keys = [metric for metric, _ in columns]
    if "minutes" not in keys:
        return ()
    notes = []
    for one, other in combinations((line for line in lines if line.result is not None), 2):
        a, b = one.result, other.result
        if one.system == other.system or not a or not b or (a.corpus, a.protocol) != (b.corpus, b.protocol):
            continue
        for metric in ("minutes", "parameters"):
            first, second = one.cells[keys.index(metric)], other.cells[keys.index(metric)]
            if first.ours and second.ours and first.printed and second.printed:
                notes.append(
                    f"{metric}, {a.system} : {b.system} = {first.ours / second.ours:.2f}, "
                    f"printed {first.printed / second.printed:.2f} ({a.protocol} on {a.corpus})"
                )
    return tuple(notes)
