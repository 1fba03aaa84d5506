"""The standings: results and recalls of every system as tables, beside what the papers print."""

from collections.abc import Iterable, Sequence

from ser.reports.gathered.numerals import NONE, limits, percent
from ser.reports.gathered.results import Block, Result, Spread
from ser.reports.gathered.tables import RANKINGS, Table, letter, rankings
from ser.reports.sections import bounds
from ser.reports.sections.bounds import Bounds


def results(blocks: Iterable[Block], found: Bounds) -> list[Table]:
    """Return, for each block, one table of speaker-independent rows and one of paper rows; empty ones are left out.

    found: the intervals of all results.
    """
    tables = []
    for block in blocks:
        for ranking, rows in rankings(block):
            caption = (
                f"{block.corpus}, {block.classes}. {RANKINGS[ranking]} Percent; chance is the test's majority class "
                "for WA and 1/classes for UA; in brackets the 95 % interval for other test speakers; ± is the standard "
                f"deviation over folds. Seeds {_seeds(rows)}; trained on {'; '.join(_devices(rows))}. From "
                "scores.parquet and intervals.parquet."
            )
            sources = sources_of(rows)
            cells = [_cells(result, sources, found) for result in rows]
            columns = tuple(cells[0])
            lines = tuple(tuple(row.values()) for row in cells)
            text = frozenset({"Protocol", "Leaks", "System", "Folds × seeds", "Epochs", "Source", "Remark"})
            tables.append(Table(caption, block.warning, columns, lines, text, sources))
    return tables


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


def _sources(row: Result) -> list[str]:
    return list(dict.fromkeys(f"{entry.paper}, {entry.table}: {entry.protocol}" for entry in row.published))


def _seeds(rows: Sequence[Result]) -> str:
    """Return the seeds of a table's rows: ``0, 1``."""
    return ", ".join(map(str, sorted({record.run.seed for row in rows for record in row.records})))


def _devices(rows: Sequence[Result]) -> list[str]:
    return sorted({record.device for row in rows for record in row.records})


def _cells(result: Result, sources: Sequence[str], found: Bounds) -> dict[str, str]:
    wa, ua = (bounds.of(found, result, metric) for metric in ("WA", "UA"))
    return {
        "Protocol": result.protocol,
        "Leaks": "; ".join(result.leaks),
        "System": result.system,
        "Folds × seeds": folds_text(result),
        "Epochs": result.epochs,
        "WA": percent(result.wa.mean),
        "WA 95 %": limits(wa.low, wa.high) or NONE,
        "UA": percent(result.ua.mean),
        "UA 95 %": limits(ua.low, ua.high) or NONE,
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
