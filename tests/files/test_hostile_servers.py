"""Servers that cut, stall, declare wrong lengths or redirect; a proxy; and where a secret must never appear."""

import gzip
import hashlib
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from ser.errors import SerError
from ser.files import downloads
from ser.files.addresses import filled, public, refuse_secrets
from ser.files.downloads import download

BODY = bytes(range(256)) * 40
MD5 = hashlib.md5(BODY).hexdigest()


class Server:
    """Answers each connection with the next of ``answers``, the last one for ever; keeps what was asked."""

    def __init__(self, *answers: bytes | Callable[[socket.socket], None]):
        self.answers = list(answers)
        self.asked: list[str] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/corpus.zip"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                self.asked.append(connection.recv(65536).decode())
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                with connection, suppress(OSError):
                    connection.sendall(answer) if isinstance(answer, bytes) else answer(connection)

    def close(self) -> None:
        self.socket.close()


Start = Callable[..., Server]


@pytest.fixture
def start() -> Iterator[Start]:
    running: list[Server] = []

    def begin(*answers: bytes | Callable[[socket.socket], None]) -> Server:
        running.append(Server(*answers))
        return running[-1]

    yield begin
    for server in running:
        server.close()


def answer(body: bytes = BODY, *headers: str, status: str = "200 OK", length: str | None = "") -> bytes:
    """Return a complete response; ``length`` "" is the true one, None leaves the header out."""
    lines = [f"HTTP/1.1 {status}", "Connection: close", *headers]
    if length is not None:
        lines.append(f"Content-Length: {length or len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def sent_on(to: str) -> bytes:
    return answer(b"", f"Location: {to}", status="302 Found")


def test_without_a_length_the_published_size_and_checksum_decide(start: Start, tmp_path: Path) -> None:
    whole = start(answer(length=None))
    assert download(whole.url, tmp_path / "a.zip", md5=[MD5], size=len(BODY)).read_bytes() == BODY
    assert download(whole.url, tmp_path / "b.zip").read_bytes() == BODY  # nothing to hold it against
    with pytest.raises(SerError, match="broke off after 100 bytes"):
        download(start(answer(BODY[:100], length=None)).url, tmp_path / "c.zip", size=len(BODY))


def test_an_endless_response_is_stopped(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "CHUNK", 1 << 12)

    def endless(connection: socket.socket) -> None:
        connection.sendall(answer(b"", length=None))
        while True:
            connection.sendall(BODY)

    with pytest.raises(SerError, match="more than the 1000 bytes"):
        download(start(endless).url, tmp_path / "a.zip", size=1000)
    free = iter([10**9] * 5)
    monkeypatch.setattr("ser.files.downloads.shutil.disk_usage", lambda _: type("Usage", (), {"free": next(free, 0)})())
    with pytest.raises(SerError, match="are free"):
        download(start(endless).url, tmp_path / "b.zip")


def test_a_length_that_is_too_long_is_a_break(start: Start, tmp_path: Path) -> None:
    with pytest.raises(SerError, match=f"broke off after {len(BODY)} bytes"):
        download(start(answer(length="99999")).url, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_a_length_that_is_too_short_is_found_by_the_checksum(start: Start, tmp_path: Path) -> None:
    with pytest.raises(SerError, match="kept as"):
        download(start(answer(length="100")).url, tmp_path / "a.zip", md5=[MD5])
    with pytest.raises(SerError, match="another release"):
        download(start(answer(length="100")).url, tmp_path / "b.zip", size=len(BODY))


@pytest.mark.parametrize("length", ["abc", "-5", "9" * 5000, "1e3", "²"])
def test_a_length_that_is_not_a_number_is_ignored_or_refused(start: Start, tmp_path: Path, length: str) -> None:
    with suppress(SerError):
        found = download(start(answer(length=length)).url, tmp_path / "a.zip", md5=[MD5], size=len(BODY))
        assert found.read_bytes() == BODY


def test_a_length_that_fits_on_no_disk_is_refused(start: Start, tmp_path: Path) -> None:
    with pytest.raises(SerError, match="are free"):
        download(start(answer(length=str(10**17))).url, tmp_path / "a.zip")


def test_a_compressed_body_is_kept_compressed(start: Start, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(10_000_000))
    found = download(start(answer(bomb, "Content-Encoding: gzip")).url, tmp_path / "a.tar.gz")
    assert found.read_bytes() == bomb


def test_a_server_that_stalls_is_given_up(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "TIMEOUT", (1, 0.3))

    def stalls(connection: socket.socket) -> None:
        connection.sendall(answer(BODY, length="99999"))
        time.sleep(2)

    begin = time.monotonic()
    with pytest.raises(SerError, match="run again to resume"):
        download(start(stalls).url, tmp_path / "a.zip")
    with pytest.raises(SerError, match="broke off after 0 bytes"):
        download(start(lambda _: time.sleep(2)).url, tmp_path / "b.zip")
    assert time.monotonic() - begin < 10


def test_a_slow_server_is_left_and_the_received_bytes_are_kept(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "SLOWEST", 0.3)

    def drips(connection: socket.socket) -> None:
        head, body = answer(b"", length=str(len(BODY))), BODY
        connection.sendall(head)
        for byte in body:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

    rest = answer(BODY[7:], f"Content-Range: bytes 7-{len(BODY) - 1}/{len(BODY)}", status="206 Partial Content")
    begin = time.monotonic()
    with pytest.raises(SerError, match=r"TimeoutError.*run again to resume"):
        download(start(drips).url, tmp_path / "a.zip", md5=[MD5])
    assert time.monotonic() - begin < 20
    part = tmp_path / "a.zip.part"
    assert 0 < part.stat().st_size < len(BODY)
    part.write_bytes(BODY[:7])
    assert download(start(rest).url, tmp_path / "a.zip", md5=[MD5]).read_bytes() == BODY


@pytest.mark.parametrize("noise", [b"", b"\0\xff\n\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"])
def test_a_response_that_is_not_http(start: Start, tmp_path: Path, noise: bytes) -> None:
    with pytest.raises(SerError, match="broke off"):
        download(start(noise).url, tmp_path / "a.zip")


def test_a_login_does_not_follow_to_another_host(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_ARCHIVE_USER", "zoe")
    monkeypatch.setenv("SER_ARCHIVE_PASSWORD", "hush-hush")
    monkeypatch.setenv("SER_TOKEN", "hush-token")
    other = start(answer())
    first = start(sent_on(f"http://localhost:{other.port}/mirror.zip"))
    assert download(f"{first.url}?token=${{SER_TOKEN}}", tmp_path / "a.zip", md5=[MD5]).read_bytes() == BODY
    assert b64encode(b"zoe:hush-hush").decode() in first.asked[0]
    assert "token=hush-token" in first.asked[0]
    assert "uthorization" not in other.asked[0]
    assert "hush" not in other.asked[0]


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://host.org/a.zip", "gopher:x", "http://["])
def test_a_server_may_redirect_to_http_and_https_only(start: Start, tmp_path: Path, to: str) -> None:
    with pytest.raises(SerError, match="redirects to"):
        download(start(sent_on(to)).url, tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_a_server_may_not_redirect_from_https_to_http() -> None:
    moved = requests.Response()
    moved.url, moved.status_code = "https://host.org/a.zip?token=hush", 302
    moved.headers["location"] = "http://host.org/a.zip?token=hush"
    with pytest.raises(SerError, match="not safe") as error:
        downloads._guard(moved)
    assert "hush" not in str(error.value)
    moved.headers["location"] = "https://mirror.org/a.zip"
    downloads._guard(moved)
    moved.url, moved.headers["location"] = "http://host.org/a.zip", "https://host.org/a.zip"
    downloads._guard(moved)


def test_a_loop_of_redirects_ends(start: Start, tmp_path: Path) -> None:
    server = start(sent_on("/corpus.zip"))
    with pytest.raises(SerError, match="TooManyRedirects"):
        download(server.url, tmp_path / "a.zip")
    assert len(server.asked) <= 40


def test_the_proxy_of_the_environment_is_used(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    proxy, direct = start(answer()), start(answer())
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, f"http://zoe:hush@127.0.0.1:{proxy.port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1")
    assert download("http://corpus.invalid/a.zip", tmp_path / "a.zip", md5=[MD5]).read_bytes() == BODY
    assert proxy.asked[0].startswith("GET http://corpus.invalid/a.zip HTTP/1.1")
    assert "Proxy-Authorization" in proxy.asked[0]
    download(direct.url, tmp_path / "b.zip")
    assert len(proxy.asked) == 1
    assert "hush" not in "".join(capfd.readouterr())
    monkeypatch.setenv("http_proxy", "http://zoe:hush@127.0.0.1:1")
    with pytest.raises(SerError, match="broke off") as error:
        download("http://corpus.invalid/a.zip", tmp_path / "c.zip")
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("https://zoe:hush@host.org/a.zip", "SER_ARCHIVE_USER"),
        ("https://hush@host.org/a.zip", "SER_ARCHIVE_USER"),
        ("ftp://zoe:hush@host.org/a.zip", "SER_ARCHIVE_USER"),
        ("https://host.org/a.zip?access_token=hush", "access_token=${SER_TOKEN}"),
        ("https://host.org/a.zip?x=1&X-Amz-Signature=hush", "X-Amz-Signature=${SER_TOKEN}"),
        ("https://host.org/a.zip?sig=hush", "sig=${SER_TOKEN}"),
        ("https://host.org/a.zip?API_KEY=hush", "API_KEY=${SER_TOKEN}"),
    ],
)
def test_an_address_with_a_secret_is_refused_in_the_configuration(url: str, word: str) -> None:
    with pytest.raises(SerError) as error:
        refuse_secrets(url, "corpora.mine.archive")
    assert word in str(error.value)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["https://host.org/a.zip?download=1&token=${SER_TOKEN}", "/data/me@home/a.zip", "official", "", "monkey.zip"]
)
def test_an_address_without_a_secret_is_taken(url: str) -> None:
    refuse_secrets(url, "corpora.mine.archive")


def test_a_variable_must_have_the_prefix_and_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME_SECRET", "hush")
    monkeypatch.delenv("SER_ABSENT", raising=False)
    for name in ("HOME_SECRET", "SER_ABSENT"):
        with pytest.raises(SerError, match=name) as error:
            filled(f"https://host.org/a.zip?token=${{{name}}}")
        assert "hush" not in str(error.value)
    assert public("ftp://zoe:hush@host.org/a.zip") == "ftp://host.org/a.zip"
