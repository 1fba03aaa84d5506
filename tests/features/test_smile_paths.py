"""openSMILE gives the same numbers where installation, project and temporary folder have paths beyond ASCII."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ser.errors import SerError
from ser.features import _opensmile, cho_frames, compare_lld, functionals, prosody

SCRIPT = """
import sys
import numpy as np
import opensmile
from ser.features import cho_frames, compare_lld, functionals, prosody
assert opensmile.__file__.startswith(sys.argv[1])
signal = np.load("signal.npy")
found = {
    "emobase": functionals.extract(signal, 16000, feature_set="emobase"),
    "cho_frames": cho_frames.extract(signal, 16000),
    "compare_lld": compare_lld.extract(signal, 16000),
    "prosody": prosody.extract(signal, 16000),
}
np.savez("found.npz", **found)
"""
EXTRACTORS = {
    "emobase": lambda signal: functionals.extract(signal, 16000, feature_set="emobase"),
    "cho_frames": lambda signal: cho_frames.extract(signal, 16000),
    "compare_lld": lambda signal: compare_lld.extract(signal, 16000),
    "prosody": lambda signal: prosody.extract(signal, 16000),
}


@pytest.mark.parametrize("name", ["OneDrive – Università (Zürich) 数据", "my {first} project, [new]; v=1"])
def test_numbers_are_those_of_a_plain_path(tmp_path: Path, name: str) -> None:
    opensmile = pytest.importorskip("opensmile")
    project = tmp_path / name
    temporary = project / "für später"
    temporary.mkdir(parents=True)
    shutil.copytree(Path(opensmile.__file__).parent, project / "lib" / "opensmile")
    time = np.arange(16000) / 16000
    signal = (0.2 * np.sin(2 * np.pi * 180 * time) * np.sin(3 * time) ** 2).astype(np.float32)
    np.save(project / "signal.npy", signal)
    paths = os.pathsep.join([str(project / "lib"), str(Path(__file__).parents[2])])
    environment = {**os.environ, "PYTHONPATH": paths, "TMPDIR": str(temporary)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(project)],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with np.load(project / "found.npz") as found:
        for name, extract in EXTRACTORS.items():
            np.testing.assert_array_equal(found[name], extract(signal))


def test_without_any_ascii_folder_the_variable_that_names_one_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = tmp_path / "Übung"
    only.mkdir()
    monkeypatch.setattr(_opensmile, "gettempdir", lambda: str(only))
    monkeypatch.setattr(_opensmile, "TEMPORARY", (str(tmp_path / "none"),))
    with pytest.raises(SerError, match=r"\\xdcbung' has others; set the environment variable TMPDIR"):
        _opensmile.folder.__wrapped__()  # clearing its cache would remove the folder that the process's extractors read
