"""The fold of a training for use: every speaker trains but those of the dev part, and nothing is tested."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError, offenders
from ser.tables import contracts
from ser.training import fold
from ser.training.fold import Fold

FIRST = 0  # the fold whose dev part is taken


@dataclass(frozen=True)
class UseFold(Fold):
    """A fold without a test part: what a training predicts at its end, rows of "test", is its dev part."""

    def rows(self, part: str) -> NDArray[np.int64]:
        """Return the indices of a part's utterances, ascending; for test those of dev."""
        return super().rows("dev" if part == "test" else part)

    def counts(self) -> dict[str, dict[str, int]]:
        """Return part: class: utterances; none in test."""
        return {**super().counts(), "test": dict.fromkeys(self.classes, 0)}

    def dev_speakers(self) -> set[str | None]:
        """Return the speakers of the dev part."""
        return {self.speakers[row] for row in self.rows("dev")}


def read(path: Path) -> UseFold:
    """Return the fold for use that the folds table at ``path`` of a cross-validation gives.

    Dev is the dev part of its first fold, and all utterances of all folds train but those of the dev speakers. SerError
    where that fold has no dev part, a speaker of dev is not known, or one is in train or test too.
    """
    first = fold.read(path, FIRST)
    dev = {first.utterances[row] for row in first.rows("dev")}
    if not dev:
        raise SerError(f"{path}: fold {FIRST} has no dev part, and a training for use needs one of whole speakers.")
    table = contracts.read(contracts.FOLDS, path).select(["utterance", "speaker", "label", "targets"]).to_pylist()
    every = {row["utterance"]: row for row in table}
    speakers = {every[name]["speaker"] for name in dev}
    if None in speakers:
        raise SerError(f"{path}: a training for use holds dev speakers out, and speakers are not known.")
    others = dict(zip(first.utterances, first.speakers, strict=True)).items()
    shared = sorted({str(speaker) for name, speaker in others if name not in dev and speaker in speakers})
    if shared:
        raise SerError(
            f"{path}: a training for use needs dev speakers of their own; fold {FIRST} has {offenders(shared)} in dev "
            "and elsewhere."
        )
    names = tuple(sorted(name for name, row in every.items() if name in dev or row["speaker"] not in speakers))
    index = {name: k for k, name in enumerate(first.classes)}
    return UseFold(
        names,
        tuple(every[name]["speaker"] for name in names),
        np.array(["dev" if name in dev else "train" for name in names], dtype=np.str_),
        np.array([index.get(every[name]["label"], -1) for name in names], dtype=np.int64),
        first.classes,
        first.protocol,
        first.notes,
        first.of,
        None if first.targets is None else np.array([every[name]["targets"] for name in names], dtype=np.float32),
    )
