"""``ser serve`` as a process of its own."""

import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
import soundfile
from served import serving
from typer.testing import CliRunner

from ser import cli


def test_a_server_answers_many_at_once_and_leaves_nothing(run: Path, recording: Path, tmp_path: Path) -> None:
    with serving(run, tmp_path, "--limit-mb", "2") as (client, process):
        content = recording.read_bytes()

        def send(_: int) -> httpx.Response:
            return client.post("/predict", files={"file": ("one.wav", content)})

        with ThreadPoolExecutor(6) as threads:
            answers = list(threads.map(send, range(12)))
        assert {one.status_code for one in answers} == {200}
        assert len({one.text for one in answers}) == 1
        for _ in range(3):  # an answer before all is received reaches the client
            large = client.post("/predict", content=bytes(8_000_000), headers={"Content-Type": "audio/wav"})
            assert large.status_code == 413
        assert "server" not in client.get("/health").headers
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_recording_that_takes_too_long_is_ended_and_the_server_goes_on(
    run: Path, recording: Path, tmp_path: Path
) -> None:
    slow = tmp_path / "slow.wav"
    noise = np.random.default_rng(0).normal(0, 0.1, 16000 * 290)
    soundfile.write(slow, noise, 16000)
    (tmp_path / "own").mkdir()
    with serving(run, tmp_path / "own", "--timeout", "2") as (client, _):
        assert client.post("/predict", files={"file": slow.read_bytes()}).status_code == 504
        end = time.monotonic() + 240
        while (answer := client.post("/predict", files={"file": recording.read_bytes()})).status_code != 200:
            assert answer.status_code in (503, 504), answer.text  # the new process starts
            assert time.monotonic() < end
        assert client.get("/health").json()["status"] == "ok"


def test_what_cannot_be_served_is_one_sentence(run: Path, tmp_path: Path) -> None:
    def refused(*arguments: str) -> str:
        result = CliRunner().invoke(cli.app, ["serve", *arguments])
        assert result.exit_code == 2
        return result.stderr

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"127.0.0.1:{port} cannot be used (Address already in use)" in refused(str(run), "--port", port)
    assert "is no bundle" in refused(str(tmp_path / "nothing"), "--port", "0")


def test_without_the_extra_the_command_names_it(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "starlette", None)
    result = CliRunner().invoke(cli.app, ["serve", str(run)])
    assert result.exit_code == 2
    assert "ser serve needs the package starlette: pip install 'ser[serve]'" in result.stderr
