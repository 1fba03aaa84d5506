"""The whole workflow on a user's own CSV of recordings, and which jobs rerun after which change.

One miniature run in a copy of the project; every test then asks Snakemake what it would do after one change.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import soundfile
import yaml

from ser.jobs import devices

PROJECT = Path(__file__).parents[1]
RATE = 16000
SPEAKERS = ("s1", "s2", "s3", "s4")

MINI: dict[str, Any] = {
    "experiment": {
        "name": "mini",
        "runs": [
            {"corpora": ["mine"], "protocols": ["two-folds"], "systems": ["SVM-eGeMAPS", "tiny-cnn", "tiny-fsmn"]}
        ],
    },
    "corpora": {"mine": {"adapter": "table", "root": "recordings", "options": {"table": "labels.csv"}}},
    "protocols": {
        "two-folds": {
            "rule": "speaker_folds",
            "options": {"folds": 2, "dev_speakers": 1},
            "labels": {"happy": ["happy"], "sad": ["sad"]},
        }
    },
    "systems": {
        "tiny-cnn": {"base": "Audio-CNN", "inputs": {"frames": {"length": 60}}, "training": {"epochs": 2}},
        "tiny-fsmn": {"base": "C-pFSMN-A", "inputs": {"frames": {"length": 60}}, "training": {"epochs": 1}},
    },
}


class House:
    """A copy of the project with a corpus of 32 short recordings and a configuration file."""

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("Snakefile", "workflow", "config", "profiles", "envs", "ser"):
            source = PROJECT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, folder / name)
        self.configure(MINI)

    def configure(self, config: dict[str, Any]) -> None:
        (self.folder / "mini.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        # Coverage of the copy, not of the installed project: the copy comes first on the path.
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "--cores",
            "2",
            "--resources",
            "gpu=0",
            "--configfile",
            "mini.yaml",
        ]
        return subprocess.run(
            [*command, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def planned(self, *arguments: str) -> dict[str, int]:
        """Return how many jobs of which rule Snakemake would run, targets left out."""
        done = self.snakemake("-n", *arguments)
        assert done.returncode == 0, done.stderr
        text = done.stdout + done.stderr
        counts = {name: int(count) for name, count in re.findall(r"^([a-z_]+)\s+(\d+)$", text, re.MULTILINE)}
        return {name: count for name, count in counts.items() if name not in {"all", "total"}}


def write_corpus(folder: Path) -> None:
    """Write 4 speakers × 2 emotions × 4 recordings: happy ones are higher and louder."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for number, speaker in enumerate(SPEAKERS):
        for emotion in ("happy", "sad"):
            for take in range(4):
                pitch = (110 + 30 * number) * (1.5 if emotion == "happy" else 1.0) * rng.uniform(0.95, 1.05)
                time = np.arange(int(0.9 * RATE)) / RATE
                voice = sum(np.sin(2 * np.pi * pitch * harmonic * time) / harmonic for harmonic in range(1, 6))
                loud = 0.3 if emotion == "happy" else 0.01
                name = f"{speaker}_{emotion}_{take}.wav"
                soundfile.write(folder / name, loud * voice + 0.0005 * rng.standard_normal(time.size), RATE)
                text = f"confidential sentence of {name}"
                rows.append({"path": name, "emotion": emotion, "speaker": speaker, "text": text})
    pd.DataFrame(rows).to_csv(folder / "labels.csv", index=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> House:
    house = House(tmp_path_factory.mktemp("house"))
    write_corpus(house.folder / "recordings")
    done = house.snakemake()
    assert done.returncode == 0, done.stdout + done.stderr
    return house


@pytest.fixture
def house(finished: House) -> Iterator[House]:
    """The finished house, whose code, configuration and corpus a test may change: all is put back afterwards."""
    changeable = ("ser", "config", "recordings", "mini.yaml")
    saved = {path: path.read_bytes() for name in changeable for path in files(finished.folder / name)}
    yield finished
    for name in changeable:
        for path in files(finished.folder / name):
            if path not in saved:
                path.unlink()
    for path, content in saved.items():
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)


def files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [inner for inner in path.rglob("*") if inner.is_file()]


def edit(house: House, file: str, old: str, new: str) -> None:
    path = house.folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


AFTER_TRAINING = {"score": 1, "compare": 1, "render": 1}


def test_a_csv_of_recordings_goes_from_files_to_report_with_a_config_file_alone(finished: House) -> None:
    results = finished.folder / "results"
    run = results / "runs/mine/two-folds/tiny-cnn/seed0/fold0"
    card = json.loads((run / "run.json").read_text())
    predictions = pd.read_parquet(run / "predictions.parquet")
    scores = pd.read_parquet(results / "mini/scores.parquet")
    assert card["corpus"] == "mine"
    assert set(predictions["label"]) == {"happy", "sad"}
    pooled = scores[(scores["fold"] == -1) & (scores["metric"] == "UA")].set_index("system")["value"]
    assert pooled["SVM-eGeMAPS"] > 0.75, (
        "higher and thirty times as loud; by chance once in 300 times with 32 utterances"
    )
    page = (results / "mini/index.html").read_text()
    assert "tiny-fsmn" in page
    assert "1 protocol on mine: 0 leaks found and declared, 0 undeclared" in page
    looks = pd.read_parquet(results / "runs/mine/two-folds/tiny-fsmn/seed0/fold0/attention.parquet")
    assert set(looks["attention"]) == {"timestep"}
    assert looks["utterance"].isin(pd.read_parquet(run / "predictions.parquet")["utterance"]).all()
    assert "tiny-fsmn" in (results / "mini/figures/attention.svg").read_text()
    assert not any(finished.folder.rglob("*.part"))


def test_every_number_can_be_recomputed_from_the_predictions(finished: House) -> None:
    scores = pd.read_parquet(finished.folder / "results/mini/scores.parquet")
    runs = (finished.folder / "results/runs/mine/two-folds/SVM-eGeMAPS/seed0").glob("fold*/predictions.parquet")
    together = pd.concat([pd.read_parquet(path) for path in runs])
    hits = together["label"] == together["predicted"]
    row = scores[(scores["system"] == "SVM-eGeMAPS") & (scores["fold"] == -1)].set_index("metric")["value"]
    assert row["WA"] == pytest.approx(hits.mean())
    assert row["UA"] == pytest.approx(hits.groupby(together["label"]).mean().mean())


def test_nothing_reruns_when_nothing_has_changed(house: House) -> None:
    assert house.planned() == {}


def test_a_touched_corpus_reruns_nothing(house: House) -> None:
    for path in files(house.folder / "recordings"):
        path.touch()
    (house.folder / "recordings").touch()
    assert house.planned() == {}


def test_an_edited_annotation_file_reruns_everything_behind_it(house: House) -> None:
    edit(house, "recordings/labels.csv", "s1_happy_0.wav,happy", "s1_happy_0.wav,sad")
    planned = house.planned()
    assert planned["prepare"] == 1
    assert planned["train_fold"] == 6


def test_an_edited_recording_of_the_same_size_reruns_prepare(house: House) -> None:
    path = house.folder / "recordings/s1_sad_0.wav"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    assert house.planned()["prepare"] == 1


def test_one_option_reruns_one_system(house: House) -> None:
    edit(house, "mini.yaml", "epochs: 2", "epochs: 3")
    assert house.planned() == {"train_fold": 2, "plan": 1, **AFTER_TRAINING}


def test_formatting_and_comments_of_the_configuration_rerun_nothing(house: House) -> None:
    path = house.folder / "mini.yaml"
    path.write_text("# a remark\n" + path.read_text() + "\n\n")
    assert house.planned() == {}


def test_an_added_system_reruns_itself_and_the_report(house: House) -> None:
    edit(house, "mini.yaml", "    - tiny-cnn\n", "    - tiny-cnn\n    - SVM-ComParE\n")
    assert house.planned() == {"extract": 1, "index": 1, "train_fold": 2, "plan": 1, **AFTER_TRAINING}


def test_an_added_seed_reruns_that_seed_only(house: House) -> None:
    edit(house, "mini.yaml", "    systems:\n    - SVM-eGeMAPS", "    seeds: [0, 1]\n    systems:\n    - SVM-eGeMAPS")
    assert house.planned() == {"train_fold": 6, "plan": 1, **AFTER_TRAINING}


def test_a_feature_parameter_reruns_that_feature_and_its_systems(house: House) -> None:
    path = house.folder / "mini.yaml"
    path.write_text(path.read_text() + "features: {mfcc: {options: {mels: 64}}}\n")
    assert house.planned() == {"extract": 1, "index": 1, "train_fold": 2, **AFTER_TRAINING}


@pytest.mark.parametrize("target", ["all", "features", "train"])
def test_a_lost_shard_is_made_anew(house: House, target: str) -> None:
    shard = house.folder / "data/mine/features/egemaps/0.parquet"
    aside = shard.rename(shard.with_suffix(".aside"))
    try:
        assert house.planned(target).items() >= {"extract": 1, "index": 1}.items()
    finally:
        aside.rename(shard)


def test_an_edited_model_reruns_that_model(house: House) -> None:
    path = house.folder / "ser/models/pyramid_fsmn.py"
    path.write_text(path.read_text() + "\n\nEDITED = True\n")
    assert house.planned() == {"train_fold": 2, **AFTER_TRAINING}


def test_an_edited_feature_module_reruns_that_feature(house: House) -> None:
    path = house.folder / "ser/features/mfcc.py"
    path.write_text(path.read_text() + "\n\nEDITED = True\n")
    heard = {"fingerprint": 1, "audit": 1}  # the audit compares recordings by the same mel bands
    assert house.planned() == {"extract": 1, "index": 1, "train_fold": 2, **heard, **AFTER_TRAINING}


def test_an_edited_training_loop_reruns_all_training_and_no_feature(house: House) -> None:
    path = house.folder / "ser/training/loop.py"
    path.write_text(path.read_text() + "\n\nEDITED = True\n")
    assert house.planned() == {"train_fold": 6, **AFTER_TRAINING}


def test_a_comment_in_the_code_reruns_nothing(house: House) -> None:
    for file in ("ser/models/pyramid_fsmn.py", "ser/training/loop.py", "ser/stages/prepare.py"):
        path = house.folder / file
        path.write_text(path.read_text() + "\n# a remark\n")
    assert house.planned() == {}


def test_a_lost_run_is_trained_again_although_the_tables_behind_it_are_there(house: House) -> None:
    path = house.folder / "results/runs/mine/two-folds/tiny-cnn/seed0/fold0/predictions.parquet"
    lost = path.rename(path.with_suffix(".lost"))
    planned = house.planned()
    lost.rename(path)
    assert planned == {"train_fold": 1, **AFTER_TRAINING}


def test_an_edited_report_reruns_the_report_only(house: House) -> None:
    path = house.folder / "ser/report/page.py"
    path.write_text(path.read_text() + "\n\nEDITED = True\n")
    assert house.planned() == {"render": 1}


def test_a_training_depends_on_as_many_files_however_many_shards_a_corpus_has(house: House) -> None:
    edit(house, "mini.yaml", "  mine:\n    adapter: table", "  mine:\n    shard_size: 2\n    adapter: table")
    assert house.planned()["extract"] == 3 * 16
    plan = house.snakemake("-n").stdout
    read = re.findall(r"^rule train_fold:\n    input: (.*)$", plan, re.MULTILINE)
    assert len(read) == 6
    assert {len(line.split(", ")) for line in read} == {2}, "the index of a feature, and the folds"


def test_each_stage_has_a_target(house: House) -> None:
    for target in ("manifests", "features", "folds", "audits", "train", "scores", "comparisons", "report"):
        assert house.planned(target) == {}


def train(house: House, recipe: str, out: Path) -> "subprocess.Popen[str]":
    """Start one training of the miniature corpus in a process of its own."""
    given = {"corpus": "mine", "protocol": "two-folds", "system": "long", "recipe": recipe, "seed": "7", "fold": "0"}
    paths = {
        "folds": "data/mine/folds/two-folds.parquet",
        "features": '{"mfcc": "data/mine/features/mfcc"}',
        "out": str(out),
    }
    arguments = [part for key, value in {**given, **paths}.items() for part in (f"--{key}", value)]
    command = [sys.executable, "-c", "from ser.cli import app; app()", "train", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(house.folder)}
    return subprocess.Popen(command, cwd=house.folder, env=environment, stderr=subprocess.PIPE, text=True)


def test_a_killed_training_goes_on_from_its_checkpoint_to_the_same_bits(finished: House, tmp_path: Path) -> None:
    card = json.loads((finished.folder / "results/runs/mine/two-folds/tiny-cnn/seed0/fold0/run.json").read_text())
    card["recipe"]["training"] |= {"epochs": 60, "patience": None}
    recipe = json.dumps(card["recipe"])
    killed = train(finished, recipe, tmp_path / "killed")
    checkpoints = finished.folder / "results/checkpoints"
    deadline = time.monotonic() + 60
    while not list(checkpoints.glob("*/state.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    assert not (tmp_path / "killed/run.json").exists()
    for name in ("killed", "undisturbed"):
        process = train(finished, recipe, tmp_path / name)
        assert process.wait(timeout=120) == 0, process.communicate()
    resumed, whole = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("killed", "undisturbed"))
    assert (resumed["resumed"], whole["resumed"]) == (1, 0)
    one, two = (pd.read_parquet(tmp_path / name / "predictions.parquet") for name in ("killed", "undisturbed"))
    assert np.array_equal(np.stack(one["probabilities"]), np.stack(two["probabilities"]))
    assert list(checkpoints.iterdir()) == []


@pytest.fixture
def two_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """A machine whose ``nvidia-smi`` lists two GPUs of a name that no other test has."""
    names = [f"GPU-{uuid.uuid4()}" for _ in range(2)]
    command = tmp_path / "bin" / "nvidia-smi"
    command.parent.mkdir()
    lines = [f"echo 'GPU {number}: pretended (UUID: {name})'\n" for number, name in enumerate(names)]
    command.write_text("#!/bin/sh\n" + "".join(lines))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv(devices.VARIABLE, raising=False)
    yield set(names)
    for name in names:
        for lock in devices.LOCKS.glob(f"{name}*"):
            lock.unlink()


def device_in(log: str) -> str:
    found = re.search(r"computes on (\S+)", log)
    assert found is not None, log
    return found[1]


def test_two_folds_at_a_time_train_on_two_devices(finished: House, two_devices: set[str]) -> None:
    runs = [f"results/runs/mine/two-folds/tiny-cnn/seed5/fold{fold}/run.json" for fold in range(2)]
    done = finished.snakemake("--config", "devices={jobs_per_gpu: 2}", "--resources", "gpu=2", "--cores", "4", *runs)
    assert done.returncode == 0, done.stderr
    assert "--gpus 1 --jobs-per-gpu 2 " in done.stderr, "the setting reaches the job"
    logs = [finished.folder / f"logs/train/mine/two-folds/tiny-cnn/seed5-fold{fold}.log" for fold in range(2)]
    assert {device_in(log.read_text()) for log in logs} == two_devices


def test_one_run_trained_twice_at_a_time_on_two_devices_ends_in_the_same_bits(
    finished: House, two_devices: set[str], tmp_path: Path
) -> None:
    card = json.loads((finished.folder / "results/runs/mine/two-folds/tiny-cnn/seed0/fold0/run.json").read_text())
    card["recipe"]["training"] |= {"epochs": 10, "patience": None}
    processes = [train(finished, json.dumps(card["recipe"]), tmp_path / name) for name in ("one", "two")]
    told = [process.communicate(timeout=120)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], told
    assert {device_in(text) for text in told} == two_devices
    for file in ("predictions.parquet", "model.safetensors"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert list((finished.folder / "results/checkpoints").iterdir()) == []


def test_how_many_jobs_share_a_gpu_reruns_nothing(house: House) -> None:
    path = house.folder / "mini.yaml"
    path.write_text(path.read_text() + "devices: {jobs_per_gpu: 3}\n")
    assert house.planned() == {}


def test_snakemakes_own_report_works_offline(finished: House) -> None:
    done = finished.snakemake("--report", "snakemake-report.html")
    assert done.returncode == 0, done.stderr
    report = (finished.folder / "snakemake-report.html").read_bytes()
    assert len(report) > 100_000
    inside = [b64decode(part) for part in re.findall(rb"base64,([A-Za-z0-9+/=]+)", report)]
    assert any(b"experiment mini" in part for part in inside)  # the page itself
    shown = [report, *inside, *(path.read_bytes() for path in files(finished.folder / "results/mini"))]
    assert len(shown) > 80
    assert [part[:60] for part in shown if b"confidential" in part or b"RIFF" in part or b"data:audio" in part] == []


def refused(house: House) -> str:
    done = house.snakemake("-n")
    text = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in text
    assert ".smk" not in text, "one sentence, without the lines of rule files"
    return text


def test_a_misspelt_system_stops_the_plan_with_the_near_miss(house: House) -> None:
    edit(house, "mini.yaml", "- SVM-eGeMAPS", "- SVM-eGeMAP")
    assert "Did you mean 'SVM-eGeMAPS'?" in refused(house)


def test_a_wrong_corpus_folder_stops_the_plan(house: House) -> None:
    edit(house, "mini.yaml", "root: recordings", "root: recordngs")
    assert "recordngs" in refused(house)


def test_a_corpus_without_root_or_archive_stops_the_plan(house: House) -> None:
    edit(house, "mini.yaml", "    root: recordings\n", "")
    assert "neither root nor archive" in refused(house)


def test_a_protocol_that_needs_sessions_stops_on_a_corpus_without_them(house: House) -> None:
    edit(house, "mini.yaml", "rule: speaker_folds", "rule: session_out")
    edit(house, "mini.yaml", "      folds: 2\n      dev_speakers: 1\n", "      dev: speaker\n")
    assert "session" in refused(house)
