"""A fold whose train part has disturbed copies of its utterances: other rows of the features, the same targets."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from ser.config.augmentation import Augmentation
from ser.config.copies import DisturbedCopy, copies
from ser.training.fold import Fold


@dataclass(frozen=True)
class AugmentedFold(Fold):
    """A fold with copies after its own utterances; only the rows of train have any.

    original: the fold without them; its rows are the first ones here. of_copy: name of the copy by row, "" of a
    recording.
    """

    original: Fold = field(kw_only=True)
    of_copy: tuple[str, ...] = field(kw_only=True)

    @property
    def recorded(self) -> Fold:
        """Return the fold of the recordings."""
        return self.original

    @property
    def recordings(self) -> tuple[str, ...]:
        """Return the utterance that each row is of."""
        pairs = zip(self.utterances, self.of_copy, strict=True)
        return tuple(name.removesuffix(f"+{copy}") for name, copy in pairs)

    @property
    def copies(self) -> tuple[str, ...]:
        """Return the names of the copies."""
        return tuple(dict.fromkeys(copy for copy in self.of_copy if copy))

    def owners(self, scope: str) -> tuple[str | None, ...]:
        """Return whose statistics each row has: copies have others than the recordings of the same speaker."""
        pairs = zip(super().owners(scope), self.of_copy, strict=True)
        return tuple(f"{owner}+{copy}" if owner and copy else owner for owner, copy in pairs)

    def rows(self, part: str) -> NDArray[np.int64]:
        """Return the indices of a part's utterances, ascending; of train those of the copies too."""
        own, first = self.original.rows(part), len(self.original.utterances)
        return np.append(own, np.arange(first, len(self.utterances))) if part == "train" else own

    def counts(self) -> dict[str, dict[str, int]]:
        """Return part: class: recorded utterances."""
        return self.original.counts()

    def digest(self) -> str:
        """Return the digest of the fold without copies: the recipe says which ones there are."""
        return self.original.digest()


def augmented(fold: Fold, augmentation: Augmentation | None, protocol: str, number: int) -> Fold:
    """Return ``fold``, number ``number`` of ``protocol``, with the copies that a recipe asks for, if any."""
    found = copies(augmentation, protocol, number)
    return with_copies(fold, found) if found else fold


def with_copies(fold: Fold, found: Sequence[DisturbedCopy]) -> AugmentedFold:
    """Return ``fold`` with ``found`` of every utterance of its train part."""
    train = fold.rows("train")
    rows = np.concatenate([np.arange(len(fold.utterances)), *[train] * len(found)])
    own = {one.name: getattr(fold, one.name) for one in fields(Fold)}
    own |= {name: value[rows] for name, value in own.items() if isinstance(value, np.ndarray)}
    names = [one.of(fold.utterances[row]) for one in found for row in train]
    of_copy = [""] * len(fold.utterances) + [one.name for one in found for _ in train]
    own |= {"utterances": (*fold.utterances, *names), "speakers": tuple(fold.speakers[row] for row in rows)}
    return AugmentedFold(**own, original=fold, of_copy=tuple(of_copy))
