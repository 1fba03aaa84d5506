"""Every parser of input that others wrote, as a function of bytes. Anything but SerError out of one is a defect."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import fuzz_seeds
import numpy as np
import pandas as pd

from ser import catalog
from ser.audio import reading
from ser.config.plan import read_plan
from ser.config.read import read_yaml, resolve
from ser.corpora import _emoevaluation, enterface, iemocap, ravdess, table
from ser.errors import SerError
from ser.features import _whisper_ct2, given_vectors
from ser.files import addresses, archives
from ser.fold_lists import naming
from ser.inference import bundle
from ser.tables import contracts
from ser.text import glove
from ser.user_table import fold_lists

CONFIG = fuzz_seeds.PROJECT / "config"
SUFFIXES = (".wav", ".avi", ".mkv", ".mp4")
LISTS = (".csv", ".parquet", ".jsonl", ".txt")
CONTRACTS = (
    contracts.MANIFEST,
    contracts.AUDIO,
    contracts.FEATURES,
    contracts.TRANSCRIPTS,
    contracts.EMBEDDING,
    contracts.FOLDS,
    contracts.PREDICTIONS,
    contracts.ATTENTION,
)


@dataclass(frozen=True)
class Target:
    """A parser: ``parse(data, folder)`` writes what it reads into the empty ``folder``; ``seeds`` are sound inputs."""

    parse: Callable[[bytes, Path], None]
    seeds: Callable[[], list[bytes]]
    tokens: tuple[bytes, ...] = ()


def emoevaluation(data: bytes, folder: Path) -> None:
    for turn in _emoevaluation.turns(_file(folder / "labels.txt", data)):
        for value in (turn.valence, turn.activation, turn.dominance):
            assert value is None or np.isfinite(value)


def transcription(data: bytes, folder: Path) -> None:
    _emoevaluation.texts(_file(folder / "transcript.txt", data))


def alignment(data: bytes, folder: Path) -> None:
    for word in _emoevaluation.words(_file(folder / "words.wdseg", data)):
        assert np.isfinite([word.start, word.end]).all()


def csv_table(data: bytes, folder: Path) -> None:
    _file(folder / "labels.csv", data)
    table.facts(folder, table="labels.csv")
    table.sources(folder, table="labels.csv")
    for row in table.utterances(folder, table="labels.csv"):
        assert not Path(row.audio).is_absolute()
        assert ".." not in Path(row.audio).parts


def word_vectors(data: bytes, folder: Path) -> None:
    found = glove.read(_file(folder / "vectors", data), {"the", ".", "at"})
    assert len({vector.shape for vector in found.values()}) <= 1


def given(data: bytes, folder: Path) -> None:
    suffix = given_vectors.SUFFIXES[data[0] % len(given_vectors.SUFFIXES)] if data else ".ark"
    path = _file(folder / f"vectors{suffix}", data[1:])
    with suppress(SerError):
        given_vectors.files(file=str(path))
    assert len(given_vectors.provenance(file=str(path)).splitlines()) == 1


def whisper(data: bytes, folder: Path) -> None:
    width, mels = _whisper_ct2.shape(_file(folder / "model.bin", data))
    assert min(width, mels) >= 0


def bundled(data: bytes, folder: Path) -> None:
    bundle.read(_file(folder / "bundle.zip", data))


def configuration(data: bytes, folder: Path) -> None:
    resolve(read_yaml(_file(folder / "experiment.yaml", data)), CONFIG)


def safetensors(data: bytes, folder: Path) -> None:
    _weights(_file(folder / "weights.safetensors", data))


def checkpoint(data: bytes, folder: Path) -> None:
    _weights(_file(folder / "weights.ckpt", data))


def recording(data: bytes, folder: Path) -> None:
    path = _file(folder / f"recording{SUFFIXES[data[0] % len(SUFFIXES)] if data else '.wav'}", data[1:])
    found = reading.inspect(path)  # raises nothing at all
    with suppress(SerError):
        signal = reading.load(path)
        assert signal.ndim == 1
        assert found.kind is not None or np.isfinite(signal).all()


def parquet(data: bytes, folder: Path) -> None:
    contract = CONTRACTS[data[0] % len(CONTRACTS)] if data else CONTRACTS[0]
    path = _file(folder / "table.parquet", data[1:])
    for row in contracts.read(contract, path).to_pylist():
        if contract is contracts.FEATURES:
            np.frombuffer(row["matrix"], row["dtype"]).reshape(row["frames"], row["dims"])
        if contract is contracts.AUDIO:
            assert np.frombuffer(row["samples"], "<f4").shape == (row["frames"],)
    contracts.metadata(path)


def plan(data: bytes, folder: Path) -> None:
    read_plan(_file(folder / "plan.json", data)).checked().runs()


def corpus_names(data: bytes, folder: Path) -> None:
    del folder
    name = data.decode("utf-8", "surrogateescape")
    ravdess._row(name)
    enterface._row(name)
    iemocap.NAME.fullmatch(name)
    for corpus in catalog.names("corpora"):
        if named := getattr(catalog.load("corpora", corpus), "RECORDINGS", None):
            named._row(name)


def lists(data: bytes, folder: Path) -> None:
    suffix = LISTS[data[0] % len(LISTS)] if data else LISTS[0]
    folder.joinpath("toy").mkdir()
    _file(folder / f"toy/toy_train_fold_1{suffix}", data[1:])
    read = fold_lists.read(folder if suffix in (".jsonl", ".txt") else folder / f"toy/toy_train_fold_1{suffix}")
    assert (read[["key", "fold", "part"]] != "").all(axis=None)


def namings(data: bytes, folder: Path) -> None:
    for one in naming.namings.__wrapped__(_file(folder / "names.yaml", data)).values():
        one.read(pd.Series(["a/b_01.wav", ""]))


def archive(data: bytes, folder: Path) -> None:
    inside = folder / "inside"
    archives.unpack(_file(folder / "archive", data), inside / "out")
    assert not any(path.is_symlink() for path in inside.rglob("*"))
    assert [path.name for path in inside.iterdir()] == ["out"]


def address(data: bytes, folder: Path) -> None:
    url = data.decode("utf-8", "surrogateescape")
    without_secrets = addresses.public(url)
    assert all("@" not in authority for authority in re.findall(r"://([^/]*)", without_secrets))
    assert (folder / addresses.filename(url)).parent == folder


def _weights(path: Path) -> None:
    module = catalog.load("features", "xvector")
    module.provenance(weights=path)
    module._model.__wrapped__(path, "cpu", 0)


def _file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


TARGETS = {
    "emoevaluation": Target(emoevaluation, lambda: [fuzz_seeds.EMOEVALUATION], (b"C-E2:\t", b"[1 - 2]\t")),
    "transcription": Target(transcription, lambda: [fuzz_seeds.TRANSCRIPTION]),
    "alignment": Target(alignment, lambda: [fuzz_seeds.ALIGNMENT], (b"9" * 400,)),
    "table": Target(csv_table, lambda: fuzz_seeds.TABLES, (b"path,emotion\n", b'"', b"../", b"a" * 300)),
    "glove": Target(word_vectors, fuzz_seeds.glove, (b" 1e999", b" nan", b"\n")),
    "given": Target(given, fuzz_seeds.vectors, (b"\0BFV \4", b"\0BDV \4", b" [ 1 ]\n", b"a b.ark:0\n")),
    "whisper": Target(whisper, fuzz_seeds.whisper, (b"WhisperSpec\0", b"encoder/conv1/weight\0")),
    "bundle": Target(bundled, fuzz_seeds.bundles, (b'"format"', b"[2, 0]", b"../")),
    "configuration": Target(configuration, lambda: fuzz_seeds.EXPERIMENTS, (b"&a ", b"*a", b"<<: ", b"!!", b"base: ")),
    "safetensors": Target(safetensors, fuzz_seeds.safetensors, (b'"training"', b'"F32"', b"[]", b"{}")),
    "checkpoint": Target(checkpoint, fuzz_seeds.checkpoints, (b"PK\x03\x04", b"cposix\nsystem\n")),
    "recording": Target(recording, fuzz_seeds.recordings, (b"RIFF", b"data", b"fmt ", b"ds64", b"\xff\xff\xff\xff")),
    "parquet": Target(parquet, fuzz_seeds.tables, (b"PAR1",)),
    "plan": Target(plan, fuzz_seeds.plans, (b"\xff", b"null", b"1e999", b"[]", b"{}")),
    "corpus_names": Target(corpus_names, lambda: [*fuzz_seeds.RAVDESS, *fuzz_seeds.ENTERFACE], ("ſ".encode(),)),
    "lists": Target(lists, fuzz_seeds.lists, (b"corpus,key,fold,part\n", b'"dataset"', b"train", b"\n")),
    "namings": Target(namings, lambda: fuzz_seeds.NAMINGS, (b"(?P<speaker>", b"{speaker}", b"pattern: ", b"[")),
    "archive": Target(archive, fuzz_seeds.archives, (b"../", b"PK\x01\x02", b"ustar\x00", b"\x00" * 512)),
    "address": Target(address, lambda: fuzz_seeds.ADDRESSES, (b"://", b"@", b"[", b"]", b"..", b"\n")),
}
