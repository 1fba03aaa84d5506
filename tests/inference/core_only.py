"""A process that can import what the package requires without its extras and nothing else, as a fresh installation."""

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[2]
HIDE = """
import json, sys
hidden = set(json.loads(sys.argv.pop(1)))
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Hidden())
"""


def run(code: str, *arguments: str, folder: Path, besides: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run ``code`` in ``folder`` with the core, and with the distributions ``besides`` and what they require."""
    command = [sys.executable, "-c", HIDE + code, json.dumps(sorted(hidden(*besides))), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def hidden(*besides: str) -> set[str]:
    """Return the names of all installed modules that neither the core nor ``besides`` brings."""
    stated = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    queue, known = [*stated, *besides], {"ser"}
    while queue:
        name = canonicalize_name(Requirement(queue.pop()).name)
        if name in known:
            continue
        known.add(name)
        try:
            found = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:  # required on other systems
            continue
        queue += [str(one) for one in found if one.marker is None or one.marker.evaluate({"extra": ""})]
    modules = packages_distributions().items()
    return {module for module, owners in modules if not known & {canonicalize_name(owner) for owner in owners}}
