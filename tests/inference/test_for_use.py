"""Train for use: cross-validate, train on all speakers but those of dev, bundle with the estimate, predict."""

import csv
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from tiny_project import CORPUS, UTTERANCES, Project, protocol
from typer.testing import CliRunner, Result

from ser import cli, layout
from ser.commands import prediction
from ser.config.schema import Protocol
from ser.errors import SerError
from ser.evaluation import intervals
from ser.files import embedded_checksum
from ser.files.atomic import write_text
from ser.inference import bundle, dev_part, trained_run
from ser.inference.none_rule import Limits
from ser.inference.system import System
from ser.layout import FOR_USE, Run
from ser.tables import contracts
from ser.training import fold, use_fold

FOLDS = 3
FOR_SPEAKERS = protocol(rule="speaker_folds", options={"folds": FOLDS, "dev_speakers": 2})
NAME = "speaker-folds-4"
KINDS = ("SVM-eGeMAPS", "C-pFSMN-A")  # an estimator; a network on frames with attention


@pytest.fixture
def crossed(project: Project) -> Iterator[Project]:
    """The project with folds of its six speakers and one trained cross-validation of each kind."""
    if not layout.folds(CORPUS, NAME).is_file():
        project.split(NAME, FOR_SPEAKERS, FOLDS)
        for system in KINDS:
            for number in (*range(FOLDS), FOR_USE):
                project.train(system, FOR_SPEAKERS, NAME, number)
    return project


def run_for_use(system: str) -> Path:
    return Run(CORPUS, NAME, system, 0, FOR_USE).folder


@pytest.mark.usefixtures("crossed")
def test_all_speakers_train_but_those_of_dev_and_none_is_tested() -> None:
    for system in KINDS:
        folder = run_for_use(system)
        card = trained_run.record(folder)
        sizes = {part: sum(counts.values()) for part, counts in card["counts"].items()}
        assert sizes["train"] + sizes["dev"] == len(UTTERANCES)
        assert sizes["test"] == card["examples"]["test"] == 0
        assert card["dev_speakers"] == 2
        assert {path.name for path in folder.iterdir()} == {
            *("run.json", "model.safetensors", "history.parquet", layout.DEV_PREDICTIONS)
        }
        history = contracts.read(contracts.HISTORY, folder / "history.parquet").to_pylist()
        assert all(row["test_wa"] is None and row["test_ua"] is None for row in history)
        table = contracts.read(contracts.PREDICTIONS, folder / layout.DEV_PREDICTIONS).to_pylist()
        dev = use_fold.read(layout.folds(CORPUS, NAME))
        assert {row["utterance"] for row in table} == {dev.utterances[at] for at in dev.rows("dev")}
        assert {row["speaker"] for row in table} == dev.dev_speakers()
        assert not dev.dev_speakers() & {dev.speakers[at] for at in dev.rows("train")}


@pytest.mark.usefixtures("crossed")
@pytest.mark.parametrize("system", KINDS)
def test_dev_predictions_from_stored_features_are_those_of_the_training(system: str, tmp_path: Path) -> None:
    folder = run_for_use(system)
    stored = dev_part.predicted(trained_run.read(folder))
    (folder / layout.DEV_PREDICTIONS).rename(tmp_path / "aside")
    try:
        again = dev_part.predicted(trained_run.read(folder))
    finally:
        (tmp_path / "aside").rename(folder / layout.DEV_PREDICTIONS)
    np.testing.assert_array_equal(again.truth, stored.truth)
    np.testing.assert_allclose(again.probabilities, stored.probabilities, rtol=0, atol=1e-5)


@pytest.mark.usefixtures("crossed")
@pytest.mark.parametrize("system", KINDS)
def test_the_card_states_the_estimate_of_the_cross_validation(system: str, tmp_path: Path) -> None:
    prediction.bundle(run_for_use(system), tmp_path / "bundle")
    card = (tmp_path / "bundle/README.md").read_text()
    tables = [
        contracts.read(contracts.PREDICTIONS, Run(CORPUS, NAME, system, 0, number).folder / "predictions.parquet")
        for number in range(FOLDS)
    ]
    rows = [row for table in tables for row in table.to_pylist()]
    assert len({row["utterance"] for row in rows}) == len(UTTERANCES)
    right = [[row["predicted"] == name for row in rows if row["label"] == name] for name in FOR_SPEAKERS.labels]
    ua = np.mean([np.mean(those) for those in right])
    assert f"| UA | {100 * ua:.1f} % |" in card
    assert f"Cross-validation under {NAME}: 3 folds, 1 seed (0), 16 test utterances" in card
    assert "clustered by speaker (6)" in card
    assert "trained for use: no test part, 2 speakers in dev" in card
    assert "## Results" not in card
    assert "| gender: female | 3 | 8 | too few | too few | – | – | – |" in card
    made = bundle.read(tmp_path / "bundle").contents
    assert made.estimate is not None
    assert made.estimate.metrics["UA"][0] == pytest.approx(ua)
    assert made.calibration is not None
    assert made.calibration.held_out is not None
    assert (made.calibration.held_out.folds, made.calibration.held_out.utterances) == (FOLDS, len(UTTERANCES))
    assert re.search(rf"T = {made.calibration.temperature:.3f}, fitted on the {made.calibration.utterances} utt", card)


@pytest.mark.usefixtures("crossed")
def test_without_a_whole_cross_validation_there_is_no_estimate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Run(CORPUS, NAME, KINDS[0], 0, 1).folder
    folder.rename(tmp_path / "aside")
    try:
        prediction.bundle(run_for_use(KINDS[0]), tmp_path / "bundle")
    finally:
        (tmp_path / "aside").rename(folder)
    reason = f"2 of 3 folds of the cross-validation under {NAME} have runs of this recipe"
    assert f"warning: the bundle has no estimate: {reason}." in capsys.readouterr().err.splitlines()
    assert f"No estimate: {reason}." in (tmp_path / "bundle/README.md").read_text()
    made = bundle.read(tmp_path / "bundle").contents
    assert made.estimate is None
    assert made.calibration is not None


@pytest.mark.usefixtures("crossed")
def test_without_folds_nothing_is_calibrated_and_no_path_of_the_machine_is_stated(tmp_path: Path, home: Path) -> None:
    table = layout.folds(CORPUS, NAME)
    table.rename(tmp_path / "aside")
    try:
        prediction.bundle(Run(CORPUS, NAME, KINDS[0], 0, 0).folder, tmp_path / "bundle")
    finally:
        (tmp_path / "aside").rename(table)
    made = bundle.read(tmp_path / "bundle").contents
    assert (made.calibration, made.limits) == (None, None)
    assert made.estimate is not None
    card = (tmp_path / "bundle/README.md").read_text()
    assert f"Probabilities are not calibrated: {table} does not exist" in card
    assert str(home) not in card + (tmp_path / "bundle/bundle.json").read_text()


@pytest.mark.usefixtures("crossed")
def test_a_run_of_another_recipe_is_not_the_estimate(tmp_path: Path) -> None:
    with edited(Run(CORPUS, NAME, KINDS[0], 0, 1).folder, recipe={}):
        prediction.bundle(run_for_use(KINDS[0]), tmp_path / "bundle")
    assert bundle.read(tmp_path / "bundle").contents.estimate is None


@pytest.mark.usefixtures("crossed")
def test_a_system_that_is_fitted_on_dev_is_not_calibrated_there(tmp_path: Path) -> None:
    with edited(run_for_use(KINDS[0]), chosen={"refit": "train+dev"}):
        prediction.bundle(run_for_use(KINDS[0]), tmp_path / "bundle")
    made = bundle.read(tmp_path / "bundle").contents
    assert made.calibration is None
    assert made.limits is not None
    assert made.limits.confidence is None
    assert "not calibrated: the estimator is fitted on the dev part too" in (tmp_path / "bundle/README.md").read_text()


@contextmanager
def edited(folder: Path, **keys: object) -> Iterator[None]:
    """Let the record of a run have other values, with a checksum that fits."""
    path, blank = folder / "run.json", {embedded_checksum.KEY: embedded_checksum.BLANK}
    card = json.loads(path.read_text())
    write_text(path, json.dumps(card | keys | blank))
    try:
        yield
    finally:
        write_text(path, json.dumps(card | blank))


def called(*arguments: object) -> list[dict[str, str]]:
    result: Result = CliRunner().invoke(cli.app, ["predict", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout)))


@pytest.mark.usefixtures("crossed")
@pytest.mark.parametrize("system", KINDS)
def test_a_bundle_answers_with_calibrated_probabilities_and_the_same_labels(system: str, tmp_path: Path) -> None:
    prediction.bundle(run_for_use(system), tmp_path / "bundle")
    calibration = bundle.read(tmp_path / "bundle").contents.calibration
    assert calibration is not None
    files = sorted(Path("wav").glob("test*.wav"))
    plain = called(*files, "--model", tmp_path / "bundle")
    raw = called(*files, "--model", tmp_path / "bundle", "--uncalibrated")
    assert raw == called(*files, "--model", run_for_use(system))
    names = list(FOR_SPEAKERS.labels)
    for one, other in zip(plain, raw, strict=True):
        assert one["predicted"] == other["predicted"]
        powers = np.array([float(other[name]) for name in names]) ** (1 / calibration.temperature)
        np.testing.assert_allclose([float(one[name]) for name in names], powers / powers.sum(), atol=1e-5)


@pytest.mark.usefixtures("crossed")
def test_none_is_answered_for_what_the_training_did_not_hear(tmp_path: Path) -> None:
    prediction.bundle(run_for_use(KINDS[0]), tmp_path / "bundle")
    limits = bundle.read(tmp_path / "bundle").contents.limits
    assert limits is not None
    assert limits.quietest is not None
    known, rate = soundfile.read("wav/test0.wav")
    sounds = {
        "silence": np.zeros((rate, 2)),
        "faint": known * 1e-3,
        "short": known[rate // 2 : rate // 2 + rate // 20],
        "long": np.concatenate([known[len(known) // 3 : -len(known) // 3]] * 12),
    }
    for name, signal in sounds.items():
        soundfile.write(tmp_path / f"{name}.wav", signal, rate, "FLOAT")
    files = [tmp_path / f"{name}.wav" for name in sounds]
    found = {Path(row["recording"]).stem: row for row in called(*files, "--model", tmp_path / "bundle", "--none")}
    reasons = {name: row["reason"] for name, row in found.items()}
    assert reasons == {"silence": "too quiet", "faint": "too quiet", "short": "too short", "long": "too long"}
    assert {row["predicted"] for row in found.values()} == {"none"}
    assert found["silence"]["angry"] == ""
    assert found["long"]["angry"] != ""
    plain = {Path(row["recording"]).stem: row for row in called(*files, "--model", tmp_path / "bundle")}
    assert set(plain) == {"faint", "long"}, "as before: what cannot be used is named on stderr"
    assert "reason" not in plain["long"]
    assert plain["long"]["predicted"] in FOR_SPEAKERS.labels
    lines = tmp_path / "o.jsonl"
    called(*files, "--model", tmp_path / "bundle", "--none", "--out", lines)
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [row["reason"] for row in rows] == list(reasons.values())
    assert rows[0]["probabilities"]["angry"] is None
    called(*files, "--model", tmp_path / "bundle", "--none", "--out", tmp_path / "o.parquet")
    alone = CliRunner().invoke(cli.app, ["predict", "wav/test0.wav", "--model", str(run_for_use(KINDS[0])), "--none"])
    assert alone.exit_code == 2
    assert "--none needs the limits of a bundle" in alone.stderr


@pytest.mark.usefixtures("crossed")
def test_an_unsure_answer_has_a_reason_and_keeps_its_label(tmp_path: Path) -> None:
    prediction.bundle(run_for_use(KINDS[1]), tmp_path / "bundle")
    trained = bundle.read(tmp_path / "bundle")
    object.__setattr__(trained.contents, "limits", Limits(confidence=0.3))
    system = System(trained)
    signal, rate = soundfile.read("wav/test0.wav")
    uniform = np.full((1, 4), 0.25, np.float32)
    system._model.probabilities = lambda _: uniform
    answer = system(signal, rate)
    assert (answer.label, answer.reason) == ("angry", "unsure")
    system._model.probabilities = lambda _: np.array([[0.94, 0.02, 0.02, 0.02]], np.float32)
    assert system(signal, rate).reason is None


@pytest.mark.usefixtures("project")
def test_leaky_folds_and_folds_without_dev_are_refused(tmp_path: Path) -> None:
    def written(dev: str, rule: Protocol) -> Path:
        rows = [
            {
                "utterance": name,
                "fold": 0,
                "part": dev if part == "dev" else part,
                "label": label,
                "speaker": f"s{k % 2}",
            }
            for k, (name, part, label) in enumerate(UTTERANCES)
        ]
        contracts.write(contracts.FOLDS, rows, tmp_path / "f.parquet", {"protocol": rule.model_dump_json()})
        return tmp_path / "f.parquet"

    with pytest.raises(SerError, match="needs dev speakers of their own; fold 0 has s0, s1 in dev and elsewhere"):
        use_fold.read(written("dev", protocol()))
    with pytest.raises(SerError, match="fold 0 has no dev part"):
        use_fold.read(written("train", protocol(selection="last")))


@pytest.mark.usefixtures("crossed")
def test_the_interval_is_that_of_the_pooled_folds(tmp_path: Path) -> None:
    prediction.bundle(run_for_use(KINDS[1]), tmp_path / "bundle")
    made = bundle.read(tmp_path / "bundle").contents
    folders = [Run(CORPUS, NAME, KINDS[1], 0, number).folder for number in range(FOLDS)]
    rows = pd.concat([pd.read_parquet(folder / "predictions.parquet") for folder in folders])
    found = intervals.estimate(intervals.tally(rows, made.classes), "UA")
    assert made.estimate is not None
    limits = (None if np.isnan(one) else pytest.approx(one) for one in (found.low, found.high))
    assert made.estimate.metrics["UA"] == (pytest.approx(found.value), *limits)


@pytest.mark.usefixtures("crossed")
def test_the_first_fold_gives_dev() -> None:
    path = layout.folds(CORPUS, NAME)
    first, made = fold.read(path, 0), use_fold.read(path)
    assert {made.utterances[at] for at in made.rows("dev")} == {first.utterances[at] for at in first.rows("dev")}
