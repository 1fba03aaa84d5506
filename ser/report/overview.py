"""The main findings, in sentences made of the numbers of the sections."""

from collections.abc import Iterator

from ser.report.data.experiment import ReportData
from ser.report.data.results import INDEPENDENT, PAPER
from ser.report.formats import decimal, limits, percent, points
from ser.report.leak_gaps import mean_gaps
from ser.report.sections import claims, comparisons, ranking, raters
from ser.report.sections._columns import leak_text
from ser.report.sections.comparisons import LEVEL, PairTable
from ser.tables.contracts import STATUSES


def overview(data: ReportData) -> list[tuple[str, str, list[str]]]:
    """Return heading, section of the page and sentences; headings without a sentence are left out."""
    judged = claims.judged(data)
    every = [
        (f"Highest {data.ranking}", "results", list(_best(data))),
        ("Differences", "comparisons", list(_differences(data))),
        ("Leaks", "gap", list(_leaks(data))),
        ("Ranking", "ranking", list(_rankings(data))),
        ("Audit", "audit", list(_audited(data))),
        ("Claims", "claims", [f"{paper}: {len(of)} claims, {claims.tally(of)}" for paper, of in judged.items()]),
        ("Raters", "raters", list(_raters(data))),
    ]
    return [part for part in every if part[2]]


def _best(data: ReportData) -> Iterator[str]:
    for group, kind, rows in data.by_kind():
        for protocol in dict.fromkeys(result.protocol for result in rows):
            ranked = [one for one in rows if one.protocol == protocol and not one.partial]
            if kind == INDEPENDENT and len(ranked) > 1:
                best = ranked[0]
                interval = data.interval(best, data.ranking)
                value = f"{percent(interval.value)} {limits(interval.low, interval.high)}".rstrip()
                yield f"{best.system}, {value}, of {len(ranked)} systems: {protocol} on {group.corpus}"


def _differences(data: ReportData) -> Iterator[str]:
    paper = {(one.corpus, one.protocol) for one in data.results if one.kind == PAPER}
    for pairs in comparisons.compared(data):
        if (pairs.corpus, pairs.protocol) not in paper:
            yield f"{_differing(pairs)}: {pairs.protocol} on {pairs.corpus}"


def _differing(pairs: PairTable) -> str:
    count = len(pairs.pairs)
    text = f"{pairs.differing} of {count} pair{'s' if count > 1 else ''} differ in {pairs.ranking} after correction; "
    if pairs.detectable is None or pairs.least > LEVEL:
        return f"{text}{pairs.clusters} clusters are too few to show any difference in so many pairs"
    low, high = (points(value, 1).lstrip("+") for value in pairs.detectable)
    return f"{text}{low if low == high else f'{low} to {high}'} points could have been detected"


def _leaks(data: ReportData) -> Iterator[str]:
    for mean in mean_gaps(data):
        systems = f"mean of {mean.systems} systems" if mean.systems > 1 else "one system"
        change = mean.changes.get(data.ranking)
        if change is not None:
            value = f"{points(change.value, 1)} {limits(change.low, change.high)}".rstrip()
            text = f"{mean.more} adds {value} points of {data.ranking} to {mean.less}"
            yield f"{text}, {systems} on {mean.corpus}: {leak_text(mean.leaks)}"


def _rankings(data: ReportData) -> Iterator[str]:
    for one in ranking.changes(data):
        if len(one.systems) > 2:
            text = f"{len(one.swaps)} of {one.pairs} pairs of systems swap between {one.one} and {one.other}"
            yield f"{text} on {one.corpus}, Kendall's τ {decimal(one.tau, 2)}"


def _audited(data: ReportData) -> Iterator[str]:
    for corpus in dict.fromkeys(audit.corpus for audit in data.audits):
        mine = [audit for audit in data.audits if audit.corpus == corpus]
        counts = {status: sum(audit.counts[status] for audit in mine) for status in STATUSES}
        text = f"{len(mine)} protocol{'s' if len(mine) > 1 else ''} on {corpus}: {counts['declared']} leaks found and "
        text += f"declared, {counts['undeclared']} undeclared, {counts['declared, not found']} declared and not found"
        yield text + (f", {counts['unknown']} unknown" if counts["unknown"] else "")


def _raters(data: ReportData) -> Iterator[str]:
    for one in raters.raters(data):
        text = f"a single rater agrees with the majority of the others on {one.group.corpus} with UA {percent(one.ua)}"
        yield f"{text}; Fleiss' kappa {decimal(one.agreement.kappa, 2)}"
