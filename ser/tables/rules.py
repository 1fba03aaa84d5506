"""Rules that the content of a table must keep; each returns what is wrong, None where nothing is."""

import pyarrow as pa
import pyarrow.compute as pc

from ser.errors import offenders
from ser.tables.parquet import Rule


def positive(column: str) -> Rule:
    """Every value of ``column`` must be above 0."""

    def rule(table: pa.Table) -> str | None:
        bad = table.filter(pc.less_equal(table[column], 0))
        return f"'{column}' must be above 0 in {offenders(bad['utterance'].to_pylist())}" if bad.num_rows else None

    return rule


def one_of(column: str, allowed: tuple[str, ...]) -> Rule:
    """``column`` must hold nothing but ``allowed``."""

    def rule(table: pa.Table) -> str | None:
        found = {value for value in table[column].unique().to_pylist() if value is not None}
        wrong = sorted(found - set(allowed))
        return f"'{column}' holds {offenders(wrong)}; known: {', '.join(allowed)}" if wrong else None

    return rule


def filled(column: str, sizes: tuple[str, ...]) -> Rule:
    """Hold the bytes of the arrays in ``column`` against the ``sizes`` and the type that stand beside them."""

    def rule(table: pa.Table) -> str | None:
        bytes_each = pc.cast(pc.binary_length(table[column]), pa.int64())
        half = pc.equal(table["dtype"], "float16") if "dtype" in table.column_names else pa.scalar(False)
        width = pc.if_else(half, pa.scalar(2, pa.int64()), pa.scalar(4, pa.int64()))
        values = pa.scalar(1, pa.int64())
        for size in sizes:
            values = pc.multiply(values, pc.cast(table[size], pa.int64()))
        whole = pc.divide(bytes_each, width)
        right = pc.and_(pc.equal(whole, values), pc.equal(pc.multiply(whole, width), bytes_each))
        bad = table.filter(pc.invert(right))
        return f"'{column}' is not as long as {' × '.join(sizes)} says in {_named(bad)}" if bad.num_rows else None

    return rule


def _named(table: pa.Table) -> str:
    return offenders(table["utterance"].to_pylist())


def not_empty(table: pa.Table) -> str | None:
    """The table must have rows."""
    return None if table.num_rows else "it has no rows"


def one_part(table: pa.Table) -> str | None:
    """Some utterance must be tested."""
    tested = table.filter(pc.equal(table["part"], "test"))
    return None if tested.num_rows else "no utterance is in a test part"
