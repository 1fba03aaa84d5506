"""Folds that lists give: a benchmark's own, or yours."""

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from ser.bounds import Index
from ser.corpus import Facts
from ser.errors import SerError, offenders
from ser.protocols import _parts
from ser.user_table import fold_lists

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

REPEATED = True  # lists may test an utterance in several folds or in none
PARTIAL = True  # and need not name every utterance


def files(*, lists: Path, **_: object) -> list[Path]:
    """Return the lists, which are read again when one changes."""
    return fold_lists.files(Path(lists))


def folds(facts: Facts, *, lists: Path, corpus: str | None = None, **_: object) -> int:  # noqa: ARG001
    """Return the number of folds that the lists name."""
    return int(_read(lists, corpus)["fold"].nunique())


def assign(
    rows: "_parts.Rows", *, lists: Path, corpus: str | None = None, dev_speakers: Index = 0, seed: Index = 0
) -> "_parts.Parts":
    """Yield the parts of each fold, in the order of the folds' names.

    lists: a table or a folder, see ``ser.user_table.fold_lists``. corpus: whose entries are taken of lists with
    several. An entry means the utterance of that name, else that of that path, else the one whose recording has that
    name without folders and suffix. Entries and utterances without a counterpart are counted on standard error; an
    utterance that a fold does not name has no part in it. dev_speakers: how many speakers of train become the dev part
    of a fold without one, drawn by ``seed``. SerError where no entry means an utterance, and where a fold names one
    twice.
    """
    import numpy as np
    import pandas as pd

    table = _read(lists, corpus)
    position = _positions(rows)
    for fold, entries in sorted(table.groupby("fold"), key=lambda pair: _natural(str(pair[0]))):
        meant = [_row(entry, position) for entry in entries.itertuples()]
        known = entries.assign(row=pd.Series(meant, entries.index, dtype="Int64")).dropna(subset="row")
        if known.empty:
            first = entries["key"].iloc[0]
            raise SerError(f"{lists}, fold {fold}: no entry is an utterance of the protocol; the first is '{first}'.")
        row = known["row"].to_numpy(dtype=np.int64)
        if len(twice := np.unique(row[known["row"].duplicated()])):
            raise SerError(f"{lists}, fold {fold}: named twice: {offenders(rows['utterance'].iloc[twice])}.")
        part = np.full(len(rows), _parts.NO_PART, dtype=object)
        part[row] = known["part"]
        if dev_speakers and "dev" not in set(known["part"]):
            part[_drawn(rows, part, dev_speakers, seed)] = "dev"
        print(
            f"fold {fold}: {len(known)} of {len(entries)} entries are utterances of the protocol; "
            f"{int((part == _parts.NO_PART).sum())} of {len(rows)} utterances are in no part",
            file=sys.stderr,
        )
        yield part


def _read(lists: Path, corpus: str | None) -> "pd.DataFrame":
    table = fold_lists.read(Path(lists))  # a job has it as text
    if corpus is None:
        if len(several := sorted(set(table["corpus"]))) > 1:
            raise SerError(f"{lists} has several corpora: {offenders(several)}; name one with the option 'corpus'.")
        return table
    chosen = table[table["corpus"] == fold_lists.corpus_name(corpus)]
    if chosen.empty:
        raise SerError(f"{lists} has no corpus '{corpus}'; it has {offenders(sorted(set(table['corpus'])))}.")
    return chosen


def _positions(rows: "_parts.Rows") -> tuple[Mapping[str, int], ...]:
    """Return the row by utterance, by path, and by name of the recording; a name that several have means none."""
    by_name = {str(name): row for row, name in enumerate(rows["utterance"])}
    if "audio" not in rows:
        return by_name, {}, by_name
    paths = [str(path) for path in rows["audio"]]
    stems = [PurePosixPath(path).stem for path in paths]
    return by_name, _once(paths), _once(stems)


def _once(names: list[str]) -> dict[str, int]:
    times = Counter(names)
    return {name: row for row, name in enumerate(names) if times[name] == 1}


def _row(entry: Any, position: tuple[Mapping[str, int], ...]) -> int | None:
    by_name, by_path, by_stem = position
    stem = PurePosixPath(entry.path).stem
    ways = ((by_name, entry.key), (by_path, entry.path), (by_stem, stem), (by_name, stem))
    return next((rows[name] for rows, name in ways if name in rows), None)


def _drawn(rows: "_parts.Rows", part: "NDArray[Any]", count: int, seed: int) -> "NDArray[Any]":
    """Return which rows of train ``count`` drawn speakers have."""
    import numpy as np

    speaker = _parts.column(rows, "speaker")
    train = sorted(speaker[part == "train"].unique())
    _parts.require("speaker", train, count + 1, f"{count} of train for dev, one to train")
    chosen = np.random.default_rng(seed).permutation(train)[:count]
    drawn: NDArray[Any] = (part == "train") & speaker.isin(chosen).to_numpy()
    return drawn


def _natural(name: str) -> tuple[int, str]:
    """Return a key that sorts 2 before 10."""
    return (int(name), "") if name.isdigit() else (sys.maxsize, name)
