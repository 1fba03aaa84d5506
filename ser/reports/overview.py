"""What a reader should take home, in sentences that are made of the numbers of the sections."""

from collections.abc import Iterator

from ser.papers import verdicts
from ser.reports.gathered.numerals import decimal, limits, percent, points
from ser.reports.material import Material
from ser.reports.sections import bounds
from ser.reports.sections.contests import LEVEL, Contest
from ser.tables.audit_tables import STATUSES


def overview(shown: Material) -> list[tuple[str, str, list[str]]]:
    """Return heading, section of the page and sentences; headings of which there is nothing to say are left out."""
    every = [
        ("Highest UA", "results", list(_best(shown))),
        ("Differences", "comparisons", list(_differences(shown))),
        ("Leaks", "gap", list(_leaks(shown))),
        ("Ranking", "ranking", list(_rankings(shown))),
        ("Audit", "audit", list(_audited(shown))),
        ("Claims", "claims", list(_claims(shown))),
        ("Raters", "raters", list(_raters(shown))),
    ]
    return [part for part in every if part[2]]


def _best(shown: Material) -> Iterator[str]:
    for block in shown.blocks:
        for protocol in dict.fromkeys(result.protocol for result in block.honest):
            whole = [one for one in block.honest if one.protocol == protocol and not one.partial]
            if len(whole) > 1:
                best = max(whole, key=lambda one: one.ua.mean)
                bound = bounds.of(shown.intervals, best, "UA")
                span = f" {limits(bound.low, bound.high)}".rstrip()
                where = f"{protocol} on {block.corpus}"
                yield f"{best.system}, {percent(best.ua.mean)}{span}, of {len(whole)} systems: {where}"


def _differences(shown: Material) -> Iterator[str]:
    paper = {(one.corpus, one.protocol) for one in shown.results if one.paper_row}
    for contest in shown.contests:
        if (contest.corpus, contest.protocol) not in paper:
            yield f"{_differing(contest)}: {contest.protocol} on {contest.corpus}"


def _differing(contest: Contest) -> str:
    count = len(contest.pairs)
    text = f"{contest.differing} of {count} pair{'s' if count > 1 else ''} differ in UA after correction; "
    if contest.detectable is None or contest.least > LEVEL:
        return f"{text}{contest.clusters} clusters are too few to show any difference in so many pairs"
    low, high = (points(value, 1).lstrip("+") for value in contest.detectable)
    return f"{text}{low if low == high else f'{low} to {high}'} points could have been shown"


def _leaks(shown: Material) -> Iterator[str]:
    for gain in shown.gains:
        whose = f"mean of {gain.systems} systems" if gain.systems > 1 else "one system"
        span = f" {limits(gain.ua.low, gain.ua.high)}".rstrip()
        text = f"{gain.more} adds {points(gain.ua.value, 1)}{span} points of UA to {gain.less}"
        yield f"{text}, {whose} on {gain.corpus}: {', '.join(gain.leaks)}"


def _rankings(shown: Material) -> Iterator[str]:
    for one in shown.shifts:
        if len(one.systems) > 2:
            text = f"{len(one.swaps)} of {one.pairs} pairs of systems swap between {one.one} and {one.other}"
            yield f"{text} on {one.corpus}, Kendall's τ {decimal(one.tau, 2)}"


def _audited(shown: Material) -> Iterator[str]:
    for corpus in dict.fromkeys(audit.corpus for audit in shown.audits):
        mine = [audit for audit in shown.audits if audit.corpus == corpus]
        counts = {status: sum(audit.count(status) for audit in mine) for status in STATUSES}
        text = f"{len(mine)} protocol{'s' if len(mine) > 1 else ''} on {corpus}: {counts['declared']} leaks found and "
        text += f"declared, {counts['undeclared']} undeclared, {counts['declared, not found']} declared and not found"
        yield text + (f", {counts['unknown']} not to be known" if counts["unknown"] else "")


def _claims(shown: Material) -> Iterator[str]:
    judged = verdicts.shown(shown.verdicts)
    for paper, counts in verdicts.tally(shown.verdicts).items():
        if paper in judged:
            text = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
            yield f"{paper}: {sum(counts.values())} claims, {text}"


def _raters(shown: Material) -> Iterator[str]:
    for one in shown.human:
        text = f"a single rater meets the majority of the others on {one.block.corpus} with UA {percent(one.ua)}"
        yield f"{text}; Fleiss' kappa {decimal(one.agreement.kappa, 2)}"
