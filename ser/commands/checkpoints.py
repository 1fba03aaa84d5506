"""The verb ``checkpoints``: checkpoints of runs that never ended."""

import json
from pathlib import Path
from typing import Annotated

import typer


def checkpoints(
    older_than: Annotated[float, typer.Option(help="Only those not written for N days.")] = 7.0,
    remove: Annotated[bool, typer.Option("--remove", help="Remove them, but none whose run is active.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """List the checkpoints in results/checkpoints whose runs never ended; with --remove, delete them."""
    from ser import inventory, layout
    from ser.files.checkpoints import remove as remove_folder
    from ser.files.checkpoints import stale

    folder = Path(layout.CHECKPOINTS)
    found = stale(folder, older_than)
    entries = [one | {"removed": remove and remove_folder(folder / one["key"])} for one in found]
    columns = {name: name.replace("_", " ") for name in ("run", "epochs", "days", "megabytes", "in_use", "removed")}
    table = inventory.table(entries, {**columns, "key": "key"})
    print(json.dumps(entries, indent=2, ensure_ascii=False) if as_json else table)
