"""Stage embed: the vectors of a corpus's words, out of a file that may be packed, remote, or not what it should be."""

import gzip
import hashlib
import threading
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ser.errors import SerError
from ser.stages.embed import EmbedJob, embed
from ser.tables import contracts
from ser.text import glove

GLOVE = b"""the 0.1 -0.2 3e-1
. 1 2 3
. . . 9 9 9
yes 4 5 6
The 7 7 7
at name@domain.com 8 8 8
"""
WORDS = ["the", ".", "no", "name@domain.com"]


@pytest.fixture
def transcribed(tmp_path: Path) -> Path:
    """Two shards of transcripts, and a third of a corpus that was larger once."""
    for shard, words in enumerate([["the", ".", "the"], ["no", "name@domain.com"], ["yes"]]):
        rows = [{"utterance": f"u{shard}", "text": "", "words": words, "reference": ""}]
        table = pa.Table.from_pylist(rows, schema=contracts.TRANSCRIPTS.schema)
        contracts.write(contracts.TRANSCRIPTS, table, tmp_path / "transcribed" / f"{shard}.parquet")
    return tmp_path / "transcribed"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "glove.test.3d.txt"
    path.write_bytes(GLOVE)
    return path


def stored(path: Path) -> dict[str, list[float]]:
    table = contracts.read(contracts.EMBEDDING, path)
    return dict(zip(table["word"].to_pylist(), table["vector"].to_pylist(), strict=True))


def test_the_words_of_the_transcripts_get_their_vectors(transcribed: Path, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    embed(EmbedJob(transcripts=transcribed, source=str(source), downloaded=tmp_path / "raw", out=out, shards=2))
    found = stored(out)
    assert list(found) == [".", "the"]
    assert found["."] == [1, 2, 3], "not the vector of '. . .'"
    assert found["the"] == pytest.approx([0.1, -0.2, 0.3])
    notes = contracts.metadata(out)
    sha = hashlib.sha256(GLOVE).hexdigest()
    assert (notes["words"], notes["found"], notes["checksum"]) == ("4", "2", sha)
    assert notes["provenance"] == f"glove.test.3d.txt (SHA-256 {sha[:12]})"
    embed(EmbedJob(transcripts=transcribed, source=str(source), downloaded=tmp_path / "raw", out=out))
    assert list(stored(out)) == [".", "the", "yes"]
    assert not (tmp_path / "raw").exists()


def test_transcripts_without_a_known_word_are_legal(transcribed: Path, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_bytes(b"le 1 2\nla 3 4\n")
    embed(
        EmbedJob(
            transcripts=transcribed,
            source=str(tmp_path / "other.txt"),
            downloaded=tmp_path,
            out=tmp_path / "out.parquet",
        )
    )
    assert stored(tmp_path / "out.parquet") == {}


def zipped(path: Path, content: bytes, more: tuple[str, ...] = ()) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("folder/", b"")
        archive.writestr("folder/vectors.txt", content)
        for name in more:
            archive.writestr(name, b"x 1 2 3\n")


@pytest.mark.parametrize(
    "pack",
    [
        lambda path: path.write_bytes(GLOVE),
        lambda path: path.write_bytes(GLOVE.replace(b"\n", b"\r\n")),
        lambda path: path.write_bytes(GLOVE.rstrip(b"\n")),
        lambda path: path.write_bytes(GLOVE.replace(b"\n", b" \n")),
        lambda path: path.write_bytes(gzip.compress(GLOVE)),
        lambda path: zipped(path, GLOVE),
        lambda path: zipped(path, GLOVE, ("__MACOSX/._vectors.txt",)),
    ],
)
def test_a_file_may_be_packed_and_its_lines_may_end_in_any_way(pack: Callable[[Path], object], tmp_path: Path) -> None:
    pack(tmp_path / "v")
    found = glove.read(tmp_path / "v", [*WORDS, "The", "yes"])
    assert {word: vector.tolist() for word, vector in found.items() if word != "the"} == {
        ".": [1, 2, 3],
        "The": [7, 7, 7],
        "yes": [4, 5, 6],
    }
    assert all(vector.dtype == np.float32 for vector in found.values())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"5 3\na 1 2 3\n", r"line 1: '5 3' is the header of word2vec"),
        (b"nothing but words\n", "line 1: .*not a word with its values"),
        (b"\n", "line 1"),
        (b"a 1 2 3\nb 1 2\nc 1 2 3\n", "line 2: has 2 values, the first line has 3"),
        (b"a 1 2 3\n\nc 1 2 3\n", "line 2: has 0 values"),
        (b"a 1 2 3\nb 1 2 3 4\nc 1 2 3\n", "line 2: has more values"),
        (b"a 1 2 3\nb 1 2 3\nc 1 2", "line 3: .*ends in the middle"),
        (b"a 1 2 3\nb 1 x 3\n", "line 2: the vector of 'b' holds 'x'"),
        (b"a 1 2 3\nb 1  3\n", "line 2: the vector of 'b' holds ''"),
        (b"a 1 2 3\nb 1 nan 3\n", "line 2: .*'nan', which is not a finite number"),
        (b"a 1 2 3\nb 1 2 -inf\n", "line 2: .*'-inf'"),
        (b"a 1 2 3\nb 1 2 1e39\n", "line 2: .*'1e39'"),
        (gzip.compress(b"a 1 2 3\n" * 5000, mtime=0)[:-20], "is it damaged"),
        (b"PK\x03\x04 and then nothing", "is it damaged"),
    ],
)
def test_an_error_in_a_file_names_its_line(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_bytes(content)
    with pytest.raises(SerError, match=message) as error:
        glove.read(tmp_path / "v.txt", ["a", "b", "c"])
    assert str(tmp_path / "v.txt") in str(error.value)


def test_a_zip_with_several_files_needs_a_choice(tmp_path: Path) -> None:
    zipped(tmp_path / "v.zip", GLOVE, ("glove.50d.txt",))
    with pytest.raises(SerError, match=r"holds folder/vectors\.txt, glove\.50d\.txt; unpack it"):
        glove.read(tmp_path / "v.zip", WORDS)


# A piece of a word: no blank, no line end, and no number, which at the end of a word would look like a value.
piece = st.text(st.characters(exclude_categories=("Z", "C")), min_size=1, max_size=5).filter(
    lambda text: not any(letter.isdigit() for letter in text) and text.lower() not in ("inf", "nan", "infinity")
)
word = st.lists(piece, min_size=1, max_size=3).map(" ".join)
number = st.floats(width=32, allow_nan=False, allow_infinity=False)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(2, 5))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, dims: int) -> None:
    entries = data.draw(
        st.dictionaries(word, st.lists(number, min_size=dims, max_size=dims), min_size=1, max_size=6), label="entries"
    )
    wanted = data.draw(st.sets(st.sampled_from([*entries, "absent"])), label="wanted")
    path = tmp_path_factory.mktemp("v") / "v.txt"
    lines = [" ".join([name, *(repr(value) for value in vector)]) for name, vector in entries.items()]
    path.write_bytes(("\n".join(lines) + "\n").encode())
    found = glove.read(path, wanted)
    assert set(found) == wanted - {"absent"}
    for name, vector in found.items():
        assert vector.tolist() == entries[name]


def test_of_a_word_that_comes_twice_the_first_counts(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_bytes(b"a 1 2\nb 3 4\na 5 6\n")
    assert glove.read(tmp_path / "v.txt", ["a"])["a"].tolist() == [1, 2]


def test_a_local_file_must_exist_and_be_the_one_of_the_checksum(
    transcribed: Path, source: Path, tmp_path: Path
) -> None:
    given = {"transcripts": transcribed, "downloaded": tmp_path / "raw", "out": tmp_path / "out.parquet"}
    with pytest.raises(SerError, match="there is no such file"):
        embed(EmbedJob(**given, source=str(tmp_path / "none.txt")))  # type: ignore[arg-type]
    with pytest.raises(SerError, match=f"SHA-256 is {hashlib.sha256(GLOVE).hexdigest()}, not {'f' * 64}"):
        embed(EmbedJob(**given, source=str(source), checksum="f" * 64))  # type: ignore[arg-type]
    assert source.exists()
    assert not (tmp_path / "out.parquet").exists()
    embed(EmbedJob(**given, source=str(source), checksum=hashlib.sha256(GLOVE).hexdigest().upper()))  # type: ignore[arg-type]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of a server on this machine that has the vectors, zipped."""
    (tmp_path / "www").mkdir()
    zipped(tmp_path / "www/glove.zip", GLOVE)

    class Logged(SimpleHTTPRequestHandler):
        def log_message(self, *transcribed: object) -> None:
            with (tmp_path / "www.log").open("a") as log:
                log.write(f"{transcribed}\n")

    http = ThreadingHTTPServer(("127.0.0.1", 0), partial(Logged, directory=str(tmp_path / "www")))
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_port}/glove.zip"
    http.shutdown()
    http.server_close()
    thread.join(timeout=5)


def test_an_address_is_fetched_once_and_kept(transcribed: Path, served: str, tmp_path: Path) -> None:
    raw, out = tmp_path / "raw", tmp_path / "out.parquet"
    embed(EmbedJob(transcripts=transcribed, source=f"{served}?token=hush", downloaded=raw, out=out))
    assert list(stored(out)) == [".", "the", "yes"]
    assert contracts.metadata(out)["source"] == served
    assert "hush" not in str(contracts.metadata(out))
    (tmp_path / "www/glove.zip").unlink()
    embed(EmbedJob(transcripts=transcribed, source=served, downloaded=raw, out=out))
    assert {path.name for path in raw.iterdir()} == {"glove.zip", ".lock"}


def test_a_download_of_another_release_is_put_aside(transcribed: Path, served: str, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    with pytest.raises(SerError, match="damaged or another release"):
        embed(
            EmbedJob(
                transcripts=transcribed, source=served, downloaded=raw, out=tmp_path / "out.parquet", checksum="f" * 64
            )
        )
    sha = hashlib.sha256((tmp_path / "www/glove.zip").read_bytes()).hexdigest()
    assert (raw / f"glove.zip.wrong-sha256-{sha[:12]}").exists()
    embed(EmbedJob(transcripts=transcribed, source=served, downloaded=raw, out=tmp_path / "out.parquet", checksum=sha))


def test_jobs_of_two_corpora_may_fetch_the_same_file_at_once(transcribed: Path, served: str, tmp_path: Path) -> None:
    outs = [tmp_path / f"{number}.parquet" for number in range(4)]
    jobs = [
        threading.Thread(
            target=embed,
            args=(EmbedJob(transcripts=transcribed, source=served, downloaded=tmp_path / "raw", out=out),),
        )
        for out in outs
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert [list(stored(out)) for out in outs] == [[".", "the", "yes"]] * 4
    assert len((tmp_path / "www.log").read_text().splitlines()) == 1, "one fetches, the others wait for it"
