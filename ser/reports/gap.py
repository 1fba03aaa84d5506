"""What a leak adds: the same system on the same corpus and classes, with and without test speakers in training."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ser.reports.results import Block, Result
from ser.reports.runs import spans


@dataclass(frozen=True)
class Gap:
    """One system under a leaking and a speaker-independent protocol: what the leak adds."""

    block: Block
    honest: Result
    leaking: Result
    seeds: tuple[int, ...]  # that both have; empty: means over different seeds
    ua: float  # leaking minus honest, fraction
    wa: float
    differs: tuple[str, ...]  # what sets the two protocols apart beside their rule


def gaps(blocks: Iterable[Block]) -> list[Gap]:
    """Return every pair of a leaking and a speaker-independent result of one system within a block."""
    found = []
    for block in blocks:
        for honest in (result for result in block.results if not result.leaking):
            for leaking in (result for result in block.results if result.leaking):
                if honest.system == leaking.system:
                    found.append(_gap(block, honest, leaking))
    return found


def remark(gap: Gap) -> str:
    """Return what else sets the two rows of a gap apart, and which folds are missing."""
    remarks = [f"{result.protocol} is {result.partial}" for result in (gap.honest, gap.leaking) if result.partial]
    if gap.differs:
        remarks.append(f"the protocols also differ in {', '.join(gap.differs)}")
    if not gap.seeds:
        remarks.append("no seed in common: means over different seeds")
    elif set(gap.seeds) != set(gap.honest.seeds) | set(gap.leaking.seeds):
        remarks.append(f"Δ over seeds {spans(gap.seeds)} only")
    return "; ".join(remarks)


def _gap(block: Block, honest: Result, leaking: Result) -> Gap:
    seeds = tuple(sorted(set(honest.seeds) & set(leaking.seeds)))
    ua, wa = (
        _mean(more, seeds) - _mean(less, seeds)
        for more, less in ((leaking.pooled_ua, honest.pooled_ua), (leaking.pooled_wa, honest.pooled_wa))
    )
    one, two = (result.first.protocol.model_dump(mode="json") for result in (honest, leaking))
    differs = [key for key in ("normalisation", "selection") if one[key] != two[key]]
    if honest.first.folds != leaking.first.folds:
        differs.append(f"folds ({honest.first.folds} and {leaking.first.folds})")
    return Gap(block, honest, leaking, seeds, ua, wa, tuple(differs))


def _mean(values: Mapping[int, float], seeds: tuple[int, ...]) -> float:
    chosen = [values[seed] for seed in seeds or values]
    return sum(chosen) / len(chosen)
