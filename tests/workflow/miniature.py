"""A miniature of the project: a copy of its code, 32 short recordings and a configuration with three systems."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import soundfile
import yaml

PROJECT = Path(__file__).parents[2]
RATE = 16000
SPEAKERS = ("s1", "s2", "s3", "s4")

MINI: dict[str, Any] = {
    "experiment": {
        "name": "mini",
        "runs": [
            {"corpora": ["mine"], "protocols": ["two-folds"], "systems": ["SVM-eGeMAPS", "tiny-cnn", "tiny-fsmn"]}
        ],
        "contrasts": {"A network instead of functionals": {"better": "tiny-cnn", "than": "SVM-eGeMAPS"}},
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


class Project:
    """A copy of the project with a corpus of 32 short recordings and a configuration file."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.printed = ""  # by the finished run
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
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "PATH": path}
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
            timeout=900,
            check=False,
        )

    def planned(self, *arguments: str) -> dict[str, int]:
        """Return how many jobs of which rule Snakemake would run, targets left out."""
        return counted(self.snakemake("-n", *arguments))


def counted(plan: subprocess.CompletedProcess[str]) -> dict[str, int]:
    """Return how many jobs of which rule a plan has, targets left out."""
    assert plan.returncode == 0, plan.stderr
    text = plan.stdout + plan.stderr
    counts = {name: int(count) for name, count in re.findall(r"^([a-z_]+)\s+(\d+)$", text, re.MULTILINE)}
    return {name: count for name, count in counts.items() if name not in {"all", "manifests", "total"}}


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


def files(path: Path) -> list[Path]:
    return [path] if path.is_file() else [inner for inner in path.rglob("*") if inner.is_file()]


@contextmanager
def put_back(project: Project) -> Iterator[None]:
    """Put back what is changed of the code, the configuration and the corpus meanwhile."""
    changeable = ("ser", "config", "recordings", "mini.yaml")
    saved = {path: path.read_bytes() for name in changeable for path in files(project.folder / name)}
    try:
        yield
    finally:
        for name in changeable:
            for path in files(project.folder / name):
                if path not in saved:
                    path.unlink()
        for path, content in saved.items():
            if not path.is_file() or path.read_bytes() != content:
                path.write_bytes(content)


def edit(project: Project, file: str, old: str, new: str) -> None:
    path = project.folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


AFTER_TRAINING = {"score": 1, "compare": 1, "render": 1}
