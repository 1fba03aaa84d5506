"""The verbs that list configuration keys, systems, protocols, corpora, features and checkpoints."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ser import inventory, layout
from ser.config.describe import describe
from ser.config.read import SHIPPED
from ser.terminal import aligned

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
ConfigFolder = Annotated[Path, typer.Option(help="Folder that holds systems/ and protocols/.")]


def keys() -> None:
    """Print every configuration key in one line."""
    print(describe(), end="")


def systems(as_json: AsJson = False, config: ConfigFolder = SHIPPED) -> None:
    """List the systems: paper, features, parameters, and which values are our defaults because the paper gives none."""
    _print(inventory.systems(config), as_json, ("name", "paper", "features", "parameters", "title"), name="system")


def protocols(as_json: AsJson = False, config: ConfigFolder = SHIPPED) -> None:
    """List the protocols: rule, leaks, model selection, digest."""
    columns = ("name", "digest", "selection", "leaks", "title")
    _print(inventory.protocols(config), as_json, columns, name="protocol")


def corpora(as_json: AsJson = False) -> None:
    """List the corpora that have an adapter."""
    _print(inventory.corpora(), as_json, ("name", "utterances", "speakers", "title", "licence"), name="corpus")


def features(as_json: AsJson = False, config: ConfigFolder = SHIPPED) -> None:
    """List the features."""
    _print(inventory.features(config), as_json, ("name", "dims", "hop", "title"), name="feature", hop="hop (s)")


def checkpoints(
    older_than: Annotated[float, typer.Option(help="Only those not written for N days.")] = 7.0,
    remove: Annotated[bool, typer.Option("--remove", help="Delete them, but none that is in use.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the checkpoints in results/checkpoints, usually of killed runs; with --remove, delete them."""
    from ser.files import checkpoints as files

    folder = Path(layout.CHECKPOINTS)
    entries = files.unwritten_for(folder, older_than)
    for one in entries:
        one |= {"days": round(one["days"], 2), "removed": remove and files.delete(folder / one["key"])}
    _print(entries, as_json, ("run", "epochs", "days", "megabytes", "in_use", "removed", "key"), in_use="in use")


def _print(entries: list[dict[str, Any]], as_json: bool, columns: tuple[str, ...], **titles: str) -> None:
    """Print ``entries`` as JSON, or their ``columns`` as a table; a column without a title is named by its key."""
    if as_json:
        print(json.dumps(entries, indent=2, ensure_ascii=False))
    else:
        cells = ([_cell(entry[column]) for column in columns] for entry in entries)
        print(aligned([[titles.get(column, column) for column in columns], *cells]))


def _cell(value: object) -> str:
    """Return a value as text: lists joined, numbers with thousands, nothing as a dash."""
    if value is None or value == "" or value == []:
        return "-"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)
