"""Verdicts on claims about curves: rates over the shape of a filter, and test curves over training.

A claim about a curve is one about several differences of its points. It is reproduced if all of them are, and one that
is the other way round beyond doubt (Bonferroni over the differences) refutes it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ser.papers.claims import Claim
from ser.papers.matching import OwnResult
from ser.papers.uncertainty import Uncertain, exact, paired
from ser.papers.verdicts import (
    MARGIN,
    Evidence,
    Outcome,
    Verdict,
    ahead,
    equivalent,
    measured,
    no_higher,
    signed,
    together,
)

NARROW = 2  # bins or frames of a filter along the axis that is not varied
STEADY = 1.0  # points by which the fluctuation of two curves may differ
RISEN = 0.9  # share of the lower of two levels by which their curves are timed
Points = Mapping[float, Uncertain]
Judgement = tuple[Outcome, str, Uncertain]  # outcome, reason and ours


def filters(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> Verdict:
    """Return the verdict on a claim about systems that differ in the ``height`` and ``width`` of their filters."""
    if claim.kind == "lowest class":
        return _lowest(claim, results, evidence)
    points = dict(sorted(_points(claim, results, evidence).items()))
    if len(points) < 2 or (claim.printed is not None and claim.printed not in list(points)[1:-1]):
        wanted = "two" if claim.printed is None else f"{claim.axis} {claim.printed:g}, a smaller and a larger one"
        return Verdict(claim, "not run", f"{len(points)} shapes of filters were run; wanted: {wanted}")
    judge = {"rise to a level": _rise, "peak": _peak, "fall": _fall, "level curve": _level}[claim.kind]
    return Verdict(claim, *judge(points, claim.printed or 0.0))


def test_curves(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> Verdict:
    """Return the verdict on test curves: ours is the difference to the closest other system, in steps or points."""
    del evidence
    sooner = claim.kind == "faster convergence"
    found = []
    for side, other in zip(claim.sides[1:], results[1:], strict=True):
        pairs = _pairs(results[0], other)
        if not pairs:
            systems = f"{results[0].system} and {other.system}"
            return Verdict(claim, "not run", f"no test curves of {systems} in the same runs")
        apart = [_later(*pair) if sooner else _fluctuation(pair[0]) - _fluctuation(pair[1]) for pair in pairs]
        found.append((paired(apart), side.name, len(pairs)))
    count = len(found)
    outcomes = [ahead(one, count) if sooner else no_higher(one, STEADY, count) for one, *_ in found]
    closest, rival, runs = (min if sooner else max)(found, key=lambda one: one[0].value)
    unit = "steps before" if sooner else "points more from epoch to epoch than"
    reason = f"{signed(closest)} {unit} {rival}, {runs} paired run{'s' if runs > 1 else ''}"
    return Verdict(claim, together(outcomes), reason, closest)


def _points(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> dict[float, Uncertain]:
    """Return the measure by height, by width, or by the number of the shape."""
    found = {}
    for number, result in enumerate(results):
        shape: dict[str, Any] = {"shape": number, **{name: result.options.get(name) for name in ("height", "width")}}
        rate = measured(claim, claim.sides[0], result, evidence)
        if rate is None or None in shape.values():
            continue
        if claim.axis == "shape" or shape["width" if claim.axis == "height" else "height"] == NARROW:
            found[float(shape[claim.axis])] = rate
    return found


def _rise(points: Points, printed: float) -> Judgement:
    """Ours is the point from which no later point is higher beyond doubt."""
    every = list(points)
    beyond = [points[point] - points[printed] for point in every if point > printed]
    rise = points[printed] - points[every[0]]
    outcome = together([ahead(rise), *(no_higher(one, MARGIN, len(beyond)) for one in beyond)])
    level = next(
        point
        for point in every
        if all((points[later] - points[point]).one_of(len(every)).low <= 0 for later in every if later > point)
    )
    highest = max(beyond, key=lambda one: one.value)
    reason = f"from {every[0]:g} to {printed:g} {signed(rise)}, the highest beyond it {signed(highest)}"
    return outcome, reason, exact(level)


def _peak(points: Points, printed: float) -> Judgement:
    """Ours is the highest point."""
    ends = [*points][:: len(points) - 1]
    first, last = (points[printed] - points[end] for end in ends)
    highest = max(points, key=lambda point: points[point].value)
    reason = f"at {printed:g} above {ends[0]:g} by {signed(first)}, above {ends[1]:g} by {signed(last)}"
    return together([ahead(first, 2), ahead(last, 2)]), reason, exact(highest)


def _fall(points: Points, _: float) -> Judgement:
    first, last = min(points), max(points)
    fall = points[first] - points[last]
    return ahead(fall), f"from {first:g} to {last:g} down by {signed(fall)}", fall


def _level(points: Points, _: float) -> Judgement:
    """Ours is the point that is farthest from the mean of all."""
    mean = exact(float(np.mean([point.value for point in points.values()])))
    apart = [point - mean for point in points.values()]
    outcome = together([equivalent(one, len(apart)) for one in apart])
    farthest = max(apart, key=lambda one: abs(one.value))
    reason = f"of {len(apart)} shapes the farthest from their mean of {mean.value:.2f}: {signed(farthest)}"
    return outcome, reason, farthest


def _lowest(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> Verdict:
    """Ours is the least lead of another class over the one that is claimed to be the lowest."""
    leads = []
    for result in results:
        of = {name: measured(replace(claim, label=name), claim.sides[0], result, evidence) for name in result.recalls}
        lowest = of.pop(claim.label, None)
        if lowest is not None:
            leads += [(rate - lowest, name, result.system) for name, rate in of.items() if rate is not None]
    if not leads:
        return Verdict(claim, "not run", f"no class {claim.label}")
    outcome = together([ahead(one, len(leads)) for one, *_ in leads])
    least, name, system = min(leads, key=lambda one: one[0].value)
    return Verdict(claim, outcome, f"least above {claim.label}: {name} of {system}, {signed(least)}", least)


def _pairs(one: OwnResult, other: OwnResult) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Return the histories of runs of the same seed and fold that have test curves."""
    both = sorted(one.curves.keys() & other.curves.keys())
    pairs = [(one.curves[run], other.curves[run]) for run in both]
    return [pair for pair in pairs if all(len(curve) > 1 and curve["test_ua"].notna().all() for curve in pair)]


def _later(one: pd.DataFrame, other: pd.DataFrame) -> float:
    """Return how many steps later ``other`` reaches most of the level that both curves reach in the end."""
    level = RISEN * min(float(curve["test_ua"].iloc[-1]) for curve in (one, other))
    first, second = (float(curve.loc[curve["test_ua"] >= level, "step"].iloc[0]) for curve in (one, other))
    return second - first


def _fluctuation(curve: pd.DataFrame) -> float:
    """Return by how many points a curve changes from epoch to epoch in the second half of training."""
    return 100 * float(curve["test_ua"].diff().iloc[len(curve) // 2 :].pow(2).mean() ** 0.5)
