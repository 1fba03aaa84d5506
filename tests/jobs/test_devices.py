"""Jobs share the GPUs of a machine: never more on one than allowed, whatever schedulers start or kill.

A command ``nvidia-smi`` that is first on the path imitates the machine's GPUs.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import filelock
import pytest

from ser.errors import SerError
from ser.jobs import devices

PROJECT = Path(__file__).parents[2]
TWO = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaa1111-0000-0000-0000-000000000000)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-bbbb2222-0000-0000-0000-000000000000)
"""
A, B = re.findall(r"GPU-[0-9a-f-]+", TWO)
SPLIT = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaa1111)
  MIG 3g.20gb     Device  0: (UUID: MIG-0c757cd7)
  MIG 3g.20gb     Device  1: (UUID: MIG-fe9d1a2b)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-bbbb2222)
"""

# One job of a scheduler: takes a device, notes when it came and went, and may end by SIGKILL.
JOB = """
import os, signal, sys, time
from pathlib import Path
from ser.jobs import devices
locks, journal, jobs_per_gpu, seconds, end = sys.argv[1:]
devices.LOCKS, devices.POLL = Path(locks), 0.02
with devices.granted(1, jobs_per_gpu=int(jobs_per_gpu)):
    came = time.monotonic()
    print("in", flush=True)
    time.sleep(float(seconds))
    with open(journal, "a") as file:
        file.write(f"{os.environ['CUDA_VISIBLE_DEVICES']} {came} {time.monotonic()}\\n")
    if end == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let ``nvidia-smi -L`` print what is given: a machine of two GPUs, until another is asked for."""
    monkeypatch.setattr(devices, "LOCKS", tmp_path / "locks")
    monkeypatch.setattr(devices, "POLL", 0.02)
    monkeypatch.delenv(devices.VARIABLE, raising=False)
    command = tmp_path / "bin" / "nvidia-smi"
    command.parent.mkdir()
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")

    def fake(listed: str, code: int = 0) -> None:
        command.write_text(f"#!/bin/sh\ncat <<'END'\n{listed}END\nexit {code}\n")
        command.chmod(0o755)

    fake(TWO)
    return fake


def job(folder: Path, jobs_per_gpu: int, seconds: float, end: str = "done") -> "subprocess.Popen[str]":
    """Start a job that holds a device for ``seconds``; its output is the line ``in`` once it has one."""
    given = [str(folder / "locks"), str(folder / "journal"), str(jobs_per_gpu), str(seconds), end]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-c", JOB, *given]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def most_at_once(journal: Path) -> dict[str, int]:
    """Return how many jobs held each device at the same moment."""
    held = [(name, float(came), float(went)) for name, came, went in map(str.split, journal.read_text().splitlines())]
    return {
        name: max(sum(a <= came < b for other, a, b in held if other == name) for own, came, _ in held if own == name)
        for name in {name for name, _, _ in held}
    }


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("jobs_per_gpu", [1, 2])
def test_no_device_ever_holds_more_jobs_than_allowed_though_some_are_killed(jobs_per_gpu: int, tmp_path: Path) -> None:
    ends = ["done", "killed", "done"] * 4
    jobs = [job(tmp_path, jobs_per_gpu, 0.05 * (1 + number % 4), end) for number, end in enumerate(ends)]
    codes = [process.wait(timeout=600) for process in jobs]
    assert codes == [-9 if end == "killed" else 0 for end in ends]
    assert len((tmp_path / "journal").read_text().splitlines()) == len(ends)
    found = most_at_once(tmp_path / "journal")
    assert set(found) == {A, B}
    assert max(found.values()) <= jobs_per_gpu


@pytest.mark.usefixtures("machine")
def test_a_killed_job_frees_its_device_and_a_waiting_one_logs_that_it_waits(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setenv(devices.VARIABLE, "1")
    holder = job(tmp_path, 1, 600)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "in\n"
    waiting = job(tmp_path, 1, 0)
    assert waiting.stderr is not None
    assert "waits for a device: 1 visible, 1 job at most on each" in waiting.stderr.readline()
    holder.kill()
    assert waiting.wait(timeout=300) == 0
    assert f"computes on {B}" in waiting.stderr.read()
    with devices.granted(1):
        assert os.environ[devices.VARIABLE] == B
    assert "waits" not in capsys.readouterr().err
    for process in (holder, waiting):
        process.communicate()


SNAKEFILE = """
rule all:
    input: expand("done{{number}}", number=range(3))
rule job:
    output: "done{{number}}"
    resources: gpu=1
    shell: "{command} > {{output}}"
"""


@pytest.mark.usefixtures("machine")
def test_two_schedulers_at_once_share_the_devices_out(tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text(JOB)
    command = f"{sys.executable} {script} {tmp_path / 'locks'} {tmp_path / 'journal'} 1 0.5 done"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    call = [sys.executable, "-m", "snakemake", "--cores", "4", "--resources", "gpu=2", "--quiet", "all"]
    runs = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "Snakefile").write_text(SNAKEFILE.format(command=command))
        runs.append(subprocess.Popen(call, cwd=folder, env=environment, stderr=subprocess.PIPE, text=True))
    for run in runs:
        assert run.wait(timeout=600) == 0, run.communicate()
        run.communicate()
    assert len((tmp_path / "journal").read_text().splitlines()) == 6
    assert most_at_once(tmp_path / "journal") == {A: 1, B: 1}


@pytest.mark.usefixtures("machine")
def test_an_empty_device_comes_before_a_second_job_on_one() -> None:
    seen = []
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(devices.granted(1, jobs_per_gpu=2))
            seen.append(os.environ.pop(devices.VARIABLE))
    assert seen == [A, B, A, B]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (None, [A, B]),
        ("1", [B]),
        ("1,0", [B, A]),
        ("0,0", [A]),
        (" 0 , 1 ", [A, B]),
        (B, [B]),
        ("GPU-bbbb", [B]),
        ("GPU-cccc", ["GPU-cccc"]),
        ("0,7,1", [A]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
    ],
)
def test_only_what_is_visible_is_shared_out(machine, monkeypatch, asked: str | None, found: list[str]) -> None:
    machine(TWO)
    if asked is not None:
        monkeypatch.setenv(devices.VARIABLE, asked)
    assert devices.visible() == found


def test_the_parts_of_a_divided_gpu_are_devices_of_their_own(machine, monkeypatch) -> None:
    machine(SPLIT)
    assert devices.visible() == ["MIG-0c757cd7", "MIG-fe9d1a2b", "GPU-bbbb2222"]
    monkeypatch.setenv(devices.VARIABLE, "1")
    assert devices.visible() == ["GPU-bbbb2222"]
    monkeypatch.setenv(devices.VARIABLE, "MIG-fe9d1a2b")
    assert devices.visible() == ["MIG-fe9d1a2b"]


def test_jobs_that_each_see_a_device_of_their_own_never_wait(machine, monkeypatch, capsys) -> None:
    """As under Slurm with confined devices: every job sees one GPU and calls it 0."""
    with ExitStack() as stack:
        for line, own in zip(TWO.splitlines(keepends=True), (A, B), strict=True):
            machine(line)
            monkeypatch.setenv(devices.VARIABLE, "0")
            stack.enter_context(devices.granted(1))
            assert os.environ[devices.VARIABLE] == own
    assert "waits" not in capsys.readouterr().err


@pytest.mark.usefixtures("machine")
def test_without_nvidia_smi_nothing_is_changed(monkeypatch, capsys) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv(devices.VARIABLE, "1,2")
    with devices.granted(1) as name:
        assert (name, os.environ[devices.VARIABLE]) == ("auto", "1,2")
    assert capsys.readouterr().err == ""


def test_an_nvidia_smi_that_fails_is_logged(machine, capsys) -> None:
    machine("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n", 9)
    with devices.granted(1) as name:
        assert (name, devices.VARIABLE in os.environ) == ("auto", False)
    assert "nvidia-smi lists no devices" in capsys.readouterr().err


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(("gpus", "device"), [(0, "auto"), (0, "cuda"), (1, "cpu")])
def test_a_job_without_a_gpu_sees_none_and_takes_none(gpus: int, device: str, monkeypatch) -> None:
    monkeypatch.setenv(devices.VARIABLE, "0")
    with devices.granted(gpus, device) as name:
        assert (name, os.environ[devices.VARIABLE]) == ("cpu", "")
        assert not devices.LOCKS.exists()
    assert os.environ[devices.VARIABLE] == "0"


@pytest.mark.usefixtures("machine")
def test_a_device_named_by_its_number_is_taken_or_refused() -> None:
    with devices.granted(1, "cuda:1") as name:
        assert (name, os.environ[devices.VARIABLE]) == ("cuda", B)
    with pytest.raises(SerError, match="'cuda:2' was asked for, but this job may use 2"), devices.granted(1, "cuda:2"):
        pass


@pytest.mark.usefixtures("machine")
def test_an_error_inside_gives_the_device_back_and_passes() -> None:
    with pytest.raises(filelock.Timeout), devices.granted(1):
        raise filelock.Timeout("of something else")
    began = time.monotonic()
    with devices.granted(1, "cuda:0"), devices.granted(1, "cuda:0", jobs_per_gpu=2):
        assert time.monotonic() - began < 5


@pytest.mark.usefixtures("machine")
def test_locks_in_another_users_folder_are_refused(monkeypatch) -> None:
    devices.LOCKS.mkdir()
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(SerError, match=r"locks.*another user"), devices.granted(1):
        pass
