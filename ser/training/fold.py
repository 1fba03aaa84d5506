"""One fold: its train, dev and test utterances with integer labels."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ser.config.schema import Protocol
from ser.errors import SerError, offenders
from ser.tables import contracts


@dataclass(frozen=True)
class Fold:
    """The utterances of a fold, sorted by name, so that the order of rows in the file decides nothing.

    parts: (utterances,) of train, dev, test; labels: (utterances,) int64, index into ``classes``.
    """

    utterances: tuple[str, ...]
    speakers: tuple[str | None, ...]
    parts: NDArray[np.str_]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    protocol: Protocol
    notes: Mapping[str, str]  # metadata of the folds table
    of: int  # folds that the table has

    def rows(self, part: str) -> NDArray[np.int64]:
        """Return the indices of a part's utterances, ascending; of dev: those that the protocol selects on."""
        part = self.protocol.selected_on if part == "dev" else part
        return np.flatnonzero(self.parts == part).astype(np.int64)

    def counts(self) -> dict[str, dict[str, int]]:
        """Return part: class: utterances."""
        return {
            part: {name: int((self.labels[self.rows(part)] == k).sum()) for k, name in enumerate(self.classes)}
            for part in contracts.PARTS
        }

    def digest(self) -> str:
        """Return 32 hexadecimal digits over utterances, speakers, parts, labels and classes."""
        rows = list(zip(self.utterances, self.speakers, self.parts.tolist(), self.labels.tolist(), strict=True))
        text = json.dumps([self.classes, rows], separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def read(path: Path, fold: int, protocol: Protocol | None = None) -> Fold:
    """Return fold ``fold`` of the folds table at ``path``, whose metadata hold the protocol where none is given.

    Classes have the order of the protocol's labels, or are sorted where the protocol takes all. SerError where the fold
    does not exist, has no test part, has a label that the protocol does not know, trains without one of the classes,
    or has no dev part although the protocol selects epochs on one.
    """
    table = contracts.read(contracts.FOLDS, path, {"fold": fold})
    notes = contracts.metadata(table)
    all_folds = contracts.select(path, ["fold", "label"])
    folds, labels = (sorted(all_folds[column].unique().to_pylist()) for column in ("fold", "label"))
    try:
        protocol = protocol or Protocol.model_validate_json(notes["protocol"])
    except (KeyError, ValidationError) as error:
        raise SerError(f"{path} does not say which protocol it is of ({error}); split again.") from error
    if not table.num_rows:
        raise SerError(f"{path} has no fold {fold}; it has {offenders(folds, 30)}.")
    classes = tuple(protocol.labels) if isinstance(protocol.labels, Mapping) else tuple(labels)
    listed = json.loads(notes.get("classes", "[]"))
    if sorted(listed) == sorted(classes):  # a protocol that came as canonical JSON has lost the order of its labels
        classes = tuple(listed)
    unexpected = sorted(set(labels) - set(classes))
    if unexpected:
        raise SerError(
            f"{path}: labels {offenders(unexpected)} are no classes of the protocol; known: {offenders(classes)}."
        )
    index = {name: k for k, name in enumerate(classes)}
    table = table.sort_by("utterance")
    found = Fold(
        tuple(table["utterance"].to_pylist()),
        tuple(table["speaker"].to_pylist()),
        np.array(table["part"].to_pylist(), dtype=np.str_),
        np.array([index[label] for label in table["label"].to_pylist()], dtype=np.int64),
        classes,
        protocol,
        notes,
        len(folds),
    )
    _check_parts(found, f"{path}: fold {fold}")
    return found


def _check_parts(fold: Fold, where: str) -> None:
    lacking = [name for name, count in fold.counts()["train"].items() if not count]
    if lacking:
        raise SerError(f"{where}: its train part has no utterance of {offenders(lacking)}.")
    if not fold.rows("test").size:
        raise SerError(f"{where} has no test part.")
    if fold.protocol.selection != "last" and not fold.rows("dev").size:
        raise SerError(
            f"{where} has no dev part, so the protocol cannot select by '{fold.protocol.selection}'; "
            "a protocol without a dev part needs 'selection: last'."
        )
