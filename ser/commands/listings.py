"""The verbs that list configuration keys, systems, protocols, corpora and features."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ser import inventory
from ser.config.describe import describe
from ser.config.read import SHIPPED

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


def _print(entries: list[dict[str, Any]], as_json: bool, columns: tuple[str, ...], **titles: str) -> None:
    """Print ``entries`` as JSON, or their ``columns`` as a table; a column without a title is named by its key."""
    named = {column: titles.get(column, column) for column in columns}
    print(json.dumps(entries, indent=2, ensure_ascii=False) if as_json else inventory.table(entries, named))
