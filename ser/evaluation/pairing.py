"""What two systems were both tested on: the folds that both have in all of their seeds."""

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

    @cached_property
    def folds(self) -> frozenset[frozenset[int]]:
        """The different sets of folds that its seeds have."""
        return frozenset(predictions.folds_of_seeds(self.rows).values())

    def on(self, folds: frozenset[int]) -> Tally:
        """Return the tally of some of the folds."""
        if self.folds == {folds}:
            return self.tally
        return intervals.tally(self.rows[self.rows["fold"].isin(folds)], self.classes, self.tally.name)


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
        name: Tested(rows, read.classes, intervals.tally(rows, read.classes, f"{where}/{name}"))
        for name, rows in by_system.items()
    }


def paired(one: Tested, other: Tested) -> Pairing | None:
    """Return two systems on their common folds; None where there are none, or a seed has only some of them.

    SerError if the systems do not have the same classes.
    """
    if one.classes != other.classes:
        named = " and ".join(f"{side.tally.name} ({', '.join(side.classes)})" for side in (one, other))
        raise SerError(f"systems with different classes cannot be compared: {named}.")
    every = one.folds | other.folds
    common = frozenset.intersection(*(frozenset.union(*side.folds) for side in (one, other)))
    if not common or any(of_seed & common not in (common, frozenset()) for of_seed in every):
        return None
    return Pairing(one.on(common), other.on(common), tuple(sorted(common)), every == {common})
