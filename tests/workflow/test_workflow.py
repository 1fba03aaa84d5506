"""The whole workflow on a user's own CSV of recordings, and which jobs rerun after which change.

One miniature run in a copy of the project; every test then asks Snakemake what it would do after one change.
"""

import json
import os
import re
import subprocess
import sys
import time
import uuid
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from miniature import AFTER_TRAINING, Project, counted, edit, files

from ser.jobs import devices

THEIRS = (
    "{model: external_predictions, options: {file: recordings/theirs.csv, origin: 's3prl, trained on the same folds'}, "
    "inputs: {}}"
)
USE = "{corpus: mine, protocol: two-folds, systems: [SVM-eGeMAPS]}"


def test_a_csv_of_recordings_goes_from_files_to_report_with_a_config_file_alone(finished: Project) -> None:
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
    assert "1 undecided of 1 contrast: two-folds on mine" in page, "four speakers cannot show a difference"
    attention = pd.read_parquet(results / "runs/mine/two-folds/tiny-fsmn/seed0/fold0/attention.parquet")
    assert set(attention["attention"]) == {"timestep"}
    assert attention["utterance"].isin(pd.read_parquet(run / "predictions.parquet")["utterance"]).all()
    assert "tiny-fsmn" in (results / "mini/figures/attention.svg").read_text()
    assert not any(finished.folder.rglob("*.part"))


def test_a_run_prints_one_line_per_job_and_ends_with_the_results(finished: Project) -> None:
    lines = finished.printed.splitlines()
    jobs = int(re.search(r"^(\d+) jobs: ", finished.printed, re.MULTILINE).group(1))  # type: ignore[union-attr]
    assert len(lines) <= jobs + 25  # at most 200 lines for the 98 jobs of the demo
    assert max(map(len, lines)) <= 300
    table = lines[lines.index("mine, two-folds (percent, 95 % interval)") :]
    assert {"SVM-eGeMAPS", "tiny-cnn", "tiny-fsmn"} <= {line.split()[0] for line in table if line}
    assert "Report: results/mini/index.html" in table


def test_every_number_can_be_recomputed_from_the_predictions(finished: Project) -> None:
    scores = pd.read_parquet(finished.folder / "results/mini/scores.parquet")
    runs = (finished.folder / "results/runs/mine/two-folds/SVM-eGeMAPS/seed0").glob("fold*/predictions.parquet")
    together = pd.concat([pd.read_parquet(path) for path in runs])
    hits = together["label"] == together["predicted"]
    row = scores[(scores["system"] == "SVM-eGeMAPS") & (scores["fold"] == -1)].set_index("metric")["value"]
    assert row["WA"] == pytest.approx(hits.mean())
    assert row["UA"] == pytest.approx(hits.groupby(together["label"]).mean().mean())


def test_an_edited_annotation_file_reruns_everything_behind_it(project: Project) -> None:
    edit(project, "recordings/labels.csv", "s1_happy_0.wav,happy", "s1_happy_0.wav,sad")
    planned = project.planned()
    assert planned["prepare"] == 1
    assert planned["train_fold"] == 6


def test_an_edited_recording_of_the_same_size_reruns_prepare(project: Project) -> None:
    path = project.folder / "recordings/s1_sad_0.wav"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    assert project.planned()["prepare"] == 1


def test_one_option_reruns_one_system(project: Project) -> None:
    edit(project, "mini.yaml", "epochs: 2", "epochs: 3")
    assert project.planned() == {"train_fold": 2, "plan": 1, **AFTER_TRAINING}


def test_an_added_contrast_trains_nothing(project: Project) -> None:
    edit(project, "mini.yaml", "  contrasts:\n", "  contrasts:\n    Depth: {better: tiny-fsmn, than: tiny-cnn}\n")
    assert project.planned() == {"plan": 1, **AFTER_TRAINING}


def test_what_is_trained_for_use_trains_nothing_else_and_is_in_no_score(project: Project) -> None:
    edit(project, "mini.yaml", "  contrasts:\n", f"  use:\n  - {USE}\n  contrasts:\n")
    assert project.planned() == {"plan": 1, "train_for_use": 1, **AFTER_TRAINING}
    folder = project.folder / "results/runs/mine/two-folds/SVM-eGeMAPS/seed0/use"
    done = project.snakemake("--cores", "2", "use")
    assert done.returncode == 0, done.stderr
    card = json.loads((folder / "run.json").read_text())
    sizes = {part: sum(counts.values()) for part, counts in card["counts"].items()}
    assert sizes == {"train": 24, "dev": 8, "test": 0}, "one of four speakers is dev"
    assert project.planned() == {"plan": 1, **AFTER_TRAINING}
    environment = {**os.environ, "PYTHONPATH": str(project.folder)}
    script = "import sys; from ser.cli import app; sys.argv[0] = 'ser'; app()"
    command = [sys.executable, "-c", script, "bundle", str(folder), "bundle"]
    made = subprocess.run(command, cwd=project.folder, env=environment, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert "warning" not in made.stderr
    page = (project.folder / "bundle/README.md").read_text()
    assert "Cross-validation under two-folds: 2 folds, 1 seed (0), 32 test utterances" in page
    assert "too quiet: below" in page


def test_a_condition_predicts_once_more_and_trains_nothing(project: Project) -> None:
    asked = "  robustness:\n    systems: [SVM-eGeMAPS]\n    conditions:\n      gain: [0.0, 6.0]\n"
    edit(project, "mini.yaml", "  contrasts:\n", f"{asked}  contrasts:\n")
    assert project.planned() == {"plan": 1, "disturb": 2, **AFTER_TRAINING}
    done = project.snakemake("--cores", "2", "robustness")
    assert done.returncode == 0, done.stderr
    runs = project.folder / "results/runs/mine/two-folds/SVM-eGeMAPS/seed0"
    for fold in (0, 1):
        (path,) = (runs / f"fold{fold}/robustness").glob("gain-*.parquet")
        rows = pd.read_parquet(path)
        same = rows[rows["strength"] == 0.0].set_index("utterance")["predicted"]
        stored = pd.read_parquet(runs / f"fold{fold}/predictions.parquet").set_index("utterance")["predicted"]
        pd.testing.assert_series_equal(same.sort_index(), stored.sort_index())
    edit(project, "mini.yaml", "      gain: [0.0, 6.0]\n", "      gain: [0.0, 6.0]\n      shift: [0.1]\n")
    assert project.planned() == {"plan": 1, "disturb": 2, **AFTER_TRAINING}, "of the new condition alone"


def test_a_train_part_has_disturbed_copies_of_which_only_new_ones_are_made(project: Project) -> None:
    loud = "{base: SVM-eGeMAPS, training: {augmentation: {conditions: {gain: [6.0], speed: [0.9]}}}}"
    edit(project, "mini.yaml", "\nsystems:\n", f"\nsystems:\n  loud: {loud}\n")
    edit(project, "mini.yaml", "    - tiny-cnn\n", "    - tiny-cnn\n    - loud\n")
    assert project.planned() == {"augment": 2, "index": 2, "train_fold": 2, "plan": 1, **AFTER_TRAINING}
    runs = project.folder / "results/runs/mine/two-folds"
    wanted = [str((runs / f"loud/seed0/fold{fold}/run.json").relative_to(project.folder)) for fold in (0, 1)]
    done = project.snakemake("--cores", "2", *wanted)  # and no plan, which the tests after this one do not expect
    assert done.returncode == 0, done.stderr
    for fold in (0, 1):
        clean, with_copies = (
            json.loads((runs / f"{name}/seed0/fold{fold}/run.json").read_text()) for name in ("SVM-eGeMAPS", "loud")
        )
        assert with_copies["counts"] == clean["counts"]
        assert with_copies["examples"] == {**clean["examples"], "train": 3 * clean["examples"]["train"]}
        assert with_copies["data"]["folds"] == clean["data"]["folds"]
    assert project.planned() == {"plan": 1, **AFTER_TRAINING}
    edit(project, "mini.yaml", "gain: [6.0]", "gain: [6.0], babble: [10.0]")  # voices of the train part of each fold
    assert project.planned() == {"augment": 2, "index": 2, "train_fold": 2, "plan": 1, **AFTER_TRAINING}
    edit(project, "ser/conditions/gain.py", "strength / 20", "strength / 10")
    planned = project.planned()
    assert (planned["augment"], planned["train_fold"]) == (3, 2), "nothing stale is read"


def test_a_declared_leak_repeats_no_training(project: Project) -> None:
    edit(project, "mini.yaml", "    rule: speaker_folds\n", "    rule: speaker_folds\n    leaks: [audio, text]\n")
    assert project.planned() == {"audit": 1, "plan": 1, **AFTER_TRAINING}


def test_a_protocol_that_cannot_be_filled_stops_no_other(project: Project) -> None:
    edit(project, "mini.yaml", "    - two-folds\n", "    - two-folds\n    - session-out-4\n")
    done = project.snakemake("-n")
    assert counted(done) == {"plan": 1, **AFTER_TRAINING}
    assert "left out: protocol 'session-out-4' on corpus 'mine': the protocol asks for label" in done.stderr
    edit(project, "mini.yaml", "    - two-folds\n", "")
    done = project.snakemake("-n")
    assert done.returncode != 0
    assert "error: protocol 'session-out-4' on corpus 'mine'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_root_that_does_not_exist_fails_the_dry_run(project: Project) -> None:
    edit(project, "mini.yaml", "root: recordings", "root: recording")
    assert "Did you mean" in refused(project)


def test_an_added_system_reruns_itself_and_the_report(project: Project) -> None:
    edit(project, "mini.yaml", "    - tiny-cnn\n", "    - tiny-cnn\n    - SVM-ComParE\n")
    assert project.planned() == {"extract": 1, "index": 1, "train_fold": 2, "plan": 1, **AFTER_TRAINING}


def test_predictions_of_another_system_are_a_row_beside_ours(project: Project) -> None:
    runs = project.folder / "results/runs/mine/two-folds"
    ours = pd.concat(pd.read_parquet(path) for path in runs.glob("SVM-eGeMAPS/seed0/fold*/predictions.parquet"))
    ours[["utterance", "predicted"]].to_csv(project.folder / "recordings/theirs.csv", index=False)
    edit(project, "mini.yaml", "name: mini", "name: others")
    edit(project, "mini.yaml", "    - tiny-cnn\n", "    - tiny-cnn\n    - theirs\n")
    edit(project, "mini.yaml", "systems:\n  tiny-cnn", f"systems:\n  theirs: {THEIRS}\n  tiny-cnn")
    done = project.snakemake()
    assert done.returncode == 0, done.stderr
    scores = pd.read_parquet(project.folder / "results/others/scores.parquet")
    metrics = scores[scores["label"] == ""].set_index(["system", "fold", "metric"])["value"]
    assert metrics["theirs"].equals(metrics["SVM-eGeMAPS"])
    pairs = pd.read_parquet(project.folder / "results/others/comparisons.parquet")
    pair = pairs[(pairs["system"] == "SVM-eGeMAPS") & (pairs["other"] == "theirs")]
    assert list(pair["difference"]) == [0, 0]
    page = (project.folder / "results/others/index.html").read_text()
    assert "predictions of another system: theirs.csv" in page
    assert "s3prl, trained on the same folds" in page
    ours[["utterance", "label"]].rename(columns={"label": "predicted"}).to_csv(
        project.folder / "recordings/theirs.csv", index=False
    )
    assert project.planned() == {"train_fold": 2, **AFTER_TRAINING}


def test_missing_predictions_of_another_system_stop_the_plan(project: Project) -> None:
    edit(project, "mini.yaml", "    - tiny-cnn\n", "    - tiny-cnn\n    - theirs\n")
    edit(project, "mini.yaml", "systems:\n  tiny-cnn", f"systems:\n  theirs: {THEIRS}\n  tiny-cnn")
    done = project.snakemake("-n")
    assert done.returncode != 0
    assert "error: there are no predictions at recordings/theirs.csv" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_feature_of_transcripts_is_computed_of_them_and_extracts_no_audio(project: Project) -> None:
    model = project.folder / "config/tiny-bert"
    model.mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors"):  # planning reads no weights
        (model / name).write_text('{"model_type": "bert", "hidden_size": 8, "num_hidden_layers": 2}')
    system = "  text-svm: {base: MiniLM-SVM, inputs: {vector: {feature: bert}}}\n"
    edit(project, "mini.yaml", "\nsystems:\n", f"\nsystems:\n{system}")
    edit(project, "mini.yaml", "    - tiny-cnn\n", "    - tiny-cnn\n    - text-svm\n")
    path = project.folder / "mini.yaml"
    path.write_text(
        path.read_text() + "features: {bert: {extractor: text_vector, options: {model: config/tiny-bert}}}\n"
    )
    of_text = {"transcribe": 1, "extract_text": 1, "index": 1}
    assert project.planned() == {**of_text, "train_fold": 2, "plan": 1, **AFTER_TRAINING}


def test_an_added_seed_reruns_that_seed_only(project: Project) -> None:
    edit(project, "mini.yaml", "    systems:\n    - SVM-eGeMAPS", "    seeds: [0, 1]\n    systems:\n    - SVM-eGeMAPS")
    assert project.planned() == {"train_fold": 6, "plan": 1, **AFTER_TRAINING}


def test_a_trim_reruns_the_corpus(project: Project) -> None:
    edit(project, "mini.yaml", "    adapter: table\n", "    adapter: table\n    trim: speech\n")
    of_audio = {"prepare": 1, "resample": 1, "fingerprint": 1, "extract": 3, "index": 3}
    assert project.planned() == {"plan": 1, **of_audio, "split": 1, "audit": 1, "train_fold": 6, **AFTER_TRAINING}


def test_a_feature_parameter_reruns_that_feature_and_its_systems(project: Project) -> None:
    path = project.folder / "mini.yaml"
    path.write_text(path.read_text() + "features: {mfcc: {options: {mels: 64}}}\n")
    # The plan lists what differs from the shipped features.
    assert project.planned() == {"plan": 1, "extract": 1, "index": 1, "train_fold": 2, **AFTER_TRAINING}


@pytest.mark.parametrize("target", ["all", "features", "train"])
def test_a_lost_shard_is_made_anew(project: Project, target: str) -> None:
    shard = project.folder / "data/mine/features/egemaps/0.parquet"
    aside = shard.rename(shard.with_suffix(".aside"))
    try:
        assert project.planned(target).items() >= {"extract": 1, "index": 1}.items()
    finally:
        aside.rename(shard)


def test_an_edited_mel_scale_reruns_that_feature_and_the_audit(project: Project) -> None:
    edit(project, "ser/features/mfcc.py", "np.log(6.4) / 27", "np.log(6.4) / 28")
    audited = {"fingerprint": 1, "audit": 1}  # the audit compares recordings by the same mel bands
    assert project.planned() == {"extract": 1, "index": 1, "train_fold": 2, **audited, **AFTER_TRAINING}


def test_a_lost_run_is_trained_again_although_the_tables_behind_it_are_there(project: Project) -> None:
    path = project.folder / "results/runs/mine/two-folds/tiny-cnn/seed0/fold0/predictions.parquet"
    lost = path.rename(path.with_suffix(".lost"))
    planned = project.planned()
    lost.rename(path)
    assert planned == {"train_fold": 1, **AFTER_TRAINING}


def test_a_training_depends_on_as_many_files_however_many_shards_a_corpus_has(project: Project) -> None:
    edit(project, "mini.yaml", "  mine:\n    adapter: table", "  mine:\n    shard_size: 2\n    adapter: table")
    plan = project.snakemake("-n")
    assert counted(plan)["extract"] == 3 * 16
    read = re.findall(r"^rule train_fold:\n    input: (.*)$", plan.stdout, re.MULTILINE)
    assert len(read) == 6
    assert {len(line.split(", ")) for line in read} == {2}, "the index of a feature, and the folds"


def test_each_stage_has_a_target(project: Project) -> None:
    targets = ("manifests", "features", "folds", "audits", "train", "scores", "comparisons", "report")
    assert project.planned(*targets) == {}


def train(project: Project, recipe: str, out: Path) -> "subprocess.Popen[str]":
    """Start one training of the miniature corpus in a process of its own."""
    given = {"corpus": "mine", "protocol": "two-folds", "system": "long", "recipe": recipe, "seed": "7", "fold": "0"}
    paths = {
        "folds": "data/mine/folds/two-folds.parquet",
        "features": '{"mfcc": "data/mine/features/mfcc"}',
        "out": str(out),
    }
    arguments = [part for key, value in {**given, **paths}.items() for part in (f"--{key}", value)]
    command = [sys.executable, "-c", "from ser.cli import app; app()", "train", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(project.folder)}
    return subprocess.Popen(command, cwd=project.folder, env=environment, stderr=subprocess.PIPE, text=True)


def test_a_killed_training_goes_on_from_its_checkpoint_to_the_same_bits(finished: Project, tmp_path: Path) -> None:
    card = json.loads((finished.folder / "results/runs/mine/two-folds/tiny-cnn/seed0/fold0/run.json").read_text())
    card["recipe"]["training"] |= {"epochs": 60, "patience": None}
    recipe = json.dumps(card["recipe"])
    killed = train(finished, recipe, tmp_path / "killed")
    checkpoints = finished.folder / "results/checkpoints"
    deadline = time.monotonic() + 600
    while not list(checkpoints.glob("*/state.safetensors")) and time.monotonic() < deadline:
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    assert not (tmp_path / "killed/run.json").exists()
    for name in ("killed", "undisturbed"):
        process = train(finished, recipe, tmp_path / name)
        assert process.wait(timeout=600) == 0, process.communicate()
    resumed, whole = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("killed", "undisturbed"))
    assert (resumed["resumed"], whole["resumed"]) == (1, 0)
    one, two = (pd.read_parquet(tmp_path / name / "predictions.parquet") for name in ("killed", "undisturbed"))
    assert np.array_equal(np.stack(one["probabilities"]), np.stack(two["probabilities"]))
    assert list(checkpoints.iterdir()) == []


@pytest.fixture
def two_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """A machine whose ``nvidia-smi`` lists two GPUs of a name that no other test has.

    It answers when two jobs have asked, so that the second asks before the first, which may be short, has ended.
    """
    names = [f"GPU-{uuid.uuid4()}" for _ in range(2)]
    command, asked = tmp_path / "bin" / "nvidia-smi", tmp_path / "asked"
    command.parent.mkdir()
    asked.mkdir()
    lines = [f"echo 'GPU {number}: pretended (UUID: {name})'\n" for number, name in enumerate(names)]
    wait = f"touch {asked}/$$\nfor n in $(seq 1200); do [ $(ls {asked} | wc -l) -ge 2 ] && break; sleep 0.05; done\n"
    command.write_text("#!/bin/sh\n" + wait + "".join(lines))
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


def test_two_folds_at_a_time_train_on_two_devices(finished: Project, two_devices: set[str]) -> None:
    runs = [f"results/runs/mine/two-folds/tiny-cnn/seed5/fold{fold}/run.json" for fold in range(2)]
    done = finished.snakemake("--config", "devices={jobs_per_gpu: 2}", "--resources", "gpu=2", "--cores", "4", *runs)
    assert done.returncode == 0, done.stderr
    commands = max((finished.folder / ".snakemake/log").glob("*.log")).read_text()
    assert "--gpus 1 --jobs-per-gpu 2 " in commands, "the setting reaches the job"
    logs = [finished.folder / f"logs/train/mine/two-folds/tiny-cnn/seed5-fold{fold}.log" for fold in range(2)]
    assert {device_in(log.read_text()) for log in logs} == two_devices


def test_one_run_trained_twice_at_a_time_on_two_devices_ends_in_the_same_bits(
    finished: Project, two_devices: set[str], tmp_path: Path
) -> None:
    card = json.loads((finished.folder / "results/runs/mine/two-folds/tiny-cnn/seed0/fold0/run.json").read_text())
    card["recipe"]["training"] |= {"epochs": 10, "patience": None}
    processes = [train(finished, json.dumps(card["recipe"]), tmp_path / name) for name in ("one", "two")]
    logs = [process.communicate(timeout=600)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], logs
    assert {device_in(text) for text in logs} == two_devices
    for file in ("predictions.parquet", "model.safetensors"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    assert list((finished.folder / "results/checkpoints").iterdir()) == []


def test_a_fold_is_mapped_where_the_configuration_says_so_and_no_copy_stays(finished: Project) -> None:
    card = "results/runs/mine/two-folds/tiny-cnn/seed8/fold0/run.json"
    done = finished.snakemake("--config", "devices={fold_data: mapped}", "--cores", "2", card)
    assert done.returncode == 0, done.stderr
    found = json.loads((finished.folder / card).read_text())
    assert found["mapped"] == list(found["features"])
    assert list(finished.folder.glob("data/*/features/*/mapped")) == []


def test_snakemakes_own_report_works_offline(finished: Project) -> None:
    done = finished.snakemake("--report", "snakemake-report.html")
    assert done.returncode == 0, done.stderr
    report = (finished.folder / "snakemake-report.html").read_bytes()
    assert len(report) > 100_000
    inside = [b64decode(part) for part in re.findall(rb"base64,([A-Za-z0-9+/=]+)", report)]
    assert any(b"experiment mini" in part for part in inside)  # the page itself
    published = [report, *inside, *(path.read_bytes() for path in files(finished.folder / "results/mini"))]
    assert len(published) > 80
    assert [
        part[:60] for part in published if b"confidential" in part or b"RIFF" in part or b"data:audio" in part
    ] == []


def refused(project: Project) -> str:
    done = project.snakemake("-n")
    text = done.stdout + done.stderr
    assert done.returncode != 0
    assert "Traceback" not in text
    assert ".smk" not in text, "one sentence, without the lines of rule files"
    return text


def test_a_misspelt_system_stops_the_plan_with_the_near_miss(project: Project) -> None:
    edit(project, "mini.yaml", "- SVM-eGeMAPS", "- SVM-eGeMAP")
    assert "Did you mean 'SVM-eGeMAPS'?" in refused(project)


def test_a_folder_without_any_recording_stops_the_plan_even_if_some_may_be_missing(project: Project) -> None:
    elsewhere = project.folder / "recordings/elsewhere"  # put back with the recordings
    elsewhere.mkdir(exist_ok=True)
    (elsewhere / "labels.csv").write_bytes((project.folder / "recordings/labels.csv").read_bytes())
    edit(project, "mini.yaml", "root: recordings\n", "root: recordings/elsewhere\n    allow: [missing-audio]\n")
    assert "recordings are not below" in refused(project)


def test_a_corpus_without_root_or_archive_stops_the_plan(project: Project) -> None:
    edit(project, "mini.yaml", "    root: recordings\n", "")
    assert "neither root nor archive" in refused(project)


def test_a_protocol_that_needs_sessions_stops_on_a_corpus_without_them(project: Project) -> None:
    edit(project, "mini.yaml", "rule: speaker_folds", "rule: session_out")
    edit(project, "mini.yaml", "      folds: 2\n      dev_speakers: 1\n", "      dev: speaker\n")
    assert "session" in refused(project)


def test_tracking_reaches_the_trainings_and_reruns_nothing(finished: Project) -> None:
    setting = ("--config", "tracking={tensorboard: 'my events'}")
    run = "mine/two-folds/tiny-cnn/seed9/fold0"
    done = finished.snakemake(*setting, "--cores", "2", f"results/runs/{run}/run.json")
    assert done.returncode == 0, done.stderr
    assert list((finished.folder / "my events" / run).glob("events.out.tfevents.*"))
    assert not (finished.folder / f"results/runs/{run}/epochs.jsonl").exists()
    tracked, plain = finished.planned(*setting), finished.planned()
    assert tracked == plain
    assert "train_fold" not in plain
