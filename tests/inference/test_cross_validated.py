"""The tests of `ser assess` on a card: of the cross-validation, under conditions that the present weights predicted."""

import json
from pathlib import Path

import pandas as pd
import pytest
from tiny_project import CORPUS, Project, protocol

from ser import layout
from ser.commands import prediction
from ser.config.disturbances import MILD, UNNOTICED
from ser.files import embedded_checksum
from ser.inference import bundle
from ser.layout import Run
from ser.stages.disturb import DisturbJob, disturb
from ser.tables import contracts
from ser.tables.disturbances import DISTURBED

FOLDS, NAME, SYSTEM = 3, "assessed", "SVM-eGeMAPS"
RULE = protocol(rule="speaker_folds", options={"folds": FOLDS, "dev_speakers": 2}, leaks=["text"])
RUNS = [Run(CORPUS, NAME, SYSTEM, 0, fold).folder for fold in range(FOLDS)]
CONDITIONS = {"gain": (-6.0, 6.0), "telephone": (3400.0,)}


@pytest.fixture
def assessed(project: Project) -> Project:
    """The project with a cross-validation whose runs predicted under two conditions."""
    if not layout.folds(CORPUS, NAME).is_file():
        project.split(NAME, RULE, FOLDS)
        for number, folder in enumerate(RUNS):
            project.train(SYSTEM, RULE, NAME, number)
            for name, strengths in CONDITIONS.items():
                job = DisturbJob(condition=name, strengths=strengths, run=folder, out=path_of(folder, name))
                disturb(job)
    return project


def path_of(folder: Path, condition: str) -> Path:
    return layout.disturbed(folder, condition, "01234567")


def bundled(out: Path) -> tuple[dict[str, dict[str, object]], str]:
    """Return the tests in the record of a bundle of the first run, by name, and the section of its card."""
    prediction.bundle(RUNS[0], out)
    record = json.loads((out / "bundle.json").read_text(encoding="utf-8"))["assessment"]
    card = (out / "README.md").read_text(encoding="utf-8")
    assert bundle.read(out).contents.assessment is not None
    assert record["protocol"] == NAME
    assert (record["utterances"], record["clusters"], record["kind"]) == (16, 6, "speaker")
    return {one["test"]: one for one in record["tests"]}, card[card.index("## Tests") : card.index("## Licences")]


@pytest.mark.usefixtures("assessed")
def test_card_and_record_have_every_test_of_the_cross_validation(tmp_path: Path) -> None:
    tests, section = bundled(tmp_path / "bundle")
    assert len(tests) == 5 + len(MILD) + len(UNNOTICED)
    computed = {"UA, telephone 3400 less undisturbed", "same answer, gain -6", "same answer, gain 6"}
    others = {name for name, one in tests.items() if one["kind"] in ("robustness", "consistency")} - computed
    assert {tests[name]["verdict"] for name in others} == {"not tested"}
    assert all(tests[name]["value"] is None for name in others)
    clean = pd.concat(pd.read_parquet(folder / "predictions.parquet") for folder in RUNS)
    rows = pd.concat(pd.read_parquet(path_of(folder, "gain")) for folder in RUNS)
    louder = rows[rows["strength"] == 6].merge(clean, on="utterance")
    same = float((louder["predicted_x"] == louder["predicted_y"]).mean())
    assert tests["same answer, gain 6"]["value"] == pytest.approx(same)
    recall = (clean["predicted"] == clean["label"]).groupby(clean["label"]).mean().mean()
    assert tests["UA above chance"]["value"] == pytest.approx(recall)
    for part in ("cross-validation under assessed, 16 test utterances", "training and test share text", "not tested"):
        assert part in section
    assert f"| consistency | same answer, gain 6 | {same:.3f} |" in section


@pytest.mark.usefixtures("assessed")
def test_conditions_of_earlier_weights_and_of_some_folds_are_not_tested(tmp_path: Path) -> None:
    gain, telephone = path_of(RUNS[0], "gain"), path_of(RUNS[1], "telephone")
    table = contracts.read(DISTURBED, gain)
    telephone.rename(tmp_path / "aside")
    try:
        notes = contracts.metadata(gain)
        assert notes["weights"] == embedded_checksum.verify(RUNS[0] / "model.safetensors")
        contracts.write(DISTURBED, table.to_pylist(), gain, {**notes, "weights": "0" * 32})
        tests, _ = bundled(tmp_path / "bundle")
    finally:
        (tmp_path / "aside").rename(telephone)
        contracts.write(DISTURBED, table.to_pylist(), gain, notes)
    of = [one["verdict"] for one in tests.values() if one["kind"] in ("robustness", "consistency")]
    assert set(of) == {"not tested"}


def test_a_run_without_a_cross_validation_is_not_assessed_and_says_why(project: Project, tmp_path: Path) -> None:
    run = project.train(SYSTEM, protocol(rule="speaker_folds", options={"folds": FOLDS}), "alone")
    card = json.loads((run / "run.json").read_text(encoding="utf-8"))
    assert card["folds"] == 1
    (run / "predictions.parquet").unlink()
    prediction.bundle(run, tmp_path / "bundle")
    text = (tmp_path / "bundle/README.md").read_text(encoding="utf-8")
    assert "Not assessed: 0 of 1 folds of the cross-validation under alone have runs of this recipe." in text
    assert bundle.read(tmp_path / "bundle").contents.assessment is None
