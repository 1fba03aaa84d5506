"""A table that one stage hands to another, as a contract: columns, types, key and rules, checked on both sides.

A table is checked when it is written and when it is read, written whole or not at all, and sealed: nothing half-written
and no flipped bit is ever read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ser.errors import SerError, offenders
from ser.files import seal
from ser.files.whole import whole

TORN = (pa.ArrowException, OSError, UnicodeDecodeError)
ROW_GROUP = 100  # utterances per row group of a binary table: a reader holds no more than this at a time
PLAIN_ROW_GROUP = 5000  # rows of any other: what a reader that wants a few rows has to read

Rule = Callable[[pa.Table], str | None]


@dataclass(frozen=True)
class Contract:
    """A table's name, its columns (all required, in this order), its key and its rules."""

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    rules: tuple[Rule, ...] = ()
    binary: str | None = None  # the column that holds arrays
    required: tuple[str, ...] = field(default=())  # columns without nulls beside the key

    def check(self, table: pa.Table, where: object, selected: bool = False) -> pa.Table:
        """Return ``table`` with its columns in order and cast, or raise SerError naming the first broken rule.

        selected: rows were chosen, which need not keep the rules of the whole table.
        """
        missing = [name for name in self.schema.names if name not in table.column_names]
        if missing:
            raise SerError(f"{where}: the {self.name} table lacks the columns {offenders(missing)}.")
        extra = [name for name in table.column_names if name not in self.schema.names]
        if extra:
            known = ", ".join(self.schema.names)
            raise SerError(f"{where}: the {self.name} table has unknown columns {offenders(extra)}; known: {known}.")
        try:
            checked = table.select(self.schema.names).cast(self.schema.with_metadata(table.schema.metadata))
        except (pa.ArrowException, ValueError, KeyError) as error:
            raise SerError(f"{where}: a column of the {self.name} table has the wrong type: {error}.") from error
        for name in (*self.key, *self.required):
            if checked[name].null_count:
                raise SerError(f"{where}: column '{name}' of the {self.name} table has empty cells.")
        self._check_key(checked, where)
        for rule in () if selected else self.rules:
            if (broken := rule(checked)) is not None:
                raise SerError(f"{where}: the {self.name} table is wrong: {broken}.")
        return checked

    def _check_key(self, table: pa.Table, where: object) -> None:
        counts = table.select(self.key).group_by(list(self.key)).aggregate([([], "count_all")])
        twice = counts.filter(pc.greater(counts["count_all"], 1))
        if twice.num_rows:
            rows = twice.select(self.key).to_pylist()
            named = offenders("/".join(str(value) for value in row.values()) for row in rows)
            raise SerError(f"{where}: the {self.name} table has {', '.join(self.key)} more than once: {named}.")


def write(contract: Contract, table: pa.Table, path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Check ``table`` and write it to ``path`` whole or not at all, with ``metadata`` in the Parquet schema."""
    checked = contract.check(table, path)
    notes = {"contract": contract.name, **(metadata or {}), seal.KEY: seal.BLANK}
    checked = checked.replace_schema_metadata({key.encode(): value.encode() for key, value in notes.items()})
    with whole(path) as partial:
        if contract.binary:
            plain = [name for name in checked.column_names if name != contract.binary]
            pq.write_table(checked, partial, compression="zstd", row_group_size=ROW_GROUP, use_dictionary=plain)
        else:
            pq.write_table(checked, partial, compression="zstd", row_group_size=PLAIN_ROW_GROUP)


def read(contract: Contract, path: Path, only: Mapping[str, int] | None = None) -> pa.Table:
    """Return the checked table at ``path``; SerError if it is missing, damaged or not of this contract.

    only: column: value, to read the rows that have it. Where the rows are sorted by that column, the row groups that
    cannot hold any are not even decoded.
    """
    wanted = [(column, "==", value) for column, value in (only or {}).items()] or None
    try:
        seal.check(path)
        table = pq.read_table(path, filters=wanted)
        table.validate(full=True)  # text that is no text is found here, not where somebody looks at it
        table.column_names  # noqa: B018 (decodes the names)
    except FileNotFoundError as error:
        raise SerError(f"{path} does not exist; it is the {contract.name} table of an earlier stage.") from error
    except TORN as error:
        raise _torn(path, error) from error
    return contract.check(table, path, selected=wanted is not None)


def distinct(path: Path, column: str) -> list[Any]:
    """Return the different values of one column of the table at ``path``, sorted; nothing else of it is decoded."""
    try:
        seal.check(path)
        return sorted(pq.read_table(path, columns=[column])[column].unique().to_pylist())
    except TORN as error:
        raise _torn(path, error) from error


def metadata(path: Path) -> dict[str, str]:
    """Return the notes written beside a table at ``path``, without Arrow's, pandas' and the seal's own entries.

    SerError if the file is missing or damaged.
    """
    try:
        seal.check(path)
        notes = pq.read_schema(path).metadata or {}
        own = (b"ARROW:schema", b"pandas", seal.KEY.encode())
        return {key.decode(): value.decode() for key, value in notes.items() if key not in own}
    except FileNotFoundError as error:
        raise SerError(f"{path} does not exist; it is the table of an earlier stage.") from error
    except TORN as error:
        raise _torn(path, error) from error


def _torn(path: Path, error: Exception) -> SerError:
    return SerError(f"{path} cannot be read as Parquet ({error}); delete it and run again.")
