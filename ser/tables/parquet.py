"""Parquet tables with a contract: columns, types, key and rules, checked when a table is written and when it is read.

A table is written atomically and with a checksum of the file in its metadata, which every function that reads it
verifies first; a process verifies a file once.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ser.errors import SerError, offenders
from ser.files import embedded_checksum
from ser.files.atomic import atomic_write

ROW_GROUP = 100  # utterances per row group of a table with arrays: a reader holds no more than this at a time
PLAIN_ROW_GROUP = 5000  # rows per row group of any other table: the least that a reader decodes


@dataclass(frozen=True)
class Contract:
    """A table's name, its columns (all required, in this order), its key and the rules for their values."""

    name: str
    columns: Sequence[tuple[str, pa.DataType] | pa.Field]
    key: tuple[str, ...]
    required: tuple[str, ...] = ()  # columns without nulls in addition to the key
    filled: bool = False  # the table must have rows
    positive: tuple[str, ...] = ()  # columns above 0
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # column: its values
    present: Mapping[str, str] = field(default_factory=dict)  # column: a value that some row must have
    arrays: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # column of arrays: columns of their sizes

    @cached_property
    def schema(self) -> pa.Schema:
        """Return the columns' names and types."""
        return pa.schema(self.columns)

    def check(self, table: pa.Table, where: object, selected: bool = False) -> pa.Table:
        """Return ``table`` with its columns in order and cast; SerError names the first rule that is broken.

        selected: these are some rows of a table, for which its rules need not hold.
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
        counts = checked.group_by(list(self.key)).aggregate([([], "count_all")])
        if twice := counts.filter(pc.greater(counts["count_all"], 1)).select(self.key).to_pylist():
            named = offenders("/".join(str(value) for value in row.values()) for row in twice)
            raise SerError(f"{where}: the {self.name} table has {', '.join(self.key)} more than once: {named}.")
        if not selected and (broken := next(self._broken_rules(checked), None)):
            raise SerError(f"{where}: the {self.name} table is wrong: {broken}.")
        return checked

    def _broken_rules(self, table: pa.Table) -> Iterator[str]:
        if self.filled and not table.num_rows:
            yield "it has no rows"
        for column in self.positive:
            if bad := table.filter(pc.less_equal(table[column], 0))["utterance"].to_pylist():
                yield f"'{column}' must be above 0 in {offenders(bad)}"
        for column, allowed in self.allowed.items():
            if wrong := sorted(set(table[column].unique().to_pylist()) - {None, *allowed}):
                yield f"'{column}' holds {offenders(wrong)}; known: {', '.join(allowed)}"
        for column, value in self.present.items():
            if value not in table[column].unique().to_pylist():
                yield f"no row has '{value}' in column '{column}'"
        for column, sizes in self.arrays.items():
            lengths = pc.binary_length(table[column]).to_pylist()
            rows = table.drop_columns([column]).to_pylist()
            bad = [
                row["utterance"]
                for row, length in zip(rows, lengths, strict=True)
                if length != math.prod(row[size] for size in sizes) * (2 if row.get("dtype") == "float16" else 4)
            ]
            if bad:
                yield f"'{column}' is not as long as {' × '.join(sizes)} says in {offenders(bad)}"


def write(
    contract: Contract,
    rows: pa.Table | Sequence[Mapping[str, Any]],
    path: Path,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Check a table, or rows of one, and write it to ``path`` atomically, with ``metadata`` in the Parquet schema."""
    table = rows if isinstance(rows, pa.Table) else pa.Table.from_pylist(list(rows), schema=contract.schema)
    checked = contract.check(table, path)
    entries = {"contract": contract.name, **(metadata or {}), embedded_checksum.KEY: embedded_checksum.BLANK}
    checked = checked.replace_schema_metadata({key.encode(): value.encode() for key, value in entries.items()})
    with atomic_write(path) as partial:
        plain = [column.name for column in checked.schema if column.type != pa.large_binary()]
        if len(plain) < checked.num_columns:  # with arrays
            pq.write_table(checked, partial, compression="zstd", row_group_size=ROW_GROUP, use_dictionary=plain)
        else:
            pq.write_table(checked, partial, compression="zstd", row_group_size=PLAIN_ROW_GROUP)


def read(contract: Contract, path: Path, only: Mapping[str, int] | None = None) -> pa.Table:
    """Return the checked table at ``path``; SerError if it is missing, damaged or not of this contract.

    only: column: value, to read the rows that have it. Where the rows are sorted by that column, the row groups that
    cannot hold any are not even decoded.
    """
    wanted = [(column, "==", value) for column, value in (only or {}).items()] or None
    with _verified(path, f"the {contract.name} table"):
        table = pq.read_table(path, filters=wanted)
        table.validate(full=True)  # finds text that is not UTF-8 here, not where it is used
        table.column_names  # noqa: B018 (decodes the names)
    return contract.check(table, path, selected=wanted is not None)


def row_groups(contract: Contract, path: Path) -> Iterator[pa.Table]:
    """Yield the row groups of the table at ``path``, each checked: memory holds ``ROW_GROUP`` rows of arrays at most.

    Whether a key is in two groups is not checked, and no rule may be about the table as a whole. SerError as in
    ``read``.
    """
    with _verified(path, f"the {contract.name} table"), pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            table.validate(full=True)
            table.column_names  # noqa: B018 (decodes the names)
            yield contract.check(table, path)


def select(path: Path, columns: Sequence[str]) -> pa.Table:
    """Return some columns of the table at ``path`` without the checks of its contract; nothing else is decoded."""
    with _verified(path, "the table"):
        return pq.read_table(path, columns=list(columns))


def metadata(source: Path | pa.Table) -> dict[str, str]:
    """Return the metadata written with a table, given the table or its path, without entries of libraries and checksum.

    SerError if the file is missing or damaged.
    """
    if isinstance(source, Path):
        with _verified(source, "the table"):
            return metadata(pq.read_schema(source).empty_table())
    own = (b"ARROW:schema", b"pandas", embedded_checksum.KEY.encode())
    return {key.decode(): value.decode() for key, value in (source.schema.metadata or {}).items() if key not in own}


@contextmanager
def _verified(path: Path, what: str) -> Iterator[None]:
    """Verify the checksum of the file at ``path``; SerError for it and for every error in reading the file."""
    try:
        embedded_checksum.verify(path)
        yield
    except FileNotFoundError as error:
        raise SerError(f"{path} does not exist; it is {what} of an earlier stage.") from error
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise SerError(f"{path} cannot be read as Parquet ({error}); delete it and run again.") from error
