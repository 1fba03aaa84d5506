"""What the printed numbers of the four papers say about themselves: checks that need no run of ours.

Every check computes its outcome from ``published_results.csv``. A printed number may have been rounded or cut off, so
it is off by at most one unit of its last digit.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ser.papers import published
from ser.papers.claims import Claim, Side, claims, corpus_of
from ser.papers.uncertainty import TESTED, printed_rate, rows

UNIT = {"cao2019": 0.01, "xie2019": 1.0, "peng2021": 0.1, "li2018": 0.01}  # of the last digit of a rate, in percent
CLASSES = ("angry", "happy", "neutral", "sad")  # of Cao
FLOAT = 1e-9


@dataclass(frozen=True)
class ArithmeticCheck:
    """A statement about printed numbers, whether it holds, and the numbers that decide it."""

    paper: str
    where: str
    claim: str
    holds: bool
    detail: str


def checks() -> list[ArithmeticCheck]:
    """Return every check, in the order of the papers."""
    every = [
        *confusion(),
        *counts(),
        *means(),
        *gains(),
        *leads(),
        *selection(),
        *relative(),
        *baselines(),
        *rounding(),
    ]
    order = published.papers()
    return sorted([*every, *resources()], key=lambda check: order.index(check.paper))


def confusion() -> Iterator[ArithmeticCheck]:
    """Cao's figure 4: shares of whole utterances of a true class, from which table 2 follows."""
    figure, sizes = _figure(), {name: round(size) for name, size in TESTED["cao2019", "IEMOCAP"].items()}
    whole = {cell: share * sizes[cell[0]] / 100 for cell, share in figure.items()}
    off = {cell: abs(figure[cell] - 100 * round(count) / sizes[cell[0]]) for cell, count in whole.items()}
    worst = max(off, key=off.__getitem__)
    yield ArithmeticCheck(
        *("cao2019", "Figure4", "every cell is a whole number of the test utterances of table 1"),
        off[worst] < UNIT["cao2019"] + FLOAT,
        f"farthest: {worst[0]} as {worst[1]}, {figure[worst]:g} % of {sizes[worst[0]]} = {whole[worst]:.3f}",
    )
    columns = {name: sum(figure[name, other] for other in CLASSES) for name in CLASSES}
    lines = {name: sum(figure[other, name] for other in CLASSES) for name in CLASSES}
    slack = len(CLASSES) * UNIT["cao2019"]
    yield ArithmeticCheck(
        *("cao2019", "Figure4", "columns are true classes, rows are predictions"),
        all(abs(total - 100) < slack for total in columns.values())
        and not all(abs(total - 100) < slack for total in lines.values()),
        "; ".join(f"{name}: column {columns[name]:.2f} %, row {lines[name]:.2f} %" for name in CLASSES),
    )
    row = next(row for row in rows("cao2019") if row.system == "C-pFSMN-A")
    right = {name: round(whole[name, name]) for name in CLASSES}
    recalls = {name: 100 * right[name] / sizes[name] for name in CLASSES}
    found = {
        **recalls,
        "WA": 100 * sum(right.values()) / sum(sizes.values()),
        "UA": sum(recalls.values()) / len(recalls),
    }
    printed = {**row.recalls, "WA": row.rate("WA") or math.nan, "UA": row.rate("UA") or math.nan}
    yield ArithmeticCheck(
        *("cao2019", "Figure4, Table2", "WA, UA and recalls of C-pFSMN-A follow from the whole utterances"),
        all(abs(found[name] - printed[name]) < UNIT["cao2019"] + FLOAT for name in found),
        ", ".join(f"{name} {found[name]:.3f} (printed {printed[name]:.2f})" for name in found),
    )


def counts() -> Iterator[ArithmeticCheck]:
    """Cao's table 2: recalls are shares of whole utterances, which give the WA."""
    sizes = TESTED["cao2019", "IEMOCAP"]
    for row in rows("cao2019"):
        if not row.own:
            continue
        right = {name: round(recall * sizes[name] / 100) for name, recall in row.recalls.items()}
        off = max(abs(100 * right[name] / sizes[name] - recall) for name, recall in row.recalls.items())
        wa = 100 * sum(right.values()) / sum(sizes.values())
        yield ArithmeticCheck(
            *("cao2019", row.table, f"recalls of {row.system} are whole utterances and give its WA"),
            max(off, abs(wa - (row.rate("WA") or math.nan))) < UNIT["cao2019"] + FLOAT,
            f"{', '.join(f'{name} {right[name]}/{sizes[name]:g}' for name in right)}: WA {wa:.3f}, "
            f"printed {row.rate('WA'):.2f}; recalls off by at most {off:.3f}",
        )


def means() -> Iterator[ArithmeticCheck]:
    """The mean of a row's recalls is its UA, as far as rounding can tell."""
    for paper in published.papers():
        for row in rows(paper):
            ua, unit = row.rate("UA"), UNIT[paper]
            if ua is None or not row.recalls:
                continue
            mean = sum(row.recalls.values()) / len(row.recalls)
            yield ArithmeticCheck(
                *(paper, row.table, f"the recalls of {row.system} average to its UA"),
                abs(mean - ua) <= unit + FLOAT,  # half a unit from the recalls, half from the UA
                f"mean {mean:.4g}, printed {ua:.4g}: apart by {abs(mean - ua):.3g}, rounding explains up to {unit:g}",
            )


def gains() -> Iterator[ArithmeticCheck]:
    """A difference that a text states is that of the numbers in the tables, rounded."""
    for claim in claims():
        if claim.kind != "difference" or not claim.stated:
            continue
        first, second = (side.number.percent for side in claim.sides)
        decimals = len(claim.stated.partition(".")[2])
        yield ArithmeticCheck(
            *(claim.paper, claim.where, f"{_versus(claim, *claim.sides)} is {claim.stated} points"),
            abs(first - second - float(claim.stated)) <= 0.5 * 10**-decimals + FLOAT,
            f"{first:g} − {second:g} = {first - second:.4g}",
        )


def orders() -> Iterator[ArithmeticCheck]:
    """A system that a text puts first has the highest number in the tables."""
    for claim in claims():
        if claim.kind == "ordering":
            first, *others = (side.number.percent for side in claim.sides)
            yield ArithmeticCheck(
                *(
                    claim.paper,
                    claim.where,
                    f"{claim.measure}{_on(claim)}: {claim.sides[0].name} is ahead of {len(others)} others",
                ),
                first > max(others),
                f"{first:g} against at most {max(others):g}",
            )


def leads() -> Iterator[ArithmeticCheck]:
    """A printed lead over the closest other own system is more than the test utterances leave uncertain.

    Both count as tested on utterances of their own, which is all that two printed numbers allow. Answers of systems
    that heard the same utterances agree in part, so the error of a difference is smaller, by how much is not printed.
    """
    for claim in claims():
        first, *others = [(side, printed_rate(side.system, side.number)) for side in claim.sides]
        known = [(side, rate) for side, rate in others if rate is not None]
        if claim.kind not in ("difference", "ordering") or first[1] is None or not known:
            continue
        rival, rate = max(known, key=lambda other: other[1].value)
        lead, sizes = first[1] - rate, TESTED[claim.paper, claim.corpus]
        tested = sizes.get(claim.label, sum(sizes.values()))
        yield ArithmeticCheck(
            *(claim.paper, claim.where, f"{_versus(claim, first[0], rival)} exceeds the sampling error"),
            lead.low > 0 or lead.high < 0,
            f"{lead.value:.2f}, 95 % {lead.low:.2f} … {lead.high:.2f}, with {tested:.0f} test utterances each".replace(
                "-", "−"
            ),
        )


def selection() -> Iterator[ArithmeticCheck]:
    """Xie's tables print what the text says that the curves converge to."""
    names = {"proposed(attention)": "Feature", "traditional LSTM": "LSTM"}
    table = {
        (row.system, corpus_of(row.numbers[0])): ua for row in rows("xie2019") if (ua := row.rate("UA")) is not None
    }
    for system, number in published.printed("xie2019"):
        if number.metric == "converged UA":
            best = table[names[system], corpus_of(number)]
            yield ArithmeticCheck(
                *("xie2019", number.table, f"UA of {names[system]} on {corpus_of(number)} is the converged level"),
                abs(best - number.percent) < UNIT["xie2019"],
                f"table {best:g}, converged {number.percent:g}: the best point of the test curve adds "
                f"{best - number.percent:g} points",
            )


def relative() -> Iterator[ArithmeticCheck]:
    """Peng's introduction calls the gain of MSCNN-SPU over MHA relative."""
    for claim in claims():
        if claim.paper == "peng2021" and claim.where == "section 1" and claim.sides[1].system.startswith("MHA"):
            first, second = (side.number.percent for side in claim.sides)
            share = 100 * (first - second) / second
            yield ArithmeticCheck(
                *("peng2021", claim.where, f"{_versus(claim, *claim.sides)} is {claim.stated} % relative"),
                abs(share - float(claim.stated)) <= 0.05 + FLOAT,
                f"absolute {first - second:.2f} points, relative {share:.2f} %",
            )


def baselines() -> Iterator[ArithmeticCheck]:
    """Li's 3 and 4 points are a lead over one and the same earlier system."""
    every = rows("li2018")
    best = next(row for row in every if row.system == "CNN_TF_Att.pooling")
    stated = {
        claim.metric: float(claim.stated) for claim in claims() if claim.paper == "li2018" and claim.where[0] == "a"
    }
    leads = {
        row.system: {metric: (best.rate(metric) or 0) - (row.rate(metric) or 0) for metric in stated}
        for row in every
        if not row.own
    }
    yield ArithmeticCheck(
        *("li2018", "abstract, section 4", "the leads in WA and UA are over one earlier system"),
        any(all(round(lead[metric]) == points for metric, points in stated.items()) for lead in leads.values()),
        "; ".join(f"{name}: WA {lead['WA']:+.2f}, UA {lead['UA']:+.2f}" for name, lead in leads.items()),
    )


def rounding() -> Iterator[ArithmeticCheck]:
    """Li's abstract rounds the table."""
    best = next(row for row in rows("li2018") if row.system == "CNN_TF_Att.pooling")
    short = _printed("li2018", "abstract")
    for metric in ("WA", "UA"):
        text, value = short[f"{metric}_pct_rounded"], best.rate(metric) or math.nan
        decimals = len(text.partition(".")[2])
        yield ArithmeticCheck(
            *("li2018", "abstract", f"{metric} of {best.system} is {text} %"),
            abs(value - float(text)) <= 0.5 * 10**-decimals + FLOAT,
            f"table {value:.2f}",
        )


def resources() -> Iterator[ArithmeticCheck]:
    """Cao's table 3: the proposed network is the smaller and the faster one."""
    found = {(system, number.metric): number.percent for system, number in published.printed("cao2019")}
    for metric in ("parameters", "minutes"):
        slow, quick = found["C-biLSTM", metric], found["C-pFSMN-A", metric]
        yield ArithmeticCheck(
            *("cao2019", "Table3", f"C-biLSTM needs more {metric} than C-pFSMN-A"),
            slow > quick,
            f"{slow:g} : {quick:g} = {slow / quick:.2f}",
        )


def _figure() -> dict[tuple[str, str], float]:
    """Return Cao's figure 4 in percent by true and predicted class."""
    prefix = "confusion_pct_true_"
    cells = {name: value for name, value in _printed("cao2019", "Figure4").items() if name.startswith(prefix)}
    split = {name: name.removeprefix(prefix).split("_pred_") for name in cells}
    return {(split[name][0], split[name][1]): float(value) for name, value in cells.items()}


def _printed(paper: str, table: str) -> dict[str, str]:
    """Return the numbers of one part of a paper as printed, by metric."""
    every = published._read("published_results.csv")
    return {row["metric"]: row["value"] for row in every if (row["paper"].lower(), row["table"]) == (paper, table)}


def _versus(claim: Claim, first: Side, second: Side) -> str:
    return f"{claim.measure} of {first.name} less that of {second.name}{_on(claim)}"


def _on(claim: Claim) -> str:
    return f" on {claim.corpus}" if claim.paper == "xie2019" else ""
