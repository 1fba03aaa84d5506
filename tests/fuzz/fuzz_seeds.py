"""Small sound inputs, one list per parser, from which fuzzing starts; made here, so that no binary file is kept."""

import gzip
import io
import json
import struct
import tarfile
import zipfile
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile

from ser.config.plan import Plan
from ser.config.recipe import Inputs, Recipe, View
from ser.config.schema import Block, Experiment, Protocol
from ser.inference import bundle
from ser.inference.trained import Contents, FeatureChain, Trained
from ser.tables import contracts

PROJECT = Path(__file__).parents[2]

EMOEVALUATION = b"""% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]

[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]
C-E2:\tNeutral;\t()
C-F1:\tNeutral; Sadness;\t(a remark
that goes on)
A-E3:\tval 3; act 2; dom  2;\t()

[10.0100 - 11.3925]\tSes01F_impro01_F001\txxx\t[nan, , 0]
"""
TRANSCRIPTION = b"Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.\r\nM: [LAUGHTER]\n"
ALIGNMENT = b"""\t SFrm  EFrm    SegAScr Word
       0    60     -29784 <s>
      61    83   -1027232 EXCUSE(2)
      84    99    -590218 ++LAUGHTER++
Total score:   -3018371
"""
TABLES = [
    b"path,emotion,speaker\na.wav,happy,s1\nb.wav,sad,s2\n",
    b'\xef\xbb\xbfPath;Emotion;start;end;gender;text\r\nx.wav;angry;0,5;2;F;"no, ""never"""\r\n',
    b"path\temotion\tutterance\nfolder\\x.wav\tneutral\tu1\n",
]
GLOVE = b"the 0.1 -0.2 3e-1\n. . . 1 2 3\nat name@domain.com 0.4 0.5 0.6\n"
EXPERIMENTS = [
    b"experiment: {name: a, runs: [{corpora: [demo], protocols: [session-out-5], systems: [SVM-eGeMAPS]}]}\n"
    b"corpora: {demo: {}}\n",
    *(
        path.read_bytes()
        for path in sorted((PROJECT / "config/experiments").glob("*.yaml"))
        if path.stat().st_size < 900
    ),
    b"a: &x [1, 2]\nb: *x\nexperiment: {<<: {name: b}, runs: []}\n? [k]\n: 2001-02-03\n",
]
RAVDESS = [b"Actor_02/03-01-05-01-02-01-02.wav", b"Actor_24/03-01-01-01-01-01-24.flac"]
ENTERFACE = [b"subject 11/anger/sentence 1/s12_an_1.avi", b"Enterface database/Subject 3/fear/sentence 5/s_3_fe_5.wav"]
ADDRESSES = [b"https://zoe:hush@host.org:8080/a%20b.zip?token=x#y", b"file:///tmp/a.zip", b"http://[::1]/a.tar.gz"]


NAMINGS = [
    b"toy:\n  pattern: '(?P<a>[a-z])_(?P<b>\\d+)'\n  facts: {speaker: '{a}', sentence: '{a}{b}'}\n  source: mine\n"
]


def lists() -> list[bytes]:
    """Return fold lists in every format, after a byte that chooses the suffix."""
    table = pa.table({name: ["x"] for name in ("corpus", "key", "label", "fold")} | {"part": ["train"]})
    parquet = io.BytesIO()
    pq.write_table(table, parquet)
    entry = b'{"key": "toy-1", "dataset": "toy", "wav": "downloads/toy/1.wav", "emo": "sad"}\n'
    contents = (b"corpus,key,label,fold,part\ntoy,1,sad,1,train\n", parquet.getvalue(), entry, b"a/1.wav\na/2.wav\n")
    return [bytes([number]) + content for number, content in enumerate(contents)]


def glove() -> list[bytes]:
    """Return the three packings that are read."""
    return [GLOVE, gzip.compress(GLOVE, mtime=0), zipped({"glove.txt": GLOVE})]


def vectors() -> list[bytes]:
    """Return two vectors in every format, after a byte that chooses the suffix."""
    entry = struct.pack("<2f", 0.5, -1)
    ark = b"".join(name + b" \0BFV \4" + struct.pack("<i", 2) + entry for name in (b"a", b"b"))
    npz, parquet = io.BytesIO(), io.BytesIO()
    np.savez(npz, a=np.ones(2), b=np.zeros(2))
    pq.write_table(pa.table({"utterance": ["a"], "vector": [[0.5, -1.0]]}), parquet)
    contents = (ark, b"a here.ark:2\n", npz.getvalue(), parquet.getvalue())
    return [bytes([number]) + content for number, content in enumerate(contents)] + [b"\0a  [ 0.5 -1 ]\n"]


def whisper() -> list[bytes]:
    """Return the start of a file of weights in CTranslate2's format, up to the variable whose shape is read."""

    def text(value: bytes) -> bytes:
        return struct.pack("<H", len(value) + 1) + value + b"\0"

    head = struct.pack("<I", 6) + text(b"WhisperSpec") + struct.pack("<II", 3, 2)
    bias = text(b"encoder/bias") + struct.pack("<B1IBI", 1, 4, 4, 16) + bytes(16)
    return [head + bias + text(b"encoder/conv1/weight") + struct.pack("<B3IBI", 3, 8, 80, 3, 4, 7680)]


def bundles() -> list[bytes]:
    """Return a bundle as a zip."""
    recipe = Recipe(model="linear_svm", inputs=Inputs(vector=View(feature="egemaps")))
    options = {"feature_set": "eGeMAPSv02"}
    computed = FeatureChain(extractor="functionals", options=options, dims=88, dtype="float32", hop=None)
    contents = Contents(
        ser="0",
        run={"corpus": "c", "protocol": "p", "system": "s", "seed": 0, "fold": 0},
        recipe=recipe,
        protocol=Protocol(rule="any", labels="all"),
        classes=("a", "b"),
        features={"egemaps": computed},
    )
    with TemporaryDirectory() as folder:
        weights = Path(folder, "weights.safetensors")
        weights.write_bytes(b"weights")
        bundle.write(Trained("a run", contents, weights), "# card\n", Path(folder, "one.zip"))
        return [Path(folder, "one.zip").read_bytes()]


def zipped(files: dict[str, bytes]) -> bytes:
    """Return a zip archive of ``files``."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def tarred(
    files: dict[str, bytes], mode: str = "w", *members: tarfile.TarInfo, form: int = tarfile.PAX_FORMAT
) -> bytes:
    """Return a tar archive of ``files`` and of ``members`` without content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for member in members:
            archive.addfile(member)
    return buffer.getvalue()


def archives() -> list[bytes]:
    """Return a zip and tars with a folder, a link and a long name."""
    link = tarfile.TarInfo("c/link")
    link.type, link.linkname = tarfile.SYMTYPE, "../b.txt"
    files = {"a/x.wav": b"1" * 40, "b.txt": b"two", "é" * 60: b"long"}
    forms = (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)
    return [zipped(files), *(tarred(files, "w", link, form=form) for form in forms), tarred(files, "w:gz", link)]


def recordings() -> list[bytes]:
    """Return 20 ms of sound in every format with a header of its own that is read; the first byte names the suffix."""
    from fuzz_targets import SUFFIXES

    wave = (0.3 * np.sin(np.arange(320) / 5)).astype(np.float32)
    found = []
    for suffix, kind, subtype in [
        (".wav", "WAV", "PCM_16"),
        (".wav", "RF64", "PCM_16"),
        (".wav", "W64", "FLOAT"),
        (".wav", "AIFF", "PCM_16"),
        (".wav", "AU", "ULAW"),
        (".wav", "CAF", "PCM_24"),
        (".wav", "FLAC", "PCM_16"),
        (".wav", "OGG", "VORBIS"),
        (".wav", "NIST", "PCM_16"),
        (".wav", "WAV", "GSM610"),
        (".wav", "MP3", None),
    ]:
        buffer = io.BytesIO()
        soundfile.write(buffer, wave, 8000, format=kind, subtype=subtype)
        found.append(bytes([SUFFIXES.index(suffix)]) + buffer.getvalue())
    coded = [film(kind, codec, 16_000) for kind, codec in CODED.items()]
    films = [bytes([SUFFIXES.index(".avi")]) + film("avi"), bytes([SUFFIXES.index(".mkv")]) + film("matroska")]
    return [*found, *films, *(bytes([SUFFIXES.index(".mp4")]) + content for content in coded)]


CODED = {"mp4": "aac", "adts": "aac", "flv": "aac", "mpegts": "mp2", "asf": "wmav2", "wv": "wavpack", "caf": "alac"}


def film(kind: str, codec: str = "pcm_s16le", rate: int = 8000) -> bytes:
    """Return a container of FFmpeg's with one audio track and nothing else."""
    import av

    buffer = io.BytesIO()
    with av.open(buffer, "w", format=kind) as container:
        track = container.add_stream(codec, rate=rate, layout="mono")
        if codec == "wmav2":
            track.bit_rate = 32_000
        frame = av.AudioFrame.from_ndarray(np.arange(320, dtype=np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = rate
        container.mux(list(chain(track.encode(frame), track.encode(None))))
    return buffer.getvalue()


def safetensors() -> list[bytes]:
    """Return a file of two tensors with notes such as the x-vector training writes, and an empty one."""

    def file(header: dict[str, object], body: bytes) -> bytes:
        text = json.dumps(header).encode()
        return struct.pack("<Q", len(text)) + text + body

    notes = {"training": json.dumps({"corpus": "demo", "speakers": 10})}
    tensors = {
        "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        "b": {"dtype": "F16", "shape": [1, 2], "data_offsets": [8, 12]},
    }
    return [file({"__metadata__": notes, **tensors}, bytes(12)), file({}, b"")]


def checkpoints() -> list[bytes]:
    """Return one tensor in torch's zip format, and in the one before it."""
    import torch

    found = []
    for zipfile_serialization in (True, False):
        buffer = io.BytesIO()
        torch.save({"a": torch.zeros(2)}, buffer, _use_new_zipfile_serialization=zipfile_serialization)
        found.append(buffer.getvalue())
    return found


def tables() -> list[bytes]:
    """Return Parquet files of three contracts; the first byte selects which."""
    from fuzz_targets import CONTRACTS

    rows = {
        "folds": [{"utterance": "u", "fold": 0, "part": "test", "label": "sad", "speaker": "s"}],
        "features": [{"utterance": "u", "frames": 1, "dims": 2, "dtype": "float16", "matrix": b"abcd"}],
        "embedding": [{"word": "w", "vector": [0.5, 1.5]}],
    }
    found = []
    with TemporaryDirectory() as folder:
        for number, contract in enumerate(CONTRACTS):
            if contract.name in rows:
                path = Path(folder, "t.parquet")
                table = pa.Table.from_pylist(rows[contract.name], schema=contract.schema)
                pq.write_table(table.replace_schema_metadata({b"contract": contract.name.encode()}), path)
                found.append(bytes([number]) + path.read_bytes())
    assert contracts.FEATURES in CONTRACTS
    return found


def plans() -> list[bytes]:
    """Return the smallest plan."""
    block = Block(corpora=("c",), protocols=("p",), systems=("s",))
    protocols = {"p": Protocol(rule="speaker_out", labels="all")}
    systems = {"s": Recipe(model="linear_svm", inputs=Inputs(vector=View(feature="egemaps")))}
    experiment = Experiment(name="e", runs=(block,))
    plan = Plan(experiment=experiment, protocols=protocols, systems=systems, folds={"c": {"p": 2}})
    return [plan.model_dump_json().encode()]
