"""A miniature experiment in a copy of the project, which can be saved, damaged, run again and restored."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).parents[2]
STATE = ("data", "results", "logs", ".snakemake")  # what a run writes
INTERVAL = 1.0  # seconds between two checkpoints, so that a training of seconds has several

EPOCHS = 40
DISK = 400  # MiB of memory for the copy, where mounting is allowed
NETWORK, ESTIMATOR = "net", "svm"
EXPERIMENT: dict[str, Any] = {
    "experiment": {
        "name": "mini",
        "runs": [{"corpora": ["demo"], "protocols": ["halves"], "systems": [ESTIMATOR, NETWORK]}],
    },
    "corpora": {"demo": {"adapter": "demo", "shard_size": 30, "options": {"utterances": 60}}},
    "protocols": {
        "halves": {
            "rule": "speaker_folds",
            "options": {"folds": 2, "dev_speakers": 1},
            "labels": {"loud": ["angry", "happy", "excited"], "soft": ["sad", "neutral", "frustrated"]},
            "leaks": ["session", "dialog", "text"],
        }
    },
    "systems": {
        ESTIMATOR: {"base": "SVM-eGeMAPS"},
        NETWORK: {
            "model": "frame_lstm",
            "options": {"cells": 32, "layers": 1},
            "inputs": {"frames": {"feature": "mfcc", "normalise": "statistics", "length": 100}},
            "training": {"batch": 4, "epochs": EPOCHS},
        },
    },
}


@dataclass
class Done:
    """A command that has ended: its exit code, both its outputs together and the seconds it took."""

    code: int
    text: str
    seconds: float


class ProjectCopy:
    """The folder of the miniature experiment, and the commands that a user would give in it."""

    def __init__(self, folder: Path, cores: int):
        self.folder = folder / "project"
        self.saved = folder / "saved"
        self.cores = cores
        self.folder.mkdir(parents=True)
        self.own_disk = _call("mount", "-t", "tmpfs", "-o", f"size={DISK}m", "tmpfs", str(self.folder))
        for name in ("Snakefile", "workflow", "config", "profiles", "envs", "ser"):
            source = PROJECT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, self.folder / name)
        (self.folder / "mini.yaml").write_text(yaml.safe_dump(EXPERIMENT, sort_keys=False))

    def snakemake(self, *arguments: str) -> list[str]:
        """Return the command that makes the targets among ``arguments``."""
        resources = ["--cores", str(self.cores), "--resources", "gpu=0"]
        return [sys.executable, "-m", "snakemake", *arguments, *resources, "--configfile", "mini.yaml"]

    def start(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
        """Start ``command`` at the head of a process group of its own; its output goes to the file ``output``."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        given = {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "PATH": path,
            "SER_CHECKPOINT_SECONDS": str(INTERVAL),
            "SOURCE_DATE_EPOCH": "0",
            **(environment or {}),
        }
        with self.output.open("w") as output:
            return subprocess.Popen(
                command, cwd=self.folder, env=given, stdout=output, stderr=output, start_new_session=True, text=True
            )

    @property
    def output(self) -> Path:
        """The output of the latest command."""
        return self.folder.parent / "output"

    def run(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Done:
        """Run ``command`` to its end."""
        began = time.monotonic()
        code = self.start(command, environment).wait(timeout=300)
        return Done(code, self.output.read_text(errors="replace"), time.monotonic() - began)

    def save(self, name: str) -> None:
        """Keep a copy of the present state."""
        for part in STATE:
            if (self.folder / part).is_dir():
                shutil.copytree(self.folder / part, self.saved / name / part, symlinks=True)

    def restore(self, name: str) -> None:
        """Restore the state ``name``, times of files included."""
        for part in STATE:
            shutil.rmtree(self.folder / part, ignore_errors=True)
            if (self.saved / name / part).is_dir():
                shutil.copytree(self.saved / name / part, self.folder / part, symlinks=True)

    def processes(self, pattern: str) -> list[int]:
        """Return the processes that run in this copy and whose command line matches ``pattern``."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal() or int(entry.name) == os.getpid():
                continue
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                here = Path(os.readlink(entry / "cwd")) == self.folder
            except OSError:
                continue
            if here and re.search(pattern, words):
                found.append(int(entry.name))
        return found

    @contextmanager
    def filled(self, left: int) -> Iterator[None]:
        """Leave ``left`` bytes free on the disk of the copy while the block runs."""
        if not self.own_disk:
            raise RuntimeError("this would fill a disk that others use")
        ballast = self.folder / "ballast"
        free = shutil.disk_usage(self.folder).free
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(free - left, 1))
        yield
        ballast.unlink()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Make the folders of data and results read-only while the block runs."""
        folders = [str(self.folder / name) for name in ("data", "results")]
        for folder in folders:
            _call("mount", "--bind", folder, folder)
            _call("mount", "-o", "remount,ro,bind", folder)
        yield
        for folder in folders:
            _call("umount", folder)

    def clear(self) -> None:
        """End all processes in this copy and unmount its disk."""
        for process in self.processes("."):
            os.kill(process, signal.SIGKILL)
        if self.own_disk:
            _call("umount", "--lazy", str(self.folder))


def _call(*command: str) -> bool:
    """Return whether a command of the system is there and succeeds."""
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def commands(folder: Path) -> list[list[str]]:
    """Return the commands of the jobs in Snakemake's latest log below ``folder``, as lists without their log."""
    text = max((folder / ".snakemake/log").glob("*.log")).read_text(errors="replace")
    lines = re.findall(r"^\s*Shell command: (ser .*?) > \S+ 2>&1$", text, re.MULTILINE)
    return [shlex.split(line) for line in lines]
