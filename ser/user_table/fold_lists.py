"""Lists that say in which fold and part an utterance is: one table, or a folder of lists, such as a benchmark's.

A table is a CSV (also .csv.gz) or Parquet file. Columns have the names of common tables: see COLUMNS. A folder holds
JSON lines as EmoBox has them, ``<corpus>/fold_<n>/<corpus>_<part>_fold_<n>.jsonl``, or CSV files and text files with a
name per line, whose name has the part between dots, hyphens or underscores: ``emotion.train.csv``, ``test_fold2.txt``.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ser.errors import SerError, offenders

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {  # ours: those of other tables
    "corpus": ("corpus", "dataset"),
    "key": ("key", "utterance", "id", "name"),
    "path": ("path", "file", "filename", "audio", "wav"),
    "label": ("label", "emotion", "emo"),
    "fold": ("fold",),
    "part": ("part", "split", "partition", "subset", "set"),
}
DEFAULTS = {"corpus": "", "label": "", "fold": "1"}
PARTS = {"train": "train", "dev": "dev", "valid": "dev", "validation": "dev", "test": "test"}
JSON_LINES = re.compile(r"_([a-z]+)_fold_(\d+)\.jsonl$")  # such as iemocap_train_fold_1.jsonl
FOLD = re.compile(r"fold_?(\d+)")
LISTS = (".csv", ".txt")
DOWNLOADS = "downloads/"  # where EmoBox expects the recordings: downloads/<corpus>/…


def files(source: Path) -> list[Path]:
    """Return the files that ``read`` reads; SerError where there are none."""
    if not source.is_dir():
        if not source.is_file():
            raise SerError(f"there are no lists at {source}.")
        return [source]
    found = sorted(path for path in source.rglob("*") if path.is_file() and _part_of(path))
    if not found:
        raise SerError(
            f"{source} holds no list such as iemocap/fold_1/iemocap_train_fold_1.jsonl, train.csv or test_fold2.txt."
        )
    return found


def read(source: Path) -> "pd.DataFrame":
    """Return the lists at ``source`` as a table of text with COLUMNS; one row per fold and utterance that a list names.

    ``key`` and ``path`` stand for each other where one is missing; corpus and label are "" and the fold is 1 where
    lists do not say. SerError says what is missing or wrong, and where.
    """
    import pandas as pd

    table = pd.concat([_of_file(file, alone=not source.is_dir()) for file in files(source)], ignore_index=True)
    if table.empty:
        raise SerError(f"{source} names no utterance.")
    if empty := [name for name in ("key", "fold", "part") if (table[name] == "").any()]:
        raise SerError(f"{source}: {offenders(empty)} is empty in some rows.")
    if wrong := sorted(set(table["part"]) - set(PARTS)):
        raise SerError(f"{source}: unknown parts {offenders(wrong)}; known: {', '.join(PARTS)}.")
    return table.assign(part=table["part"].map(PARTS), corpus=table["corpus"].map(corpus_name))


def corpus_name(name: str) -> str:
    """Return the name of a corpus in lower case, without what is no letter or digit: "ASVP-ESD" is asvpesd."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _part_of(file: Path) -> str | None:
    """Return the part in the name of a list of a folder; None for a file that is no list."""
    if found := JSON_LINES.search(file.name):
        return found[1] if found[1] in PARTS else None
    named = [word for word in re.split(r"[._-]", file.name.lower()) if word in PARTS]
    return named[0] if file.suffix in LISTS and len(named) == 1 else None


def _of_file(file: Path, *, alone: bool) -> "pd.DataFrame":
    """Return the rows of one file; one of a folder has its part and fold in its name."""
    import pandas as pd

    fallback = dict(DEFAULTS)
    if not alone:
        fold = FOLD.findall(f"{file.parent.name}/{file.name}")
        fallback |= {"part": str(_part_of(file)), "fold": fold[-1] if fold else "1"}
    try:
        if file.suffix == ".jsonl":
            found = pd.DataFrame(list(_json_lines(file)), columns=["corpus", "key", "path", "label"])
        elif file.suffix == ".parquet":
            found = pd.read_parquet(file).astype(str)
        elif file.suffix == ".txt":
            found = pd.DataFrame({"path": [line for line in file.read_text("utf-8").splitlines() if line.strip()]})
        else:
            found = pd.read_csv(file, dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, ValueError) as error:  # ValueError: of both parsers
        raise SerError(f"{file} cannot be read as a table: {error}.") from error
    ours = {name: _column(found.columns, known) for name, known in COLUMNS.items()}
    table = {name: found[column] for name, column in ours.items() if column is not None}
    for one, other in (("key", "path"), ("path", "key")):
        if one not in table and other in table:
            table[one] = table[other]
    if missing := [name for name in COLUMNS if name not in table and name not in fallback]:
        known = "; ".join(f"{name}: {' or '.join(COLUMNS[name])}" for name in missing)
        raise SerError(f"{file} lacks the columns {known}. It has {', '.join(map(str, found.columns))}.")
    return pd.DataFrame({name: table.get(name, fallback.get(name)) for name in COLUMNS}, index=found.index)


def _column(present: Iterable[str], known: Iterable[str]) -> str | None:
    by_name = {str(name).lower(): name for name in present}
    return next((by_name[name] for name in known if name in by_name), None)


def _json_lines(file: Path) -> Iterator[tuple[str, str, str, str]]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                entry = json.loads(line)
                corpus, path = str(entry["dataset"]), str(entry["wav"])
                within = PurePosixPath(path.removeprefix(f"{DOWNLOADS}{corpus}/")).as_posix()
                yield corpus, str(entry["key"]), within, str(entry["emo"])
            except (ValueError, KeyError, TypeError) as error:
                raise SerError(f"{file}, line {number}: no entry with key, dataset, wav and emo ({error}).") from error
