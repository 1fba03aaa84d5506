"""Inputs that once ended in a traceback, a hang or a memory without bounds, each as small as it gets."""

import gzip
import io
import json
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import fuzz_seeds
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import soundfile
from fuzz_targets import CONTRACTS, SUFFIXES, TARGETS

from ser.audio import decoding, reading
from ser.config.plan import Plan
from ser.config.schema import Block, Experiment
from ser.corpora import _emoevaluation, table
from ser.errors import SerError
from ser.tables import contracts

HEAD = b"[1 - 2]\tSes01F_impro01_F000\tneu\t"
EXPERIMENT = fuzz_seeds.EXPERIMENTS[0]
SYSTEM = b"systems: {x: %s {base: SVM-eGeMAPS, options: {%s}}}\n"
ALIASES = b"".join(
    b"    a%d: &a%d {%s}\n" % (n, n, b", ".join(b"k%d: *a%d" % (k, n - 1) for k in range(9))) for n in range(1, 9)
)


def weights(notes: str) -> bytes:
    header = json.dumps({"__metadata__": {"training": notes}}).encode()
    return struct.pack("<Q", len(header)) + header


def parquet(contract: contracts.Contract, **columns: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return bytes([CONTRACTS.index(contract)]) + buffer.getvalue()


def not_text(content: bytes, old: bytes) -> bytes:
    """Return a Parquet file with a letter of ``old`` made a byte that no text has."""
    return content.replace(old, b"\xff" + old[1:])


def feature(**cells: object) -> bytes:
    row = {"utterance": "u", "frames": 1, "dims": 2, "dtype": "float16", "matrix": b"abcd"} | cells
    return parquet(contracts.FEATURES, **{name: [value] for name, value in row.items()})


def wave64(size: int) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, np.full(300, 0.1, np.float32), 8000, format="W64", subtype="FLOAT")
    content = bytearray(buffer.getvalue())
    at = content.index(b"fact") + 16
    content[at : at + 8] = struct.pack("<Q", size)
    return b"\0" + bytes(content)


def wave(samples: np.ndarray, rate: int = 8000) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples.astype(np.float32), rate, format="WAV", subtype="FLOAT")
    return bytes([SUFFIXES.index(".wav")]) + buffer.getvalue()


def nameless() -> bytes:
    content = bytearray(fuzz_seeds.zipped({"a": b"x"}))
    entry, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    content[entry + 28] = 0  # length of the name
    content[end + 12] -= 1  # length of all entries
    del content[entry + 46]
    return bytes(content)


def zip_of_no_text() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("é", b"the 1 2\n")
    return buffer.getvalue().replace("é".encode(), b"\xff\xff")


def endless_header() -> bytes:
    """Return a packed tar whose only member has a name of 200 MB."""
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 200_000_000
    return gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(200_000_000), compresslevel=1)


def headers_in_headers() -> bytes:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1
    return (info.tobuf(tarfile.GNU_FORMAT) + b"a".ljust(512, b"\0")) * 2000


def packed_wrongly() -> bytes:
    """Return an archive of arrays whose first member declares a packing that zipfile does not know."""
    content = bytearray(fuzz_seeds.vectors()[2])
    for start in (content.index(b"PK\x03\x04") + 8, content.index(b"PK\x01\x02") + 10):
        content[start] = 99
    return bytes(content)


def flat_weights() -> bytes:
    """Return weights whose variable has one dimension."""
    whole = fuzz_seeds.whisper()[0]
    at = whole.index(b"weight\0") + len(b"weight\0")
    return whole[:at] + struct.pack("<B1IBI", 1, 8, 4, 32)


FOUND: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a rating that is infinite": ("emoevaluation", lambda: HEAD + b"[2.5, 1e999, 2.5]\n"),
    "raters without end": ("emoevaluation", lambda: HEAD + b"[2, 2, 2]\n" + b"C-E1:\tAnger;\t()\n" * 2000),
    "a frame number that no number holds": ("alignment", lambda: b"0 " + b"9" * 400 + b" -1 WORD\n"),
    "a frame number too long to convert": ("alignment", lambda: b"0 " + b"9" * 5000 + b" -1 WORD\n"),
    "a header longer than a cell may be": ("table", lambda: b"path,emotion," + b"a" * 200_000 + b"\na.wav,sad,x\n"),
    "a zip whose name is no text": ("glove", zip_of_no_text),
    "a line without end": ("glove", lambda: gzip.compress(b"the 1 2 " + b"0" * 3_000_000)),
    "a table of archives that is no text": ("given", lambda: b"\1a b.ark:0\xff\n"),
    "an array of NumPy that is packed wrongly": ("given", packed_wrongly),
    "weights that end within a variable": ("whisper", lambda: fuzz_seeds.whisper()[0][:41]),
    "weights without three dimensions": ("whisper", flat_weights),
    "mappings inside each other": ("configuration", lambda: b"a: " + b"[" * 3000),
    "a month that there is not": ("configuration", lambda: EXPERIMENT + b"x: 2024-13-45\n"),
    "more digits than Python reads": ("configuration", lambda: EXPERIMENT + b"x: " + b"9" * 5000),
    "a base that is a list": ("configuration", lambda: EXPERIMENT + b"systems: {new: {base: [a]}}\n"),
    "names that are numbers": ("configuration", lambda: EXPERIMENT + b"systems: {1: {base: a}}\n"),
    "a value that holds itself": ("configuration", lambda: EXPERIMENT + SYSTEM % (b"&x", b"a: *x")),
    "aliases that repeat aliases": (
        "configuration",
        lambda: EXPERIMENT.replace(b"demo: {}", b"demo: {options: &a0 {x: 1}}") + b"systems:\n  x:\n" + ALIASES,
    ),
    "half a letter": ("configuration", lambda: EXPERIMENT + SYSTEM % (b"", b'a: "\\ud800"')),
    "a login in an address": (
        "configuration",
        lambda: EXPERIMENT.replace(b"demo: {}", b"demo: {archive: 'https://zoe:hush@host.org/a.zip'}"),
    ),
    "notes that are no JSON": ("safetensors", lambda: weights("{")),
    "notes that are a list": ("safetensors", lambda: weights("[1]")),
    "notes that lack an entry": ("safetensors", lambda: weights('{"corpus": "demo", "speakers": 10}')),
    "nothing": ("checkpoint", lambda: b""),
    "a string that is cut off": ("checkpoint", lambda: b"\x80\x02X\x01"),
    "a chunk larger than any file": ("recording", lambda: wave64(2**63 + 100)),
    "samples beyond all measure": ("recording", lambda: wave(np.full((300, 2), 3e38))),
    "a header and no samples": ("recording", lambda: wave(np.zeros(0))),
    "one sample per second": ("recording", lambda: wave(np.full(300, 0.1), rate=1)),
    "a type of array that there is not": ("parquet", lambda: feature(dtype="float08")),
    "an array shorter than its columns say": ("parquet", lambda: feature(matrix=b"ab")),
    "an array of half a number": ("parquet", lambda: feature(matrix=b"abcde")),
    "a cell that is no text": ("parquet", lambda: not_text(feature(utterance="letters"), b"letters")),
    "a column whose name is no text": ("parquet", lambda: not_text(feature(), b"utterance")),
    "a plan that is no text": ("plan", lambda: b"\xff"),
    "a plan of a fold that it does not count": (
        "plan",
        lambda: fuzz_seeds.plans()[0].replace(b'{"c":{"p":2}}', b'{"d":{"p":2}}'),
    ),
    "a plan of more folds than memory": (
        "plan",
        lambda: fuzz_seeds.plans()[0].replace(b'{"p":2}', b'{"p":1000000000000}'),
    ),
    "a member without a name": ("archive", nameless),
    "headers that announce headers": ("archive", headers_in_headers),
    "an address that cannot be read": ("address", lambda: b"http://["),
    "an address that names a folder above": ("address", lambda: b"https://host.org/.."),
}


@pytest.mark.filterwarnings("ignore:overflow encountered")
@pytest.mark.parametrize("what", FOUND)
def test_is_refused_with_a_message(what: str, tmp_path: Path) -> None:
    name, make = FOUND[what]
    data = make()
    if name == "recording":  # the parser of recordings inspects, which never raises, and drops the errors of reading
        path = tmp_path / "sound.wav"
        path.write_bytes(data[1:])
        if what != "a chunk larger than any file":
            assert reading.inspect(path).kind == "unreadable"
        TARGETS[name].parse(data, tmp_path)
        return
    with pytest.raises(SerError) as error:
        TARGETS[name].parse(data, tmp_path)
    assert len(str(error.value)) > 20
    assert "hush" not in str(error.value)


def test_a_members_name_of_200_megabytes_is_not_read_into_memory(tmp_path: Path) -> None:
    data = endless_header()
    tracemalloc.start()
    try:
        with pytest.raises(SerError, match="takes 200000000 bytes"):
            TARGETS["archive"].parse(data, tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_a_plan_whose_runs_name_what_it_does_not_hold_is_refused() -> None:
    block = Block(corpora=("c",), protocols=("p",), systems=("s",))
    plan = Plan(experiment=Experiment(name="e", runs=(block,)), protocols={}, systems={}, folds={"c": {"p": 2}})
    with pytest.raises(SerError, match="unknown protocol 'p'"):
        plan.checked()


def test_a_long_s_is_no_s(tmp_path: Path) -> None:
    TARGETS["corpus_names"].parse("subject 1/ſadness/sentence 1/s1_ſa_1.avi".encode(), tmp_path)


def test_a_path_longer_than_a_name_may_be_is_a_missing_recording(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(f"path,emotion\n{'a' * 300}.wav,sad\n")
    assert table.sources(tmp_path, table="t.csv") == [tmp_path / "t.csv"]
    with pytest.raises(SerError, match="does not exist"):
        table.sources(tmp_path, table="b" * 300)


def test_a_header_that_declares_years_of_sound_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    soundfile.write(path, np.full(8000, 0.1), 8000)
    content = bytearray(path.read_bytes())
    content[21] |= 0x0F  # upper bits of the number of samples, of which there are 36
    path.write_bytes(content)
    assert reading.inspect(path).kind == "unreadable"
    with pytest.raises(SerError):
        reading.read(path)


def test_many_channels_are_read_in_smaller_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "wide.wav"
    signal = np.random.default_rng(0).uniform(-0.5, 0.5, (500, 64)).astype(np.float32)
    soundfile.write(path, signal, 8000, subtype="FLOAT")
    monkeypatch.setattr(decoding, "BLOCK", 240)
    with soundfile.SoundFile(path) as file:
        assert max(len(block) for block in decoding.blocks(file, 0, 500, path)) == 240 * decoding.WIDE // 64
    assert np.array_equal(reading.read(path)[0], signal)


def test_an_unlimited_number_of_lines_is_read_in_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes((HEAD + b"[2, 2, 2]\n" + b"C-E1:\tAnger;\t()\n" * 900) * 20)
    assert sum(len(turn.raters) for turn in _emoevaluation.turns(path)) == 18_000
