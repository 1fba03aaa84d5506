"""What two systems were both tested on: folds that both have in all of their seeds, or utterances of two protocols."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from ser.errors import SerError
from ser.evaluation import intervals, predictions
from ser.evaluation.intervals import Tally
from ser.evaluation.predictions import Predictions


@dataclass(frozen=True, eq=False)
class Tested:
    """The predictions of one system under one protocol on one corpus: as rows of ``Predictions``, and tallied."""

    rows: pd.DataFrame
    classes: tuple[str, ...]
    tally: Tally
    dimensions: tuple[str, ...] = ()

    @cached_property
    def folds(self) -> frozenset[frozenset[int]]:
        """The different sets of folds that its seeds have."""
        return frozenset(predictions.folds_of_seeds(self.rows).values())

    def on(self, folds: frozenset[int]) -> Tally:
        """Return the tally of some of the folds."""
        if self.folds == {folds}:
            return self.tally
        rows = self.rows[self.rows["fold"].isin(folds)]
        return intervals.tally(rows, self.classes, self.tally.name, self.dimensions)


@dataclass(frozen=True, eq=False)
class Pairing:
    """Two tallies of the same folds. whole: these are all folds of both systems."""

    one: Tally
    other: Tally
    folds: tuple[int, ...]
    whole: bool


def tested(read: Predictions, where: str) -> Mapping[str, Tested]:
    """Return the predictions of each system by its name; where: what the names of the tallies begin with."""
    by_system = {str(name): rows for name, rows in read.rows.groupby("system")}
    return {
        name: Tested(
            rows,
            read.classes,
            intervals.tally(rows, read.classes, f"{where}/{name}", read.dimensions),
            read.dimensions,
        )
        for name, rows in by_system.items()
    }


def paired(one: Tested, other: Tested) -> Pairing | None:
    """Return two systems on their common folds; None where there are none, or a seed has only some of them.

    SerError if the systems do not have the same classes or dimensions.
    """
    _require_alike(one, other)
    every = one.folds | other.folds
    common = frozenset.intersection(*(frozenset.union(*side.folds) for side in (one, other)))
    if not common or any(of_seed & common not in (common, frozenset()) for of_seed in every):
        return None
    return Pairing(one.on(common), other.on(common), tuple(sorted(common)), every == {common})


def across(one: Tested, other: Tested) -> Pairing | None:
    """Return two systems under two protocols on the utterances that every seed of both tested; None without any.

    None also where a protocol tests one of these in several folds: its predictions would weigh more. The folds are
    those of ``one``; a tally has all of its utterances in one fold. SerError as in ``paired``.
    """
    _require_alike(one, other)
    seeds = [set(rows["utterance"]) for side in (one, other) for _, rows in side.rows.groupby("seed")]
    common = set.intersection(*seeds)
    sides = [side.rows[side.rows["utterance"].isin(common)] for side in (one, other)]
    if not common or any(rows.duplicated(["seed", "utterance"]).any() for rows in sides):
        return None
    first, second = (
        intervals.tally(rows.assign(fold=0), side.classes, side.tally.name, side.dimensions)
        for rows, side in zip(sides, (one, other), strict=True)
    )
    return Pairing(first, second, tuple(sorted(set(sides[0]["fold"]))), whole=False)


def _require_alike(one: Tested, other: Tested) -> None:
    if (one.classes, one.dimensions) != (other.classes, other.dimensions):
        sides = (f"{side.tally.name} ({', '.join(side.classes or side.dimensions)})" for side in (one, other))
        what = "dimensions" if one.dimensions and other.dimensions else "classes"
        raise SerError(f"systems with different {what} cannot be compared: {' and '.join(sides)}.")
