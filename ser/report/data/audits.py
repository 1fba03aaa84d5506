"""The leakage audit of each protocol. Examples are ids of utterances, never their text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ser.tables.contracts import ALL_FOLDS, STATUSES

Row = Mapping[str, Any]  # of the AUDIT table


@dataclass(frozen=True)
class Audit:
    """The audit of a protocol on a corpus. rows: over all folds together; every: those of single folds as well."""

    corpus: str
    protocol: str
    rows: tuple[Row, ...]
    every: tuple[Row, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Status: number of checks over all folds that ended in it."""
        return {status: sum(row["status"] == status for row in self.rows) for status in STATUSES}


@dataclass(frozen=True)
class Leak:
    """A leak of a row. status: found, not found (declared only), unknown, not audited; kinds: checks that found it."""

    name: str
    status: str
    kinds: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """``speaker``, ``audio (as near audio)``, ``audio (declared, not found)``."""
        if self.status == "found" and self.kinds and self.name not in self.kinds:
            return f"{self.name} (as {', '.join(self.kinds)})"
        remark = {"not found": " (declared, not found)", "unknown": " (declared, not known)"}.get(self.status, "")
        return self.name + remark


def audit(rows: Sequence[Row]) -> Audit:
    """Return the audit in the rows of one AUDIT table."""
    every = tuple(row for row in rows if row["fold"] == ALL_FOLDS)
    return Audit(rows[0]["corpus"], rows[0]["protocol"], every, tuple(rows))


def found_leaks(declared: Iterable[str], audited: Audit | None) -> tuple[Leak, ...]:
    """Return the declared leaks with what the audit found of each."""
    return tuple(_leak(name, audited.rows if audited else ()) for name in declared)


def _leak(name: str, rows: Iterable[Row]) -> Leak:
    checks = [(row["kind"], row["status"]) for row in rows if row["leak"] == name]
    found = tuple(dict.fromkeys(kind for kind, status in checks if status == "declared"))
    if found or not checks:
        return Leak(name, "found" if found else "not audited", found)
    return Leak(name, "unknown" if any(status == "unknown" for _, status in checks) else "not found")
