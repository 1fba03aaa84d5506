"""Whether the printed numbers of the four papers agree with each other: checks that need no run of ours.

Every check computes its outcome from ``published_results.csv``. A printed number may have been rounded or cut off, so
it is off by at most one unit of its last digit.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from ser.papers import published
from ser.papers.claims import Claim, claims
from ser.papers.published import Published, printed_rows
from ser.papers.uncertainty import TESTED, printed_rate

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
    right, printed = {name: round(whole[name, name]) for name in CLASSES}, _rates("cao2019", "C-pFSMN-A")
    found = {name: 100 * right[name] / sizes[name] for name in CLASSES}
    found |= {"WA": 100 * sum(right.values()) / sum(sizes.values()), "UA": sum(found.values()) / len(found)}
    claim = "WA, UA and recalls of C-pFSMN-A follow from the whole utterances"
    holds = all(abs(rate - printed[name]) < unit + FLOAT for name, rate in found.items())
    detail = ", ".join(f"{name} {rate:.3f} (printed {printed[name]:.2f})" for name, rate in found.items())
    yield ArithmeticCheck("cao2019", "Figure4, Table2", claim, holds, detail)


def counts() -> Iterator[ArithmeticCheck]:
    """Cao's table 2: recalls are shares of whole utterances, which give the WA."""
    sizes = TESTED["cao2019", "IEMOCAP"]
    for (table, system, protocol), rates in printed_rows("cao2019").items():
        if protocol.startswith("quoted"):
            continue
        right = {name: round(rates[name] * sizes[name] / 100) for name in rates if name in sizes}
        off = max(abs(100 * right[name] / sizes[name] - rates[name]) for name in right)
        wa = 100 * sum(right.values()) / sum(sizes.values())
        holds = max(off, abs(wa - rates["WA"])) < UNIT["cao2019"] + FLOAT
        detail = f"{', '.join(f'{name} {right[name]}/{sizes[name]:g}' for name in right)}: WA {wa:.3f}, "
        detail += f"printed {rates['WA']:.2f}; recalls off by at most {off:.3f}"
        yield ArithmeticCheck(
            "cao2019", table, f"recalls of {system} are whole utterances and give its WA", holds, detail
        )


def means() -> Iterator[ArithmeticCheck]:
    """The mean of a row's recalls is its UA, as far as rounding can tell."""
    for paper in published.papers():
        unit = UNIT[paper]
        for (table, system, _), rates in printed_rows(paper).items():
            recalls = [rate for name, rate in rates.items() if name not in ("WA", "UA")]
            if recalls and "UA" in rates:
                mean, ua = sum(recalls) / len(recalls), rates["UA"]
                holds = abs(mean - ua) <= unit + FLOAT  # half a unit from the recalls, half from the UA
                detail = f"mean {mean:.4g}, printed {ua:.4g}: apart by {abs(mean - ua):.3g}, "
                detail += f"rounding explains up to {unit:g}"
                yield ArithmeticCheck(paper, table, f"the recalls of {system} average to its UA", holds, detail)


def gains() -> Iterator[ArithmeticCheck]:
    """A difference that a text states is that of the numbers in the tables, rounded."""
    for claim in claims():
        if claim.kind == "difference" and claim.stated:
            first, second = (side.percent for side in claim.sides)
            text = f"{_versus(claim, *claim.sides)} is {claim.stated} points"
            detail = f"{first:g} − {second:g} = {first - second:.4g}"
            yield ArithmeticCheck(claim.paper, claim.where, text, _rounded(first - second, claim.stated), detail)


def leads() -> Iterator[ArithmeticCheck]:
    """A printed lead over the closest other own system exceeds the sampling error of the test utterances.

    Both count as tested on utterances of their own, which is all that two printed numbers allow. Systems that are
    tested on the same utterances agree in part, so the error of a difference is smaller, by how much is not printed.
    """
    for claim in claims():
        if claim.kind not in ("difference", "ordering"):
            continue
        rivals = {side: rate for side in claim.sides if (rate := printed_rate(side)) is not None}
        best = rivals.pop(claim.sides[0], None)
        if best is None or not rivals:
            continue
        rival = max(rivals, key=lambda side: rivals[side].value)
        lead, sizes = best - rivals[rival], TESTED[claim.paper, claim.corpus]
        tested = f"{sizes.get(claim.label, sum(sizes.values())):.0f} test utterances each"
        text = f"{_versus(claim, claim.sides[0], rival)} exceeds the sampling error"
        detail = f"{lead.value:.2f}, 95 % {lead.low:.2f} … {lead.high:.2f}, with {tested}".replace("-", "−")
        yield ArithmeticCheck(claim.paper, claim.where, text, lead.low > 0 or lead.high < 0, detail)


def selection() -> Iterator[ArithmeticCheck]:
    """Xie's tables print the levels that the curves converge to according to the text."""
    names = {"proposed(attention)": "Feature", "traditional LSTM": "LSTM"}
    printed = published.printed("xie2019")
    table = {(number.system, number.corpus): number.percent for number in printed if number.metric == "UA"}
    for number in printed:
        if number.metric == "converged UA":
            system, level = names[number.system], number.percent
            best = table[system, number.corpus]
            claim = f"UA of {system} on {number.corpus} is the converged level"
            detail = f"table {best:g}, converged {level:g}: "
            detail += f"the best point of the test curve adds {best - level:g} points"
            yield ArithmeticCheck("xie2019", number.table, claim, abs(best - level) < UNIT["xie2019"], detail)


def relative() -> Iterator[ArithmeticCheck]:
    """Peng's introduction calls the gain of MSCNN-SPU over MHA relative."""
    for claim in claims():
        if claim.paper == "peng2021" and claim.where == "section 1" and claim.sides[1].system.startswith("MHA"):
            first, second = (side.percent for side in claim.sides)
            share = 100 * (first - second) / second
            text = f"{_versus(claim, *claim.sides)} is {claim.stated} % relative"
            detail = f"absolute {first - second:.2f} points, relative {share:.2f} %"
            yield ArithmeticCheck("peng2021", claim.where, text, _rounded(share, claim.stated), detail)


def baselines() -> Iterator[ArithmeticCheck]:
    """Li's 3 and 4 points are a lead over one and the same earlier system."""
    best, leads = _rates("li2018", "CNN_TF_Att.pooling"), {}
    stated = {one.metric: float(one.stated) for one in claims() if one.paper == "li2018" and one.where[0] == "a"}
    for (_, system, protocol), rates in printed_rows("li2018").items():
        if protocol.startswith("quoted"):
            leads[system] = {name: best[name] - rates[name] for name in stated}
    claim = "the leads in WA and UA are over one earlier system"
    holds = any(all(round(lead[metric]) == points for metric, points in stated.items()) for lead in leads.values())
    detail = "; ".join(f"{name}: WA {lead['WA']:+.2f}, UA {lead['UA']:+.2f}" for name, lead in leads.items())
    yield ArithmeticCheck("li2018", "abstract, section 4", claim, holds, detail)


def rounding() -> Iterator[ArithmeticCheck]:
    """Li's abstract rounds the table."""
    system = "CNN_TF_Att.pooling"
    for metric in ("WA", "UA"):
        text, value = _printed("li2018", "abstract")[f"{metric}_pct_rounded"], _rates("li2018", system)[metric]
        claim = f"{metric} of {system} is {text} %"
        yield ArithmeticCheck("li2018", "abstract", claim, _rounded(value, text), f"table {value:.2f}")


def resources() -> Iterator[ArithmeticCheck]:
    """Cao's table 3: the proposed network is the smaller and the faster one."""
    found = {(number.system, number.metric): number.percent for number in published.printed("cao2019")}
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


def _rates(paper: str, system: str) -> dict[str, float]:
    """Return WA, UA and recalls of the first row of a system."""
    return next(rates for (_, name, _), rates in printed_rows(paper).items() if name == system)


def _rounded(value: float, text: str) -> bool:
    """Return whether ``text`` is ``value`` rounded to its decimals."""
    unit = 10.0 ** -len(text.partition(".")[2])
    return abs(value - float(text)) <= unit / 2 + FLOAT


def _versus(claim: Claim, first: Published, second: Published) -> str:
    on = f" on {claim.corpus}" if claim.paper == "xie2019" else ""
    return f"{claim.measure} of {first.name} less that of {second.name}{on}"
