"""Pack a folder as a zip whose bytes depend on names and contents alone."""

import shutil
import zipfile
from pathlib import Path

DATE = (1980, 1, 1, 0, 0, 0)  # of every member, so that equal folders are equal files
CHUNK = 1 << 20  # bytes


def pack(folder: Path, to: Path) -> Path:
    """Write the files below ``folder`` to a zip and return it; not by ``atomic_write``, which fills in a checksum.

    Members are stored: tables and weights do not become smaller, and what a compressor writes depends on its version.
    """
    with zipfile.ZipFile(to, "w") as file:
        for source in sorted(path for path in folder.rglob("*") if path.is_file()):
            info = zipfile.ZipInfo(source.relative_to(folder).as_posix(), DATE)
            info.create_system = 3  # Unix, on every system
            info.external_attr = 0o100644 << 16
            with source.open("rb") as content, file.open(info, "w", force_zip64=True) as member:
                shutil.copyfileobj(content, member, CHUNK)
    return to
