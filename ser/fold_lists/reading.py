"""Read published fold lists: one table, or a folder of JSON lines as EmoBox has it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pandas as pd

from ser.errors import SerError, offenders
from ser.fold_lists.naming import corpus_name

COLUMNS = ("corpus", "key", "path", "label", "fold", "part")
PARTS = {"train": "train", "dev": "dev", "valid": "dev", "validation": "dev", "test": "test"}
LIST = re.compile(r"_([a-z]+)_fold_(\d+)\.jsonl$")  # such as iemocap_train_fold_1.jsonl
DOWNLOADS = "downloads/"  # where EmoBox expects the recordings: downloads/<corpus>/…


def read(source: Path) -> pd.DataFrame:
    """Return the lists as a table of text with COLUMNS; one row per corpus, fold and utterance that a list names.

    source: a CSV (also .csv.gz) or Parquet file with COLUMNS, of which ``path`` or ``key`` may be left out; or a folder
    with ``<corpus>/fold_<n>/<corpus>_<part>_fold_<n>.jsonl``, such as ``data`` of EmoBox. SerError says what is
    missing.
    """
    table = _of_folder(source) if source.is_dir() else _of_file(source)
    if table.empty:
        raise SerError(f"{source} names no utterance.")
    if empty := [name for name in ("corpus", "key", "fold", "part") if (table[name] == "").any()]:
        raise SerError(f"{source}: {offenders(empty)} is empty in some rows.")
    if wrong := sorted(set(table["part"]) - set(PARTS)):
        raise SerError(f"{source}: unknown parts {offenders(wrong)}; known: {', '.join(PARTS)}.")
    return table.assign(part=table["part"].map(PARTS), corpus=table["corpus"].map(corpus_name))


def _of_file(file: Path) -> pd.DataFrame:
    try:
        if file.suffix == ".parquet":
            table = pd.read_parquet(file).astype(str)
        else:
            table = pd.read_csv(file, dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, ValueError) as error:  # ValueError: of both parsers
        raise SerError(f"{file} cannot be read as a table: {error}.") from error
    present = set(table.columns)
    for one, other in (("key", "path"), ("path", "key")):
        if one not in present and other in present:
            table[one] = table[other]
    if missing := [name for name in COLUMNS if name not in table]:
        raise SerError(f"{file} lacks the columns {', '.join(missing)}; it has {', '.join(sorted(present))}.")
    return table[list(COLUMNS)]


def _of_folder(folder: Path) -> pd.DataFrame:
    lists = [(file, found) for file in sorted(folder.rglob("*.jsonl")) if (found := LIST.search(file.name))]
    lists = [(file, found) for file, found in lists if found[1] in PARTS]
    if not lists:
        raise SerError(f"{folder} holds no list such as iemocap/fold_1/iemocap_train_fold_1.jsonl.")
    rows = [row for file, found in lists for row in _rows(file, found[1], found[2])]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _rows(file: Path, part: str, fold: str) -> Iterator[tuple[str, ...]]:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                entry = json.loads(line)
                corpus, wav = str(entry["dataset"]), str(entry["wav"])
                yield corpus, str(entry["key"]), _within(corpus, wav), str(entry["emo"]), fold, part
            except (ValueError, KeyError, TypeError) as error:
                raise SerError(f"{file}, line {number}: no entry with key, dataset, wav and emo ({error}).") from error


def _within(corpus: str, wav: str) -> str:
    """Return the path within the corpus's folder."""
    prefix = f"{DOWNLOADS}{corpus}/"
    return PurePosixPath(wav.removeprefix(prefix)).as_posix()
