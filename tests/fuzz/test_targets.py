"""Every parser on damaged input: an answer or SerError, nothing else. The search that goes on is ``make fuzz``."""

import shutil
from functools import cache
from pathlib import Path

import pytest
from fuzz_targets import TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ser.errors import SerError

EXAMPLES = {"configuration": 60, "recording": 60, "archive": 80, "checkpoint": 60}  # of the slow ones; others: 150


@cache
def seeds(name: str) -> list[bytes]:
    return TARGETS[name].seeds()


@st.composite
def damaged(draw: st.DrawFn, name: str) -> bytes:
    """Return a sound input with a few bytes changed, cut out, doubled or put in; or bytes without any sense."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    data = bytearray(draw(st.sampled_from(seeds(name))))
    tokens = st.sampled_from([*TARGETS[name].tokens, b"\xff", b"\x00", b"\n", b"9" * 30, b" "])
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 12))
        change = draw(st.sampled_from(["replace", "insert", "cut", "double", "end"]))
        if change == "replace":
            data[at : at + length] = draw(st.binary(min_size=length, max_size=length))
        elif change == "insert":
            data[at:at] = draw(tokens)
        elif change == "cut":
            del data[at : at + length]
        elif change == "double":
            data[at:at] = data[at : at + length] * draw(st.integers(1, 4))
        else:
            del data[at:]
    return bytes(data)


def answered(name: str, data: bytes, folder: Path) -> bool:
    """Return whether the parser took the input; False where it raised SerError."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        TARGETS[name].parse(data, folder)
    except SerError:
        return False
    return True


@pytest.mark.parametrize("name", TARGETS)
def test_a_sound_input_is_read(name: str, tmp_path: Path) -> None:
    if name in ("safetensors", "checkpoint"):
        pytest.skip("the sound files hold no such network; tests/features/test_xvector.py reads one")
    taken = [answered(name, seed, tmp_path / "scratch") for seed in seeds(name)]
    assert any(taken)


@pytest.mark.parametrize("name", TARGETS)
def test_a_damaged_input_is_read_or_refused(name: str, tmp_path: Path) -> None:
    @settings(
        max_examples=EXAMPLES.get(name, 150),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(damaged(name))
    def holds(data: bytes) -> None:
        answered(name, data, tmp_path / "scratch")

    holds()
