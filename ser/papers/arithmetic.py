"""Whether the printed numbers of the four papers agree with each other: checks that need no run of ours.

Every check computes its outcome from ``published_results.csv``. A printed number may have been rounded or cut off, so
it is off by at most one unit of its last digit.
"""

import math
import re
from collections.abc import Iterator
from typing import NamedTuple

from ser.papers import published
from ser.papers.claims import Claim, Side, claims
from ser.papers.uncertainty import TESTED, printed_rate, rows

UNIT = {"cao2019": 0.01, "xie2019": 1.0, "peng2021": 0.1, "li2018": 0.01}  # of the last digit of a rate, in percent
CLASSES = ("angry", "happy", "neutral", "sad")  # of Cao
CELL = re.compile(r"confusion_pct_true_(\w+)_pred_(\w+)")
FLOAT = 1e-9


class ArithmeticCheck(NamedTuple):
    """A statement about printed numbers, whether it holds, and the numbers that decide it."""

    paper: str
    where: str
    claim: str
    holds: bool
    detail: str


def checks() -> list[ArithmeticCheck]:
    """Return every check, in the order of the papers."""
    every = (confusion, counts, means, gains, leads, selection, relative, baselines, rounding, resources)
    order = published.papers()
    return sorted((one for check in every for one in check()), key=lambda check: order.index(check.paper))


def confusion() -> Iterator[ArithmeticCheck]:
    """Cao's figure 4: shares of whole utterances of a true class, from which table 2 follows."""
    figure, sizes, unit = _figure(), TESTED["cao2019", "IEMOCAP"], UNIT["cao2019"]
    whole = {cell: share * sizes[cell[0]] / 100 for cell, share in figure.items()}
    off = {cell: abs(figure[cell] - 100 * round(count) / sizes[cell[0]]) for cell, count in whole.items()}
    worst = max(off, key=off.__getitem__)
    claim = "every cell is a whole number of the test utterances of table 1"
    detail = f"farthest: {worst[0]} as {worst[1]}, {figure[worst]:g} % of {sizes[worst[0]]} = {whole[worst]:.3f}"
    yield ArithmeticCheck("cao2019", "Figure4", claim, off[worst] < unit + FLOAT, detail)
    columns = {name: sum(figure[name, other] for other in CLASSES) for name in CLASSES}
    lines = {name: sum(figure[other, name] for other in CLASSES) for name in CLASSES}
    full = [all(abs(total - 100) < len(CLASSES) * unit for total in one.values()) for one in (columns, lines)]
    detail = "; ".join(f"{name}: column {columns[name]:.2f} %, row {lines[name]:.2f} %" for name in CLASSES)
    claim = "columns are true classes, rows are predictions"
    yield ArithmeticCheck("cao2019", "Figure4", claim, full == [True, False], detail)
    row = next(row for row in rows("cao2019") if row.system == "C-pFSMN-A")
    right = {name: round(whole[name, name]) for name in CLASSES}
    found = {name: 100 * right[name] / sizes[name] for name in CLASSES}
    found |= {"UA": sum(found.values()) / len(found), "WA": 100 * sum(right.values()) / sum(sizes.values())}
    printed = {**row.recalls, "WA": row.rate("WA") or math.nan, "UA": row.rate("UA") or math.nan}
    claim = "WA, UA and recalls of C-pFSMN-A follow from the whole utterances"
    holds = all(abs(found[name] - printed[name]) < unit + FLOAT for name in found)
    detail = ", ".join(f"{name} {found[name]:.3f} (printed {printed[name]:.2f})" for name in (*CLASSES, "WA", "UA"))
    yield ArithmeticCheck("cao2019", "Figure4, Table2", claim, holds, detail)


def counts() -> Iterator[ArithmeticCheck]:
    """Cao's table 2: recalls are shares of whole utterances, which give the WA."""
    sizes = TESTED["cao2019", "IEMOCAP"]
    for row in (row for row in rows("cao2019") if row.own):
        right = {name: round(recall * sizes[name] / 100) for name, recall in row.recalls.items()}
        off = max(abs(100 * right[name] / sizes[name] - recall) for name, recall in row.recalls.items())
        wa = 100 * sum(right.values()) / sum(sizes.values())
        printed = row.rate("WA") or math.nan
        holds = max(off, abs(wa - printed)) < UNIT["cao2019"] + FLOAT
        detail = f"{', '.join(f'{name} {right[name]}/{sizes[name]:g}' for name in right)}: WA {wa:.3f}, "
        detail += f"printed {printed:.2f}; recalls off by at most {off:.3f}"
        claim = f"recalls of {row.system} are whole utterances and give its WA"
        yield ArithmeticCheck("cao2019", row.table, claim, holds, detail)


def means() -> Iterator[ArithmeticCheck]:
    """The mean of a row's recalls is its UA, as far as rounding can tell."""
    for row in (row for paper in published.papers() for row in rows(paper)):
        ua, unit = row.rate("UA"), UNIT[row.paper]
        if ua is not None and row.recalls:
            mean = sum(row.recalls.values()) / len(row.recalls)
            holds = abs(mean - ua) <= unit + FLOAT  # half a unit from the recalls, half from the UA
            detail = f"mean {mean:.4g}, printed {ua:.4g}: apart by {abs(mean - ua):.3g}, "
            detail += f"rounding explains up to {unit:g}"
            claim = f"the recalls of {row.system} average to its UA"
            yield ArithmeticCheck(row.paper, row.table, claim, holds, detail)


def gains() -> Iterator[ArithmeticCheck]:
    """A difference that a text states is that of the numbers in the tables, rounded."""
    for claim in claims():
        if claim.kind == "difference" and claim.stated:
            first, second = (side.number.percent for side in claim.sides)
            text = f"{_versus(claim, *claim.sides)} is {claim.stated} points"
            holds = _rounded(first - second, claim.stated)
            detail = f"{first:g} − {second:g} = {first - second:.4g}"
            yield ArithmeticCheck(claim.paper, claim.where, text, holds, detail)


def leads() -> Iterator[ArithmeticCheck]:
    """A printed lead over the closest other own system exceeds the sampling error of the test utterances.

    Both count as tested on utterances of their own, which is all that two printed numbers allow. Systems that are
    tested on the same utterances agree in part, so the error of a difference is smaller, by how much is not printed.
    """
    for claim in claims():
        if claim.kind not in ("difference", "ordering"):
            continue
        first, *others = [(side, printed_rate(side.system, side.number)) for side in claim.sides]
        known = [(side, rate) for side, rate in others if rate is not None]
        if first[1] is None or not known:
            continue
        rival, rate = max(known, key=lambda other: other[1].value)
        lead, sizes = first[1] - rate, TESTED[claim.paper, claim.corpus]
        tested = f"{sizes.get(claim.label, sum(sizes.values())):.0f} test utterances each"
        text = f"{_versus(claim, first[0], rival)} exceeds the sampling error"
        detail = f"{lead.value:.2f}, 95 % {lead.low:.2f} … {lead.high:.2f}, with {tested}".replace("-", "−")
        yield ArithmeticCheck(claim.paper, claim.where, text, lead.low > 0 or lead.high < 0, detail)


def selection() -> Iterator[ArithmeticCheck]:
    """Xie's tables print the levels that the curves converge to according to the text."""
    names = {"proposed(attention)": "Feature", "traditional LSTM": "LSTM"}
    table = {(row.system, row.numbers[0].corpus): row.rate("UA") or math.nan for row in rows("xie2019")}
    for system, number in published.printed("xie2019"):
        if number.metric == "converged UA":
            best = table[names[system], number.corpus]
            claim = f"UA of {names[system]} on {number.corpus} is the converged level"
            detail = f"table {best:g}, converged {number.percent:g}: the best point of the test curve adds "
            detail += f"{best - number.percent:g} points"
            holds = abs(best - number.percent) < UNIT["xie2019"]
            yield ArithmeticCheck("xie2019", number.table, claim, holds, detail)


def relative() -> Iterator[ArithmeticCheck]:
    """Peng's introduction calls the gain of MSCNN-SPU over MHA relative."""
    for claim in claims():
        if claim.paper == "peng2021" and claim.where == "section 1" and claim.sides[1].system.startswith("MHA"):
            first, second = (side.number.percent for side in claim.sides)
            share = 100 * (first - second) / second
            text = f"{_versus(claim, *claim.sides)} is {claim.stated} % relative"
            detail = f"absolute {first - second:.2f} points, relative {share:.2f} %"
            yield ArithmeticCheck("peng2021", claim.where, text, _rounded(share, claim.stated), detail)


def baselines() -> Iterator[ArithmeticCheck]:
    """Li's 3 and 4 points are a lead over one and the same earlier system."""
    every = rows("li2018")
    best = next(row for row in every if row.system == "CNN_TF_Att.pooling")
    stated = {one.metric: float(one.stated) for one in claims() if one.paper == "li2018" and one.where[0] == "a"}
    quoted = (row for row in every if not row.own)
    leads = {row.system: {name: (best.rate(name) or 0) - (row.rate(name) or 0) for name in stated} for row in quoted}
    claim = "the leads in WA and UA are over one earlier system"
    holds = any(all(round(lead[metric]) == points for metric, points in stated.items()) for lead in leads.values())
    detail = "; ".join(f"{name}: WA {lead['WA']:+.2f}, UA {lead['UA']:+.2f}" for name, lead in leads.items())
    yield ArithmeticCheck("li2018", "abstract, section 4", claim, holds, detail)


def rounding() -> Iterator[ArithmeticCheck]:
    """Li's abstract rounds the table."""
    best = next(row for row in rows("li2018") if row.system == "CNN_TF_Att.pooling")
    for metric in ("WA", "UA"):
        text, value = _printed("li2018", "abstract")[f"{metric}_pct_rounded"], best.rate(metric) or math.nan
        claim = f"{metric} of {best.system} is {text} %"
        yield ArithmeticCheck("li2018", "abstract", claim, _rounded(value, text), f"table {value:.2f}")


def resources() -> Iterator[ArithmeticCheck]:
    """Cao's table 3: the proposed network is the smaller and the faster one."""
    found = {(system, number.metric): number.percent for system, number in published.printed("cao2019")}
    for metric in ("parameters", "minutes"):
        slow, quick = found["C-biLSTM", metric], found["C-pFSMN-A", metric]
        claim = f"C-biLSTM needs more {metric} than C-pFSMN-A"
        yield ArithmeticCheck("cao2019", "Table3", claim, slow > quick, f"{slow:g} : {quick:g} = {slow / quick:.2f}")


def _figure() -> dict[tuple[str, str], float]:
    """Return Cao's figure 4 in percent by true and predicted class."""
    cells = ((CELL.fullmatch(name), value) for name, value in _printed("cao2019", "Figure4").items())
    return {(cell[1], cell[2]): float(value) for cell, value in cells if cell}


def _printed(paper: str, table: str) -> dict[str, str]:
    """Return the numbers of one part of a paper as printed, by metric."""
    return {row["metric"]: row["value"] for row in published.rows() if (row["paper"], row["table"]) == (paper, table)}


def _rounded(value: float, text: str) -> bool:
    """Return whether ``text`` is ``value`` rounded to its decimals."""
    unit = 10.0 ** -len(text.partition(".")[2])
    return abs(value - float(text)) <= unit / 2 + FLOAT


def _versus(claim: Claim, first: Side, second: Side) -> str:
    on = f" on {claim.corpus}" if claim.paper == "xie2019" else ""
    return f"{claim.measure} of {first.name} less that of {second.name}{on}"
