"""The main findings, in sentences made of the numbers of the sections."""

from collections import Counter
from collections.abc import Iterator
from math import isnan
from typing import Any

from ser.report.data.experiment import ReportData
from ser.report.data.results import INDEPENDENT, PAPER
from ser.report.formats import decimal, percent
from ser.report.leak_gaps import mean_gaps
from ser.report.sections import claims, comparisons, contrasts, ranking, raters
from ser.report.sections._columns import leak_text
from ser.report.sections.comparisons import LEVEL
from ser.report.transfers import Transfer, transfers


def overview(data: ReportData) -> list[tuple[str, str, list[str]]]:
    """Return heading, section of the page and sentences; headings without a sentence are left out."""
    judged = claims.judged(data)  # none of dimensions
    every = [
        (f"{'Lowest' if data.lower else 'Highest'} {data.ranking}", "results", list(_best(data))),
        ("Directions", "transfer", list(_directions(data))),
        ("Contrasts", "contrasts", [f"{of.tally}: {of.protocol} on {of.corpus}" for of in contrasts.families(data)]),
        ("Differences", "comparisons", list(_differences(data))),
        ("Leaks", "gap", list(_leaks(data))),
        ("Ranking", "ranking", list(_rankings(data))),
        ("Audit", "audit", list(_audited(data))),
        ("Claims", "claims", [f"{paper}: {len(of)} claims, {claims.tally(of)}" for paper, of in judged.items()]),
        (
            "Left out",
            "protocols",
            [f"{p} on {c}: {why}" for c, of in data.plan.left_out.items() for p, why in of.items()],
        ),
        ("Raters", "raters", list(_raters(data)) if data.target == "classes" else []),
    ]
    return [part for part in every if part[2]]


def _best(data: ReportData) -> Iterator[str]:
    for group, kind, rows in data.by_kind():
        for protocol in dict.fromkeys(result.protocol for result in rows):
            ranked = [one for one in rows if one.protocol == protocol and not one.unranked]
            if kind == INDEPENDENT and len(ranked) > 1:
                best = ranked[0]
                interval = data.interval(best, data.ranking)
                value = _value(data, interval)
                yield f"{best.system}, {value}, of {len(ranked)} systems: {protocol} on {group.corpus}"


def _value(data: ReportData, of: Any) -> str:
    """Return a value with its interval, where it has one."""
    return f"{data.notation.value.text(of.value)} {data.notation.limits(of.low, of.high)}".rstrip()


def _directions(data: ReportData) -> Iterator[str]:
    """Yield the best system of every direction, in the order of the folds."""
    folds: dict[tuple[str, str, str], list[Transfer]] = {}
    for one in transfers(data):
        if not one.result.unranked:
            folds.setdefault((one.result.corpus, one.result.protocol, one.name), []).append(one)
    for (corpus, protocol, name), found in folds.items():
        known = [one for one in found if not isnan(one.estimates[data.ranking].value)] or found
        best = (min if data.lower else max)(known, key=lambda one: one.estimates[data.ranking].value)
        value = _value(data, best.estimates[data.ranking])
        of_several = f", {'lowest' if data.lower else 'highest'} of {len(found)}" if len(found) > 1 else ""
        yield f"{name}: {value}, {best.result.system}{of_several}: {protocol} on {corpus}"


def _differences(data: ReportData) -> Iterator[str]:
    paper = {(one.corpus, one.protocol) for one in data.results if one.kind == PAPER}
    for one in comparisons.compared(data):
        if (one.corpus, one.protocol) in paper:
            continue
        pairs = f"{len(one.pairs)} pair{'s' if len(one.pairs) > 1 else ''}"
        text = f"{one.differing} of {pairs} differ in {one.ranking} after correction; "
        if one.detectable is None or one.least > LEVEL:
            text += f"{one.clusters} clusters are too few to show any difference in so many pairs"
        else:
            low, high = (one.notation.size.text(value) for value in one.detectable)
            unit = " points" if data.target == "classes" else ""
            text += f"{low if low == high else f'{low} to {high}'}{unit} could have been detected"
        yield f"{text}: {one.protocol} on {one.corpus}"


def _leaks(data: ReportData) -> Iterator[str]:
    for mean in mean_gaps(data):
        systems = f"mean of {mean.systems} systems" if mean.systems > 1 else "one system"
        change = mean.changes.get(data.ranking)
        if change is not None:
            value = f"{data.notation.rough(change.value)} {data.notation.limits(change.low, change.high)}".rstrip()
            unit = "points of " if data.target == "classes" else "of "
            text = f"{mean.more.protocol} adds {value} {unit}{data.ranking} to {mean.less.protocol}"
            yield f"{text}, {systems} on {mean.group.corpus}: {leak_text(mean.leaks)}"


def _rankings(data: ReportData) -> Iterator[str]:
    for one in ranking.changes(data):
        if len(one["systems"]) > 2:
            text = "{0} of {pairs} pairs of systems swap between {protocol} and {other} on {corpus}, Kendall's τ {1}"
            yield text.format(len(one["swaps"]), decimal(one["tau"], 2), **one)


def _audited(data: ReportData) -> Iterator[str]:
    for corpus in dict.fromkeys(corpus for corpus, _ in data.audits):
        mine = [rows for (of, _), rows in data.audits.items() if of == corpus]
        counts = Counter(row["status"] for rows in mine for row in rows)
        text = f"{len(mine)} protocol{'s' if len(mine) > 1 else ''} on {corpus}: {counts['declared']} leaks found and "
        text += f"declared, {counts['undeclared']} undeclared, {counts['declared, not found']} declared and not found"
        yield text + (f", {counts['unknown']} unknown" if counts["unknown"] else "")


def _raters(data: ReportData) -> Iterator[str]:
    for single, without_one, *_ in raters.raters(data):
        text = f"a single rater agrees with the majority of the others on {single['corpus']} with UA "
        text += (
            f"{percent(single['UA'])}, the raters without one of them with the label with {percent(without_one['UA'])}"
        )
        yield f"{text}; Fleiss' kappa {decimal(single['fleiss_kappa'], 2)}"
