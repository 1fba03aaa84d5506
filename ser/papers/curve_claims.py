"""What results say to claims about curves: rates over the shape of a filter, and test curves over training.

A claim about a curve is one about several differences of its points: all must be shown for it to be reproduced, and one
that is the other way round beyond doubt (Bonferroni over the differences) refutes it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from ser.papers.claims import Claim
from ser.papers.judging import Evidence, Judgement, ahead, equivalent, measured, no_higher, text, together
from ser.papers.ours import OwnResult
from ser.papers.uncertainty import Uncertain, exact, paired

NARROW = 2  # bins or frames of a filter along the axis that is not looked at
STEADY = 1.0  # points by which the fluctuation of two curves may differ
RISEN = 0.9  # share of the lower of two levels by which their curves are timed
Points = Mapping[float, Uncertain]


def filters(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> Judgement:
    """Return what systems that differ in the ``height`` and ``width`` of their filters say to a claim on them."""
    if claim.kind == "lowest class":
        return _lowest(claim, results, evidence)
    points = dict(sorted(_points(claim, results, evidence).items()))
    if len(points) < 2 or (claim.printed is not None and claim.printed not in list(points)[1:-1]):
        wanted = "two" if claim.printed is None else f"{claim.axis} {claim.printed:g}, a smaller and a larger one"
        return Judgement("not run", f"{len(points)} shapes of filters were run; wanted: {wanted}", None, _place(claim))
    judge = {"rise to a level": _rise, "peak": _peak, "fall": _fall, "level curve": _level}[claim.kind]
    return judge(claim, points, evidence.margin)


def test_curves(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> Judgement:
    """Return what test curves say: ours is the difference to the closest other system, in steps or points."""
    del evidence
    sooner = claim.kind == "faster convergence"
    compare: Callable[[pd.DataFrame, pd.DataFrame], float] = _later if sooner else _shakier
    differences = []
    for other in results[1:]:
        pairs = _pairs(results[0], other)
        if not pairs:
            return Judgement("not run", f"no test curves of {results[0].system} and {other.system} in the same runs")
        differences.append(paired([compare(first, second) for first, second in pairs]))
    count = len(differences)
    if sooner:
        outcome = together([ahead(one, count) for one in differences])
        place = min(range(count), key=lambda index: differences[index].value)
    else:
        outcome = together([no_higher(one, STEADY, count) for one in differences])
        place = max(range(count), key=lambda index: differences[index].value)
    rival, unit = claim.sides[place + 1].name, "steps before" if sooner else "points more from epoch to epoch than"
    runs = len(_pairs(results[0], results[place + 1]))
    reason = f"{text(differences[place])} {unit} {rival}, {runs} paired run{'s' if runs > 1 else ''}"
    return Judgement(outcome, reason, differences[place], None)


def _points(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> dict[float, Uncertain]:
    """Return the measure by height, by width, or by the number of the shape."""
    found = {}
    for place, result in enumerate(results):
        height, width = (result.recipe.options.get(name) for name in ("height", "width"))
        rate = measured(claim, claim.sides[0], result, evidence)
        if rate is None or height is None or width is None:
            continue
        if claim.axis == "shape":
            found[float(place)] = rate
        elif claim.axis == "height" and width == NARROW:
            found[float(height)] = rate
        elif claim.axis == "width" and height == NARROW:
            found[float(width)] = rate
    return found


def _place(claim: Claim) -> Uncertain | None:
    return None if claim.printed is None else exact(claim.printed)


def _rise(claim: Claim, points: Points, margin: float) -> Judgement:
    """Ours is the place from which no later point is higher beyond doubt."""
    printed = claim.printed or 0.0
    places = list(points)
    beyond = [points[place] - points[printed] for place in places if place > printed]
    rise = points[printed] - points[places[0]]
    outcome = together([ahead(rise), *(no_higher(one, margin, len(beyond)) for one in beyond)])
    level = next(
        place
        for place in places
        if all((points[later] - points[place]).one_of(len(points)).low <= 0 for later in places if later > place)
    )
    highest = max(beyond, key=lambda one: one.value)
    reason = f"from {places[0]:g} to {printed:g} {text(rise)}, the highest beyond it {text(highest)}"
    return Judgement(outcome, reason, exact(level), _place(claim))


def _peak(claim: Claim, points: Points, margin: float) -> Judgement:
    """Ours is the place of the highest point."""
    del margin
    places = list(points)
    first, last = (points[claim.printed or 0.0] - points[place] for place in (places[0], places[-1]))
    outcome = together([ahead(first, 2), ahead(last, 2)])
    highest = max(points, key=lambda place: points[place].value)
    reason = f"at {claim.printed:g} above {places[0]:g} by {text(first)}, above {places[-1]:g} by {text(last)}"
    return Judgement(outcome, reason, exact(highest), _place(claim))


def _fall(claim: Claim, points: Points, margin: float) -> Judgement:
    del claim, margin
    first, *_, last = points
    fall = points[first] - points[last]
    return Judgement(ahead(fall), f"from {first:g} to {last:g} down by {text(fall)}", fall, None)


def _level(claim: Claim, points: Points, margin: float) -> Judgement:
    """Ours is the point that is farthest from the mean of all."""
    del claim
    mean = exact(float(np.mean([point.value for point in points.values()])))
    apart = [point - mean for point in points.values()]
    outcome = together([equivalent(one, margin, len(apart)) for one in apart])
    farthest = max(apart, key=lambda one: abs(one.value))
    reason = f"of {len(apart)} shapes the farthest from their mean of {mean.value:.2f}: {text(farthest)}"
    return Judgement(outcome, reason, farthest, None)


def _lowest(claim: Claim, results: Sequence[OwnResult], evidence: Evidence) -> Judgement:
    """Ours is the least lead of another class over the one that is said to be the lowest."""
    leads = []
    for result in results:
        of = {name: measured(replace(claim, label=name), claim.sides[0], result, evidence) for name in result.recalls}
        lowest = of.pop(claim.label, None)
        if lowest is not None:
            leads += [(rate - lowest, name, result.system) for name, rate in of.items() if rate is not None]
    if not leads:
        return Judgement("not run", f"no class {claim.label}")
    outcome = together([ahead(one, len(leads)) for one, *_ in leads])
    least, name, system = min(leads, key=lambda one: one[0].value)
    return Judgement(outcome, f"least above {claim.label}: {name} of {system}, {text(least)}", least, None)


def _pairs(one: OwnResult, other: OwnResult) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Return the histories of runs of the same seed and fold that have test curves."""
    curves = [
        {(record.run.seed, record.run.fold): record.history for record in result.records} for result in (one, other)
    ]
    both = sorted(curves[0].keys() & curves[1].keys())
    pairs = [(curves[0][run], curves[1][run]) for run in both]
    return [pair for pair in pairs if all(len(curve) > 1 and curve["test_ua"].notna().all() for curve in pair)]


def _later(one: pd.DataFrame, other: pd.DataFrame) -> float:
    """Return how many steps later ``other`` comes to most of the level that both curves reach in the end."""
    level = RISEN * min(float(curve["test_ua"].iloc[-1]) for curve in (one, other))
    first, second = (float(curve.loc[curve["test_ua"] >= level, "step"].iloc[0]) for curve in (one, other))
    return second - first


def _shakier(one: pd.DataFrame, other: pd.DataFrame) -> float:
    """Return by how many points more ``one`` changes from epoch to epoch in the second half of training."""
    first, second = (
        100 * float(curve["test_ua"].diff().iloc[len(curve) // 2 :].pow(2).mean() ** 0.5) for curve in (one, other)
    )
    return first - second
