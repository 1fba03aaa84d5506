"""Ratings of dimensions, such as valence: their scale, and what makes them no target of a training."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.config.schema import Corpus
from ser.corpus import DIMENSIONS, Fault, Utterance
from ser.errors import SerError

MISSING = 0.5  # share of utterances without a value, from above which on a dimension is no target
Scale = tuple[float, float]  # lowest and highest rating


def stated_scale(settings: Corpus, root: Path | None) -> Scale | None:
    """Return the scale of a corpus's ratings: that of its adapter for these options, else its card's; None: unknown."""
    adapter = settings.load()
    found: Scale | None = adapter.scale(root, **settings.options) if hasattr(adapter, "scale") else adapter.CARD.scale
    return found


def off_scale(rows: Iterable[Utterance], scale: Scale | None) -> list[Fault]:
    """Return the utterances with a rating outside ``scale``; none where it is not known."""
    if scale is None:
        return []
    faults = []
    for row in rows:
        given = ((name, getattr(row, name)) for name in DIMENSIONS)
        wrong = [f"{name} {value:g}" for name, value in given if value is not None and not _within(value, scale)]
        if wrong:
            reason = f"{' and '.join(wrong)}: outside the scale {described(scale)}"
            faults.append(Fault("off-scale", reason, row.where, row.utterance))
    return faults


def on_scale(row: Utterance, scale: Scale | None) -> Utterance:
    """Return ``row`` without its ratings outside ``scale``."""
    if scale is None:
        return row
    valence, activation, dominance = (
        value if value is not None and _within(value, scale) else None
        for value in (row.valence, row.activation, row.dominance)
    )
    return replace(row, valence=valence, activation=activation, dominance=dominance)


def common_scale(notes: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return what the manifest of a joined corpus notes of the scales; ``notes``: of each member's manifest.

    One scale where all members have it, else that of each member, null where it is not known; nothing where none is.
    """
    scales = {member: json.loads(of_member.get("scale", "null")) for member, of_member in notes.items()}
    known = [scale for scale in scales.values() if scale is not None]
    if not known:
        return {}
    same = len(known) == len(scales) and all(scale == known[0] for scale in known)
    return {"scale": json.dumps(known[0])} if same else {"scales": json.dumps(scales)}


def noted_scale(notes: Mapping[str, str]) -> Scale | None:
    """Return the scale in the metadata of a manifest; None where it is not known.

    SerError for a corpus whose members are rated on different scales: their ratings are no common target.
    """
    if "scales" in notes:
        scales: dict[str, Any] = json.loads(notes["scales"])
        each = ", ".join(f"{member} {described(scale)}" for member, scale in scales.items())
        raise SerError(
            f"the ratings of the members are on different scales: {each}. A target needs one scale; "
            "convert the ratings of one member, and state its scale."
        )
    if "scale" not in notes:
        return None
    low, high = json.loads(notes["scale"])
    return float(low), float(high)


def described(scale: Sequence[float] | None) -> str:
    """Return a scale as text, such as 1…7; "unknown" for None."""
    return "unknown" if scale is None else f"{scale[0]:g}…{scale[1]:g}"


def checked(values: NDArray[np.floating], dimensions: Sequence[str], scale: Scale | None) -> None:
    """Raise SerError, naming every dimension, for ratings that are no target of a training.

    values: (utterances, dimensions), NaN where there is no rating. A dimension must have a value for half of the
    utterances, more than one value, and none outside ``scale``, where that is known.
    """
    wrong = []
    for name, column in zip(dimensions, np.asarray(values, dtype=np.float64).T, strict=True):
        given = column[np.isfinite(column)]
        absent = len(column) - len(given)
        if not len(given):
            wrong.append(f"no utterance has a rating of {name}")
        elif absent > MISSING * len(column):
            wrong.append(f"{name} is missing for {absent} of {len(column)} utterances, more than half")
        elif given.min() == given.max():
            wrong.append(f"{name} is {given[0]:g} for all {len(given)} utterances")
        elif scale is not None and (outside := [one for one in given if not _within(one, scale)]):
            few = ", ".join(f"{one:g}" for one in sorted(set(outside))[:5])
            wrong.append(f"{name} is outside the scale {described(scale)} for {len(outside)} utterances, such as {few}")
    if wrong:
        raise SerError(f"{'; '.join(wrong)}. A target of dimensions needs ratings that differ, on one scale.")


def _within(value: float, scale: Scale) -> bool:
    """Return whether a rating lies on the scale, but for the error of a float32."""
    return scale[0] - 1e-6 * abs(scale[0]) <= value <= scale[1] + 1e-6 * abs(scale[1])
