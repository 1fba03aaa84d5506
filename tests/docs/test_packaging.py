"""The package, its versions and its environments agree; the core runs without torch and outside the repository."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

import ser

PROJECT = Path(__file__).parents[2]
META = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = META["project"]["optional-dependencies"]
LOCK = (PROJECT / "envs/requirements.lock").read_text(encoding="utf-8")
VERSION = META["project"]["version"]
LISTINGS = (("systems",), ("protocols",), ("keys",), ("corpora",), ("features",))


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9_-]", text)[0].lower().replace("_", "-") for text in requirements}


def whole_installation() -> list[str]:
    """The requirements of ``ser[all]``."""
    chosen = re.findall(r"\w+", EXTRAS["all"][0])[1:]
    return [*META["project"]["dependencies"], *(text for extra in chosen for text in EXTRAS[extra])]


def read(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def test_one_version_is_named_everywhere() -> None:
    assert yaml.safe_load(read("CITATION.cff"))["version"] == VERSION
    assert re.findall(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)[0] == VERSION
    assert f"/ser:{VERSION} " in read("profiles/kubernetes/config.yaml")
    assert ser.__version__ == VERSION


def test_the_core_needs_neither_torch_nor_a_workflow_engine() -> None:
    heavy = {"torch", "snakemake", "faster-whisper", "pocketsphinx", "espeakng-loader", "av", "nvidia-ml-py"}
    assert names(META["project"]["dependencies"]) & heavy == set()
    assert names(whole_installation()) >= heavy


def test_torch_is_bounded_where_its_build_is_chosen_and_not_in_the_package() -> None:
    assert [text for text in EXTRAS["train"] if text.startswith("torch")] == ["torch>=2.4"]
    bound = read("envs/torch.txt").splitlines()[-1]
    assert re.fullmatch(r"torch>=2\.4,<[\d.]+", bound)
    assert f"- {bound}\n" in read("envs/ser.yaml")
    assert "--constraint envs/torch.txt" in read("Makefile")


def test_the_lock_holds_every_requirement_but_torch_and_what_requires_it() -> None:
    groups = [text for group in ("dev", "docs") for text in META["dependency-groups"][group]]
    locked = set(re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE))
    assert names([*whole_installation(), *groups]) - locked == {"torch", "peft"}


def test_the_conda_environment_has_the_versions_of_the_lock() -> None:
    conda = read("envs/ser.yaml")
    pins = re.findall(r"- ([a-z0-9-]+==\S+)", conda)
    assert names(pins) == names(whole_installation()) - {"torch", "peft"}
    assert "- peft>=" in conda
    assert [pin for pin in pins if f"{pin} " not in LOCK] == []
    assert f"python {META['project']['requires-python']}" in conda


HIDE = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "snakemake", "librosa", "av", "faster_whisper", "pocketsphinx", "pynvml"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
"""
CORE_STAGES = ("audit", "compare", "extract", "fingerprint", "prepare", "report", "resample", "score", "split")


def outside(folder: Path, code: str, *arguments: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run ``code`` from ``folder`` on the package in ``path``, with the extras hidden."""
    environment = {**os.environ, "PYTHONPATH": str(path)}
    command = [sys.executable, "-c", HIDE + code, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built and unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=PROJECT, check=True, capture_output=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_carries_configuration_templates_and_tables(unpacked: Path) -> None:
    for pattern in ("*.yaml", "*.html", "*.css", "*.csv"):
        sources = {path.relative_to(PROJECT / "ser") for path in (PROJECT / "ser").rglob(pattern)}
        sources |= {"_config" / path.relative_to(PROJECT / "config") for path in (PROJECT / "config").rglob(pattern)}
        assert sources <= {path.relative_to(unpacked / "ser") for path in unpacked.rglob(pattern)}
    assert not list(unpacked.rglob("test_*.py"))


@pytest.mark.parametrize("arguments", LISTINGS, ids=lambda arguments: arguments[0])
def test_the_wheel_works_outside_the_repository_without_torch(
    arguments: tuple[str, ...], unpacked: Path, tmp_path: Path
) -> None:
    done = outside(tmp_path, "from ser.cli import app; app()", *arguments, path=unpacked)
    assert done.returncode == 0, done.stderr
    known = {"systems": "C-pFSMN-A", "protocols": "speaker-folds-4", "keys": "experiment.runs", "corpora": "iemocap"}
    assert known.get(arguments[0], "mfcc") in done.stdout


def test_the_stages_from_recordings_to_folds_and_from_predictions_to_report_need_no_extra(
    unpacked: Path, tmp_path: Path
) -> None:
    code = "".join(f"import ser.stages.{stage}\n" for stage in CORE_STAGES)
    done = outside(tmp_path, code, path=unpacked)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("wheels", "backend", "expected"),
    [
        ("/wheels /more", "", ["--find-links /wheels --find-links /more"]),
        ("", "", ["--torch-backend auto"]),
        ("", "cpu", ["--torch-backend cpu"]),
    ],
)
def test_make_takes_a_wheel_at_hand_or_the_build_for_this_machine(
    wheels: str, backend: str, expected: list[str]
) -> None:
    given = {"PIP_FIND_LINKS": wheels} | ({"TORCH_BACKEND": backend} if backend else {})
    command = ["make", "--dry-run", "VENV=/nowhere", "/nowhere/installed"]
    environment = {key: text for key, text in os.environ.items() if key not in ("PIP_FIND_LINKS", "TORCH_BACKEND")}
    done = subprocess.run(
        command, cwd=PROJECT, env={**environment, **given}, capture_output=True, text=True, check=True
    )
    install = next(line for line in done.stdout.splitlines() if ".[all]" in line)
    for part in (*expected, "--constraint envs/torch.txt"):
        assert part in install
    assert ("--torch-backend" in install) != bool(wheels)
