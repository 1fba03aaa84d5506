"""The page of a report: one HTML file that loads nothing from anywhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.figure import Figure

from ser.papers import judging, verdicts
from ser.reports.drawings import attention, diagrams, figures
from ser.reports.gathered import tables
from ser.reports.gathered.numerals import count, duration
from ser.reports.gathered.results import Result
from ser.reports.gathered.runs import Record, spans
from ser.reports.material import Material
from ser.reports.overview import overview
from ser.reports.sections import bounds, claims, provenance, standings
from ser.reports.sections.bounds import Bound
from ser.reports.templates import environment, style


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
        return standings.marks(row, self.published)

    def numbers(self, row: Result) -> str:
        """Return the marks of a row's notes."""
        return spans(self.notes.index(text) + 1 for text in _notes(row))


def render(shown: Material) -> str:
    """Return the page as HTML with its styles, figures and script in it."""
    judged = verdicts.shown(shown.verdicts)

    def bound(row: Result, metric: str) -> Bound:
        return bounds.of(shown.intervals, row, metric)

    return (
        environment()
        .get_template("page.html")
        .render(
            css=style(),
            shown=shown,
            experiment=shown.plan.experiment,
            warnings=list(shown.warnings.items()),
            overview=overview(shown),
            blocks=[(block, [_ranking(kind, rows) for kind, rows in tables.rankings(block)]) for block in shown.blocks],
            bound=bound,
            gap_figure=_drawn(diagrams.gap(shown.gaps, ""), "gap", "UA with and without the leak"),
            curves=list(_curves(shown.results)),
            attention=None
            if shown.subject is None
            else _drawn(attention.figure(shown.subject, ""), "attention", "Attention over time"),
            sweeps=_sweeps(shown),
            claims=judged,
            tally=verdicts.tally(shown.verdicts),
            statement=claims.statement,
            span=claims.span,
            margin=judging.MARGIN,
            checks=[check for check in shown.checks if check.paper in judged],
            protocols=_protocols(shown.records),
            systems=_systems(shown.results),
            totals=_totals(shown),
            surroundings=provenance.surroundings(shown.records),
            snippet=snippet(shown.results[0]),
            example=shown.results[0],
        )
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


def _ranking(kind: str, rows: Sequence[Result]) -> Ranking:
    grouped: dict[str, list[Result]] = {}
    for row in rows:
        grouped.setdefault(row.protocol, []).append(row)
    return Ranking(
        kind,
        tables.RANKINGS[kind],
        tuple(Group(members[0].first, tuple(members)) for members in grouped.values()),
        standings.sources_of(rows),
        tuple(dict.fromkeys(text for row in rows for text in _notes(row))),
    )


def _notes(row: Result) -> list[str]:
    return list(dict.fromkeys(note for record in row.records for note in record.notes))


def _drawn(figure: Figure, name: str, label: str) -> Markup:
    return Markup(figures.inline(figure, name, label))


def _curves(results: Iterable[Result]) -> Iterable[tuple[Result, Markup]]:
    for number, result in enumerate(results):
        if figures.has_curve(result):
            label = f"Learning curves of {result.system} under {result.protocol}"
            yield result, _drawn(figures.curve(result), f"curve{number}", label)


def _sweeps(shown: Material) -> Markup | None:
    named = shown.plan.experiment.sweeps
    return _drawn(figures.sweeps(named, shown.results, ""), "sweeps", "Rates over a setting") if named else None


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


def _totals(shown: Material) -> dict[str, str]:
    counted = {
        ("corpus", "corpora"): len({result.corpus for result in shown.results}),
        ("protocol", "protocols"): len({result.protocol for result in shown.results}),
        ("system", "systems"): len({result.system for result in shown.results}),
        ("run", "runs"): len(shown.records),
    }
    numbers = {names[number != 1]: count(number) for names, number in counted.items()}
    return numbers | {"training": duration(sum(record.seconds for record in shown.records))}
