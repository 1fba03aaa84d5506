"""The leaks of a protocol, as its audit found them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]  # of the AUDIT table


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


def leak(name: str, audited: Iterable[Row]) -> Leak:
    """Return a declared leak with what the audit of its protocol found, over all folds; without rows: not audited."""
    checks = [(row["kind"], row["status"]) for row in audited if row["leak"] == name]
    found = tuple(dict.fromkeys(kind for kind, status in checks if status == "declared"))
    if found or not checks:
        return Leak(name, "found" if found else "not audited", found)
    return Leak(name, "unknown" if any(status == "unknown" for _, status in checks) else "not found")
