"""Every command in README.md, CONTRIBUTING.md and docs/ works. What takes long is only parsed or planned.

``snakemake`` plans (-n) in a copy of the project. ``ser`` runs where it needs no results; otherwise its arguments are
checked. The rest is listed in NOT_RUN with the reason.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import typer
import yaml

from ser import emotions
from ser.cli import app

PROJECT = Path(__file__).parents[2]
PAGES = [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").rglob("*.md"))]
LISTINGS = {"systems", "protocols", "features", "corpora", "keys", "checkpoints"}
NOT_RUN = {
    r"make (demo|test|lint|docs)$": "these are what continuous integration runs",
    r"(TORCH_BACKEND=cpu )?make (demo|test-\w+|fuzz)\b": "builds an environment, needs root or minutes",
    r"git clone ": "the network is not part of a test",
    r"curl ": "tests/server asks the server",
    r"pip install ": "test_packaging.py installs the wheel; the network is not part of a test",
    r"(docker|apptainer) ": "neither is on the test machines; test_containers.py checks the files",
    r"pre-commit install$": "would change the repository's hooks",
    r"pytest tests/": "a test does not start tests",
    r"source \.venv/bin/activate$": "the tests already run inside the environment",
    r"benchmarks/gpu.sh ": "needs a GPU; test_gpu_benchmark.py runs it on the CPU",
    r"python benchmarks/": "takes minutes; parsed by test_a_benchmark_explains_its_options",
}


def commands() -> Iterator[tuple[str, str]]:
    """Yield page and command of every line in a block of shell, without comments and placeholders."""
    for page in PAGES:
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
            for line in block.replace("\\\n", " ").splitlines():
                command = re.sub(r"\s+#.*$|^#.*$", "", line).strip()
                if command:
                    yield str(page.relative_to(PROJECT)), re.sub(r"\s+", " ", command)


EVERY = sorted(set(commands()))
STRIPPED = re.compile(r"\$\(ser verify data results\)")  # its output names files of a finished run


def run_as(program: str) -> list[str]:
    return sorted({command for _, command in EVERY if command.split()[0] == program})


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the corpora and configuration files that the pages describe."""
    folder = tmp_path_factory.mktemp("commands")
    for name in ("Snakefile", "workflow", "config", "profiles", "envs"):
        source = PROJECT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    tutorial = (PROJECT / "docs/tutorial.md").read_text(encoding="utf-8")
    recordings = folder / "my-recordings"
    write_recordings(recordings, re.search(r"^```csv\n(.*?)^```", readme, re.MULTILINE | re.DOTALL).group(1))  # type: ignore[union-attr]
    for text in (readme, tutorial):
        for name, block in re.findall(r"^```yaml\n# (\w+\.yaml)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            (folder / name).write_text(block.replace("/data/my-recordings", str(recordings)))
    # Licensed releases are not at hand: as an archive, a corpus is planned from its card.
    archives = {name: {"root": None, "archive": f"/data/{name}.zip"} for name in ("iemocap", "ravdess", "enterface")}
    (folder / "my.yaml").write_text(yaml.safe_dump({"corpora": archives}))
    return folder


def write_recordings(folder: Path, table: str) -> None:
    """Write the sample table, repeated with other speakers, and half a second of noise for each of its recordings."""
    header, *sample = table.splitlines()
    speaker = header.split(",").index("speaker")
    rows = [line.split(",") for line in sample]
    rows = [
        [f"{copy}/{row[0]}", *row[1:speaker], row[speaker] + copy, *row[speaker + 1 :]]
        for copy in "abc"
        for row in rows
    ]
    folder.mkdir()
    (folder / "labels.csv").write_text("\n".join([header, *(",".join(row) for row in rows)]))
    rng = np.random.default_rng(0)
    for path, *_ in rows:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / path, rng.normal(0, 0.1, 8000), 16000)


def called(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, env={**os.environ}, capture_output=True, text=True, check=False)


def plans() -> list[str]:
    """Calls of snakemake, without those that differ from another only in numbers of cores, GPUs and threads."""
    found = {re.sub(r"(--cores |gpu=|threads \w+=)\d+", r"\1N", command): command for command in run_as("snakemake")}
    return list(found.values())


@pytest.mark.parametrize("command", plans())
def test_a_call_of_snakemake_can_be_planned(command: str, project: Path) -> None:
    words = shlex.split(STRIPPED.sub("plan", command))[1:]
    words = [word.replace("root: /path/to/ravdess", "archive: official") for word in words]
    words = [word.replace('root: "/path/to/TurEV-DB/Sound Source"', "archive: /data/turevdb.zip") for word in words]
    for given, copy in (("profiles/my-site", "profiles/slurm"), ("profiles/my-bucket", "profiles/s3")):
        if given in words:
            at = words.index(given) - 1
            words[at : at + 2] = []  # the profile's plugin is not in the environment; that it can be copied is enough
            assert (project / copy / "config.yaml").is_file()
            words += [] if "--cores" in words else ["--cores", "1"]
    if "--software-deployment-method" in words and not shutil.which("apptainer"):
        at = words.index("--software-deployment-method")
        words[at : at + 2] = []  # even a dry run needs the program
    if "--configfile" not in words and "--unlock" not in words:
        assert "demo" in yaml.safe_load((project / "config/config.yaml").read_text())["corpora"]
    elif "my.yaml" not in words and "mine.yaml" not in words and "--configfile" in words:
        words.insert(words.index("--configfile") + 2, "my.yaml")
    done = called([sys.executable, "-m", "snakemake", "-n", "--quiet=rules", *words], project)
    assert done.returncode == 0, f"{command}\n{done.stdout[-500:]}{done.stderr[-2000:]}"


@pytest.mark.parametrize("command", run_as("ser"))
def test_a_call_of_ser_works(command: str, project: Path) -> None:
    _, verb, *arguments = shlex.split(command)
    group = typer.main.get_command(app)
    found = group.get_command(typer.Context(group), verb)  # type: ignore[attr-defined]
    assert found is not None, f"ser {verb} does not exist"
    if verb in LISTINGS or "--help" in arguments:
        code = "from ser.cli import app; app()"
        done = called([sys.executable, "-c", code, verb, *arguments], project)
        assert done.returncode == 0, done.stderr
    else:
        found.make_context(f"ser {verb}", arguments)  # refuses an unknown option and a missing argument


@pytest.mark.parametrize(("page", "command"), EVERY)
def test_every_other_command_is_known_not_to_be_run(page: str, command: str, project: Path) -> None:
    program = command.split()[0]
    if program in ("snakemake", "ser"):
        return
    if program == "cp":
        done = called(shlex.split(command), project)
        assert done.returncode == 0, done.stderr
    elif program != "export":
        assert any(re.match(pattern, command) for pattern in NOT_RUN), f"{page}: {command}"


def test_every_reason_not_to_run_a_command_is_still_needed() -> None:
    for pattern in NOT_RUN:
        assert any(re.match(pattern, command) for _, command in EVERY), pattern


@pytest.mark.parametrize("command", run_as("python"))
def test_a_benchmark_explains_its_options(command: str) -> None:
    _, script, *arguments = shlex.split(command)
    done = called([sys.executable, script, "--help"], PROJECT)
    assert done.returncode == 0, done.stderr
    for option in (word for word in arguments if word.startswith("--")):
        assert option in done.stdout, command


@pytest.mark.parametrize("page", ["README.md", "docs/own_corpus.md"])
def test_the_pages_list_every_emotion(page: str) -> None:
    text = (PROJECT / page).read_text(encoding="utf-8")
    assert [name for name in emotions.NAMES if f"`{name}`" not in text] == []
