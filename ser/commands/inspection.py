"""The verb that looks at recordings before anything is trained."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ser.config.read import SHIPPED


def inspect(
    path: Annotated[Path, typer.Argument(help="Folder of recordings, or the table that describes them.")],
    adapter: Annotated[str | None, typer.Option(help="Module in ser/corpora; found if not given.")] = None,
    iemocap: Annotated[bool, typer.Option("--iemocap", help="The same as --adapter iemocap.")] = False,
    labels: Annotated[list[str] | None, typer.Option("--label", help="THEIRS=OURS: an emotion of the table.")] = None,
    options: Annotated[
        list[str] | None,
        typer.Option("--option", help="KEY=VALUE: an option of the adapter, such as spellings=one or encoding=cp1252."),
    ] = None,
    draft: Annotated[Path | None, typer.Option(help="Write a configuration file to begin with.")] = None,
    jobs: Annotated[int, typer.Option(help="Recordings read at a time.")] = os.cpu_count() or 1,
    config: Annotated[Path, typer.Option(help="Folder that holds protocols/.")] = SHIPPED,
) -> None:
    """Look at recordings before any training: what they are, what is wrong or strange, which protocols are possible.

    Reads every recording once and changes nothing. Without a table, --draft also writes a first one next to it.
    """
    from ser.errors import SerError
    from ser.inspection.page import inspected

    wrong = [label for label in labels or [] if label.count("=") != 1]
    if wrong:
        raise SerError(f"--label {wrong[0]}: write THEIRS=OURS, such as --label joy=happy.")
    given = dict(_option(option) for option in options or [])
    if labels:
        given["labels"] = dict(label.split("=") for label in labels)
    print(inspected(path, "iemocap" if iemocap else adapter, given, draft, jobs, config))


def _option(text: str) -> tuple[str, object]:
    """Return name and value of an option; the value is YAML, such as [amused, contempt]."""
    import yaml

    from ser.errors import SerError

    key, separator, value = text.partition("=")
    try:
        read = yaml.safe_load(value)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SerError(f"--option {text}: the value is not YAML ({error}).") from error
    if not separator or not key:
        raise SerError(f"--option {text}: write KEY=VALUE, such as --option spellings=one.")
    return key, read
