"""One fold: who is trained on, chosen on and tested on, with integer labels. All that is counted here is train-only."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

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
    of: int  # folds that the table has

    def rows(self, part: str) -> NDArray[np.int64]:
        """Return the indices of a part's utterances, ascending."""
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


def read(path: Path, fold: int, protocol: Protocol) -> Fold:
    """Return fold ``fold`` of the folds table at ``path``.

    Classes stand in the order of ``protocol.labels``, or sorted where the protocol takes all. SerError where the fold
    does not exist, has no test part, has a label that the protocol does not know, trains without one of the classes,
    or has no dev part although the protocol selects epochs on one.
    """
    table = contracts.read(contracts.FOLDS, path, {"fold": fold})
    labels = contracts.distinct(path, "label")
    classes = tuple(protocol.labels) if isinstance(protocol.labels, Mapping) else tuple(labels)
    listed = json.loads(contracts.metadata(path).get("classes", "[]"))
    if sorted(listed) == sorted(classes):  # a protocol that came as canonical JSON has lost the order of its labels
        classes = tuple(listed)
    strange = sorted(set(labels) - set(classes))
    if strange:
        raise SerError(
            f"{path}: labels {offenders(strange)} are no classes of the protocol; known: {offenders(classes)}."
        )
    found = _rows(table, fold, path, classes)
    counts = found.counts()
    lacking = [name for name, count in counts["train"].items() if not count]
    if lacking:
        raise SerError(f"{path}: the train part of fold {fold} has no utterance of {offenders(lacking)}.")
    if not found.rows("test").size:
        raise SerError(f"{path}: fold {fold} has no test part.")
    if protocol.selection != "last" and not found.rows("dev").size:
        raise SerError(
            f"{path}: fold {fold} has no dev part, so the protocol cannot select by '{protocol.selection}'; "
            "a protocol without a dev part needs 'selection: last'."
        )
    return found


def _rows(table: pa.Table, fold: int, path: Path, classes: tuple[str, ...]) -> Fold:
    rows, folds = table.sort_by("utterance"), contracts.distinct(path, "fold")
    if not rows.num_rows:
        raise SerError(f"{path} has no fold {fold}; it has {offenders(folds, 30)}.")
    index = {name: k for k, name in enumerate(classes)}
    return Fold(
        tuple(rows["utterance"].to_pylist()),
        tuple(rows["speaker"].to_pylist()),
        np.array(rows["part"].to_pylist(), dtype=np.str_),
        np.array([index[label] for label in rows["label"].to_pylist()], dtype=np.int64),
        classes,
        len(folds),
    )


def balanced(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return n / (classes · n_c) per class over the training examples ``labels``: the mean weight of an example is 1.

    King and Zeng (2001), "Logistic regression in rare events data"; every class must occur.
    """
    counts = np.bincount(labels, minlength=classes)
    return (labels.size / (classes * counts)).astype(np.float32)
