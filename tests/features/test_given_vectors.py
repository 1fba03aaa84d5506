"""Vectors from a file: every format gives the same, by the utterance's name; files that do not fit are named."""

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ser.config.options import with_options
from ser.config.schema import Feature
from ser.errors import SerError
from ser.features import extract as extract_from_array
from ser.features import given_vectors
from ser.stages.extract import ExtractJob, extract
from ser.tables import contracts

VECTORS = {"Ses01_a": [1.0, -2.5, 3.0], "b": [0.0, 0.5, 7.0]}


def entry(name: str, values: list[float], kind: bytes = b"FV ", code: str = "f") -> bytes:
    """Return a binary entry as Kaldi writes it."""
    numbers = struct.pack(f"<{len(values)}{code}", *values)
    return name.encode() + b" \0B" + kind + b"\4" + struct.pack("<i", len(values)) + numbers


def written(folder: Path, kind: str) -> Path:
    """Write VECTORS in a format."""
    path = folder / f"vectors.{kind.split('-')[0]}"
    if kind == "ark-text":
        lines = (f"{name}  [ {' '.join(map(str, values))} ]\n" for name, values in VECTORS.items())
        path.write_text("".join(lines))
    elif kind == "ark-double":
        path.write_bytes(b"".join(entry(name, values, b"DV ", "d") for name, values in VECTORS.items()))
    elif kind in ("ark", "scp"):
        entries = {name: entry(name, values) for name, values in VECTORS.items()}
        (folder / "vectors.ark").write_bytes(b"".join(entries.values()))
        starts = [len("Ses01_a "), len(entries["Ses01_a"]) + len("b ")]
        lines = (f"{name} vectors.ark:{start}\n" for name, start in zip(VECTORS, starts, strict=True))
        (folder / "vectors.scp").write_text("".join(lines))
    elif kind == "npz":
        np.savez(path, **{name: np.array(values) for name, values in VECTORS.items()})
    else:
        pq.write_table(pa.table({"utterance": list(VECTORS), "vector": list(VECTORS.values())}), path)
    return path


@pytest.mark.parametrize("kind", ["ark", "ark-text", "ark-double", "scp", "npz", "parquet"])
def test_every_format_gives_the_vectors_by_name(kind: str, tmp_path: Path) -> None:
    file = str(written(tmp_path, kind))
    for name, values in VECTORS.items():
        found = given_vectors.extract(np.zeros(1, np.float32), 16000, file=file, utterance=name)
        np.testing.assert_allclose(found, [values])
        assert found.dtype == np.float32
    assert given_vectors.dims(file=file) == 3
    wanted = ["vectors.scp", "vectors.ark"] if kind == "scp" else [Path(file).name]
    assert [path.name for path in given_vectors.files(file=file)] == wanted
    assert given_vectors.provenance(file=file, origin="Kaldi on VoxCeleb").endswith(", Kaldi on VoxCeleb")


def test_the_stage_gives_the_name_and_names_an_utterance_without_a_vector(tmp_path: Path) -> None:
    rows = [{"utterance": name, "rate": 16000, "frames": 1, "samples": b"\0" * 4} for name in VECTORS]
    contracts.write(contracts.AUDIO, rows, tmp_path / "0.parquet")
    options = {"file": str(written(tmp_path, "npz"))}
    given = {"feature": "kaldi", "extractor": "given_vectors", "audio": tmp_path / "0.parquet"}
    extract(ExtractJob(**given, options=options, out=tmp_path / "out.parquet"))
    table = contracts.read(contracts.FEATURES, tmp_path / "out.parquet").to_pylist()
    assert {row["utterance"]: np.frombuffer(row["matrix"], "<f4").tolist() for row in table} == VECTORS
    np.savez(tmp_path / "vectors.npz", b=np.zeros(3))
    with pytest.raises(SerError, match=r"utterance Ses01_a: .*vectors.npz has no vector of this name; it has 1: b\."):
        extract(ExtractJob(**given, options=options, out=tmp_path / "out.parquet"))


def test_the_name_is_no_option() -> None:
    with pytest.raises(SerError, match=r"unknown option of given_vectors 'utterance'"):
        with_options(Feature(extractor="given_vectors", options={"file": "x.npz", "utterance": "b"}), "here")


def test_there_are_none_for_a_signal(tmp_path: Path) -> None:
    (tmp_path / "features").mkdir()
    (tmp_path / "features/mine.yaml").write_text("mine: {title: t, extractor: given_vectors, options: {file: x.npz}}")
    with pytest.raises(SerError, match=r"^feature mine reads vectors of named utterances"):
        extract_from_array("mine", np.zeros(16000, np.float32), 16000, config=tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.npz", None, "does not exist"),
        ("x.txt", b"", r"vectors are read from \.ark, \.scp, \.npz, \.parquet, not from '\.txt'"),
        ("x.npz", b"no zip", "cannot be read as vectors"),
        ("x.parquet", b"no table", "cannot be read as vectors"),
        ("x.ark", b"", "holds no vectors"),
        ("x.ark", entry("a", [1.0]) + entry("a", [2.0]), "two vectors have one name: a"),
        ("x.ark", entry("a", [1.0]) + entry("b", [2.0, 3.0]), r"one length: a has \(1,\), b has \(2,\)"),
        ("x.ark", entry("a", [1.0, 2.0])[:-1], "damaged or ends within the vector"),
        ("x.ark", entry("a", [1.0], b"FM "), "holds 'FM' and not a vector"),
        ("x.ark", b"a [ 1 2\n", "must be a vector in one line"),
        ("x.scp", b"a b.ark:0\xff\n", "is no table of Kaldi: it is not text in UTF-8"),
        ("x.scp", b"a touch executed |\n", "commands and ranges are not read"),
        ("x.scp", b"a gone.ark:3\n", r"archive gone.ark is neither here nor next to the table"),
    ],
)
def test_a_file_that_does_not_fit_is_one_sentence(
    name: str, content: bytes | None, message: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SerError, match=message) as error:
        given_vectors.extract(np.zeros(1, np.float32), 16000, file=str(tmp_path / name), utterance="a")
    assert "\n" not in str(error.value)
    assert not Path("executed").exists()


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.array([{}], dtype=object))
    with pytest.raises(SerError, match="cannot be read as vectors"):
        given_vectors.dims(file=str(tmp_path / "x.npz"))
