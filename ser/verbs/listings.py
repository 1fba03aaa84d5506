"""The verbs that list what there is: configuration keys, systems, protocols, corpora, features, checkpoints."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from ser.config.read import SHIPPED

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
ConfigFolder = Annotated[Path, typer.Option(help="Folder that holds systems/ and protocols/.")]


def keys() -> None:
    """Print every configuration key in one line."""
    from ser.config.describe import describe

    print(describe(), end="")


def listing(entries: list[dict[str, Any]], columns: dict[str, str], as_json: bool) -> None:
    """Print ``entries`` as JSON, or their ``columns`` as a table."""
    from ser.inventory import table

    print(json.dumps(entries, indent=2, ensure_ascii=False) if as_json else table(entries, columns))


def systems(as_json: AsJson = False, config: ConfigFolder = SHIPPED) -> None:
    """List the systems: paper, features, parameters, and what is a default and not the paper's word."""
    from ser import inventory

    columns = {"name": "system", "paper": "paper", "features": "features", "parameters": "parameters", "title": "title"}
    listing(inventory.systems(config), columns, as_json)


def protocols(as_json: AsJson = False, config: ConfigFolder = SHIPPED) -> None:
    """List the protocols: rule, leaks, how a model is chosen, hash."""
    from ser import inventory

    columns = {"name": "protocol", "digest": "hash", "selection": "selection", "leaks": "leaks", "title": "title"}
    listing(inventory.protocols(config), columns, as_json)


def corpora(as_json: AsJson = False) -> None:
    """List the corpora that have a reader."""
    from ser import inventory

    columns = {
        "name": "corpus",
        "utterances": "utterances",
        "speakers": "speakers",
        "title": "title",
        "licence": "licence",
    }
    listing(inventory.corpora(), columns, as_json)


def features(as_json: AsJson = False, config: ConfigFolder = SHIPPED) -> None:
    """List the features."""
    from ser import inventory

    listing(
        inventory.features(config), {"name": "feature", "dims": "dims", "hop": "hop (s)", "title": "title"}, as_json
    )


def checkpoints(
    older_than: Annotated[float, typer.Option(help="Only those not written for N days.")] = 7.0,
    remove: Annotated[bool, typer.Option("--remove", help="Remove them, but none whose run is active.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the checkpoints in results/checkpoints whose runs never ended; with --remove, delete them."""
    from ser import layout
    from ser.files import stale_checkpoints

    folder = Path(layout.CHECKPOINTS)
    found = stale_checkpoints.stale(folder, older_than)
    entries = [asdict(one) | {"removed": remove and stale_checkpoints.remove(folder / one.key)} for one in found]
    columns = {name: name.replace("_", " ") for name in ("run", "epochs", "days", "megabytes", "in_use", "removed")}
    listing(entries, {**columns, "key": "key"}, as_json)


VERBS = (keys, systems, protocols, corpora, features, checkpoints)
