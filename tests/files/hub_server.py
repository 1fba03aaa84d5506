"""A small server that answers as the Hugging Face hub does: files of one model by commit, and new commits."""

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest

MODEL, COMMIT, OTHER = "someone/tiny", "a" * 40, "b" * 40
LARGE = b"weights" * 1000
FILES = {
    "config.json": b'{"model_type": "hubert"}',
    "model.safetensors": LARGE,
    "README.md": b"---\nlicense: mit\n---\n# Tiny\n",
}


def etag(content: bytes, name: str) -> str:
    """Return the hash that the hub announces: SHA-256 of weights, git's SHA-1 of small files."""
    if name.endswith(".safetensors"):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


class Hub(BaseHTTPRequestHandler):
    """Serves ``files`` of ``model`` at ``commit``.

    asked: the requests; sent: what is sent in place of a file's content; token: without it a change is refused;
    tokens: that came; branches: commit by name; made: bodies of the requests that change something, by path.
    """

    asked: ClassVar[list[str]]
    sent: ClassVar[dict[str, bytes]]
    files: ClassVar[dict[str, bytes]]
    model: ClassVar[str]
    branches: ClassVar[dict[str, str]]
    token: ClassVar[str]
    tokens: ClassVar[set[str | None]]
    made: ClassVar[dict[str, Any]]
    stored: ClassVar[dict[str, bytes]]  # large files by SHA-256

    @classmethod
    def reset(cls) -> None:
        """Forget all requests, and serve ``FILES`` of ``MODEL`` at ``COMMIT`` again."""
        cls.asked, cls.sent, cls.files, cls.made, cls.stored, cls.tokens = [], {}, dict(FILES), {}, {}, set()
        cls.model, cls.token, cls.branches = MODEL, "", {"main": COMMIT}

    def do_HEAD(self) -> None:
        self.read(body=False)

    def do_GET(self) -> None:
        if self.path.startswith("/api/models/"):
            self.revision()
        else:
            self.read(body=True)

    def do_PUT(self) -> None:
        content = self.body()
        self.stored[hashlib.sha256(content).hexdigest()] = content
        self.json({})

    def do_POST(self) -> None:
        path, content = self.path.partition("?")[0], self.body()
        self.asked.append(f"POST {path}")
        self.tokens.add(self.headers.get("Authorization"))
        if self.headers.get("Authorization") != f"Bearer {self.token}":
            self.json({"error": "Invalid username or password."}, status=401)
            return
        lines = [json.loads(line) for line in content.splitlines() if line]
        body = self.made[path] = lines[0] if len(lines) == 1 else lines
        action = path.removeprefix(f"/api/models/{self.model}/").partition("/")
        if path == "/api/repos/create":
            self.json({"url": f"{self.address()}/{self.model}", "id": "1"})
        elif path == "/api/validate-yaml":
            self.json({"errors": [], "warnings": []})
        elif path == f"/{self.model}.git/info/lfs/objects/batch":
            self.json({"transfer": "basic", "objects": [self.upload(one) for one in body["objects"]]})
        elif action[0] == "branch":
            self.branches[action[2]] = self.branches["main"]
            self.json({})
        elif action[0] == "preupload":
            self.json({"files": [self.mode(one["path"]) for one in body["files"]]})
        elif action[0] == "commit":
            self.commit(lines, action[2])
        else:
            self.json({"error": path}, status=404)

    def commit(self, lines: list[dict[str, Any]], branch: str) -> None:
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                self.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.files[value["path"]] = self.stored[value["oid"]]
        self.branches[branch] = OTHER
        self.json({"success": True, "commitOid": OTHER, "commitUrl": f"{self.address()}/{self.model}/commit/{OTHER}"})

    def upload(self, wanted: dict[str, Any]) -> dict[str, Any]:
        target = {"href": f"{self.address()}/upload/{wanted['oid']}"}
        return {"oid": wanted["oid"], "size": wanted["size"], "actions": {"upload": target}}

    @staticmethod
    def mode(path: str) -> dict[str, Any]:
        large = path.endswith(".safetensors")
        return {"path": path, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}

    def revision(self) -> None:
        """Answer which commit a branch is at."""
        self.asked.append(self.path)
        model, _, name = self.path.partition("?")[0].removeprefix("/api/models/").partition("/revision/")
        commit = self.branches.get(name or "main")
        if model != self.model or commit is None:
            code = "RevisionNotFound" if model == self.model else "RepoNotFound"
            self.json({"error": code}, status=404, code=code)
        else:
            self.json({"id": model, "sha": commit, "siblings": []})

    def read(self, body: bool) -> None:
        self.asked.append(self.path)
        parts = (*self.path.strip("/").split("/"), "", "", "")
        model, kind, commit, name = "/".join(parts[:2]), *parts[2:4], "/".join(parts[4:]).strip("/")
        code = self.refusal(model, kind, commit, name)
        content = b"" if code else self.sent.get(name, self.files[name])
        self.send_response(404 if code else 200)
        self.send_header("Content-Length", str(len(content)))
        if code:
            self.send_header("X-Error-Code", code)
        if code in ("", "EntryNotFound"):
            self.send_header("X-Repo-Commit", commit)
        if not code:
            self.send_header("ETag", f'"{etag(self.files[name], name)}"')
        self.end_headers()
        if body:
            self.wfile.write(content)

    def refusal(self, model: str, kind: str, commit: str, name: str) -> str:
        if model != self.model or kind != "resolve":
            return "RepoNotFound"
        if commit not in self.branches.values():
            return "RevisionNotFound"
        return "" if name in self.files else "EntryNotFound"

    def json(self, value: Any, status: int = 200, code: str = "") -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if code:
            self.send_header("X-Error-Code", code)
        self.end_headers()
        self.wfile.write(content)

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def running(patch: pytest.MonkeyPatch, cache: Path) -> Iterator[ThreadingHTTPServer]:
    """Start the hub for its client, with an empty ``cache`` and no login."""
    from huggingface_hub import constants

    Hub.reset()
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}"
        patch.setattr(constants, "ENDPOINT", address)
        patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
        patch.setattr(constants, "HF_HUB_CACHE", str(cache))
        patch.setattr(constants, "HF_TOKEN_PATH", str(cache / "token"))
        patch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # another protocol for large files, to another server
        patch.delenv("HF_TOKEN", raising=False)
        patch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
