"""The definitions behind every code hash that was planned with, kept with Snakemake's own records."""

import json

from ser.files.atomic import write_text
from ser.provenance.code_hash import RECORDS, package, roots

FOLDER = RECORDS / "code"


def record(code: str, stage: str, *modules: str, options: frozenset[str] | None = None) -> None:
    """Write which definitions ``code``, the hash of a stage, covers, unless that is already recorded."""
    path = FOLDER / f"{code}.json"
    if not path.exists():
        reached = package().reached(roots(package(), stage, modules), options)
        content = {f"{target.module}.{target.name}".rstrip("."): digest for target, digest in reached.items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(content, sort_keys=True))


def recorded(code: str) -> dict[str, str] | None:
    """Return definition: hash as ``record`` wrote them; None where there is no record."""
    path = FOLDER / f"{code}.json"
    if not path.is_file():
        return None
    content: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return content


def changes(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Return the definitions that were changed, added or removed, as text; a moved one is no change."""
    changed = [name for name in before.keys() & now.keys() if before[name] != now[name]]
    gone, new = before.keys() - now.keys(), now.keys() - before.keys()
    moved = {old: name for old in gone for name in new if before[old] == now[name]}
    gone, new = gone - moved.keys(), new - set(moved.values())
    return [
        *sorted(changed),
        *(f"{name} (new)" for name in sorted(new)),
        *(f"{name} (removed)" for name in sorted(gone)),
    ]
