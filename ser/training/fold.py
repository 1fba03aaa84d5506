"""One fold: its train, dev and test utterances with integer labels."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import ValidationError

from ser.config.schema import Protocol
from ser.corpus import member_of
from ser.errors import SerError, offenders
from ser.tables import contracts


@dataclass(frozen=True)
class Fold:
    """The utterances of a fold, sorted by name, so that the order of rows in the file decides nothing.

    parts: (utterances,) of train, dev, test; labels: (utterances,) int64, index into ``classes``, -1 without a class;
    targets: (utterances, outputs) float32, the raters' votes by class or the values of the dimensions, None where the
    label is the target. Dimensions have no classes.
    """

    utterances: tuple[str, ...]
    speakers: tuple[str | None, ...]
    parts: NDArray[np.str_]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    protocol: Protocol
    notes: Mapping[str, str]  # metadata of the folds table
    of: int  # folds that the table has
    targets: NDArray[np.float32] | None = None

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return the names of what a system's outputs are of, in their order: the classes, or the dimensions."""
        return self.protocol.target.dimensions or self.classes

    @property
    def recorded(self) -> "Fold":
        """Return the fold of recordings alone: itself, unless its train part has disturbed copies."""
        return self

    @property
    def recordings(self) -> tuple[str, ...]:
        """Return the recorded utterance that each row is of."""
        return self.utterances

    @property
    def copies(self) -> tuple[str, ...]:
        """Return the names of the disturbed copies of the train part, none of a fold of recordings."""
        return ()

    def owners(self, scope: str) -> tuple[str | None, ...]:
        """Return whose statistics each row has, by ``scope``: a speaker, or a corpus; "" or None where unknown."""
        return self.speakers if scope == "speaker" else tuple(map(member_of, self.utterances))

    def rows(self, part: str) -> NDArray[np.int64]:
        """Return the indices of a part's utterances, ascending; of dev: those that the protocol selects on."""
        part = self.protocol.selected_on if part == "dev" else part
        return np.flatnonzero(self.parts == part).astype(np.int64)

    def counts(self) -> dict[str, dict[str, int]]:
        """Return part: class: utterances; those without a class, where there are any, as class ""."""
        return {part: self._count(self.labels[self.rows(part)]) for part in contracts.PARTS}

    def _count(self, labels: NDArray[np.int64]) -> dict[str, int]:
        of_class = {name: int((labels == k).sum()) for k, name in enumerate(self.classes)}
        return of_class | ({"": int((labels < 0).sum())} if (labels < 0).any() else {})

    def digest(self) -> str:
        """Return 32 hexadecimal digits over utterances, speakers, parts, labels, classes and targets."""
        rows = list(zip(self.utterances, self.speakers, self.parts.tolist(), self.labels.tolist(), strict=True))
        all_of = [self.classes, rows] if self.targets is None else [self.classes, rows, self.targets.tolist()]
        text = json.dumps(all_of, separators=(",", ":"))
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
    folds, labels = (sorted(all_folds[name].drop_null().unique().to_pylist()) for name in ("fold", "label"))
    try:
        protocol = protocol or Protocol.model_validate_json(notes["protocol"])
    except (KeyError, ValidationError) as error:
        raise SerError(f"{path} does not say which protocol it is of ({error}); split again.") from error
    if not table.num_rows:
        raise SerError(f"{path} has no fold {fold}; it has {offenders(folds, 30)}.")
    classes = tuple(labels) if protocol.labels == "all" else tuple(protocol.labels)
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
    named = protocol.target.dimensions or classes
    found = Fold(
        tuple(table["utterance"].to_pylist()),
        tuple(table["speaker"].to_pylist()),
        np.array(table["part"].to_pylist(), dtype=np.str_),
        np.array([index.get(label, -1) for label in table["label"].to_pylist()], dtype=np.int64),
        classes,
        protocol,
        notes,
        len(folds),
        None if protocol.target.kind == "majority" else _targets(table, len(named), f"{path}: fold {fold}"),
    )
    _check_parts(found, f"{path}: fold {fold}")
    return found


def _targets(table: pa.Table, outputs: int, where: str) -> NDArray[np.float32]:
    """Return the targets (utterances, outputs); SerError where an utterance has none or others."""
    rows = table["targets"].to_pylist()
    if any(row is None or len(row) != outputs for row in rows):
        raise SerError(f"{where}: an utterance does not have {outputs} targets; split again.")
    return np.array(rows, dtype=np.float32)


def _check_parts(fold: Fold, where: str) -> None:
    train, held_out = fold.rows("train"), np.concatenate([fold.rows("dev"), fold.rows("test")])
    lacking = [name for k, name in enumerate(fold.classes) if not (fold.labels[train] == k).any()]
    if fold.classes and (fold.labels[held_out] < 0).any():
        raise SerError(f"{where}: an utterance without a class is in dev or test; split again.")
    if lacking:
        raise SerError(f"{where}: its train part has no utterance of {offenders(lacking)}.")
    if not fold.rows("test").size:
        raise SerError(f"{where} has no test part.")
    if fold.protocol.selection != "last" and not fold.rows("dev").size:
        raise SerError(
            f"{where} has no dev part, so the protocol cannot select by '{fold.protocol.selection}'; "
            "a protocol without a dev part needs 'selection: last'."
        )
