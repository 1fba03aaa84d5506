"""What docs/recompute.md computes from the predictions is what the report prints."""

import re
from pathlib import Path

import pandas as pd
import pytest

from ser.report.formats import limits, p_value, percent, points

TEXT = (Path(__file__).parents[2] / "docs/recompute.md").read_text(encoding="utf-8")


@pytest.fixture
def printed(both: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> dict[str, list[float]]:
    """Return the numbers that the document's lines print for the report's own systems, by the text before them."""
    monkeypatch.chdir(both.parents[1])
    code = re.search(r"```python\n(.*?)```", TEXT, re.DOTALL).group(1)
    for shipped, ours in (("session-out-4", "session-out"), ("SVM-ComParE", "Audio-CNN"), ("SVM-eGeMAPS", "SVM_50%")):
        assert shipped in code
        code = code.replace(shipped, ours)
    exec(code, {})
    found: dict[str, list[float]] = {}
    name = ""
    for word in capsys.readouterr().out.split():
        if re.fullmatch(r"-?[\d.e-]+", word):
            found[name].append(float(word))
        else:
            name = word
            found[name] = []
    return found


def test_wa_ua_and_the_interval_are_those_of_the_tables(both: Path, printed: dict[str, list[float]]) -> None:
    table = pd.read_csv(both / "tables/intervals.csv").set_index(["protocol", "system", "metric"])
    row = table.loc[("session-out", "Audio-CNN", "UA")]
    assert [100 * value for value in printed["interval"]] == pytest.approx([row["low"], row["high"]], abs=1e-3)
    assert 100 * printed["UA"][0] == pytest.approx(row["value"], abs=1e-3)
    wa = table.loc[("session-out", "Audio-CNN", "WA"), "value"]
    assert 100 * printed["WA"][0] == pytest.approx(wa, abs=1e-3)


def test_the_p_value_is_that_of_the_table(both: Path, printed: dict[str, list[float]]) -> None:
    table = pd.read_csv(both / "tables/comparisons.csv").query("protocol == 'session-out' and metric == 'UA'")
    [row] = table.to_dict("records")
    assert (row["system"], row["other"]) == ("Audio-CNN", "SVM_50%")
    assert 100 * printed["difference"][0] == pytest.approx(row["difference"])
    assert printed["p"][0] == pytest.approx(row["p"])
    assert 0 < row["p"] <= 1


def test_the_page_shows_these_numbers(both: Path, printed: dict[str, list[float]]) -> None:
    page = (both / "index.html").read_text(encoding="utf-8")
    value, interval = percent(printed["UA"][0]), limits(*printed["interval"])
    bar = r'<span class="meter" style="[^"]*" aria-hidden="true"></span>'
    assert re.search(rf'<b>{re.escape(value)}</b>{bar}<small title="[^"]*">{re.escape(interval)}</small>', page)
    assert f">{points(printed['difference'][0])}<small" in page
    assert p_value(printed["p"][0]) in page
