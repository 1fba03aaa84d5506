"""Names and paths that a shell would take apart reach the programs whole, or are refused before anything runs."""

import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from ser import contracts
from ser.config.read import resolve
from ser.errors import SerError

PROJECT = Path(__file__).parents[1]
NASTY = 'it\'s "my" $(touch pwned) `touch pwned`; touch pwned & {corpus} *'
RUN = {"corpora": ["mine"], "protocols": ["random-folds-all"], "systems": ["SVM-xvector"]}
CONFIG: dict[str, Any] = {
    "experiment": {"name": "mini", "runs": [RUN]},
    "systems": {"SVM-xvector": {"model": "linear_svm", "inputs": {"vector": {"feature": "xvector"}}}},
}


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the workflow in ``folder`` on this project's code."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile"), "--cores", "1"]
    command += [*arguments, "--configfile", "mine.yaml"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def configured(folder: Path, **corpora: dict[str, Any]) -> None:
    (folder / "mine.yaml").write_text(yaml.safe_dump({**CONFIG, "corpora": corpora}))


def record(folder: Path) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(10):
        soundfile.write(folder / f"{number}.wav", 0.1 * rng.standard_normal(6000), 16000)
    rows = "".join(f"{number}.wav,{('sad', 'happy')[number % 2]}\n" for number in range(10))
    (folder / NASTY).with_suffix(".csv").write_text(f"path,emotion\n{rows}")


def test_a_root_full_of_quotes_reaches_every_job_whole(tmp_path: Path) -> None:
    root = tmp_path / NASTY
    record(root)
    table = Path(NASTY).with_suffix(".csv").name
    configured(tmp_path, mine={"adapter": "table", "root": str(root), "options": {"table": table}})
    done = snakemake(tmp_path, "data/mine/audio/0.parquet")
    assert done.returncode == 0, done.stderr
    assert contracts.read(contracts.AUDIO, tmp_path / "data/mine/audio/0.parquet").num_rows == 10
    assert list(tmp_path.rglob("pwned")) == []


def test_an_archive_with_such_a_name_is_unpacked(tmp_path: Path) -> None:
    clip = tmp_path / "clip.wav"
    soundfile.write(clip, np.full(6000, 0.1), 16000)
    archive = tmp_path / f"{NASTY}.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(clip, "subject 1/anger/sentence 1/s1_an_1.wav")
    configured(tmp_path, mine={"adapter": "enterface", "archive": str(archive)})
    done = snakemake(tmp_path, "data/raw/mine/release.json")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data/raw/mine/subject 1/anger/sentence 1/s1_an_1.wav").is_file()
    assert list(tmp_path.rglob("pwned")) == []


def test_paths_of_weights_and_word_vectors_are_quoted(tmp_path: Path) -> None:
    record(tmp_path / "recordings")
    shutil.move(next((tmp_path / "recordings").glob("*.csv")), tmp_path / "recordings/labels.csv")
    weights = tmp_path / NASTY.replace("{corpus}", "")
    vectors = f"{weights}.txt"
    weights.write_bytes(b"")
    Path(vectors).write_bytes(b"")
    configured(tmp_path, mine={"adapter": "table", "root": "recordings", "options": {"table": "labels.csv"}})
    config = yaml.safe_load((tmp_path / "mine.yaml").read_text())
    config |= {
        "features": {"xvector": {"options": {"weights": str(weights)}}},
        "embeddings": {"e": {"source": vectors}},
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
    wanted = ["data/mine/features/xvector/0.parquet", "data/mine/embeddings/e/given.parquet"]
    done = snakemake(tmp_path, *wanted, "--dry-run", "--printshellcmds")
    assert done.returncode == 0, done.stderr
    assert f"--weights {shlex.quote(str(weights))} " in done.stdout
    assert f"--source {shlex.quote(vectors)} " in done.stdout


@pytest.mark.parametrize("name", [NASTY, "$(touch pwned)", "a b", "../up", "-rf", "a;b", "a\nb", "ä", ""])
def test_names_that_become_parts_of_paths_are_refused(name: str) -> None:
    for section in ("systems", "protocols", "corpora", "features", "transcripts", "embeddings"):
        with pytest.raises(SerError, match="cannot be a name"):
            resolve({**CONFIG, "corpora": {"mine": {"adapter": "demo"}}, section: {name: {}}}, PROJECT / "config")
    with pytest.raises(SerError, match=r"experiment\.name"):
        resolve({**CONFIG, "experiment": {**CONFIG["experiment"], "name": name}}, PROJECT / "config")


@pytest.mark.parametrize(
    "change",
    [
        {"embeddings": {"e": {"source": "v.txt", "checksum": "$(touch pwned)"}}},
        {"corpora": {"mine": {"adapter": "$(touch pwned)"}}},
        {"features": {"xvector": {"extractor": "$(touch pwned)"}}},
        {"systems": {"SVM-xvector": {"model": "../models/linear_svm", "inputs": {"vector": {"feature": "xvector"}}}}},
    ],
)
def test_values_that_name_something_known_must_name_it(change: dict[str, Any]) -> None:
    with pytest.raises(SerError):
        resolve({**CONFIG, "corpora": {"mine": {"adapter": "demo"}}, **change}, PROJECT / "config")
