"""Downloads from a server on this machine: complete, resumed, refused; no credential is ever printed."""

import hashlib
import re
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ser.errors import SerError
from ser.files.addresses import public
from ser.files.downloads import download

CONTENT = bytes(range(256)) * 20_000  # 5 MB
MD5 = hashlib.md5(CONTENT).hexdigest()


@dataclass
class Server:
    url: str = ""
    content: bytes = CONTENT
    etag: str = '"v1"'
    breaks: list[int] = field(default_factory=list)  # bytes to send before hanging up, per request
    login: str = ""
    status: int = 200
    kind: str = "application/zip"
    ranges: list[str | None] = field(default_factory=list)  # what was asked for


def handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            server.ranges.append(wanted)
            expected = f"Basic {b64encode(server.login.encode()).decode()}"
            if server.login and self.headers.get("Authorization") != expected:
                return self.send_error(401)
            if server.status != 200:
                return self.send_error(server.status)
            begin = int(re.findall(r"\d+", wanted)[0]) if wanted else 0
            if self.headers.get("If-Range", server.etag) != server.etag:
                begin = 0
            if begin >= len(server.content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(server.content)}")
                self.send_header("Content-Length", "0")
                return self.end_headers()
            body = server.content[begin:]
            self.send_response(206 if begin else 200)
            if begin:
                self.send_header("Content-Range", f"bytes {begin}-{len(server.content) - 1}/{len(server.content)}")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", server.kind)
            if server.etag:
                self.send_header("ETag", server.etag)
            self.end_headers()
            with suppress(ConnectionError):  # a client that refuses the size hangs up
                self.wfile.write(body[: server.breaks.pop(0)] if server.breaks else body)
            self.close_connection = True
            return None

        def log_message(self, *_: object) -> None:
            pass

    return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    serving = Server()
    http = ThreadingHTTPServer(("127.0.0.1", 0), handler(serving))
    serving.url = f"http://127.0.0.1:{http.server_port}/corpus.zip"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield serving
    http.shutdown()
    http.server_close()
    thread.join(timeout=5)


def test_a_download_is_complete_and_leaves_no_other_file(server: Server, tmp_path: Path) -> None:
    to = tmp_path / "archives/corpus.zip"
    assert download(server.url, to, md5=["0" * 32, MD5], size=len(CONTENT)) == to
    assert to.read_bytes() == CONTENT
    assert [path.name for path in to.parent.iterdir()] == ["corpus.zip"]
    download(server.url, to, md5=[MD5])
    assert len(server.ranges) == 1  # what is there is not fetched again


def test_a_transfer_resumes_within_a_call(server: Server, tmp_path: Path) -> None:
    server.breaks = [2_500_000, 1_200_000]
    to = download(server.url, tmp_path / "a.zip", md5=[MD5])
    assert to.read_bytes() == CONTENT
    assert server.ranges[0] is None
    begins = [int(re.findall(r"\d+", asked)[0]) for asked in server.ranges[1:] if asked]
    assert len(begins) == 2
    assert 1_000_000 < begins[0] < begins[1] < len(CONTENT)


def test_a_transfer_resumes_in_a_later_call(server: Server, tmp_path: Path) -> None:
    server.breaks = [2_500_000, 0, 0]
    with pytest.raises(SerError, match="run again"):
        download(server.url, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()
    server.breaks = []
    assert download(server.url, tmp_path / "a.zip").read_bytes() == CONTENT
    assert server.ranges[-1] is not None


def test_a_rest_of_another_file_is_not_joined(server: Server, tmp_path: Path) -> None:
    server.breaks = [2_500_000, 0, 0]
    with pytest.raises(SerError):
        download(server.url, tmp_path / "a.zip")
    server.breaks, server.content, server.etag = [], CONTENT[::-1], '"v2"'
    assert download(server.url, tmp_path / "a.zip").read_bytes() == CONTENT[::-1]


def test_a_part_without_etag_or_checksum_is_not_used(server: Server, tmp_path: Path) -> None:
    server.etag = ""
    (tmp_path / "a.zip.part").write_bytes(b"of another release")
    assert download(server.url, tmp_path / "a.zip").read_bytes() == CONTENT


def test_a_part_that_is_complete_or_too_long(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.zip.part").write_bytes(CONTENT)
    assert download(server.url, tmp_path / "a.zip", md5=[MD5]).read_bytes() == CONTENT
    (tmp_path / "b.zip.part").write_bytes(CONTENT + b"more")
    assert download(server.url, tmp_path / "b.zip", md5=[MD5]).read_bytes() == CONTENT


def test_a_wrong_checksum_is_kept_aside_and_named(server: Server, tmp_path: Path) -> None:
    with pytest.raises(SerError) as error:
        download(server.url, tmp_path / "a.zip", md5=["f" * 32])
    for word in (MD5, "f" * 32, f"a.zip.wrong-md5-{MD5}"):
        assert word in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == [f"a.zip.wrong-md5-{MD5}"]


def test_a_wrong_size_is_refused_before_anything_is_fetched(server: Server, tmp_path: Path) -> None:
    with pytest.raises(SerError, match="another release"):
        download(server.url, tmp_path / "a.zip", size=17)
    assert list(tmp_path.iterdir()) == []


def test_credentials_come_from_the_environment_and_are_never_printed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    server.login = "zoe:hush-hush"
    with pytest.raises(SerError, match="SER_MY_CORPUS_USER and SER_MY_CORPUS_PASSWORD"):
        download(server.url, tmp_path / "a.zip", corpus="my-corpus")
    monkeypatch.setenv("SER_ARCHIVE_USER", "zoe")
    monkeypatch.setenv("SER_ARCHIVE_PASSWORD", "wrong")
    with pytest.raises(SerError) as error:
        download(server.url, tmp_path / "a.zip", corpus="my-corpus")
    assert "wrong" not in str(error.value)
    monkeypatch.setenv("SER_MY_CORPUS_USER", "zoe")
    monkeypatch.setenv("SER_MY_CORPUS_PASSWORD", "hush-hush")
    download(server.url, tmp_path / "a.zip", corpus="my-corpus")
    assert "hush" not in "".join(capfd.readouterr())


def test_a_printed_address_has_neither_login_nor_token(tmp_path: Path) -> None:
    assert public("https://zoe:hush@host.org/a.zip?token=hush#x") == "https://host.org/a.zip"
    with pytest.raises(SerError) as error:
        download("http://zoe:hush@127.0.0.1:1/a.zip?token=hush", tmp_path / "a.zip")
    assert "hush" not in str(error.value)
    assert "127.0.0.1:1/a.zip" in str(error.value)


@pytest.mark.parametrize(("status", "word"), [(404, "404"), (503, "503"), (403, "login")])
def test_responses_that_are_not_an_archive(server: Server, tmp_path: Path, status: int, word: str) -> None:
    server.status = status
    with pytest.raises(SerError, match=word):
        download(server.url, tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_a_web_page_is_not_an_archive(server: Server, tmp_path: Path) -> None:
    server.kind = "text/html; charset=utf-8"
    with pytest.raises(SerError, match="web page"):
        download(server.url, tmp_path / "a.zip")


def test_a_local_file_is_checked_and_used_where_it_is(tmp_path: Path) -> None:
    local = tmp_path / "my corpus.zip"
    local.write_bytes(CONTENT)
    for url in (str(local), local.as_uri()):
        assert download(url, tmp_path / "to.zip", md5=[MD5]) == local
        with pytest.raises(SerError, match=MD5):
            download(url, tmp_path / "to.zip", md5=["f" * 32])
    assert local.exists()
    with pytest.raises(SerError, match="no such file"):
        download(str(tmp_path / "none.zip"), tmp_path / "to.zip")
