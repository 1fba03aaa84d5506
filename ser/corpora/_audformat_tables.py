"""Header and tables of a database in audformat, read so that nothing which others wrote is run.

``audformat.Database.load`` reads the header with a loader that makes any Python object, and prefers a pickle to the
table next to it. Here the header is plain YAML, and tables are CSV or Parquet.
"""

import math
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import yaml

from ser.errors import SerError
from ser.user_table.cells import CellError
from ser.user_table.paths import below_root

if TYPE_CHECKING:
    import pandas as pd

HEADER = "db.yaml"
FORMATS = ("parquet", "csv")  # in the order in which audformat takes them
Segment = tuple[str, float | None, float | None]  # file, start and end in seconds; None: the whole file, or to its end


class Database:
    """A database below ``root``; tables are read when they are asked for. SerError where that is no database."""

    def __init__(self, root: Path):
        import audformat

        if not (root / HEADER).is_file():
            raise SerError(
                f"{root}: has no {HEADER}; is this a database in audformat? It is read before anything runs, so it "
                "cannot be inside an archive that is not unpacked yet."
            )
        self.root = root
        try:
            header = yaml.safe_load((root / HEADER).read_text(encoding="utf-8"))
            self.db = audformat.Database.load_header_from_yaml(header)
        except (yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise SerError(f"{root / HEADER}: is no header of a database in audformat ({error}).") from error
        self._read: dict[str, pd.DataFrame] = {}
        for name in self.db.misc_tables:  # tables that explain the values of others, such as one of the speakers
            self._table(name)

    def file(self, table: str) -> Path:
        """Return the file of a table; SerError where there is none that can be read."""
        paths = [self.root / f"db.{table}.{suffix}" for suffix in FORMATS]
        found = next((path for path in paths if path.is_file()), None)
        if found is None:
            pickled = self.root / f"db.{table}.pkl"
            hint = (
                f"; {pickled.name} is a pickle, which could run any code: write it once more with audformat's "
                "Database.save(storage_format='csv')"
                if pickled.is_file()
                else ""
            )
            raise SerError(f"{self.root}: the table '{table}' has no file {' or '.join(p.name for p in paths)}{hint}.")
        return found

    def columns(self) -> dict[str, list[str]]:
        """Return the columns of every table, but for those that only explain values."""
        return {name: list(table.columns) for name, table in self.db.tables.items()}

    def values(self, table: str, column: str) -> Iterator[tuple[Segment, Any]]:
        """Yield what a column says of every row of a table, in its order; None where it says nothing."""
        read = self._table(table)
        for index, value in read[column].items():
            yield self._segment(index), None if _missing(value) else value

    def described(self, table: str, column: str) -> Mapping[Any, Mapping[str, Any]]:
        """Return what the database says about the values of a column, such as speakers; empty where it says nothing."""
        scheme = self.db.schemes.get(self.db[table].columns[column].scheme_id)
        labels = None if scheme is None else scheme.labels
        if isinstance(labels, str):  # the name of a table
            labels = self._table(labels).astype(object).to_dict("index")
        entries = labels.items() if isinstance(labels, dict) else ()
        return {value: about for value, about in entries if isinstance(about, dict)}

    def _segment(self, index: Hashable) -> Segment:
        """Return the segment that a row's index names; the index of a table of whole files is the file alone."""
        file, start, end = index if isinstance(index, tuple) else (index, None, None)
        try:
            return below_root(str(file), ()), _seconds(start), _seconds(end)
        except CellError as error:
            raise SerError(f"{self.root / HEADER}: {error}.") from error

    def _table(self, name: str) -> "pd.DataFrame":
        if name not in self._read:
            path = self.file(name)
            with TemporaryDirectory() as folder:  # where no pickle is next to the table
                (Path(folder) / f"table{path.suffix}").symlink_to(path.resolve())
                try:
                    self.db[name].load(f"{folder}/table")
                except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
                    raise SerError(f"{path}: is no table as {HEADER} describes it ({error}).") from error
            self._read[name] = self.db[name].df
        return self._read[name]


def _seconds(time: Any) -> float | None:
    return None if _missing(time) else round(float(time.total_seconds()), 6)


def _missing(value: Any) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))
