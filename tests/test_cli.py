"""The command line: help of every verb, jobs from options and JSON, errors of one line, jobs without a GPU."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from ser import catalog
from ser.cli import app
from ser.config.plan import Plan, read_plan
from ser.config.recipe import Recipe
from ser.errors import SerError
from ser.jobs.job import File, Job
from ser.stages.train import TrainJob

VERBS = get_command(app).list_commands(None)  # type: ignore[attr-defined]


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_and_its_options(verb: str) -> None:
    done = call(verb, "--help")
    assert done.exit_code == 0
    text = done.output.split("Options:")[0].replace("Usage:", "").strip()
    assert len(text.splitlines()) > 1, "a sentence below the usage line"


def test_the_help_lists_the_verbs_for_people_before_the_stages() -> None:
    people, stages = call("--help").output.split("Commands:")[1].split("Stages of the pipeline")
    for verb in ("audit", "systems", "verify"):
        assert f"  {verb} " in people
        assert f"  {verb} " not in stages
    for name in set(catalog.names("stages")) - {"audit"}:
        assert f"  {name.replace('_', '-')} " in stages


# The stages of which a plan needs the job: see workflow/rules.
PLANNED = (
    *("augment", "embed", "extract", "extract_text", "fetch", "index", "plan", "prepare", "resample", "split"),
    *("train", "transcribe"),
)


@pytest.mark.parametrize(
    ("imported", "slow"),
    [
        (("ser.cli",), {"torch", "pandas", "pyarrow", "scipy"}),
        (tuple(f"ser.stages.{name}" for name in PLANNED), {"torch", "pandas", "scipy", "sklearn", "nltk"}),
    ],
)
def test_command_line_and_plan_start_without_slow_libraries(imported: tuple[str, ...], slow: set[str]) -> None:
    code = f"import sys, {', '.join(imported)}; print(sorted({slow} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


class Example(Job):
    """Fields of every kind."""

    number: int
    """A number."""
    options: dict[str, float] = {}  # noqa: RUF012
    """An object."""
    out: File
    """A file."""


def test_a_job_is_read_from_options_from_json_and_from_both(tmp_path: Path) -> None:
    wanted = Example(number=3, options={"x": 0.5}, out=Path("o"))
    assert Example.read(None, {"number": "3", "options": '{"x": 0.5}', "out": "o"}) == wanted
    whole = '{"number": 4, "options": {"x": 0.5}, "out": "o"}'
    (tmp_path / "job.json").write_text(whole)
    for text in (whole, str(tmp_path / "job.json")):
        assert Example.read(text, {"number": "3", "out": None}) == wanted
    for text, options, message in (
        (None, {"number": "x", "out": "o"}, "number: Input should be a valid integer"),
        (None, {"number": "3"}, "out: Field required"),
        ('{"numbr": 3, "number": 3, "out": "o"}', {}, "numbr: Extra inputs are not permitted"),
        ("{", {}, "--job must be JSON"),
        ("none.json", {}, "neither a JSON object nor a file"),
        (None, {"options": "x"}, "--options must be JSON"),
    ):
        with pytest.raises(SerError, match=message):
            Example.read(text, options)


def test_the_params_of_a_rule_hold_what_decides_and_no_file() -> None:
    assert Example.params(number="3") == '{"number":3,"options":{}}'
    with pytest.raises(SerError, match="number: Field required"):
        Example.params(options={})
    recipe = Recipe.model_validate({"title": "a remark", "model": "m", "inputs": {"vector": {"feature": "f"}}})
    names = {"corpus": "c", "protocol": "p", "system": "s", "seed": 0, "fold": 1}
    given = json.loads(TrainJob.params(**names, recipe=recipe, features={"f": Path("data/f")}))
    assert given["recipe"] == json.loads(recipe.decisive()), "a remark decides nothing"
    assert given["features"] == {"f": "data/f"}
    assert given.keys().isdisjoint({"folds", "out", "threads", "gpus", "jobs_per_gpu", "device", "code"})


def test_systems_as_json_list_our_defaults() -> None:
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

    def prepare(name: str, _: int) -> None:
        asked.update(device=name)
        raise SerError("enough")

    monkeypatch.setattr("ser.stages._fold_training.prepare", prepare)
    recipe = Recipe.model_validate({"model": model, "inputs": {"vector": {"feature": "egemaps"}}})
    names = {"corpus": "c", "protocol": "p", "system": "s", "recipe": recipe.decisive(), "seed": "0", "fold": "0"}
    rest = {"folds": "f.parquet", "features": '{"egemaps": "data/egemaps"}', "out": "o", "gpus": gpus}
    done = call("train", *(part for key, value in {**names, **rest}.items() for part in (f"--{key}", value)))
    assert done.output == "error: enough\n"
    assert asked["device"] == device


def test_a_plan_longer_than_an_argument_may_be_is_read_from_standard_input(tmp_path) -> None:
    systems = {f"system-{n}": {"title": "x" * 2000, "model": "dense_lstm", "inputs": {}} for n in range(100)}
    block = {"corpora": ["demo"], "protocols": ["p"], "systems": list(systems)}
    protocols = {"p": {"rule": "session_out", "labels": "all"}}
    raw = {"experiment": {"name": "x", "runs": [block]}, "protocols": protocols, "systems": systems}
    raw["folds"] = {"demo": {"p": 5}}
    text = Plan.model_validate(raw).canonical()
    assert len(text) > 128 * 1024  # what Linux allows one argument
    arguments = ["plan", "--job", "-", "--out", str(tmp_path / "plan.json")]
    done = CliRunner().invoke(app, arguments, input=f'{{"plan":{text}}}')
    assert done.exit_code == 0
    assert read_plan(tmp_path / "plan.json").canonical() == text


def test_a_job_that_is_granted_no_gpu_sees_none(monkeypatch) -> None:
    """With ``--resources gpu=0`` x-vectors, their training and recognisers stay on the CPU."""
    seen: dict[str, str | None] = {}
    for name, inner in (("extract", "_extract"), ("train_xvector", "_train"), ("transcribe", "_transcribe")):

        def note(*_: object, name: str = name) -> None:
            seen[name] = os.environ.get("CUDA_VISIBLE_DEVICES")

        monkeypatch.setattr(f"ser.stages.{name}.{inner}", note)
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
    for arguments in (extract, ("train-xvector", "--recordings", "m", "--audio", "a", "--out", "o"), transcribe):
        done = call(*arguments, "--gpus", "0")
        assert done.exit_code == 0, done.output
    assert seen == {"extract": "", "train_xvector": "", "transcribe": ""}
