"""Renew the two descriptions of the environment from pyproject.toml: `make lock`.

requirements.lock pins everything but torch and peft with hashes, for pip and uv. ser.yaml pins the direct requirements
to the same versions, for conda. torch stays a range in both, envs/torch.txt: its build depends on the machine. Pins
that still fit are kept; `python envs/lock.py --upgrade` takes the newest versions.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
LOCK = HERE / "requirements.lock"
COMPILE = "uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate"
GROUPS = ("dev", "docs")
UNPINNED = ("torch", "peft")  # what requires torch too: with hashes, pip would want those of torch
HEAD = """# The conda environment of every rule, for --software-deployment-method conda. Written by `make lock`;
# a test keeps it equal to requirements.lock and pyproject.toml.
channels:
  - conda-forge
dependencies:
  - python {python}
  - pip
  - pip:
      - -e ..
"""


def main() -> None:
    """Write requirements.lock and ser.yaml."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text())
    pinned = [text for text in direct(project) if name_of(text) not in UNPINNED]
    wanted = [*pinned, *(text for group in GROUPS for text in project["dependency-groups"][group])]
    command = [*COMPILE.split(), *sys.argv[1:], "--output-file", str(LOCK), "-"]
    subprocess.run(command, input="\n".join(wanted), text=True, check=True, stdout=subprocess.DEVNULL)
    names = {name_of(text) for text in pinned}
    pins = [line.rstrip(" \\") for line in LOCK.read_text().splitlines() if "==" in line and name_of(line) in names]
    torch = (HERE / "torch.txt").read_text().splitlines()[-1]
    ranges = {name_of(text): text for text in direct(project) if name_of(text) in UNPINNED} | {"torch": torch}
    rows = [f"      - {pin}\n" for pin in [*pins, *ranges.values()]]
    (HERE / "ser.yaml").write_text(HEAD.format(python=project["project"]["requires-python"]) + "".join(rows))


def direct(project: dict) -> list[str]:
    """Return the requirements of ``ser[all]``."""
    extras = project["project"]["optional-dependencies"]
    chosen = re.findall(r"\w+", extras["all"][0])[1:]
    return [*project["project"]["dependencies"], *(text for extra in chosen for text in extras[extra])]


def name_of(requirement: str) -> str:
    """Return the distribution's name in a requirement, normalised."""
    return re.split(r"[^A-Za-z0-9_-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


if __name__ == "__main__":
    main()
