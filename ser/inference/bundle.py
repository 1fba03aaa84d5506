"""A bundle: a trained system in one folder or zip, used without the project's configuration, data or runs.

    bundle.json            recipe, feature chain, classes, vocabulary, audio settings, versions, checksums
    model.safetensors      weights and statistics, as the run has them
    README.md              the card: trained on what, how good, under which licences, what it must not be used for
    <feature>.<option>.…   files that an extractor reads, such as the weights of an x-vector

Nothing in it is executed: tensors are safetensors, everything else is JSON.
"""

import json
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ser.errors import SerError, offenders
from ser.files import archives, embedded_checksum
from ser.files.atomic import write_text
from ser.files.checksums import sha256
from ser.files.packing import pack
from ser.inference.trained import FORMAT, Contents, Trained

RECORD, WEIGHTS, CARD = "bundle.json", "model.safetensors", "README.md"
PICKLED = (".ckpt", ".pt", ".pth", ".bin")  # suffixes of torch's own format, which a bundle never has
LARGEST_RECORD = 1 << 26  # bytes, 64 MiB: a vocabulary of a million words


def is_bundle(path: Path) -> bool:
    """Return whether ``path`` is a folder with a record of a bundle, or a zip."""
    return (path / RECORD).is_file() if path.is_dir() else path.is_file() and zipfile.is_zipfile(path)


def write(trained: Trained, card: str, out: Path) -> None:
    """Write a bundle to ``out``: a zip where its name ends in .zip, else a folder; completely or not at all.

    card: the text of README.md. SerError where ``out`` exists, and where an extractor reads a folder, such as a
    pretrained encoder, which is not copied.
    """
    require_new(out)
    replace(trained, alone=True).features()
    files = {WEIGHTS: trained.weights, **trained.files}
    with _new(out) as folder:
        for name, source in files.items():
            _copy(source, folder / name)
        (folder / CARD).write_text(card, encoding="utf-8")
        checksums = {name: sha256(folder / name) for name in (*files, CARD)}
        record = trained.contents.model_copy(update={"checksums": checksums}).model_dump(mode="json")
        text = json.dumps(record | {embedded_checksum.KEY: embedded_checksum.BLANK}, indent=1, ensure_ascii=False)
        write_text(folder / RECORD, text + "\n")


def collect(fetch: Callable[[str], Path], out: Path, where: str) -> Contents:
    """Write the bundle whose files ``fetch`` gives by name to ``out``, as ``write`` does, and return its record.

    The record comes first and names the others. Every byte is checked before ``out`` exists.
    """
    require_new(out)
    record = fetch(RECORD)
    names = [name for name in dict(_record(record, where).get("checksums", {})) if Path(name).name == name]
    with _new(out) as folder:
        shutil.copyfile(record, folder / RECORD)
        for name in names:
            shutil.copyfile(fetch(name), folder / name)
        return _read(folder, where, None).contents


def require_new(out: Path) -> None:
    """Raise SerError where ``out`` exists."""
    if out.exists():
        raise SerError(f"{out} exists already; name another bundle, or delete it.")


@contextmanager
def _new(out: Path) -> Iterator[Path]:
    """Give a folder to fill, which becomes ``out``, packed where its name ends in .zip; after an error it does not."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as partial:
        folder = Path(partial, out.name)
        folder.mkdir()
        yield folder
        (pack(folder, Path(partial, "packed")) if out.suffix == ".zip" else folder).rename(out)


def read(path: Path) -> Trained:
    """Return the system in the bundle at ``path``, a folder or a zip, after checking every byte of it.

    SerError where it is no bundle, of another major version of the format, damaged, or a file is missing.
    """
    if path.is_dir():
        return _read(path, str(path), None)
    kept = tempfile.TemporaryDirectory(prefix="ser-bundle-")
    archives.unpack(path, Path(kept.name, "bundle"), report=False)
    folder = Path(kept.name, "bundle")
    inner = [one for one in folder.iterdir() if one.is_dir()]
    if not (folder / RECORD).is_file() and len(inner) == 1:  # packed with its folder
        folder = inner[0]
    return _read(folder, str(path), kept)


def _read(folder: Path, where: str, kept: object) -> Trained:
    record = _record(folder / RECORD, where)
    try:
        contents = Contents.model_validate(record)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise SerError(f"{where}: the key '{key}' of {RECORD} is wrong: {first['msg']}.") from error
    named = {WEIGHTS, *(file for chain in contents.features.values() for file in chain.files.values())}
    unlisted = sorted(name for name in named if name not in contents.checksums or Path(name).name != name)
    if unlisted:
        raise SerError(f"{where}: {RECORD} has no checksum of {offenders(unlisted)}.")
    for name, wanted in contents.checksums.items():
        file = folder / name
        if Path(name).name != name or not file.is_file():
            raise SerError(f"{where}: the file {name} is missing; copy the bundle again.")
        if sha256(file) != wanted:
            raise SerError(f"{where}: {name} has changed since the bundle was written; copy the bundle again.")
    files = {name: folder / name for name in named - {WEIGHTS}}
    return Trained(where, contents, folder / WEIGHTS, files, alone=True, kept=kept)


def _record(path: Path, where: str) -> Mapping[str, Any]:
    """Return the content of ``bundle.json`` after checking its version and its own checksum."""
    if not path.is_file():
        raise SerError(f"{where} is not a bundle: it has no {RECORD}.")
    if path.stat().st_size > LARGEST_RECORD:
        raise SerError(f"{where}: {RECORD} is larger than {LARGEST_RECORD >> 20} MiB, which no bundle's is.")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        major = int(record["format"][0])
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise SerError(f"{where}: {RECORD} cannot be read as the record of a bundle ({error!r}).") from error
    if major != FORMAT[0]:
        by = f"ser {record.get('ser', 'of an unknown version')}"
        raise SerError(f"{where} has format {major} of {by}, and this version reads format {FORMAT[0]}.")
    try:
        sealed = embedded_checksum.verify(path)
    except SerError:
        sealed = ""
    if not sealed:
        raise SerError(f"{where}: {RECORD} has changed since the bundle was written; copy the bundle again.")
    return {name: value for name, value in record.items() if name != embedded_checksum.KEY}


def _copy(source: Path, to: Path) -> None:
    """Copy a file; tensors in torch's own format, which is a pickle, become safetensors."""
    if source.suffix not in PICKLED:
        shutil.copyfile(source, to)
        return
    import torch
    from safetensors.torch import save_file

    tensors = torch.load(source, map_location="cpu", weights_only=True)
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, to)
