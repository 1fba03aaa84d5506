"""Predictions that another toolkit made: a table of labels or probabilities by utterance, scored as a system of ours.

The table is a CSV (also .csv.gz) or Parquet file with a row per utterance. ``utterance`` is its name in the manifest,
or the name of its recording, with or without folders and suffix. Then come ``predicted``, a class, or a column per
class with its probability, or both. ``label``, where it is there, is compared with the protocol's; ``seed`` tells the
answers of several trainings apart. Other columns are not read, and named in the run's record.
"""

import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError, offenders
from ser.files.published import sha256

if TYPE_CHECKING:
    import pandas as pd

KIND = "external"
LEARNS = ("majority", "distribution")  # it learns nothing; its probabilities sum to 1
TEXTS = ("utterance", "predicted", "label")
SUM = 1e-3  # how far from 1 the probabilities of an utterance may sum


@dataclass(frozen=True)
class Answers:
    """probabilities: (utterances, classes) float32, rows sum to 1; notes: on the table, for the run's record."""

    probabilities: NDArray[np.float32]
    notes: list[str]


def files(*, file: Path, **_: object) -> list[Path]:
    """Return the table, which is read again when it changes; SerError where it is none, before anything is trained."""
    path = Path(file).expanduser()
    _read(path)
    return [path]


def build(classes: Sequence[str], *, file: Path, origin: str = "") -> "ExternalTable":
    """Return the table in ``file`` for answers among ``classes``.

    origin: which system it is and what it was trained on, for the report. SerError for a predicted class that the
    protocol does not have, and for probabilities of some classes only.
    """
    path = Path(file).expanduser()
    rows, known = _read(path), ", ".join(classes)
    absent = [name for name in classes if name not in rows]
    if absent and (len(absent) < len(classes) or "predicted" not in rows):
        raise SerError(
            f"{path} lacks the columns {offenders(absent)}: a probability per class of the protocol: {known}."
        )
    if "predicted" in rows and (wrong := sorted({*rows["predicted"]} - {*classes})):
        raise SerError(f"{path}: predicted {offenders(wrong)} is no class of the protocol: {known}.")
    return ExternalTable(path, rows, tuple(classes), origin, labels=bool(absent))


@dataclass(frozen=True)
class ExternalTable:
    """The rows of a table of predictions. labels: whether it has no probabilities."""

    path: Path
    rows: "pd.DataFrame"
    classes: tuple[str, ...]
    origin: str
    labels: bool

    def answers(self, utterances: Sequence[str], truth: Sequence[str], seed: int) -> Answers:
        """Return the answers for the utterances of a test part; truth: the class that the protocol gives each.

        SerError for an utterance without an answer or with several, and for a label that is not the protocol's.
        """
        rows = self.rows if "seed" not in self.rows else self.rows[self.rows["seed"] == seed]
        names = _meant(rows["utterance"], {*utterances})
        mine = rows.set_index(names)[names.notna().to_numpy()]
        where = f"{self.path}, seed {seed}" if "seed" in rows else str(self.path)
        if missing := [name for name in utterances if name not in mine.index]:
            raise SerError(
                f"{where}: {len(missing)} of {len(utterances)} test utterances have no answer: {offenders(missing)}."
            )
        if twice := sorted({*mine.index[mine.index.duplicated()]}):
            raise SerError(f"{where}: several answers for {offenders(twice)}.")
        mine = mine.loc[list(utterances)]
        if "label" in mine and len(other := mine.index[mine["label"].to_numpy() != np.array(truth)]):
            raise SerError(f"{where}: {len(other)} labels are not those of the protocol: {offenders(other)}.")
        print(
            f"{where}: {len(mine)} rows are answered test utterances, {len(rows) - len(mine)} others", file=sys.stderr
        )
        return Answers(self._probabilities(mine, where), list(self._notes()))

    def _probabilities(self, rows: "pd.DataFrame", where: str) -> NDArray[np.float32]:
        predicted = rows["predicted"].map(self.classes.index).to_numpy() if "predicted" in rows else None
        if self.labels:
            return np.asarray(np.eye(len(self.classes), dtype=np.float32)[predicted])
        found = rows[list(self.classes)].apply(_numbers).to_numpy(dtype=np.float64)
        sums = found.sum(axis=1)  # NaN where a value is none
        if (wrong := ~(abs(sums - 1) <= SUM) | (found < 0).any(axis=1)).any():
            raise SerError(
                f"{where}: no probabilities from 0 to 1 with the sum 1: {offenders(rows.index[wrong])}. "
                "Take the softmax of scores, or leave their columns out and give 'predicted' alone."
            )
        if predicted is not None and (other := found.argmax(axis=1) != predicted).any():
            raise SerError(f"{where}: 'predicted' is not the most probable class: {offenders(rows.index[other])}.")
        return (found / sums[:, None]).astype(np.float32)

    def _notes(self) -> Iterator[str]:
        yield f"predictions of another system: {self.path.name}, SHA-256 {sha256(self.path)}"
        if self.origin:
            yield self.origin
        if self.labels:
            yield "it gave labels: the probabilities are 0 and 1"
        if unread := [name for name in self.rows if name not in (*TEXTS, "seed", *self.classes)]:
            yield f"columns that are not read: {offenders(unread)}"


def _meant(names: "pd.Series[str]", utterances: Collection[str]) -> "pd.Series[str]":
    """Return the utterance that each name means, itself or its recording; null where it means none."""
    stems = names.map(lambda name: PurePosixPath(name.replace("\\", "/")).stem)
    meant = names.where(names.isin(utterances), stems)
    return meant.where(meant.isin(utterances))


def _numbers(column: "pd.Series[str]") -> "pd.Series[float]":
    """Return the numbers of a column, NaN where a cell is none."""
    import pandas as pd

    return pd.to_numeric(column, errors="coerce")


def _read(path: Path) -> "pd.DataFrame":
    """Return the table; SerError where it cannot be read or lacks a column."""
    if not path.is_file():
        raise SerError(
            f"there are no predictions at {path}; a table with the columns utterance and predicted is needed."
        )
    return _table(path, path.stat().st_mtime_ns)


@cache
def _table(path: Path, _changed: int) -> "pd.DataFrame":
    import pandas as pd

    parquet = path.suffix == ".parquet"
    try:
        rows = pd.read_parquet(path) if parquet else pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, ValueError) as error:  # ValueError: of both parsers
        raise SerError(f"{path} cannot be read as a table: {error}.") from error
    if "utterance" not in rows or rows.empty:
        raise SerError(f"{path} needs a column utterance and rows; it has {len(rows)}, and {offenders(rows.columns)}.")
    texts = [name for name in TEXTS if name in rows]
    rows = rows.astype(dict.fromkeys(texts, str))
    if empty := [name for name in texts if (rows[name].str.strip() == "").any()]:
        raise SerError(f"{path}: {offenders(empty)} is empty in some rows.")
    if "seed" in rows:
        rows["seed"] = _numbers(rows["seed"])
        if rows["seed"].isna().any():
            raise SerError(f"{path}: some seeds are no numbers.")
    return rows
