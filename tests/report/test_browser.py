"""The page in a real browser: offline, no errors, sorting by mouse and keyboard, no wider than a phone."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not on this machine")

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=4000", "--allow-file-access-from-files"),
)
# What the page is asked, in the page; the answer goes to the document around it.
PROBE = """
<script>
const errors = [];
addEventListener("error", event => errors.push(String(event.message)));
addEventListener("load", () => {
  const column = (table, index) => [...table.tBodies[0].rows].filter(row => !row.classList.contains("group"))
    .map(row => row.cells[index].dataset.sort ?? row.cells[index].innerText.trim().split("\\n")[0]);
  const table = document.querySelector("#results table"), heads = table.tHead.querySelectorAll("th");
  const before = column(table, 2);
  heads[2].click();
  const down = column(table, 2), first = heads[2].getAttribute("aria-sort");
  heads[2].click();
  const up = column(table, 2);
  heads[0].focus();
  heads[0].dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true}));
  const names = column(table, 0), focused = document.activeElement === heads[0];
  const wide = [...document.querySelectorAll("body *")].filter(one => !one.closest(".scroll, figure svg, pre")
    && one.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(one).position !== "absolute");
  parent.postMessage(JSON.stringify({
    errors, before, down, first, up, names, focused,
    width: innerWidth, overflow: document.documentElement.scrollWidth - innerWidth,
    wide: wide.slice(0, 5).map(one => one.outerHTML.slice(0, 120)),
    loads: performance.getEntriesByType("resource").map(one => one.name),
    regions: [...document.querySelectorAll("[role=region]")].every(one => one.tabIndex === 0 && one.ariaLabel),
    targets: [...document.querySelectorAll("nav a")].filter(one => !document.querySelector(one.hash)).map(String),
    headings: document.querySelectorAll("h2").length,
    sideways: [...document.querySelectorAll(".scroll")].filter(one => one.querySelector("table")
      && one.scrollWidth > one.clientWidth + 1).map(one => one.ariaLabel),
    cut: [...document.querySelectorAll(".scroll > table > caption")]
      .filter(one => one.getBoundingClientRect().width > one.closest(".scroll").clientWidth + 1)
      .map(one => [one.innerText.slice(0, 60), one.getBoundingClientRect().width, one.closest(".scroll").clientWidth]),
  }), "*");
});
</script>
"""
AROUND = """<!DOCTYPE html><meta charset="utf-8"><body><pre id="answer"></pre>
<iframe src="page.html" style="border:0;width:%dpx;height:2000px"></iframe>
<script>addEventListener("message", event => { document.getElementById("answer").textContent = event.data; });</script>
"""


def browse(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(CHROMIUM), *FLAGS, *arguments]
    return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=600, check=False)


def ask(page: str, width: int, folder: Path) -> dict[str, Any]:
    """Return what ``page`` answers at ``width`` pixels, with the browser's log."""
    (folder / "page.html").write_text(page.replace("<head>", "<head>" + PROBE, 1), encoding="utf-8")
    (folder / "around.html").write_text(AROUND % width, encoding="utf-8")
    done = browse("--dump-dom", f"--user-data-dir={folder / 'profile'}", (folder / "around.html").as_uri())
    answer = re.search(r'<pre id="answer">(.+?)</pre>', done.stdout, re.DOTALL)
    assert answer, done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    return {**json.loads(html.unescape(answer.group(1))), "console": console}


@pytest.fixture(scope="module")
def desk(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the page answers on a desk."""
    return ask((whole / "index.html").read_text(encoding="utf-8"), 1280, tmp_path_factory.mktemp("desk"))


def test_page_works_offline_without_an_error(desk: dict[str, Any]) -> None:
    assert desk["errors"] == []
    assert desk["console"] == []
    assert desk["loads"] == []
    assert desk["targets"] == [], "every link of the contents leads somewhere"
    assert desk["headings"] > 12


def test_headers_sort_by_mouse_and_by_keyboard(desk: dict[str, Any]) -> None:
    values = [float(value) for value in desk["before"]]
    assert len(set(values)) == 2
    assert [float(value) for value in desk["down"]] == sorted(values, reverse=True)
    assert [float(value) for value in desk["up"]] == sorted(values)
    assert desk["first"] == "descending"
    assert desk["names"] == sorted(desk["names"], reverse=True)
    assert desk["focused"]
    assert desk["regions"], "what scrolls can be reached by keyboard and has a name"


@pytest.mark.parametrize("width", [390, 800])
def test_a_narrow_window_needs_no_scrolling_sideways(whole: Path, tmp_path: Path, width: int) -> None:
    answer = ask((whole / "index.html").read_text(encoding="utf-8"), width, tmp_path)
    assert answer["width"] == width
    assert answer["cut"] == [], "a caption is read without scrolling"
    assert answer["sideways"] == [] or width > 640, "on a phone every cell of a table is seen without scrolling"
    assert answer["overflow"] <= 0, answer["wide"]
    assert answer["wide"] == []


def test_a_page_with_faults_is_found_out(tmp_path: Path) -> None:
    broken = """<!DOCTYPE html><html><head></head><body><nav><a href="#nowhere">x</a></nav>
    <p style="width:900px">wide</p><img src="https://example.org/x.png">
    <section id="results"><table><thead><tr><th>a<th>b<th>c</thead><tbody><tr><td>1<td>2<td>3</table></section>
    <script>console.error("oh"); throw new Error("broken");</script></body></html>"""
    answer = ask(broken, 390, tmp_path)
    assert answer["overflow"] > 0
    assert answer["wide"]
    assert any("broken" in error for error in answer["errors"])
    assert answer["console"]
    assert answer["loads"] == ["https://example.org/x.png"]
    assert len(answer["targets"]) == 1


def test_it_prints(whole: Path, tmp_path: Path) -> None:
    paper = tmp_path / "page.pdf"
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    done = browse(f"--print-to-pdf={paper}", "--no-pdf-header-footer", profile, (whole / "index.html").as_uri())
    assert paper.is_file(), done.stderr[-2000:]
    content = paper.read_bytes()
    assert content.startswith(b"%PDF")
    assert 4 <= content.count(b"/Type /Page\n") + content.count(b"/Type /Page ") <= 60
