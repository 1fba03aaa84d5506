"""A system of which a run learned nothing is marked, not ranked, and never called better, worse or reproduced."""

import json
import math
import re
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser.config.plan import Plan
from ser.config.schema import Block
from ser.papers import matching
from ser.report import overview
from ser.report.data import experiment
from ser.report.data.runs import NOT_TRAINED, trained
from ser.report.sections import comparisons, curves, ranking

pytestmark = pytest.mark.usefixtures("undrawn")
OUT = Path("results/trial")
BLOCK = Block(corpora=("other",), protocols=("session-out", "random"), systems=("Audio-CNN", "SVM_50%"), seeds=(0, 1))


@pytest.fixture
def report_of(
    tmp_path: Path,
    plan_of: Callable[..., Plan],
    trained: Callable[..., None],
    judge: Callable[..., None],
    render: Callable[..., None],
) -> Callable[..., experiment.ReportData]:
    """Return a function that reports two systems, one of whose runs have the given train losses, the others none."""

    def made(losses: dict[tuple[str, str, int, int], float], block: Block = BLOCK) -> experiment.ReportData:
        plan = plan_of(block)
        with chdir(tmp_path):
            trained(plan)
            for (system, protocol, seed, fold), loss in losses.items():
                for run in plan.runs():
                    if (run.system, run.protocol, run.seed, run.fold) == (system, protocol, seed, fold):
                        path = run.folder / "run.json"
                        path.write_text(json.dumps(json.loads(path.read_text()) | {"train": {"loss": loss}}))
            judge(plan, OUT)
            render(plan, OUT)
            names = ("scores", "confusions", "intervals", "comparisons", "contrasts")
            return experiment.read(plan, {name: OUT / f"{name}.parquet" for name in names})

    return made


def test_a_loss_near_that_of_a_constant_answer_is_not_trained() -> None:
    floor = math.log(4)
    card = {"classes": list("abcd")}
    assert trained(card)  # of an estimator, or of an older run
    assert trained(card | {"train": {"loss": None, "WA": None, "UA": None}})
    assert trained(card | {"train": {"loss": (NOT_TRAINED - 0.01) * floor}})
    assert not trained(card | {"train": {"loss": (NOT_TRAINED + 0.01) * floor}})
    assert not trained(card | {"train": {"loss": 3 * floor}})
    assert trained({"classes": list("abcdefgh"), "train": {"loss": floor}})  # of eight classes


def test_the_row_is_marked_and_not_ranked(report_of: Callable[..., experiment.ReportData], tmp_path: Path) -> None:
    lost = {("Audio-CNN", "session-out", 0, 1): 1.38, ("Audio-CNN", "session-out", 1, 1): 1.3}
    report_of(lost | {("Audio-CNN", "session-out", 0, 0): 0.2})
    rows = pd.read_csv(tmp_path / OUT / "tables/results.csv", keep_default_na=False)
    marks = {(row.protocol, row.system): row.untrained for row in rows.itertuples()}
    assert marks.pop(("session-out", "Audio-CNN")) == "not trained: 2 of 6 runs"
    assert set(marks.values()) == {""}
    assert rows[rows["protocol"] == "session-out"]["system"].tolist() == ["SVM_50%", "Audio-CNN"]
    text = (tmp_path / OUT / "tables/results.md").read_text(encoding="utf-8")
    assert "3 × 2 (not trained: 2 of 6 runs; not ranked)" in text
    page = (tmp_path / OUT / "index.html").read_text(encoding="utf-8")
    results = page[page.index('id="results"') : page.index('id="comparisons"')]
    assert '<code>Audio-CNN</code> <span class="badge hot">not trained: 2 of 6 runs</span>' in results
    assert results.count("not trained: not ranked") == 1
    assert 'class="best"' in results  # random-folds still have a best row
    assert 'class="best"' not in results[: results.index("Random folds")]


def test_no_statement_calls_it_better_or_worse(report_of: Callable[..., experiment.ReportData], tmp_path: Path) -> None:
    fine = report_of({})
    [before] = [one for one in comparisons.compared(fine) if one.protocol == "random"]
    assert len(ranking.changes(fine)) == 1
    assert any("of 2 systems" in text for text in overview._best(fine))
    comparisons.compared.cache_clear()
    lost = report_of({("Audio-CNN", protocol, 0, 0): 1.38 for protocol in ("session-out", "random")})
    assert ranking.changes(lost) == []
    assert list(overview._best(lost)) == []
    [after] = [one for one in comparisons.compared(lost) if one.protocol == "random"]
    assert (before.pairs[0]["untrained"], after.pairs[0]["untrained"]) == ("", "Audio-CNN not trained: 1 of 6 runs")
    assert before.pairs[0]["UA"]["p_holm"] == after.pairs[0]["UA"]["p_holm"]
    assert after.differing == 0
    text = (tmp_path / OUT / "tables/comparisons.md").read_text(encoding="utf-8")
    assert text.count("Audio-CNN not trained: 1 of 6 runs") == 2
    [result] = [one for one in lost.results if one.key == ("other", "random", "Audio-CNN")]
    assert "not trained: 1 of 6 runs" in result.remark


def test_a_claim_about_it_is_not_comparable(report_of: Callable[..., experiment.ReportData]) -> None:
    lost = report_of({("Audio-CNN", "random", 0, 0): 1.38})
    [result] = [one for one in lost.results if one.key == ("other", "random", "Audio-CNN")]
    assert result.published
    assert "not trained: 1 of 6 runs" in matching.obstacles(result.own, result.published)


def test_curves_have_both_losses_and_their_floor(report_of: Callable[..., experiment.ReportData]) -> None:
    from matplotlib.figure import Figure

    lost = report_of({}, Block(corpora=("other",), protocols=("session-out",), systems=("Audio-CNN",)))
    axes = Figure().subplots(2)
    curves.panels(lost)[0].draw(axes)
    levels = [line.get_ydata() for line in axes[0].lines]
    histories = [record.history for record in lost.records]
    for name in ("train_loss", "dev_loss"):
        for history in histories:
            assert any(np.array_equal(history[name].to_numpy(), level) for level in levels)
    assert any(list(level) == [math.log(4)] * 2 for level in levels)
    assert re.search(r"ln\(classes\)", curves.LEAD)
