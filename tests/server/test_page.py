"""The page in a real browser: files, drag and drop, the microphone, the keyboard, and no wider than a phone."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from browser import CHROMIUM, Page, browser
from served import serving

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not on this machine")

ANSWERS = """[...document.querySelectorAll(".answer")].map(one => ({
  name: one.querySelector("h2").innerText, predicted: one.querySelector(".predicted").innerText,
  bars: Object.fromEntries([...one.querySelectorAll("dt")].map(term => [term.innerText,
    [term.nextSibling.nextSibling.innerText, term.nextSibling.getBoundingClientRect().width,
     parseFloat(getComputedStyle(term.nextSibling, "::before").width)]])),
  chart: one.querySelector("svg")?.getAttribute("aria-label") ?? null,
  drawn: !one.querySelector("canvas").hidden,
}))"""


@pytest.fixture(scope="module")
def server(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(run, tmp_path_factory.mktemp("temporary"), "--limit-mb", "2") as (client, _):
        yield client


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("profile"), "--use-fake-device-for-media-stream") as found:
        yield found


def answered(page: Page, count: int) -> None:
    page.wait(f"document.querySelectorAll('.answer').length === {count}")


def test_files_are_answered_as_by_the_address(server: httpx.Client, page: Page, recording: Path, long: Path) -> None:
    page.open(str(server.base_url))
    bad = long.with_name("<img src=x onerror=document.title='run'>.mp3")
    bad.write_text("no sound")
    page.choose(recording, long, bad)
    answered(page, 2)
    page.wait("document.getElementById('problem').innerText !== ''")
    assert page.evaluate("document.getElementById('problem').innerText") == (
        f"{bad.name}: cannot be read as audio: it is text."
    )
    assert page.evaluate("document.title") == "Speech emotion recognition", "a name is text, not a part of the page"
    of_long, of_short = page.evaluate(ANSWERS)
    assert (of_long["name"], of_short["name"]) == ("long.wav", "one.wav")
    assert of_short["drawn"]
    assert of_short["chart"] is None
    expected = server.post("/predict", files={"file": recording.read_bytes()}).json()["answers"][0]
    shares = expected["probabilities"]
    assert of_short["predicted"] == f"{expected['predicted']} {100 * shares[expected['predicted']]:.0f} %"
    for name, (number, whole, length) in of_short["bars"].items():
        assert number == f"{100 * shares[name]:.0f} %"
        assert length == pytest.approx(shares[name] * whole, abs=1)
    assert of_long["chart"].startswith("Most probable class over time: 0.0 s to 2.0 s ")
    edges = "(one => [one.left, one.right])(document.querySelector('.timed %s').getBoundingClientRect())"
    row, wave = (page.evaluate(edges % name) for name in ("svg .row", "canvas"))
    assert row == pytest.approx(wave, abs=1), "both have one axis of time"


def test_the_page_loads_nothing_from_elsewhere(server: httpx.Client, page: Page) -> None:
    page.requests.clear()
    page.problems.clear()
    page.open(str(server.base_url))
    addresses = {one for one in page.requests if not one.startswith(("data:", "blob:"))}
    assert addresses == {str(server.base_url.join(path)) for path in ("/", "/model")}
    assert page.problems == [], "its own policy lets its styles and script work"
    text = page.evaluate("document.body.innerText")
    assert "trained on the corpus tiny (8 utterances, 4 for selection)" in text
    assert "does not measure what a person feels" in text
    assert page.evaluate("getComputedStyle(document.getElementById('drop')).borderStyle") == "dashed"


def test_dropped_files_are_answered(server: httpx.Client, page: Page, recording: Path) -> None:
    page.open(str(server.base_url))
    content = json.dumps(list(recording.read_bytes()))
    page.evaluate(f"""(() => {{
      const moved = new DataTransfer(), options = {{dataTransfer: moved, bubbles: true, cancelable: true}};
      moved.items.add(new File([new Uint8Array({content})], "dropped.wav"));
      document.getElementById("drop").dispatchEvent(new DragEvent("drop", options));
    }})()""")
    answered(page, 1)
    assert page.evaluate(ANSWERS)[0]["name"] == "dropped.wav"
    assert "dropped.wav" in page.evaluate("document.querySelector('[role=status]').innerText"), "it is announced"


def test_the_microphone_is_used_by_keyboard(server: httpx.Client, page: Page) -> None:
    address = f"http://localhost:{server.base_url.port}/"
    microphone = {"name": "microphone"}
    page.ask("Browser.setPermission", permission=microphone, setting="granted", origin=address)
    page.open(address)
    for _ in range(3):  # a link to the answers, the files, the microphone
        page.key("Tab")
    assert page.evaluate("document.activeElement.id") == "record"
    page.key("Enter")
    page.wait("document.getElementById('record').innerText === 'Stop (1 s)'")
    assert page.evaluate("document.getElementById('record').getAttribute('aria-pressed')") == "true"
    page.key(" ")
    answered(page, 1)
    assert page.evaluate(ANSWERS)[0]["name"].startswith("microphone ")
    assert page.evaluate("document.getElementById('record').innerText") == "Record with the microphone"
    page.ask("Browser.setPermission", permission=microphone, setting="denied", origin=address)
    page.evaluate("document.getElementById('record').click()")
    page.wait("document.getElementById('problem').innerText.startsWith('The microphone was refused')")


@pytest.mark.parametrize("width", [320, 390, 800])
def test_a_narrow_window_needs_no_scrolling_sideways(server: httpx.Client, page: Page, long: Path, width: int) -> None:
    page.open(str(server.base_url), width)
    page.choose(long)
    answered(page, 1)
    assert page.evaluate("innerWidth") == width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
