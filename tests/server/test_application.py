"""What is sent to the server, and what it answers."""

import asyncio
import base64
import hashlib
import json
import re
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.testclient import TestClient
from tiny_project import RATE, sound
from typer.testing import CliRunner

from ser import cli
from ser.inference import trained_run
from ser.inference.trained import Trained
from ser.server.application import application, facts, posted
from ser.server.limits import MOST_WINDOWS, RefusedError, RequestLimits
from ser.server.pool import Pool
from ser.server.uploads import Upload
from ser.server.worker import Worker

WAV = {"Content-Type": "audio/wav"}


def predicted(run: Path, recording: Path, *options: str) -> list[dict[str, Any]]:
    """Return the lines that ``ser predict`` writes."""
    result = CliRunner().invoke(
        cli.app, ["predict", str(recording), "--model", str(run), "--format", "jsonl", *options]
    )
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def sentence(answer: Any, status: int) -> str:
    """Return the error of an answer: JSON with one sentence."""
    assert answer.status_code == status, answer.text
    (text,) = answer.json().values()
    assert text.endswith(".")
    return str(text)


@pytest.mark.parametrize("form", [True, False])
def test_answers_are_those_of_predict(client: TestClient, run: Path, recording: Path, form: bool) -> None:
    content = recording.read_bytes()
    if form:
        answer = client.post("/predict", files={"file": ("one.wav", content)})
    else:
        answer = client.post("/predict", content=content, headers=WAV)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    name = "one.wav" if form else "recording"
    assert found["answers"] == [line | {"recording": name} for line in predicted(run, recording)]
    assert found["model"] == "SVM-eGeMAPS"
    assert found["seconds"] == pytest.approx(len(sound(3)) / RATE, abs=1e-3)
    assert found["left_out"] == []


def test_windows_are_those_of_predict(client: TestClient, run: Path, long: Path) -> None:
    expected = [line | {"recording": "long.wav"} for line in predicted(run, long, "--window", "2", "--step", "1.5")]
    content = long.read_bytes()
    assert len(expected) > 3
    by_form = client.post("/predict", data={"window": "2", "step": "1.5"}, files={"file": ("long.wav", content)})
    by_query = client.post("/predict?window=2&step=1.5", files={"file": ("long.wav", content)})
    assert by_form.json()["answers"] == by_query.json()["answers"] == expected


def test_a_silent_window_is_named_and_the_others_are_answered(client: TestClient, tmp_path: Path) -> None:
    signal = sound(3)[:, 0].copy()
    signal[: RATE // 2] = 0
    soundfile.write(tmp_path / "half.wav", signal, RATE)
    found = client.post("/predict?window=0.5", content=(tmp_path / "half.wav").read_bytes(), headers=WAV).json()
    assert found["answers"][0]["start"] == 0.5
    assert len(found["left_out"]) == 1
    assert "is silent" in found["left_out"][0]


def test_what_is_no_recording_is_refused_with_the_reason(client: TestClient, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "short.wav", sound(0)[:1000], RATE)
    for content, reason in (
        (b"", "is an empty file"),
        (b"no sound", "it is text"),
        ((tmp_path / "short.wav").read_bytes(), "lasts 0.045 s, less than 0.2 s"),
        ((tmp_path / "short.wav").read_bytes()[:-500], "is truncated"),
        (bytes(range(256)) * 100, "cannot be read as audio"),
    ):
        assert reason in sentence(client.post("/predict", content=content, headers=WAV), 400)


def test_a_field_that_cannot_be_used_is_named(client: TestClient, recording: Path) -> None:
    content = recording.read_bytes()
    for query, reason in (
        ("window=0", "'window' is '0', and must be a number of seconds above 0."),
        ("window=nan", "'window' is 'nan'"),
        ("window=inf", "'window' is 'inf'"),
        ("window=a", "'window' is 'a'"),
        ("step=1", "send 'window' too"),
        ("windw=1", "Did you mean 'window'?"),
        ("window=1&text=yes", "a window has no text of its own"),
        (f"window=1&step={1 / MOST_WINDOWS}", f"makes more than {MOST_WINDOWS} windows"),
    ):
        assert reason in sentence(client.post(f"/predict?{query}", content=content, headers=WAV), 422)
    assert sentence(client.post("/predict", data={"text": "yes"}, files={"file": b""}), 400)
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    assert "no file" in sentence(client.post("/predict", content=b"--x--\r\n", headers=form), 400)
    assert sentence(client.post("/predict", content=b"--x\r\nbroken", headers=form), 400)
    two = [("file", ("a.wav", content)), ("file", ("b.wav", content))]
    assert "Too many files" in sentence(client.post("/predict", files=two), 400)
    assert "is no recording" in sentence(client.post("/predict", data={"text": "yes"}), 415)
    assert "is no recording" in sentence(client.post("/predict", json={}), 415)
    assert sentence(client.get("/predict"), 405) == "/predict takes no GET."
    assert sentence(client.get("/../etc/passwd"), 404) == "there is no /etc/passwd."


def test_a_request_is_received_up_to_its_limit(client: TestClient, uploads: Path, limits: RequestLimits) -> None:
    read = 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1 << 16
            yield bytes(1 << 16)

    said = "the request has more than 1 MB."
    declared = {**WAV, "Content-Length": str(limits.size + 1)}
    assert sentence(client.post("/predict", content=b"RIFF", headers=declared), 413) == said
    form = client.post("/predict", files={"file": ("a.wav", bytes(limits.size + 1))})
    assert sentence(form, 413) == said
    transport = ASGITransport(client.app)

    async def send() -> httpx.Response:
        async def blocks() -> AsyncIterator[bytes]:
            for block in endless():
                yield block

        async with AsyncClient(transport=transport, base_url="http://localhost") as one:
            return await one.post("/predict", content=blocks(), headers=WAV)

    assert sentence(asyncio.run(send()), 413) == said
    assert read < limits.size + (1 << 18)
    assert [path.name for path in uploads.iterdir()] == ["scratch"]


def test_a_recording_is_decoded_up_to_its_limit(client: TestClient, tmp_path: Path) -> None:
    """A minute of silence, which has a few kilobytes."""
    for name, kind in (("a.flac", None), ("a.ogg", "VORBIS")):
        with soundfile.SoundFile(tmp_path / name, "w", 8000, 1, kind) as file:
            file.write(np.zeros(8000 * 60))
        answer = client.post("/predict", files={"file": (name, (tmp_path / name).read_bytes())})
        assert sentence(answer, 413) == f"{name}: lasts more than 20 s."


def test_nothing_is_kept_of_a_recording(client: TestClient, recording: Path, uploads: Path) -> None:
    for content in (recording.read_bytes(), b"no sound"):
        client.post("/predict", files={"file": ("secret name.wav", content)})
    assert [path.name for path in uploads.iterdir()] == ["scratch"]
    assert list((uploads / "scratch").iterdir()) == []


def test_what_is_known_of_the_model(client: TestClient, trained: Trained, limits: RequestLimits) -> None:
    about = client.get("/model").json()
    assert about["classes"] == ["angry", "happy", "neutral", "sad"]
    assert (about["corpus"], about["protocol"]) == ("tiny", "held-out")
    assert about["utterances"] == {"train": 8, "dev": 4, "test": 4}
    assert about["needs"] == {"text": False, "speaker": False}
    assert about["limits"]["bytes"] == limits.size
    assert "does not measure what a person feels" in about["uses"]
    health = client.get("/health")
    assert (health.status_code, health.json()["status"], health.json()["model"]) == (200, "ok", trained.name)


def test_a_system_that_needs_more_than_sound_refuses_without_it(runs: dict[str, Path], limits: RequestLimits) -> None:
    reads_text = trained_run.read(runs["Text-CNN"])
    assert facts(reads_text, limits)["needs"] == {"text": True, "speaker": False}
    with pytest.raises(RefusedError, match="Text-CNN reads given transcripts: send 'text'"):
        posted(Upload(Path("a"), "a", {}), reads_text)
    with pytest.raises(RefusedError, match="a window has no text of its own"):
        posted(Upload(Path("a"), "a", {"window": "1"}), reads_text)
    assert posted(Upload(Path("a"), "a", {"text": "yes"}), reads_text).text == "yes"


class Blocked(Worker):
    """A worker without a process that answers when it may."""

    alive = True

    def __init__(self, patience: float | None = None) -> None:
        self.asked, self.may, self.patience = threading.Event(), threading.Event(), patience

    def ready(self, timeout: float | None = None) -> None:
        pass

    def call(self, argument: Any, timeout: float | None = None) -> Any:
        self.asked.set()
        assert self.may.wait(self.patience or timeout), "it was never allowed to answer"
        return {"recording": argument.name}


def test_requests_beyond_those_that_may_wait_are_refused_at_once(trained: Trained, tmp_path: Path) -> None:
    worker, limits = Blocked(), RequestLimits(waiting=2)
    app = application(trained, Pool([worker], limits), limits, tmp_path)

    async def crowd() -> list[httpx.Response]:
        async with AsyncClient(transport=ASGITransport(app), base_url="http://localhost") as one:
            inside = [asyncio.create_task(one.post("/predict", content=b"a", headers=WAV)) for _ in range(3)]
            while len(list(tmp_path.iterdir())) < 3:
                await asyncio.sleep(0.01)
            refused = await one.post("/predict", content=b"a", headers=WAV)
            assert (await one.get("/health")).status_code == 200, "it is answered while all are busy"
            worker.may.set()
            return [refused, *await asyncio.gather(*inside), await one.post("/predict", content=b"a", headers=WAV)]

    refused, *others = asyncio.run(crowd())
    assert "busy" in sentence(refused, 503)
    assert int(refused.headers["Retry-After"]) > 0
    assert [one.status_code for one in others] == [200] * 4


def test_a_request_that_waits_too_long_is_refused(trained: Trained, tmp_path: Path) -> None:
    worker, limits = Blocked(patience=30), RequestLimits(waiting=2, timeout=0.2)
    app = application(trained, Pool([worker], limits), limits, tmp_path)

    async def two() -> list[httpx.Response]:
        async def stalled() -> AsyncIterator[bytes]:
            yield b"RIFF"
            await asyncio.sleep(5)

        async with AsyncClient(transport=ASGITransport(app), base_url="http://localhost") as one:
            slow = await one.post("/predict", content=stalled(), headers=WAV)
            first = asyncio.create_task(one.post("/predict", content=b"a", headers=WAV))
            await asyncio.to_thread(worker.asked.wait, 10)
            second = await one.post("/predict", content=b"a", headers=WAV)
            worker.may.set()
            return [slow, second, await first]

    slow, second, first = asyncio.run(two())
    assert "not received within 0.2 s" in sentence(slow, 408)
    assert "busy" in sentence(second, 503)
    assert first.status_code == 200
    assert list(tmp_path.iterdir()) == []


def test_only_its_own_page_may_use_the_server(server: Starlette) -> None:
    def status(host: str, **headers: str) -> int:
        return TestClient(server, base_url=f"http://{host}").get("/health", headers=headers).status_code

    own = ("127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000", "192.168.1.7", "ser.example:443")
    assert {status(host) for host in own} == {200}
    assert {status(host) for host in ("rebound.example", "localhost.example", "127.0.0.1.example:80")} == {403}
    assert {status("localhost", **{"Sec-Fetch-Site": site}) for site in ("same-origin", "none")} == {200}
    assert {status("localhost", **{"Sec-Fetch-Site": site}) for site in ("cross-site", "same-site")} == {403}


def test_the_policy_names_the_styles_and_the_script_of_the_page(client: TestClient) -> None:
    answer = client.get("/")
    parts = re.findall(r"<(style|script)>(.*?)</", answer.text, re.DOTALL)
    assert [tag for tag, _ in parts] == ["style", "style", "script"]
    for _, text in parts:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in answer.headers["Content-Security-Policy"]
    assert "{{" not in answer.text
    assert not re.search(r"<[^>]*(src|href)=.?(http|//)", answer.text)


def test_every_answer_has_the_headers_that_bound_it(client: TestClient) -> None:
    for address in ("/", "/health", "/model", "/nothing"):
        answer = client.get(address, headers={"Origin": "https://other.example"})
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "http" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert not [name for name in answer.headers if name.startswith("access-control")]
