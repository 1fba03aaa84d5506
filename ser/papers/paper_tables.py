"""The papers' own tables, row by row: our number, the printed one, their difference, and how far they compare."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from ser.papers import matching, published
from ser.papers.claims import Side
from ser.papers.published import Published
from ser.papers.results import OwnResult

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
        ours = "–" if self.ours is None else f"{self.ours:.2f}"
        if self.printed is None:
            return ours
        difference = "" if self.difference is None else f", {self.difference:+.2f}"
        return f"{ours} ({self.printed:.2f}{difference})".replace("-", "−")


NO_CELL = Cell(None, None)


@dataclass(frozen=True)
class PaperRow:
    """A system of a paper's table, as printed and as ``result`` has it under one protocol; None: not run.

    cells: by column.
    """

    side: Side
    result: OwnResult | None
    cells: Mapping[str, Cell]
    remark: str

    @property
    def where(self) -> tuple[str, str, str]:
        """Corpus, protocol and system of ours; "–" where there is none."""
        return (*self.result.setting, self.result.system) if self.result else ("–", "–", "–")


@dataclass(frozen=True)
class PaperTable:
    """A table of a paper next to ours; ``columns`` as in the paper, then what only we have."""

    paper: str
    table: str
    columns: tuple[str, ...]
    rows: tuple[PaperRow, ...]
    notes: tuple[str, ...]


def paper_tables(results: Iterable[OwnResult]) -> list[PaperTable]:
    """Return every table of a paper that one of ``results`` belongs to, in the paper's order of rows and columns.

    On the synthetic corpus systems that were not run are left out.
    """
    found = []
    for paper, own in matching.applicable(results).items():
        printed = published.printed(paper)
        for table in dict.fromkeys(number.table for _, number in printed):
            made = _table(paper, table, [entry for entry in printed if entry[1].table == table], own)
            found += [made] if any(row.result for row in made.rows) else []
    return found


def _table(paper: str, name: str, printed: list[tuple[str, Published]], results: Sequence[OwnResult]) -> PaperTable:
    measures = dict.fromkeys((number.metric, number.label) for _, number in printed)
    columns = {HEADINGS.get(measure[0], " ".join(measure).strip()): measure for measure in measures}
    rows: list[PaperRow] = []
    for system, recognised in dict.fromkeys((system, number.recognised) for system, number in printed):
        numbers = [number for other, number in printed if (other, number.recognised) == (system, recognised)]
        values = {(number.metric, number.label): number.percent for number in numbers}
        ours = [one for one in results if any(matching.belongs(one, paper, system, number) for number in numbers)]
        for result in sorted(ours, key=lambda one: (one.paper != paper, *one.setting)):
            cells = {name: Cell(_ours(result, *of), values.get(of)) for name, of in columns.items()}
            rows.append(PaperRow(Side(system, numbers[0]), result, cells, _remark(paper, system, numbers, result)))
        if not ours and not all(one.synthetic for one in results):
            cells = {name: Cell(None, values.get(of)) for name, of in columns.items()}
            rows.append(PaperRow(Side(system, numbers[0]), None, cells, NOT_RUN))
    return PaperTable(paper, name, tuple(columns), tuple(rows), tuple(_ratios(rows)))


def _ours(result: OwnResult, metric: str, label: str) -> float | None:
    """Return our number for a column, in the paper's unit; None where we have none."""
    if metric in ("parameters", "minutes"):
        return result.parameters / 1e6 if metric == "parameters" else result.minutes
    value = {**result.rates, "converged UA": result.converged_ua, "recall": result.recalls.get(label)}.get(metric)
    return None if value is None or value != value else 100 * value


def _remark(paper: str, system: str, numbers: Sequence[Published], result: OwnResult) -> str:
    parts = [matching.remark(result, paper, numbers), published.known_remark(paper, system)]
    if result.curve_ua is not None:
        parts.append(f"best point of our test curve: UA {100 * result.curve_ua:.2f}, chosen on the test part")
    return "; ".join(part for part in dict.fromkeys((*parts, result.partial)) if part)


def _ratios(rows: Sequence[PaperRow]) -> Iterable[str]:
    """Yield how many times larger and slower each system is than those below it, where a table prints both."""
    for one, other in combinations((row for row in rows if row.result), 2):
        a, b = one.result, other.result
        if not a or not b or one.side == other.side or a.setting != b.setting:
            continue
        for metric in ("minutes", "parameters"):
            first, second = (row.cells.get(HEADINGS[metric], NO_CELL) for row in (one, other))
            if first.ours and second.ours and first.printed and second.printed:
                yield (
                    f"{metric}, {a.system} : {b.system} = {first.ours / second.ours:.2f}, "
                    f"printed {first.printed / second.printed:.2f} ({a.protocol} on {a.corpus})"
                )
