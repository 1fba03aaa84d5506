"""The verbs of the leakage audit."""

from pathlib import Path
from typing import Annotated

import typer

from ser.verbs.arguments import Manifest, Out


def fingerprint(
    audio: Annotated[Path, typer.Option(help="One audio shard.")],
    out: Out,
) -> None:
    """Write what tells the recordings of one shard from their copies: hashes and fingerprints."""
    from ser.stages.fingerprint import fingerprint as stage

    stage(audio=audio, out=out)


def audit(
    manifest: Manifest,
    folds: Annotated[Path, typer.Option(help="Fold table of the protocol.")],
    out: Out,
    fingerprints: Annotated[
        Path | None, typer.Option(help="Folder of fingerprints; without it the audio is not compared.")
    ] = None,
    shards: Annotated[
        int | None, typer.Option(help="Shards of the fingerprints; all in the folder if not given.")
    ] = None,
    words: Annotated[int, typer.Option(help="A text with fewer words is no scripted sentence.")] = 3,
    threshold: Annotated[float, typer.Option(help="Correlation from which on recordings are the same.")] = 0.985,
) -> None:
    """Show what train, dev and test share under a protocol; an undeclared leak is an error."""
    from ser.stages.audit import audit as stage

    stage(
        manifest=manifest,
        folds=folds,
        out=out,
        fingerprints=fingerprints,
        shards=shards,
        words=words,
        threshold=threshold,
    )


VERBS = (fingerprint, audit)
