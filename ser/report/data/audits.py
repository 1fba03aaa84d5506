"""The leakage audit of each protocol. Examples are ids of utterances, never their text."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ser.tables.audit_tables import ALL_FOLDS, STATUSES

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
    """A leak of a row. status: found, not found (declared only), unknown or not audited."""

    name: str
    status: str

    @property
    def text(self) -> str:
        """``speaker``, ``audio (declared, not found)``."""
        remark = {"not found": " (declared, not found)", "unknown": " (declared, not known)"}.get(self.status, "")
        return self.name + remark


def audit(rows: Sequence[Row]) -> Audit:
    """Return the audit in the rows of one AUDIT table."""
    return Audit(
        rows[0]["corpus"], rows[0]["protocol"], tuple(row for row in rows if row["fold"] == ALL_FOLDS), tuple(rows)
    )


def found_leaks(declared: Iterable[str], audited: Audit | None) -> tuple[Leak, ...]:
    """Return the declared leaks with what the audit found of each."""
    return tuple(Leak(name, _status(name, audited)) for name in declared)


def _status(leak: str, audited: Audit | None) -> str:
    checks = {row["status"] for row in audited.rows if row["leak"] == leak} if audited else set()
    if not checks:
        return "not audited"
    if "declared" in checks:
        return "found"
    return "unknown" if "unknown" in checks else "not found"
