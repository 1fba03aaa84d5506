"""The container files follow the lock and the project; what a machine without Docker and Apptainer can check."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
VERSION = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
DOCKER = (PROJECT / "envs/Dockerfile").read_text(encoding="utf-8")
APPTAINER = (PROJECT / "envs/ser.def").read_text(encoding="utf-8")
BOTH = pytest.mark.parametrize("text", [DOCKER, APPTAINER], ids=["Dockerfile", "ser.def"])


def copied(text: str) -> set[str]:
    """Return the paths that a container file copies from the project."""
    docker = re.findall(r"^COPY (.+) /build\S*$", text, re.MULTILINE)
    apptainer = re.findall(r"^    ([\w./]+) /build/", text, re.MULTILINE)
    return {path for line in docker for path in line.split()} | set(apptainer)


@BOTH
def test_what_is_copied_exists_and_is_all_that_the_package_is_built_from(text: str) -> None:
    assert [path for path in copied(text) if not (PROJECT / path).exists()] == []
    assert copied(text) >= {"pyproject.toml", "README.md", "LICENSE", "config", "ser", "envs/torch.txt"}


@BOTH
def test_the_lock_is_installed_with_hashes_and_torch_within_its_bound(text: str) -> None:
    assert "--require-hashes -r /build/envs/requirements.lock" in text
    assert "--constraint /build/envs/torch.txt" in text
    package = text.index("'/build[all]'" if "%post" in text else '"/build[$EXTRAS]"')
    assert text.index("requirements.lock\n") < package
    assert "EXTRAS=all\n" in DOCKER


@BOTH
def test_the_version_is_that_of_the_package_and_the_default_build_is_for_the_cpu(text: str) -> None:
    assert re.search(rf"ser:{re.escape(VERSION)} |Version {re.escape(VERSION)}$", text, re.MULTILINE)
    assert "TORCH_BACKEND=cpu" in text


def test_both_start_from_the_same_base_image_with_a_supported_python() -> None:
    bases = {re.search(r"^(?:FROM|From:) (\S+)", text, re.MULTILINE).group(1) for text in (DOCKER, APPTAINER)}  # type: ignore[union-attr]
    assert len(bases) == 1
    assert re.fullmatch(r"python:3\.1[1-9]-slim-\w+", bases.pop())


def test_no_image_runs_as_root_and_no_recording_reaches_the_build() -> None:
    assert re.search(r"^USER (?!root)", DOCKER, re.MULTILINE)
    ignored = set((PROJECT / ".dockerignore").read_text(encoding="utf-8").split())
    assert {"data", "results", ".git", ".venv"} <= ignored


def test_kubernetes_and_the_workflow_name_the_image() -> None:
    profile = yaml.safe_load((PROJECT / "profiles/kubernetes/config.yaml").read_text(encoding="utf-8"))
    assert profile["container-image"].endswith(f"/ser:{VERSION}")
