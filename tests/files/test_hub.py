"""Models of the hub: a small server on this machine answers as the hub does; paths, commits and hashes are checked."""

import hashlib
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hub_server import COMMIT, FILES, LARGE, MODEL, OTHER, Hub, etag, running

from ser.errors import SerError
from ser.files import hub
from ser.layers import pretrained

pytest.importorskip("huggingface_hub")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    """Start the hub, with an empty cache of its client."""
    pretrained._from_hub.cache_clear()
    with running(monkeypatch, tmp_path / "cache") as found:
        yield found


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
    with pytest.raises(
        SerError, match=f"{name} has not the hash {etag(FILES[name], name)} that the hub announced; delete"
    ):
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
