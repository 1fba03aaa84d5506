"""The command line: every verb explains itself, errors are one line, and a job without a GPU stays on the CPU."""

import json
import os

import pytest
from typer.testing import CliRunner, Result

from ser.cli import app
from ser.config.plan import Plan
from ser.config.schema import Recipe
from ser.stages import train as stage
from ser.stages.plan import read_plan

VERBS = [command.name or "" for command in app.registered_commands]


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_and_its_options(verb: str) -> None:
    done = call(verb, "--help")
    assert done.exit_code == 0
    text = done.output.split("Options:")[0].replace("Usage:", "").strip()
    assert len(text.splitlines()) > 1, "a sentence below the usage line"


def test_the_stages_are_all_verbs() -> None:
    stages = {
        "fetch",
        "prepare",
        "resample",
        "train-xvector",
        "extract",
        "split",
        "train",
        "transcribe",
        "embed",
        "plan",
        "score",
        "compare",
        "audit",
        "report",
    }
    assert stages <= set(VERBS)


def test_systems_as_json_say_what_is_not_the_papers_word() -> None:
    systems = {entry["name"]: entry for entry in json.loads(call("systems", "--json").output)}
    wanted = {"name", "paper", "features", "parameters", "defaults"}
    assert all(wanted <= set(entry) for entry in systems.values())
    assert systems["CNN_TF_Att.pooling"]["parameters"] == 93_573
    assert systems["C-pFSMN-A"]["paper"] == "cao2019"
    assert "training.learning_rate" in systems["C-pFSMN-A"]["defaults"]


def test_an_error_is_one_line_and_ends_with_code_2(tmp_path) -> None:
    done = call("score", "--plan", str(tmp_path / "none.json"), "--scores", "s", "--confusions", "c")
    assert done.exit_code == 2
    assert done.output.startswith("error: ")
    assert "none.json does not exist" in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("model", "gpus", "device"), [("frame_lstm", "0", "cpu"), ("frame_lstm", "1", "auto"), ("linear_svm", "1", "cpu")]
)
def test_a_training_without_a_granted_gpu_stays_on_the_cpu(model, gpus, device, monkeypatch) -> None:
    asked = {}
    monkeypatch.setattr(stage, "train", lambda **given: asked.update(given))
    recipe = Recipe.model_validate({"model": model, "inputs": {"vector": {"feature": "egemaps"}}})
    names = {"corpus": "c", "protocol": "p", "system": "s", "recipe": recipe.decisive(), "seed": "0", "fold": "0"}
    rest = {"folds": "f.parquet", "features": "egemaps=data/egemaps", "out": "o", "gpus": gpus}
    done = call("train", *(part for key, value in {**names, **rest}.items() for part in (f"--{key}", value)))
    assert done.exit_code == 0, done.output
    assert asked["device"] == device


def test_a_plan_longer_than_an_argument_may_be_is_read_from_standard_input(tmp_path) -> None:
    systems = {f"system-{n}": {"title": "x" * 2000, "model": "dense_lstm", "inputs": {}} for n in range(100)}
    block = {"corpora": ["demo"], "protocols": ["p"], "systems": list(systems)}
    protocols = {"p": {"rule": "session_out", "labels": "all"}}
    raw = {"experiment": {"name": "x", "runs": [block]}, "protocols": protocols, "systems": systems}
    raw["folds"] = {"demo": {"p": 5}}
    text = Plan.model_validate(raw).canonical()
    assert len(text) > 128 * 1024  # what Linux allows one argument
    done = CliRunner().invoke(app, ["plan", "--out", str(tmp_path / "plan.json")], input=text)
    assert done.exit_code == 0
    assert read_plan(tmp_path / "plan.json").canonical() == text


def test_a_job_that_is_granted_no_gpu_sees_none(monkeypatch) -> None:
    """With ``--resources gpu=0`` x-vectors, their training and recognisers stay on the CPU too."""
    seen: dict[str, str | None] = {}
    for name in ("extract", "train_xvector", "transcribe"):

        def note(name: str = name, **_: object) -> None:
            seen[name] = os.environ.get("CUDA_VISIBLE_DEVICES")

        monkeypatch.setattr(f"ser.stages.{name}.{name}", note)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    extract = (
        "extract",
        "--feature",
        "f",
        "--extractor",
        "xvector",
        "--audio",
        "a",
        "--out",
        "o",
        "--options",
        '{"weights": "w"}',
    )
    transcribe = ("transcribe", "--manifest", "m", "--shard", "0", "--out", "o", "--recogniser", "faster_whisper")
    for arguments in (extract, ("train-xvector", "--manifest", "m", "--audio", "a", "--out", "o"), transcribe):
        done = call(*arguments, "--gpus", "0")
        assert done.exit_code == 0, done.output
    assert seen == {"extract": "", "train_xvector": "", "transcribe": ""}
