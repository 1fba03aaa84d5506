"""The verb ``why``: the reason why Snakemake would rebuild a file."""

from typing import Annotated

import typer


def why(
    file: Annotated[str, typer.Argument(help="A file of the pipeline, such as results/demo/scores.parquet.")],
    arguments: Annotated[list[str] | None, typer.Argument(help="Arguments of snakemake, after --.")] = None,
) -> None:
    """Say in one sentence per cause why a file would be rebuilt: the definition or the option that changed."""
    from ser.provenance.why import why as reasons

    print(reasons(file, arguments or ()))
