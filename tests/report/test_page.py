"""The page: warnings, separation of rankings, nothing loaded from elsewhere, numbers that can be recomputed."""

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from ser.config.schema import Block
from ser.errors import SerError
from ser.report.formats import duration, short

VOID = {"meta", "br", "img", "link", "input", "hr", "path", "use", "rect"}
OPTIONAL = {"p", "li", "dt", "dd"}


class Page(HTMLParser):
    """Elements, resources and the text of every table of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.tables: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.loads += [named[key] or "" for key in ("src", "srcset", "xlink:href", "data", "poster") if key in named]
        if tag in ("link", "image", "use", "iframe") and named.get("href"):
            self.loads.append(named["href"] or "")
        if named.get("id"):
            self.ids.append(named["id"] or "")
        if tag == "table":
            self.tables.append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag, (tag, self.getpos())

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if "table" in self.open:
            self.tables[-1] += data


def parsed(folder: Path) -> Page:
    page = Page()
    page.feed((folder / "index.html").read_text(encoding="utf-8"))
    page.close()
    assert not page.open
    return page


def test_page_is_well_formed_and_loads_nothing(both):
    page = parsed(both)
    assert all(load.startswith("#") for load in page.loads), page.loads
    text = (both / "index.html").read_text(encoding="utf-8")
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    assert len(page.ids) == len(set(page.ids))


def test_rankings_never_share_a_table(both):
    results = [table for table in parsed(both).tables if "Folds × seeds" in table]
    independent = [table for table in results if "Leave one session out" in table]
    leaking = [table for table in results if "Random folds" in table]
    assert len(independent) == len(leaking) == 1
    assert independent[0] != leaking[0]
    assert "not to be ranked with speaker-independent rows" in leaking[0]


def test_titles_are_escaped(both):
    text = (both / "index.html").read_text(encoding="utf-8")
    assert "Random folds &amp; &lt;leaks&gt;" in text
    assert "<leaks>" not in text


def test_warning_is_on_the_page_and_in_every_results_table(both):
    page = parsed(both)
    warned = [table for table in page.tables if "Folds × seeds" in table or "Δ UA" in table or "recalls.csv" in table]
    assert warned
    assert all("mean nothing about emotion" in table for table in warned)
    assert 'role="alert"' in (both / "index.html").read_text(encoding="utf-8")


def test_no_utterance_is_on_the_page(both):
    text = (both / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"\b\d-0\d\d\b", text)


def test_published_numbers_are_listed_and_marked_not_comparable(both):
    text = re.sub(r"\s+", " ", (both / "index.html").read_text(encoding="utf-8"))
    assert re.search(r'data-title="Published WA"[^>]*>65\.40<small title="Published UA">UA 66\.70</small>', text)
    assert "not comparable: other corpus" in text
    assert "10-fold 8:1:1" in text


def test_provenance_and_defaults_are_on_the_page(both):
    text = (both / "index.html").read_text(encoding="utf-8")
    for fact in (
        "0123456789abcdef",
        "Some CPU",
        "2.4.0",
        "not installed",
        "the paper prints none",
        "those of test folds",
    ):
        assert fact in text, fact


def test_snippet_recomputes_the_stated_numbers(both, monkeypatch, capsys):
    monkeypatch.chdir(both.parents[1])
    text = (both / "index.html").read_text(encoding="utf-8")
    code = html.unescape(re.search(r"<pre><code>(.*?)</code></pre>", text, re.DOTALL).group(1))
    exec(code, {})
    printed = capsys.readouterr().out
    wa, ua = re.search(r"seed \d+:\s+WA ([\d.]+), UA ([\d.]+)\.", text).groups()
    assert printed.split() == ["WA", wa, "UA", ua]


@pytest.mark.usefixtures("undrawn")
def test_partial_folds_are_marked_and_never_best(reported, plan_of):
    plan = plan_of(
        Block(corpora=("demo",), protocols=("session-out",), systems=("Audio-CNN",), folds=(0,)),
        Block(corpora=("demo",), protocols=("session-out",), systems=("SVM_50%",)),
    )
    folder = reported(plan)
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert "partial: fold 0 of 3" in text
    assert 'class="best"' not in text
    assert "partial: fold 0 of 3" in (folder / "tables/results.md").read_text(encoding="utf-8")
    table = pd.read_csv(folder / "tables/results.csv").set_index("system")
    assert table.loc["Audio-CNN", "partial"] == "partial: fold 0 of 3"
    assert pd.isna(table.loc["SVM_50%", "partial"])


def test_one_run_one_fold_without_dev_part(reported, plan_of):
    plan = plan_of(Block(corpora=("other",), protocols=("session-out",), systems=("SVM_50%",)), folds=1)
    folder = reported(plan, dev=False)
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert "no dev part" in text
    assert "nothing to subtract" in text
    assert 'role="alert"' not in text
    assert "No system was run under" in (folder / "figures/gap.svg").read_text(encoding="utf-8")
    assert not list(folder.rglob("*.part"))


def test_estimators_have_no_curves_and_the_figure_notes_it(reported, plan_of):
    plan = plan_of(Block(corpora=("other",), protocols=("session-out",), systems=("SVM_50%",)), folds=1)
    folder = reported(plan, epochs=1, dev=False)
    assert "no learning curves" in (folder / "figures/curves.svg").read_text(encoding="utf-8")
    assert "no learning curves" in (folder / "index.html").read_text(encoding="utf-8")


def test_runs_of_an_older_protocol_are_refused(reported, plan_of):
    plan = plan_of(Block(corpora=("other",), protocols=("session-out",), systems=("SVM_50%",)))
    with pytest.raises(SerError, match="trained under digest"):
        reported(plan, protocol_digest="000000000000")


@pytest.mark.usefixtures("undrawn")
def test_torn_and_missing_run_cards_are_named(reported, render, plan_of, tmp_path, monkeypatch):
    plan = plan_of(Block(corpora=("demo",), protocols=("session-out",), systems=("SVM_50%",)), folds=1)
    folder = reported(plan)
    monkeypatch.chdir(tmp_path)
    card = plan.runs()[0].folder / "run.json"
    card.write_text("{", encoding="utf-8")
    with pytest.raises(SerError, match=r"run\.json is not JSON"):
        render(plan, folder)
    card.unlink()
    with pytest.raises(SerError, match=r"run\.json does not exist"):
        render(plan, folder)


@pytest.mark.usefixtures("undrawn")
def test_warning_survives_a_deleted_manifest(reported, render, plan_of, tmp_path, monkeypatch):
    plan = plan_of(Block(corpora=("demo",), protocols=("session-out",), systems=("SVM_50%",)), folds=1)
    folder = reported(plan)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/demo/manifest.parquet").unlink()
    render(plan, folder)
    assert 'role="alert"' in (folder / "index.html").read_text(encoding="utf-8")


def test_scores_of_other_runs_are_refused(both, render, plan_of, monkeypatch):
    monkeypatch.chdir(both.parents[1])
    fewer = plan_of(Block(corpora=("demo",), protocols=("session-out",), systems=("Audio-CNN",), seeds=(0, 1)))
    with pytest.raises(SerError, match="holds more than the experiment's runs"):
        render(fewer, both)


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.24, "4.2 s"), (59, "59 s"), (200, "3 min 20 s"), (3600 * 5 + 420, "5 h 07 min")]
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_short_counts():
    assert [short(number) for number in (999, 93_573, 1_745_000)] == ["999", "93.6 k", "1.75 M"]


@pytest.mark.usefixtures("undrawn")
def test_only_a_row_whose_embedding_saw_test_speakers_has_that_leak(both, reported, plan_of):
    leak = "voices of test speakers"
    assert leak in (both / "index.html").read_text(encoding="utf-8")
    assert pd.read_csv(both / "tables/results.csv")["leaks"].str.contains(leak).all()
    block = Block(corpora=("demo",), protocols=("session-out",), systems=("Audio-CNN",))
    published = {"xvector": {"provenance": "SpeechBrain-format file embedding_model.ckpt, blake2b 01"}}
    folder = reported(plan_of(block), features=published)
    assert leak not in (folder / "index.html").read_text(encoding="utf-8")
    assert not pd.read_csv(folder / "tables/results.csv")["leaks"].str.contains(leak).any()
