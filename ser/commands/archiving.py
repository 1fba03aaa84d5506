"""The verb that writes an experiment as an archive that others can cite and check."""

from pathlib import Path
from typing import Annotated

import typer


def archive(
    experiment: Annotated[str, typer.Argument(help="Name of a finished experiment, a folder in results/.")],
    out: Annotated[Path, typer.Option(help="Zip to write.")],
    author: Annotated[
        list[str] | None, typer.Option(help="Name, with https://orcid.org/… after it or without; may be repeated.")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="Of the archive: an identifier of SPDX such as CC-BY-4.0, or an address.")
    ] = None,
    date: Annotated[str | None, typer.Option(help="Day of publication; default: when the last run ended.")] = None,
) -> None:
    """Write a finished experiment as one zip, an RO-Crate, with which others can check its tables.

    It holds the plan, tables, predictions and records of all runs, versions, hashes, and the licences of the corpora,
    but no recordings, no weights and no paths of this machine. `ser verify` checks it.
    """
    from ser.experiment_archive import writing
    from ser.experiment_archive.terms import Terms

    found, digest = writing.write(experiment, out, Terms(author or (), licence, date))
    print(f"{out}: {found} follow from its predictions. SHA-256 {digest}")
