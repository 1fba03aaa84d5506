"""`ser assess`: numbers by hand, what is drawn, and which utterances a system may be tested on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tiny_project import CORPUS, Project, names_of_test, protocol
from typer.testing import CliRunner

from ser import layout
from ser.cli import app
from ser.commands import prediction
from ser.config.disturbances import MILD, UNNOTICED, Disturbance
from ser.errors import SerError
from ser.evaluation.model_tests import KINDS
from ser.inference import assessment, bundle, disturbed, trained_run
from ser.inference.system import System
from ser.preparation import disturbing
from ser.tables import contracts


def test_a_run_is_tested_on_its_test_part_and_every_number_follows_from_its_predictions(
    project: Project, tmp_path: Path
) -> None:
    folder = project.train("SVM-eGeMAPS", protocol(leaks=["speaker", "text"]), "leaking")
    given = assessment.utterances(trained_run.read(folder), CORPUS)
    assert list(given.rows["utterance"]) == sorted(names_of_test())
    done = CliRunner().invoke(app, ["assess", str(folder), CORPUS, "--out", str(tmp_path / "tests.csv")])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    table = pd.read_csv(tmp_path / "tests.csv").set_index("test")
    assert len(table) == 5 + len(MILD) + len(UNNOTICED)
    assert table.loc["UA by groups: none is large enough", "verdict"] == "not tested"  # of two speakers
    assert done.exit_code == (1 if (table["verdict"] == "failed").any() else 0)
    stored = contracts.read(contracts.PREDICTIONS, folder / "predictions.parquet").to_pandas()
    right = stored["predicted"] == stored["label"]
    assert table.loc["UA above chance", "value"] == pytest.approx(right.groupby(stored["label"]).mean().mean())
    assert table.loc["UA above chance", "limit"] == 0.25
    louder = table.loc["same answer, gain 6"]
    assert 0 <= louder["value"] <= 1
    assert set(table["kind"]) == set(KINDS)
    assert "SVM-eGeMAPS on 4 utterances of tiny" in done.output
    assert "by its protocol, training and test share speaker, text" in done.output


def test_an_answer_that_never_changes_is_consistent_and_loses_nothing(project: Project) -> None:
    class Constant(System):
        def probabilities(self, utterances: object) -> np.ndarray:
            return np.tile(np.array([0.7, 0.1, 0.1, 0.1], np.float32), (len(utterances), 1))  # type: ignore[arg-type]

    trained = trained_run.read(project.train("SVM-eGeMAPS"))
    found = {one.test: one for one in assessment.findings(Constant(trained), assessment.utterances(trained, CORPUS))}
    assert {one.verdict for one in found.values() if one.kind in ("robustness", "consistency")} == {"passed"}
    assert found["UA above chance"].value == pytest.approx(0.25)
    assert found["predicted over true, angry"].value == pytest.approx(4.0)
    assert found["predicted over true, angry"].verdict == "failed"
    assert found["expected calibration error"].value == pytest.approx(0.45)


def test_a_system_is_not_tested_on_its_own_speakers(project: Project, tmp_path: Path) -> None:
    prediction.bundle(project.train("SVM-eGeMAPS"), tmp_path / "bundle")
    done = CliRunner().invoke(app, ["assess", str(tmp_path / "bundle"), CORPUS])
    assert done.exit_code == 2
    assert "was trained on speakers of tiny" in done.output
    with pytest.raises(SerError, match=r"data/absent/manifest.parquet does not exist"):
        assessment.utterances(trained_run.read(project.train("SVM-eGeMAPS")), "absent")


def test_a_system_is_not_tested_on_a_corpus_that_joins_its_own(project: Project) -> None:
    trained = trained_run.read(project.train("SVM-eGeMAPS"))
    rows = contracts.read(contracts.MANIFEST, layout.manifest(CORPUS)).to_pylist()
    contracts.write(
        contracts.MANIFEST, rows, layout.manifest("joined"), {"joins": f'{{"{CORPUS}": {{}}, "far": {{}}}}'}
    )
    with pytest.raises(
        SerError, match=r"was trained on tiny, which has utterances of tiny, as joined has: name another"
    ):
        assessment.utterances(trained, "joined")
    other = trained.contents.model_copy(update={"run": {**trained.contents.run, "corpus": "joined"}})
    with pytest.raises(SerError, match="was trained on joined, which has utterances of tiny, as tiny has"):
        assessment.utterances(replace(trained, contents=other), CORPUS)


def test_a_bundle_knows_the_corpora_that_its_own_joins(project: Project, tmp_path: Path) -> None:
    rows = contracts.read(contracts.MANIFEST, layout.manifest(CORPUS)).to_pylist()
    notes = contracts.metadata(layout.manifest(CORPUS))
    folder = project.train("SVM-eGeMAPS")
    for name in ("near", "far"):
        contracts.write(contracts.MANIFEST, rows, layout.manifest(name), notes)
    try:
        contracts.write(
            contracts.MANIFEST, rows, layout.manifest(CORPUS), {**notes, "joins": '{"near": {}, "far": {}}'}
        )
        prediction.bundle(folder, tmp_path / "bundle")
    finally:
        contracts.write(contracts.MANIFEST, rows, layout.manifest(CORPUS), notes)
    read = bundle.read(tmp_path / "bundle")
    assert read.contents.members == ("near", "far")
    assert "which joins near, far; utterances:" in (tmp_path / "bundle/README.md").read_text(encoding="utf-8")
    with pytest.raises(SerError, match="was trained on tiny, which has utterances of far, as far has"):
        assessment.utterances(read, "far")


def test_the_seed_draws_the_voices_of_babble_and_its_noise(project: Project) -> None:
    rows = contracts.read(contracts.MANIFEST, layout.manifest(CORPUS)).to_pylist()
    many = [{**row, "utterance": f"{row['utterance']}-{copy}"} for row in rows for copy in range(8)]
    contracts.write(contracts.MANIFEST, many, Path("many.parquet"))
    drawn = [set(disturbed.pool_of(Path("many.parquet"), Disturbance("babble", (), seed))) for seed in (0, 1)]
    assert drawn[0] != drawn[1]
    trained = trained_run.read(project.train("SVM-eGeMAPS"))
    asked: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        of = disturbed.pool_of
        patch.setattr(disturbed, "pool_of", lambda path, one: (asked.append(one.seed), of(path, one))[1])
        patch.setattr(disturbing, "disturbed", lambda signal, _, one, *__: (asked.append(one.seed), signal)[1])
        done = CliRunner().invoke(app, ["assess", str(trained.weights.parent), CORPUS, "--seed", "7"])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert len(asked) == 1 + len(list(names_of_test())) * (len(MILD) + len(UNNOTICED))
    assert set(asked) == {7}
