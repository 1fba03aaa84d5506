"""The page: complete, self-contained, of bounded size, and readable in a browser as wide as a phone."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from ser.errors import SerError
from ser.inference.predictions import Failures
from ser.inference.recordings import Request
from ser.inference.trained import AudioSettings
from ser.inference.utterance import Answer, TimedAttention
from ser.prediction_page import page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CLASSES = ("angry", "happy", "neutral", "sad")
RUN = {"corpus": "tiny", "protocol": "held-out", "system": "One"}
CONTENTS = SimpleNamespace(run=RUN, audio=AudioSettings())
SYSTEM: Any = SimpleNamespace(name="One", classes=CLASSES, trained=SimpleNamespace(contents=CONTENTS))
SECONDS = 30


@pytest.fixture(scope="module")
def wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wav") / "noise.wav"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.5, 0.5, SECONDS * 8000), 8000)
    return path


def answer(seed: int, start: float | None = None, end: float | None = None, *, attended: bool = False) -> Answer:
    values = np.random.default_rng(seed).dirichlet(np.ones(len(CLASSES)))
    weights = np.random.default_rng(seed).dirichlet(np.ones(50)).astype(np.float32)
    found = (TimedAttention("timestep", (start or 0) + 0.01, 0.02, weights, 1 / 50),) if attended else ()
    shares = dict(zip(CLASSES, values.tolist(), strict=True))
    return Answer(max(shares, key=lambda name: shares[name]), shares, start, end, found)


def windows(path: Path, name: str, count: int) -> Iterator[tuple[Request, Answer]]:
    """Yield windows that fill the recording, each with other probabilities."""
    bounds = np.linspace(0, SECONDS, count + 1)
    for seed, (start, end) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
        yield Request(path, name, start, end, window=True), answer(seed, start, end, attended=True)


class Found(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_every_recording_is_in_the_table_and_the_first_are_drawn(wav: Path, tmp_path: Path) -> None:
    count = page.DRAWN + 3
    rows = [(Request(wav, f"a{k}<b>.wav"), answer(k, attended=k == 0)) for k in range(count)]
    failures = Failures()
    failures.add(Request(Path("gone.wav"), "gone.wav"), SerError("does not exist."))
    assert page.write(iter(rows), SYSTEM, failures, tmp_path / "p.html") == count
    found = Found((tmp_path / "p.html").read_text(encoding="utf-8"))
    assert len(found.of("article")) == page.DRAWN
    assert len(found.of("tr")) == count + 1
    assert found.of("b") != []
    assert all(f"a{k}<b>.wav" in found.text for k in range(count))
    assert "gone.wav: does not exist" in found.text
    labels = [str(one["aria-label"]) for one in found.of("svg")]
    assert len(labels) == page.DRAWN * (1 + len(CLASSES)) + 1
    assert sum(label.startswith("Attention timestep over time: up to") for label in labels) == 1
    assert labels[0].startswith("Waveform, 30.0 s, its peak −6 dB of full scale")
    shares = rows[0][1].probabilities
    assert [f"{name}: {100 * shares[name]:.0f} %" in labels for name in CLASSES] == [True] * len(CLASSES)


def test_windows_of_a_recording_are_one_drawing_with_means(wav: Path, tmp_path: Path) -> None:
    rows = [*windows(wav, "one.wav", 12), *windows(wav, "one.wav", 5), (Request(wav, "two.wav"), answer(1))]
    assert page.write(iter(rows), SYSTEM, Failures(), tmp_path / "p.html") == 18
    found = Found((tmp_path / "p.html").read_text(encoding="utf-8"))
    assert len(found.of("article")) == 3, "a table may have a recording twice"
    mean = np.mean([one.probabilities["sad"] for _, one in rows[:12]])
    most = sum(one.label == "sad" for _, one in rows[:12])
    expected = f"sad over time: {100 * mean:.0f} % on average, most probable in {most} of 12 windows"
    assert expected in [one["aria-label"] for one in found.of("svg")]


def test_the_page_loads_nothing_and_its_size_is_bounded(
    wav: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, bound in {"DRAWN": 1, "LISTED": 10}.items():
        monkeypatch.setattr(page, name, bound)
    rows = [*windows(wav, "long.wav", 900), *((Request(wav, f"{k}.wav"), answer(k)) for k in range(20))]
    page.write(iter(rows), SYSTEM, Failures(), tmp_path / "p.html")
    text = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert len(text) < 120_000, "so that 40 drawings have less than 5 MB"
    assert "11 more are left out" in " ".join(Found(text).text.split())
    assert re.findall(r"""(?:src|href)=["'](?!#)|url\(|@import|https?:""", text) == []


def test_nothing_is_written_without_an_answer_and_an_unreadable_recording_keeps_its_numbers(tmp_path: Path) -> None:
    assert page.write(iter(()), SYSTEM, Failures(), tmp_path / "p.html") == 0
    assert not (tmp_path / "p.html").exists()
    page.write(iter([(Request(tmp_path / "gone.wav", "gone.wav"), answer(0))]), SYSTEM, Failures(), tmp_path / "p.html")
    found = Found((tmp_path / "p.html").read_text(encoding="utf-8"))
    assert "cannot be read again" in found.text
    assert len(found.of("svg")) == len(CLASSES)


PROBE = """<script>const errors = []; addEventListener("error", event => errors.push(event.message));
addEventListener("load", () => parent.postMessage(JSON.stringify({errors, width: innerWidth,
  overflow: document.documentElement.scrollWidth - innerWidth,
  wide: [...document.querySelectorAll("svg, h3, .axis")]
    .filter(one => one.getBoundingClientRect().right > innerWidth).length,
  drawn: [...document.querySelectorAll(".track svg")].every(one => one.getBoundingClientRect().width > 100)}), "*"));
</script>"""
AROUND = """<!DOCTYPE html><meta charset="utf-8"><body><pre id="answer"></pre>
<iframe src="page.html" style="border:0;width:%dpx;height:2000px"></iframe>
<script>addEventListener("message", event => { document.getElementById("answer").textContent = event.data; });</script>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not on this machine")
@pytest.mark.parametrize("width", [390, 1200])
def test_the_page_fits_a_phone_and_a_desk(wav: Path, tmp_path: Path, width: int) -> None:
    rows = [*windows(wav, "a-name-of-a-recording-without-any-space-in-it" * 3, 12), (Request(wav, "b"), answer(3))]
    page.write(iter(rows), SYSTEM, Failures(), tmp_path / "p.html")
    text = (tmp_path / "p.html").read_text(encoding="utf-8")
    (tmp_path / "page.html").write_text(text.replace("<head>", "<head>" + PROBE, 1), encoding="utf-8")
    (tmp_path / "around.html").write_text(AROUND % width, encoding="utf-8")
    flags = (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=3000",
        "--dump-dom",
        "--hide-scrollbars",
    )
    apart = ("--allow-file-access-from-files", f"--user-data-dir={tmp_path / 'profile'}")
    command = [str(CHROMIUM), *flags, *apart, (tmp_path / "around.html").as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=600, check=False)
    said = re.search(r'<pre id="answer">(.+?)</pre>', done.stdout, re.DOTALL)
    assert said, done.stderr[-2000:]
    assert json.loads(said.group(1)) == {"errors": [], "width": width, "overflow": 0, "wide": 0, "drawn": True}
