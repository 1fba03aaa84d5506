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
    mapped = dict(label.split("=") for label in labels or [])
    print(inspected(path, "iemocap" if iemocap else adapter, mapped, draft, jobs, config))
