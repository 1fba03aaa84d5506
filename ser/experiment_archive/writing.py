"""Write the archive of an experiment."""

import tempfile
from pathlib import Path

from ser.errors import SerError
from ser.experiment_archive import checking, contents, description
from ser.experiment_archive.checking import Checked
from ser.experiment_archive.terms import Terms
from ser.files.checksums import sha256
from ser.files.packing import pack


def write(experiment: str, out: Path, terms: Terms) -> tuple[Checked, str]:
    """Write the archive of a finished experiment to the new zip ``out``; return what it holds and its SHA-256.

    The present folder is the project. What is written has passed the check of ``ser verify``; after an error there is
    no file. The same experiment, terms and version of ser give the same bytes. SerError where the experiment is not
    finished, its tables do not follow from its predictions, or ``out`` exists or is no .zip.
    """
    if out.suffix != ".zip":
        raise SerError(f"{out}: the name of an archive ends in .zip.")
    if out.exists():
        raise SerError(f"{out} exists already; name another file, or delete it.")
    plan, files = contents.read(experiment)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as partial:
        folder = Path(partial, "archive")
        contents.copy(files, folder)
        description.describe(plan, files, folder, terms)
        checked = checking.check_folder(folder, f"experiment '{experiment}'")
        packed = pack(folder, Path(partial, "packed"))
        digest = sha256(packed)
        packed.rename(out)
    return checked, digest
