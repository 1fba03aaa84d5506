"""Models of the hub: a small server on this machine answers as the hub does; paths, commits and hashes are checked."""

import hashlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

from ser.errors import SerError
from ser.files import hub
from ser.layers import pretrained

pytest.importorskip("huggingface_hub")

MODEL, COMMIT, OTHER = "someone/tiny", "a" * 40, "b" * 40
LARGE = b"weights" * 1000
FILES = {
    "config.json": b'{"model_type": "hubert"}',
    "model.safetensors": LARGE,
    "README.md": b"---\nlicense: mit\n---\n# Tiny\n",
}


def etag(name: str) -> str:
    """Return the hash that the hub announces: SHA-256 of weights, git's SHA-1 of small files."""
    content = FILES[name]
    if name == "model.safetensors":
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


class Hub(BaseHTTPRequestHandler):
    """Serves FILES of MODEL at COMMIT. asked: the requests; sent: what is sent in place of a file's content."""

    asked: ClassVar[list[str]] = []
    sent: ClassVar[dict[str, bytes]] = {}

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, body: bool) -> None:
        self.asked.append(self.path)
        parts = (*self.path.strip("/").split("/"), "", "", "")
        model, kind, commit, name = "/".join(parts[:2]), *parts[2:4], "/".join(parts[4:]).strip("/")
        code = self.refusal(model, kind, commit, name)
        content = b"" if code else self.sent.get(name, FILES[name])
        self.send_response(404 if code else 200)
        self.send_header("Content-Length", str(len(content)))
        if code:
            self.send_header("X-Error-Code", code)
        if code in ("", "EntryNotFound"):
            self.send_header("X-Repo-Commit", COMMIT)
        if not code:
            self.send_header("ETag", f'"{etag(name)}"')
        self.end_headers()
        if body:
            self.wfile.write(content)

    @staticmethod
    def refusal(model: str, kind: str, commit: str, name: str) -> str:
        if model != MODEL or kind != "resolve":
            return "RepoNotFound"
        if commit != COMMIT:
            return "RevisionNotFound"
        return "" if name in FILES else "EntryNotFound"

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    """Start the hub, with an empty cache of its client."""
    from huggingface_hub import constants

    Hub.asked, Hub.sent = [], {}
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as running:
        address = f"http://127.0.0.1:{running.server_address[1]}"
        monkeypatch.setattr(constants, "ENDPOINT", address)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        pretrained._from_hub.cache_clear()
        Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def fetched(name: str, revision: str | None = COMMIT, model: str = MODEL) -> Path | None:
    return hub.fetched(model, revision, name)


@pytest.mark.usefixtures("server")
def test_a_file_of_the_commit_is_fetched_once_and_then_needs_no_connection(server: ThreadingHTTPServer) -> None:
    path = fetched("model.safetensors")
    assert path is not None
    assert path.read_bytes() == LARGE
    assert path.parent.name == COMMIT
    asked = len(Hub.asked)
    assert asked > 0
    assert f"/{MODEL}/resolve/{COMMIT}/model.safetensors" in Hub.asked
    assert all(f"/resolve/{COMMIT}/" in one for one in Hub.asked if "/resolve/" in one)
    server.shutdown()
    server.server_close()
    assert fetched("model.safetensors") == path
    assert len(Hub.asked) == asked


@pytest.mark.usefixtures("server")
def test_a_file_that_the_commit_lacks_is_none_also_without_a_connection(server: ThreadingHTTPServer) -> None:
    assert fetched("pytorch_model.bin") is None
    asked = len(Hub.asked)
    server.shutdown()
    server.server_close()
    assert fetched("pytorch_model.bin") is None
    assert len(Hub.asked) == asked


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"revision": OTHER}, f"revision {OTHER}: the model has no such commit"),
        ({"model": "someone/else"}, "neither a folder nor a model on the hub"),
        ({"revision": "main"}, "a commit of 40 hexadecimal digits; it is main"),
        ({"revision": None}, "a commit of 40 hexadecimal digits; it is None"),
        ({"model": "../../etc"}, "neither a folder nor a name on the hub"),
    ],
)
def test_what_the_hub_does_not_have_is_one_sentence(given: dict[str, Any], message: str) -> None:
    with pytest.raises(SerError, match=message) as error:
        fetched("config.json", **given)
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_content_with_another_hash_than_announced_is_refused(name: str) -> None:
    Hub.sent = {name: FILES[name][:-1] + b"?"}  # of the same size
    with pytest.raises(SerError, match=f"{name} has not the hash {etag(name)} that the hub announced; delete"):
        fetched(name)
    with pytest.raises(SerError, match="has not the hash"):
        fetched(name)  # the cache's file is not trusted either


def test_no_connection_is_one_sentence(server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # the client tries again several times
    server.shutdown()
    server.server_close()
    with pytest.raises(SerError, match="is not in the cache of the hub's client and cannot be fetched") as error:
        fetched("config.json")
    assert "\n" not in str(error.value)


@pytest.mark.usefixtures("server")
def test_a_model_has_its_commit_hash_and_licence() -> None:
    names = {"needed": ("config.json",), "weights": ("model.safetensors", "pytorch_model.bin")}
    found = pretrained.located(MODEL, COMMIT, **names)
    digest = hashlib.sha256(LARGE).hexdigest()
    assert found.provenance() == f"{MODEL}, revision {COMMIT}, model.safetensors SHA-256 {digest}, licence mit"
    with pytest.raises(SerError, match=f"SHA-256 of model.safetensors is {digest}, not {'0' * 64}"):
        pretrained.located(MODEL, COMMIT, **names, sha="0" * 64)
    with pytest.raises(SerError, match=rf"{COMMIT}: has no preprocessor_config\.json"):
        pretrained.located(MODEL, COMMIT, needed=("preprocessor_config.json",), weights=("model.safetensors",))
    with pytest.raises(SerError, match=r"has no weights; known: model\.bin"):
        pretrained.located(MODEL, COMMIT, needed=("config.json",), weights=("model.bin",))
