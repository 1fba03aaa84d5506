"""What a job may use: the machine's available memory, its control groups' limits and what was granted."""

import math
from pathlib import Path

import pytest

from ser.jobs import memory


def machine(folder: Path, membership: str, limits: dict[str, str]) -> tuple[Path, Path]:
    """Write the system's files below ``folder``: 8 GiB are available."""
    processes, groups = folder / "proc", folder / "cgroup"
    (processes / "self").mkdir(parents=True)
    (processes / "meminfo").write_text("MemTotal: 16777216 kB\nMemAvailable:    8388608 kB\n")
    (processes / "self/cgroup").write_text(membership)
    for name, text in limits.items():
        (groups / name).parent.mkdir(parents=True, exist_ok=True)
        (groups / name).write_text(text)
    return processes, groups


@pytest.mark.parametrize(
    ("membership", "limits", "expected"),
    [
        ("0::/job/step\n", {}, 8 << 30),
        ("0::/job/step\n", {"job/step/memory.max": "max\n", "job/memory.max": "3221225472\n"}, 3 << 30),
        ("0::/\n", {"memory.max": "1073741824\n"}, 1 << 30),
        ("4:memory:/job\n2:cpu:/\n", {"memory/job/memory.limit_in_bytes": "2147483648\n"}, 2 << 30),
        ("4:memory:/job\n", {"memory/job/memory.limit_in_bytes": "9223372036854771712\n"}, 8 << 30),
    ],
)
def test_the_smallest_limit_counts(tmp_path: Path, membership: str, limits: dict[str, str], expected: int) -> None:
    assert memory.available(*machine(tmp_path, membership, limits)) == expected


def test_a_system_that_does_not_say_has_all_its_memory(tmp_path: Path) -> None:
    assert memory.available(tmp_path, tmp_path) > 1 << 28


def test_half_of_what_is_granted_or_there_may_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 8 << 30)
    assert memory.largest("auto") == 4 << 30
    assert memory.largest("auto", granted=2048) == 1 << 30
    assert memory.largest("auto", granted=64_000) == 4 << 30
    assert memory.largest("memory", granted=1) == math.inf
    assert memory.largest("mapped") == 0
