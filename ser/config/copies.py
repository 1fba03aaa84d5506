"""The disturbed copies of a train part that a recipe asks for, by the names of their files."""

import hashlib
import json
from dataclasses import dataclass

from ser import catalog
from ser.config.augmentation import Augmentation
from ser.config.disturbances import Disturbance


@dataclass(frozen=True)
class DisturbedCopy:
    """A train part once more, under one strength of a condition.

    protocol, fold: whose train part gives the voices of others, where the condition needs some, else None: such a copy
    is the same in all folds.
    """

    condition: str
    strength: float
    seed: int = 0
    protocol: str | None = None
    fold: int | None = None

    @property
    def disturbance(self) -> Disturbance:
        """Return the condition with this strength."""
        return Disturbance(self.condition, (self.strength,), self.seed)

    @property
    def name(self) -> str:
        """Return ``<condition>-<digest>``; the digest is 8 hexadecimal digits over all of it."""
        text = json.dumps([self.condition, float(self.strength), self.seed, self.protocol, self.fold])
        return f"{self.condition}-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"

    def of(self, utterance: str) -> str:
        """Return the name of the copy of an utterance."""
        return f"{utterance}+{self.name}"


def copies(augmentation: Augmentation | None, protocol: str, fold: int) -> list[DisturbedCopy]:
    """Return a copy for each strength of each condition, by the names of the conditions; none without augmentation."""
    found: list[DisturbedCopy] = []
    if augmentation is None:
        return found
    for condition, strengths in sorted(augmentation.conditions.items()):
        voices = (protocol, fold) if catalog.constant("conditions", condition, "OTHERS") else (None, None)
        found += [DisturbedCopy(condition, strength, augmentation.seed, *voices) for strength in strengths]
    return found
