"""The documentation builds as a site, offline and without a warning, and its reference comes from the code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from ser.cli import app
from ser.config.describe import describe

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def text_of(page: Path) -> str:
    return re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")).replace("&lt;", "<").replace("&gt;", ">")


def test_a_page_loads_nothing_from_the_network(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = re.findall(r'<(?:script|img|iframe|link)\b[^>]*(?:src|href)="?(https?://[^" >]+)', page.read_text())
        assert loaded == [], page


def test_every_configuration_key_is_in_the_reference(site: Path) -> None:
    page = text_of(site / "reference/configuration.html")
    keys = re.findall(r"^- `([^`]+)`", describe(), re.MULTILINE)
    assert len(keys) > 50
    assert [key for key in keys if key not in page] == []


def test_every_command_and_option_is_in_the_reference(site: Path) -> None:
    page = text_of(site / "reference/cli.html")
    group = typer.main.get_command(app)
    context = typer.Context(group)
    for name in group.list_commands(context):  # type: ignore[attr-defined]
        command = group.get_command(context, name)  # type: ignore[attr-defined]
        assert f"ser {name}" in page
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
        assert [option for option in options if option not in page] == []


def test_functions_are_in_the_reference_with_shapes_and_errors(site: Path) -> None:
    page = text_of(site / "reference/api.html")
    for name in ("ser.config.read", "resolve(raw: Raw, folder: Path) -> Config", "SerError for the first fault"):
        assert name in page
    assert "(frames, dims)" in page


def test_the_architecture_names_every_package_and_stage() -> None:
    text = (PROJECT / "docs/architecture.md").read_text(encoding="utf-8")
    packages = {path.parent.name for path in PROJECT.glob("ser/*/__init__.py")}
    assert {name for name in packages if f"`ser/{name}`" not in text} == set()
    assert {name for name in re.findall(r"`ser/(\w+)`", text) if name not in packages} == set()
    stages = {path.stem for path in PROJECT.glob("ser/stages/[a-z]*.py")}
    assert {name for name in stages if f"`{name}`" not in text} == set()
