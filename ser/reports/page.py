"""The page of a report: one HTML file that loads nothing from anywhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ser.config.schema import Experiment
from ser.reports import figures, papers, tables
from ser.reports.frames import Heard
from ser.reports.gap import Gap, remark
from ser.reports.results import Block, Result
from ser.reports.runs import Record, spans

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Group:
    """The rows of one protocol within a table, best UA first."""

    record: Record  # any run under this protocol
    rows: tuple[Result, ...]

    @property
    def best(self) -> Result | None:
        """The best UA of those that ran all folds; None where there is nothing to be better than."""
        whole = [row for row in self.rows if not row.partial]
        return whole[0] if len(whole) > 1 else None


@dataclass(frozen=True)
class Ranking:
    """One table of results: speaker-independent rows or paper rows, never both."""

    kind: str
    explanation: str
    groups: tuple[Group, ...]
    published: tuple[str, ...]  # where published numbers come from; marked a, b, …
    notes: tuple[str, ...]  # on inputs and training; marked 1, 2, …

    def letters(self, row: Result) -> str:
        """Return the marks of the protocols under which a row's published numbers were got."""
        return tables.marks(row, self.published)

    def numbers(self, row: Result) -> str:
        """Return the marks of a row's notes."""
        return spans(self.notes.index(text) + 1 for text in _notes(row))


def render(
    *,
    experiment: Experiment,
    blocks: Sequence[Block],
    gaps: Sequence[Gap],
    records: Sequence[Record],
    transcripts: Sequence[Heard] = (),
) -> str:
    """Return the page as HTML with its styles, figures and script in it."""
    found = Environment(loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    found.lstrip_blocks = True
    found.filters |= {"percent": tables.percent, "points": tables.points, "spread": tables.spread_text}
    found.filters |= {"duration": duration, "count": count, "short": short, "spans": spans}
    results = [result for block in blocks for result in block.results]
    return found.get_template("page.html").render(
        css=Markup((FOLDER / "page.css").read_text(encoding="utf-8")),
        experiment=experiment,
        warnings=dict.fromkeys((block.corpus, block.warning) for block in blocks if block.warning),
        blocks=[(block, [_ranking(kind, rows) for kind, rows in tables.rankings(block)]) for block in blocks],
        gaps=[(gap, remark(gap)) for gap in gaps],
        gap_figure=Markup(figures.inline(figures.gap(gaps, ""), "gap", "UA with and without the leak")),
        curves=list(_curves(results)),
        papers=papers.paper_tables(results),
        transcripts=transcripts,
        sweeps=_sweeps(experiment, results),
        protocols=_protocols(records),
        systems=_systems(results),
        totals=_totals(records, results),
        surroundings=_surroundings(records),
        snippet=snippet(results[0]),
        example=results[0],
    )


def snippet(result: Result) -> str:
    """Return Python that computes WA and UA of the first seed of ``result`` from its predictions."""
    first = result.records[0].run._replace(seed=result.seeds[0])
    folds = sorted(record.run.fold for record in result.records if record.run.seed == first.seed)
    lines = [
        "import pandas as pd",
        "",
        f"folder = {first.folder.parent.as_posix()!r}",
        f"folds = {folds!r}",
        'rows = pd.concat([pd.read_parquet(f"{folder}/fold{fold}/predictions.parquet") for fold in folds])',
        'right = rows["predicted"] == rows["label"]',
        "wa = 100 * right.mean()",
        'ua = 100 * right.groupby(rows["label"]).mean().mean()',
        'print(f"WA {wa:.2f}  UA {ua:.2f}")',
    ]
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Return seconds as text a person reads: ``42 s``, ``3 min 20 s``, ``5 h 07 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def count(number: int) -> str:
    """Return a whole number with thin spaces between thousands."""
    return f"{number:,}".replace(",", "\u2009")


def short(number: int) -> str:
    """Return a number of parameters with three digits: ``1.23 M``."""
    for size, unit in ((1_000_000, "M"), (1000, "k")):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return count(number)


def _ranking(kind: str, rows: Sequence[Result]) -> Ranking:
    grouped: dict[str, list[Result]] = {}
    for row in rows:
        grouped.setdefault(row.protocol, []).append(row)
    return Ranking(
        kind,
        tables.RANKINGS[kind],
        tuple(Group(members[0].first, tuple(members)) for members in grouped.values()),
        tables.sources_of(rows),
        tuple(dict.fromkeys(text for row in rows for text in _notes(row))),
    )


def _notes(row: Result) -> list[str]:
    return list(dict.fromkeys(note for record in row.records for note in record.notes))


def _curves(results: Iterable[Result]) -> Iterable[tuple[Result, Markup]]:
    for number, result in enumerate(results):
        if figures.has_curve(result):
            label = f"Learning curves of {result.system} under {result.protocol}"
            yield result, Markup(figures.inline(figures.curve(result), f"curve{number}", label))


def _sweeps(experiment: Experiment, results: Sequence[Result]) -> Markup | None:
    if not experiment.sweeps:
        return None
    return Markup(figures.inline(figures.sweeps(experiment.sweeps, results, ""), "sweeps", "Rates over a setting"))


def _protocols(records: Iterable[Record]) -> list[tuple[Record, list[Record]]]:
    """Return, per protocol and set of classes, one run, and the first run on every corpus."""
    grouped: dict[tuple[str, tuple[str, ...]], dict[str, Record]] = {}
    for record in records:
        grouped.setdefault((record.run.protocol, record.classes), {}).setdefault(record.run.corpus, record)
    return [(next(iter(one.values())), list(one.values())) for _, one in sorted(grouped.items())]


def _systems(results: Iterable[Result]) -> list[Result]:
    one: dict[str, Result] = {}
    for result in results:
        one.setdefault(result.system, result)
    return [one[name] for name in sorted(one, key=str.lower)]


def _totals(records: Sequence[Record], results: Sequence[Result]) -> dict[str, str]:
    return {
        "corpora": count(len({result.corpus for result in results})),
        "protocols": count(len({result.protocol for result in results})),
        "systems": count(len({result.system for result in results})),
        "runs": count(len(records)),
        "training": duration(sum(record.seconds for record in records)),
    }


def _surroundings(records: Sequence[Record]) -> list[tuple[str, str]]:
    versions: dict[str, dict[str, None]] = {}
    for record in records:
        for name, version in record.versions.items():
            versions.setdefault(name, {})[version] = None
    return [
        ("commit", "; ".join(sorted({record.commit for record in records}))),
        ("device", "; ".join(sorted({record.device for record in records}))),
        ("seeds", spans({record.run.seed for record in records})),
        ("training time", duration(sum(record.seconds for record in records))),
        *((name, ", ".join(found)) for name, found in versions.items()),
    ]
