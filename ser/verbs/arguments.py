"""Arguments that several verbs take."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from ser.errors import SerError

Corpus = Annotated[str, typer.Option(help="Name of the corpus in the configuration.")]
Settings = Annotated[str, typer.Option(help="The corpus's entry of the configuration, as JSON.")]
Root = Annotated[Path, typer.Option(help="Folder of the unpacked release.")]
Manifest = Annotated[Path, typer.Option(help="manifest.parquet of the corpus.")]
Out = Annotated[Path, typer.Option(help="File or folder to write, whole or not at all.")]
Jobs = Annotated[int, typer.Option(help="Utterances read at a time.")]
Threads = Annotated[int, typer.Option(help="CPU threads of the numerical libraries.")]
Shards = Annotated[int | None, typer.Option(help="Shards in each folder that is read; all if not given.")]
Gpus = Annotated[int, typer.Option(help="GPUs that the scheduler granted; with 0 the job stays on the CPU.")]
JobsPerGpu = Annotated[int, typer.Option(min=1, help="Jobs that may compute on one GPU at a time.")]
PlanFile = Annotated[Path, typer.Option(help="plan.json of the experiment.")]


def mapping(text: str) -> dict[str, Any]:
    """Return the JSON object in ``text``."""
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise SerError(f"this argument must be JSON ({error}): {text[:80]}") from error
    if not isinstance(content, dict):
        raise SerError(f"this argument must be a JSON object: {text[:80]}")
    return content
