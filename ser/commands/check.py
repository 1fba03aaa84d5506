"""The verb that runs the contract of a module or of an experiment."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ser.config.read import SHIPPED


def check(
    kind: Annotated[str, typer.Argument(help="corpus, feature, model, protocol, recogniser or experiment.")],
    name: Annotated[str, typer.Argument(help="Name of the module, or path of the experiment's YAML file.")],
    options: Annotated[str | None, typer.Option(help="Options of the module as JSON, instead of all known.")] = None,
    root: Annotated[Path | None, typer.Option(help="Folder of a corpus, to check its utterances too.")] = None,
    config: Annotated[Path, typer.Option(help="Folder that holds systems/, protocols/ and features/.")] = SHIPPED,
) -> None:
    """Check a module or an experiment against its contract, in seconds; print what is wrong, one line each.

    A module is checked with its default options and with those of every entry of the configuration that names it.
    """
    from ser.checks import run
    from ser.errors import SerError, unknown

    if kind == "experiment":
        found = run.experiment(Path(name), config)
    elif kind in run.KINDS:
        try:
            given = None if options is None else dict(json.loads(options))
        except (TypeError, ValueError) as error:
            raise SerError(f"--options must be a JSON object: {error}.") from error
        found = run.module(kind, name, config, given, root)
    else:
        raise unknown("kind", kind, [*run.KINDS, "experiment"])
    for line in found:
        print(line)
    if found:
        raise SerError(f"{kind} {name} breaks its contract in {len(found)} points; see docs/adding.md.")
    print(f"{kind} {name}: no fault found")
