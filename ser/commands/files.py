"""The verbs about files of the pipeline: which have changed since they were written, and why one would be rebuilt."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from ser.errors import SerError
from ser.files import embedded_checksum
from ser.jobs.progress import progress

Paths = Annotated[list[Path], typer.Argument(help="Folders to search, such as data and results; archives.")]


def verify(paths: Paths) -> None:
    """Read every table, model and record below the folders and print the damaged ones, one path per line.

    Of an archive that `ser archive` wrote, a zip or the folder that it was unpacked to, every file is compared with its
    SHA-256, and the tables are computed again from the predictions.

    Snakemake compares times, not contents, so it does not notice a file that a failing disk has changed. Make the
    printed files again with `snakemake … --forcerun $(ser verify data results)`. Exit code 2 if a file is damaged.
    """
    from ser.experiment_archive import checking

    archives = [path for path in paths if checking.is_archive(path)]
    for path in archives:
        found = checking.check(path)
        print(f"{path}: {found} follow from its predictions.", file=sys.stderr)
    folders = [path for path in paths if path not in archives]
    if not folders:
        return
    files = sorted(path for folder in folders for path in _files(folder))
    reasons = {path: _damage(path) for path in progress(files, total=len(files), unit="files")}
    damaged = [path for path in files if reasons[path] is not None]
    for path in damaged:
        print(path, flush=True)
        print(f"{path}: {reasons[path]}", file=sys.stderr)
    if damaged:
        raise SerError(f"{len(damaged)} of {len(files)} files are damaged.")
    print(f"{len(files)} files are unchanged.", file=sys.stderr)


def why(
    file: Annotated[str, typer.Argument(help="A file of the pipeline, such as results/demo/scores.parquet.")],
    arguments: Annotated[list[str] | None, typer.Argument(help="Arguments of snakemake, after --.")] = None,
) -> None:
    """Say in one sentence per cause why a file would be rebuilt: the definition or the option that changed."""
    from ser.provenance.why import why as reasons

    print(reasons(file, arguments or ()))


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        raise SerError(f"{folder} is not a folder.")
    for path in folder.rglob("*"):
        known = path.suffix in (".parquet", ".safetensors") or path.name in ("run.json", "plan.json")
        if known and not path.name.startswith(".") and path.is_file():
            yield path


def _damage(path: Path) -> str | None:
    import pyarrow.parquet as pq
    from safetensors import safe_open

    try:
        embedded_checksum.verify(path)
        if path.suffix == ".parquet":
            pq.read_schema(path)
        elif path.suffix == ".safetensors":
            with safe_open(path, framework="np") as file:
                file.keys()
        else:
            json.loads(path.read_text(encoding="utf-8"))
    except Exception as error:
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    return None
