"""Rules for the content of a table; each returns what is wrong, or None."""

import pyarrow as pa
import pyarrow.compute as pc

from ser.errors import offenders
from ser.tables.parquet import Rule


def positive(column: str) -> Rule:
    """Every value of ``column`` must be above 0."""

    def rule(table: pa.Table) -> str | None:
        bad = table.filter(pc.less_equal(table[column], 0))
        return f"'{column}' must be above 0 in {_utterances(bad)}" if bad.num_rows else None

    return rule


def one_of(column: str, allowed: tuple[str, ...]) -> Rule:
    """``column`` must hold nothing but ``allowed``."""

    def rule(table: pa.Table) -> str | None:
        found = {value for value in table[column].unique().to_pylist() if value is not None}
        wrong = sorted(found - set(allowed))
        return f"'{column}' holds {offenders(wrong)}; known: {', '.join(allowed)}" if wrong else None

    return rule


def array_sizes(column: str, sizes: tuple[str, ...]) -> Rule:
    """The arrays in ``column`` must have as many bytes as the columns ``sizes`` and ``dtype`` say."""

    def rule(table: pa.Table) -> str | None:
        bytes_each = pc.cast(pc.binary_length(table[column]), pa.int64())
        half = pc.equal(table["dtype"], "float16") if "dtype" in table.column_names else pa.scalar(False)
        width = pc.if_else(half, pa.scalar(2, pa.int64()), pa.scalar(4, pa.int64()))
        values = pa.scalar(1, pa.int64())
        for size in sizes:
            values = pc.multiply(values, pc.cast(table[size], pa.int64()))
        found = pc.divide(bytes_each, width)
        right = pc.and_(pc.equal(found, values), pc.equal(pc.multiply(found, width), bytes_each))
        bad = table.filter(pc.invert(right))
        return f"'{column}' is not as long as {' × '.join(sizes)} says in {_utterances(bad)}" if bad.num_rows else None

    return rule


def _utterances(table: pa.Table) -> str:
    return offenders(table["utterance"].to_pylist())


def not_empty(table: pa.Table) -> str | None:
    """The table must have rows."""
    return None if table.num_rows else "it has no rows"


def has_test_part(table: pa.Table) -> str | None:
    """Some utterance must be in a test part."""
    tested = table.filter(pc.equal(table["part"], "test"))
    return None if tested.num_rows else "no utterance is in a test part"
