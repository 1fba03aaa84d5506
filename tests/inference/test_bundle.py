"""A bundle gives the answers of its run, without its project, and is refused where a byte of it has changed."""

import json
import os
from dataclasses import replace
from pathlib import Path

import core_only
import pytest
import torch
from safetensors.torch import load_file
from tiny_project import CORPUS, SYSTEMS, TEXTS, Project, protocol

from ser import layout
from ser.commands import prediction
from ser.config.plan import Plan
from ser.config.schema import Block, Experiment
from ser.errors import SerError
from ser.files import embedded_checksum
from ser.files.atomic import write_text
from ser.inference import bundle, models, predictions, trained_run
from ser.inference.recordings import Request
from ser.inference.system import System
from ser.tables import contracts

KINDS = ("SVM-eGeMAPS", "DNN-ELM", "MSCNN-SPU-ATT")  # an estimator; a back end; frames, x-vector and words


def answers(system: System, wav: Path) -> list[dict[str, float]]:
    wanted = [Request(wav / f"test{k}.wav", "", text=TEXTS[f"test{k}"]) for k in range(3)]
    return [dict(answer.probabilities) for _, answer in predictions.predict(system, wanted, predictions.Failures())]


@pytest.fixture
def written(project: Project, tmp_path: Path) -> Path:
    """The bundle of an estimator."""
    folder = project.train("SVM-eGeMAPS")
    prediction.bundle(folder, tmp_path / "svm")
    return tmp_path / "svm"


@pytest.mark.parametrize("name", KINDS)
def test_a_bundle_answers_like_its_run_without_the_project(
    name: str, project: Project, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project.train(name)
    expected = answers(System(trained_run.read(folder)), home / "wav")
    prediction.bundle(folder, tmp_path / "one")
    prediction.bundle(folder, tmp_path / "one.zip")
    prediction.bundle(folder, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for path in (tmp_path / "one", tmp_path / "one.zip"):
        assert answers(System(bundle.read(path), calibrated=False), home / "wav") == expected
    assert {path.suffix for path in (tmp_path / "one").iterdir()} == {".json", ".md", ".safetensors"}


def test_the_card_states_what_the_corpus_the_run_and_the_libraries_state(written: Path) -> None:
    card = (written / "README.md").read_text()
    for part in ("UA", "recall", "openSMILE", "research", "Licences", "Do not decide", "male"):
        assert part in card


@pytest.mark.parametrize("name", ["bundle.json", "model.safetensors", "README.md"])
def test_a_changed_byte_is_refused(name: str, written: Path) -> None:
    content = bytearray((written / name).read_bytes())
    at = content.find(b"tiny") if name == "bundle.json" else len(content) // 2
    content[at] ^= 1
    (written / name).write_bytes(content)
    with pytest.raises(SerError, match=rf"{name} has changed since the bundle was written; copy the bundle again\.$"):
        bundle.read(written)


def edit(folder: Path, **keys: object) -> None:
    """Write other keys into the record, with a checksum that fits."""
    record = json.loads((folder / bundle.RECORD).read_text()) | keys
    write_text(folder / bundle.RECORD, json.dumps(record | {embedded_checksum.KEY: embedded_checksum.BLANK}))


def test_another_major_version_is_refused_and_a_later_minor_one_is_read(written: Path) -> None:
    edit(written, format=[1, 7], a_later_key=1)
    assert bundle.read(written).name == "SVM-eGeMAPS"
    edit(written, format=[2, 0], ser="9.0.0", classes="unreadable")
    with pytest.raises(SerError, match=r"format 2 of ser 9\.0\.0, and this version reads format 1\.$"):
        bundle.read(written)


def test_a_missing_file_and_what_is_no_bundle_are_named(written: Path, tmp_path: Path) -> None:
    (written / "model.safetensors").unlink()
    with pytest.raises(SerError, match=r"the file model\.safetensors is missing"):
        bundle.read(written)
    with pytest.raises(SerError, match="is no bundle, no folder of a finished run and no experiment"):
        models.find(tmp_path / "nothing")


def test_a_bundle_reads_no_file_of_the_machine(project: Project, tmp_path: Path) -> None:
    prediction.bundle(project.train("Audio-CNN-xvector"), tmp_path / "own")
    features = json.loads((tmp_path / "own" / bundle.RECORD).read_text())["features"]
    features["xvector"] |= {"files": {}, "options": {"weights": "/etc/hostname"}}
    edit(tmp_path / "own", features=features)
    with pytest.raises(SerError, match=r"reads /etc/hostname, a file that is not part of a bundle\.$"):
        System(bundle.read(tmp_path / "own"))


def test_weights_in_the_format_of_torch_become_safetensors(project: Project, home: Path, tmp_path: Path) -> None:
    folder = project.train("Audio-CNN-xvector")
    state = load_file(home / "data" / CORPUS / "xvector.safetensors")
    torch.save(state, tmp_path / "published.ckpt")
    with pytest.raises(SerError, match=r"is not what feature xvector was extracted with"):
        trained_run.read(folder, {"xvector": tmp_path / "published.ckpt"})
    bundle._copy(tmp_path / "published.ckpt", tmp_path / "copied.safetensors")
    copied = load_file(tmp_path / "copied.safetensors")
    assert all(torch.equal(copied[name], value) for name, value in state.items())


def test_a_corpus_that_was_prepared_again_is_mentioned(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    folder = project.train("SVM-eGeMAPS")
    trained_run.read(folder)
    assert "warning" not in capsys.readouterr().err
    manifest = layout.manifest(CORPUS)
    times = manifest.stat().st_atime_ns, manifest.stat().st_mtime_ns
    os.utime(manifest, ns=(times[0], 2 * times[1]))
    trained_run.read(folder)
    assert "check that its keys 'channel' and 'trim' are those that the run was trained with" in capsys.readouterr().err
    os.utime(manifest, ns=times)


def test_weights_of_another_network_are_refused(project: Project) -> None:
    one, other = (trained_run.read(project.train(name)) for name in ("Text-CNN", "TRE"))
    with pytest.raises(SerError, match=r"its weights are not those of model 'multiscale_cnn': .*Missing key"):
        System(replace(one, weights=other.weights))


def test_the_bundle_of_an_estimator_needs_the_core_alone(written: Path, home: Path, tmp_path: Path) -> None:
    assert {"torch", "transformers", "snakemake", "onnxruntime"} <= core_only.hidden()
    arguments = "predict", str(home / "wav" / "test0.wav"), "--model", str(written)
    done = core_only.run("from ser.cli import app; app()", *arguments, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("recording,start,end,predicted,angry,")


def test_of_an_experiment_the_best_system_on_dev_is_taken_without_the_test_part(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    systems = ("one", "two")
    for name, ua in zip(systems, (0.4, 0.6), strict=True):
        folder = layout.Run("c", "p", name, 0, 0).folder
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps({"best_epoch": 2}))
        rows = [{"epoch": epoch, "step": epoch, "seconds": 1.0, "dev_ua": ua * epoch / 2} for epoch in (1, 2)]
        contracts.write(contracts.HISTORY, rows, folder / "history.parquet")
    experiment = Experiment(name="e", runs=(Block(corpora=("c",), protocols=("p",), systems=systems),))
    plan = Plan(
        experiment=experiment,
        protocols={"p": protocol()},
        systems=dict.fromkeys(systems, SYSTEMS["SVM-eGeMAPS"]),
        folds={"c": {"p": 1}},
    )
    (tmp_path / "results/e").mkdir()
    (tmp_path / "results/e/plan.json").write_text(plan.model_dump_json())
    assert models.best_run(Path("results/e")).name == "fold0"
    assert "two" in models.best_run(Path("results/e")).parts
    assert "one" in models.best_run(Path("results/e"), models.Only(system="one")).parts
    with pytest.raises(SerError, match=r"choose with --corpus and --protocol from none"):
        models.best_run(Path("results/e"), models.Only(corpus="d"))


DIMENSIONS = {"labels": {}, "target": {"kind": "dimensions", "dimensions": ["valence"]}, "selection": "dev_ccc"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (DIMENSIONS, "'SVM-eGeMAPS' estimates valence; only systems that tell classes apart"),
        ({"target": {"kind": "several"}}, "'SVM-eGeMAPS' gives an utterance several labels; only systems that give"),
    ],
)
def test_a_run_of_another_target_is_refused_in_one_sentence(
    project: Project, home: Path, changes: dict[str, object], words: str
) -> None:
    folder = project.train("SVM-eGeMAPS")
    record = json.loads((folder / "run.json").read_text())
    record["protocol_record"] |= changes
    record[embedded_checksum.KEY] = embedded_checksum.BLANK
    write_text(home / "copy/run.json", json.dumps(record))
    with pytest.raises(SerError, match=words):
        trained_run.read(home / "copy")
