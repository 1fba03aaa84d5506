"""Robustness in the report, against plain loops over the disturbed predictions."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ser import layout
from ser.config.augmentation import Augmentation
from ser.config.plan import Plan
from ser.config.schema import Block, Robustness
from ser.errors import SerError
from ser.tables import contracts
from ser.tables.disturbances import DISTURBED

CLASSES = ("angry", "happy", "neutral", "sad")
BLOCK = Block(corpora=("other",), protocols=("session-out",), systems=("Audio-CNN", "SVM_50%"))
ASKED = Robustness(conditions={"white_noise": (20.0, 0.0), "gain": (6.0,)}, systems=("SVM_50%",))


def spoiled(plan: Plan) -> None:
    """Write what the stage disturb would: predictions of which more are wrong the louder the noise is."""
    for run, one in plan.disturbed():
        rows = contracts.read(contracts.PREDICTIONS, run.folder / "predictions.parquet").to_pylist()
        table = []
        for strength in one.strengths:
            share = {20.0: 0.2, 0.0: 0.9}.get(strength, 0.0)
            for number, row in enumerate(rows):
                wrong = CLASSES[(CLASSES.index(row["label"]) + 1) % 4]
                predicted = wrong if number % 10 < 10 * share else row["predicted"]
                table.append({**row, "condition": one.condition, "strength": strength, "predicted": predicted})
        path = layout.disturbed(run.folder, one.condition, one.digest)
        notes = {"classes": json.dumps(CLASSES)}
        contracts.write(DISTURBED, pa.Table.from_pylist(table, schema=DISTURBED.schema), path, notes)


def ua(rows: pd.DataFrame) -> float:
    return 100 * float((rows["label"] == rows["predicted"]).groupby(rows["label"]).mean().mean())


def test_ua_of_every_strength_and_its_difference_are_those_of_the_rows(
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
    with pytest.raises(SerError, match="the rule 'disturb' writes it"):
        render(plan, tmp_path)
    spoiled(plan)
    render(plan, tmp_path)
    table = pd.read_csv(tmp_path / "tables/robustness.csv").set_index(["condition", "strength"])
    assert list(table.index) == [("white_noise", 20.0), ("white_noise", 0.0), ("gain", 6.0)]
    assert set(table["system"]) == {"SVM_50%"}
    folders = {run.folder: run for run, _ in plan.disturbed()}
    clean = ua(pd.concat([pd.read_parquet(one / "predictions.parquet") for one in folders]))
    for condition in ("white_noise", "gain"):
        files = [path for one in folders for path in one.glob(f"robustness/{condition}-*.parquet")]
        rows = pd.concat([pd.read_parquet(path) for path in files])
        for strength, mine in rows.groupby("strength"):
            row = table.loc[(condition, strength)]
            assert row["UA"] == pytest.approx(ua(mine), abs=1e-3)
            assert row["UA_difference"] == pytest.approx(ua(mine) - clean, abs=1e-3)
    noise = table.loc[("white_noise", 0.0)]
    assert noise["UA_low"] < noise["UA"] < noise["UA_high"]
    assert noise["UA_difference_low"] < noise["UA_difference"] < noise["UA_difference_high"] < 0
    assert table.loc[("gain", 6.0), "UA_difference"] == 0
    assert np.isnan(table.loc[("gain", 6.0), "UA_difference_low"])
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    section = page[page.index('id="robustness"') : page.index('id="assessment"')]
    assert section.count("<svg") == 2
    for part in ("White noise", "SNR, dB", "Gain", "SVM_50%"):
        assert part in section
    assert "Audio-CNN" not in section
    assert "No system was trained with disturbed recordings." in section


def test_the_page_says_which_systems_were_trained_with_disturbed_copies(
    trained: Callable[..., None],
    plan_of: Callable[..., Plan],
    judge: Callable[..., None],
    render: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = plan_of(BLOCK, robustness=ASKED.model_copy(update={"systems": None}))
    recipe = plan.systems["SVM_50%"]
    copies = Augmentation(conditions={"white_noise": (20.0, 10.0), "gain": (-6.0,)})
    recipe = recipe.model_copy(update={"training": recipe.training.model_copy(update={"augmentation": copies})})
    plan = plan.model_copy(update={"systems": plan.systems | {"SVM_50%": recipe}})
    trained(plan)
    judge(plan, tmp_path)
    spoiled(plan)
    render(plan, tmp_path)
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    stated = "Trained with disturbed copies of the recordings too: SVM_50% (white_noise 20, 10; gain −6). The other"
    assert stated in page
    table = pd.read_csv(tmp_path / "tables/robustness.csv")
    assert dict(zip(table["system"], table["trained_with"], strict=True)) == {
        "Audio-CNN": "clean",
        "SVM_50%": "white_noise 20, 10; gain −6",
    }


def test_without_conditions_the_page_says_so(whole: Path) -> None:
    assert "asks for no conditions" in (whole / "index.html").read_text(encoding="utf-8")
