"""Renew the two descriptions of the environment from pyproject.toml: `make lock`.

requirements.lock pins everything but torch with hashes, for pip and uv; ser.yaml pins the direct requirements to the
same versions, for conda. torch stays a range in both: which build fits depends on the machine.
"""

import re
import subprocess
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
COMPILE = "uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -"
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
    direct = project["project"]["dependencies"]
    pinned = [text for text in direct if not text.startswith("torch")]
    wanted = "\n".join([*pinned, *project["dependency-groups"]["dev"]])
    lock = subprocess.run(COMPILE.split(), input=wanted, capture_output=True, text=True, check=True).stdout
    (HERE / "requirements.lock").write_text(lock)
    names = {name_of(text) for text in pinned}
    pins = [line.rstrip(" \\") for line in lock.splitlines() if "==" in line and name_of(line) in names]
    rows = [f"      - {pin}\n" for pin in pins]
    rows.append(f"      - {next(text for text in direct if text.startswith('torch'))}\n")
    (HERE / "ser.yaml").write_text(HEAD.format(python=project["project"]["requires-python"]) + "".join(rows))


def name_of(requirement: str) -> str:
    """Return the distribution's name in a requirement, normalised."""
    return re.split(r"[^A-Za-z0-9_-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


if __name__ == "__main__":
    main()
