"""The papers' claims with our verdicts, and the checks on printed numbers, as tables."""

from collections.abc import Iterable, Sequence

import pandas as pd

from ser.papers.arithmetic import ArithmeticCheck
from ser.papers.claims import Claim
from ser.papers.uncertainty import Uncertain
from ser.papers.verdicts import Verdict, shown, tally
from ser.reports.gathered.tables import Table


def tables(found: Sequence[Verdict], warning: str) -> list[Table]:
    """Return one table per paper of which something was run, a row per claim."""
    columns = ("Claim", "Where", "Printed", "Ours", "95 %", "Unit", "Corpus", "Protocol", "Verdict", "Reason")
    made = []
    for paper, some in shown(found).items():
        counted = ", ".join(f"{count} {name}" for name, count in tally(some)[paper].items() if count)
        caption = f"{paper}: {len(some)} claims, {counted}. Ours with its 95 % interval where it was sampled. "
        caption += "From scores.parquet, history.parquet, run.json and published_results.csv."
        rows = tuple(
            (
                *(statement(one.claim), one.claim.where, _number(one.printed), _number(one.ours), span(one.ours)),
                *(one.unit, *one.where, one.verdict, one.reason),
            )
            for one in some
        )
        made.append(Table(caption, warning, columns, rows, frozenset(columns) - {"Printed", "Ours", "95 %"}))
    return made


def frame(found: Iterable[Verdict]) -> pd.DataFrame:
    """Return one row per claim; numbers in ``unit``, limits empty where nothing was sampled."""
    rows = []
    for one in found:
        claim, (corpus, protocol) = one.claim, one.where
        rows.append(
            {
                "paper": claim.paper,
                "where": claim.where,
                "kind": claim.kind,
                "statement": claim.statement,
                "measure": claim.measure,
                "paper_corpus": claim.corpus,
                "paper_protocol": claim.protocol,
                "paper_systems": "; ".join(side.name for side in claim.sides),
                "verdict": one.verdict,
                "reason": one.reason,
                "unit": one.unit,
                **_limits("printed", one.printed),
                **_limits("ours", one.ours),
                "corpus": corpus,
                "protocol": protocol,
                "systems": "; ".join(one.systems),
            }
        )
    return pd.DataFrame(rows)


def arithmetic(found: Iterable[ArithmeticCheck], papers: Iterable[str]) -> list[Table]:
    """Return the checks on the printed numbers of ``papers`` as one table."""
    chosen = set(papers)
    columns = ("Paper", "Where", "Statement", "Holds", "Numbers")
    rows = tuple(
        (one.paper, one.where, one.claim, "yes" if one.holds else "no", one.detail)
        for one in found
        if one.paper in chosen
    )
    caption = "What the printed numbers say about themselves, without any run of ours. From published_results.csv."
    return [Table(caption, "", columns, rows, frozenset(columns))] if rows else []


def statement(claim: Claim) -> str:
    """Return the claim in one sentence; in brackets what it is about, where the sentence does not say."""
    about = [] if claim.kind in ("value", "convergence level") else [claim.measure]
    about += [" and ".join(side.name for side in claim.sides)] if len(claim.sides) == 2 else []
    about += [claim.corpus] if claim.paper == "xie2019" else []
    return f"{claim.statement} ({'; '.join(about)})" if about else claim.statement


def span(estimate: Uncertain | None) -> str:
    """Return ``57.10 … 61.90``; "" where nothing was sampled."""
    sampled = estimate is not None and estimate.low < estimate.high
    return f"{estimate.low:.2f} … {estimate.high:.2f}".replace("-", "−") if estimate and sampled else ""


def _number(estimate: Uncertain | None) -> str:
    return "–" if estimate is None else f"{estimate.value:.2f}".replace("-", "−")


def _limits(name: str, estimate: Uncertain | None) -> dict[str, float | None]:
    if estimate is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    sampled = estimate.low < estimate.high
    low, high = (estimate.low, estimate.high) if sampled else (None, None)
    return {name: estimate.value, f"{name}_low": low, f"{name}_high": high}
