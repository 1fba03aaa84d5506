"""The section Tests of the report: numbers from the predictions, limits of `ser assess`, nothing passed unseen."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from ser import layout
from ser.config.disturbances import MILD, UNNOTICED
from ser.config.plan import Plan
from ser.config.schema import Block, Robustness
from ser.tables import contracts
from ser.tables.disturbances import DISTURBED

CLASSES = ("angry", "happy", "neutral", "sad")
BLOCK = Block(corpora=("other",), protocols=("session-out",), systems=("Audio-CNN", "SVM_50%"))
ASKED = Robustness(conditions={"white_noise": (20.0, 0.0), "gain": (6.0,)}, systems=("SVM_50%",))


def disturb(plan: Plan, wrong_every: int) -> None:
    """Write what the stage disturb would: at every strength, each n-th answer is another one."""
    for run, one in plan.disturbed():
        rows = contracts.read(contracts.PREDICTIONS, run.folder / "predictions.parquet").to_pylist()
        table = []
        for strength in one.strengths:
            for number, row in enumerate(rows):
                other = CLASSES[(CLASSES.index(row["predicted"]) + 1) % 4]
                predicted = other if number % wrong_every == 0 else row["predicted"]
                table.append({**row, "condition": one.condition, "strength": strength, "predicted": predicted})
        path = layout.disturbed(run.folder, one.condition, one.digest)
        written = pa.Table.from_pylist(table, schema=DISTURBED.schema)
        contracts.write(DISTURBED, written, path, {"classes": json.dumps(CLASSES)})


@pytest.mark.usefixtures("undrawn")
def test_the_report_tests_what_was_computed_with_the_limits_of_assess(
    trained: Callable[..., None],
    plan_of: Callable[..., Plan],
    judge: Callable[..., None],
    render: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = plan_of(BLOCK, robustness=ASKED)
    trained(plan)
    judge(plan, tmp_path)
    disturb(plan, wrong_every=4)
    render(plan, tmp_path)
    table = pd.read_csv(tmp_path / "tables/assessment.csv")
    assert table.groupby("system")["test"].count().to_dict() == dict.fromkeys(
        ("Audio-CNN", "SVM_50%"), 5 + len(MILD) + len(UNNOTICED)
    )
    network, svm = (table[table["system"] == name].set_index("test") for name in ("Audio-CNN", "SVM_50%"))
    assert set(network.loc[network["kind"].isin(["robustness", "consistency"]), "verdict"]) == {"not tested"}
    assert network["value"].notna().sum() == 4  # correctness and calibration
    computed = svm[svm["verdict"] != "not tested"]
    assert list(computed.index[4:]) == ["UA, white_noise 20 less undisturbed", "same answer, gain 6"]
    same = svm.loc["same answer, gain 6"]
    assert same["value"] == pytest.approx(0.75)
    assert same["verdict"] == "failed"
    assert (same["side"], same["limit"]) == ("at least", 0.9)
    ranked = pd.read_csv(tmp_path / "tables/results.csv").set_index("system").loc["SVM_50%"]
    assert 100 * svm.loc["UA above chance"]["value"] == pytest.approx(ranked["UA"], abs=1e-3)
    losses = pd.read_csv(tmp_path / "tables/robustness.csv").set_index(["condition", "strength"])
    noise, loss = losses.loc[("white_noise", 20.0)], svm.loc["UA, white_noise 20 less undisturbed"]
    for name, column in (("value", "UA_difference"), ("low", "UA_difference_low"), ("high", "UA_difference_high")):
        assert 100 * loss[name] == pytest.approx(noise[column], abs=1e-3)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    section = page[page.index('id="assessment"') : page.index('id="calibration"')]
    assert "8 not tested" in section
    assert "1 failed, 4 not tested" in section
    assert '<span class="badge hot">failed</span>' in section
