"""Shared by the openSMILE features: the import, custom configurations, checks of the signal, the call.

openSMILE is free for research and education only (audEERING's licence). No other part of the pipeline needs it.
"""

import os
import re
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir, mkstemp
from typing import Any

import numpy as np

from ser.errors import SerError
from ser.features._frames import Matrix, Signal, require

MINIMUM = 960  # samples, the 60 ms frame of the pitch tracker; for a shorter signal openSMILE returns no row
MAXIMUM = np.float32(32767 / 32768)  # openSMILE converts to 16 bits, where 1.0 overflows to −1.0

TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # tried where the path of the user's own folder is not plain
PLAIN = re.compile(r"[A-Za-z0-9_./:\\+@~-]+")  # a path that has nothing else reaches openSMILE as it is

CONFIGURATION = r"""
[componentInstances:cComponentManager]
instance[dataMemory].type = cDataMemory

\{\cm[source{?}:include external source]}
COMPONENTS
\{\cm[sink{?}:include external sink]}
"""


def package() -> Any:
    """Import and return ``opensmile``; if it is missing, raise a SerError that names what to install."""
    try:
        import opensmile
    except ImportError as error:
        raise SerError(
            "this feature needs openSMILE (research licence, see https://github.com/audeering/opensmile): pip install "
            f"'opensmile>=2.6,<3' ({error}). Features that do not use openSMILE work without it."
        ) from error
    return opensmile


@cache
def folder() -> TemporaryDirectory[str]:
    """Return a new folder whose path is ``PLAIN``, removed at the end of the process.

    openSMILE's Python package encodes paths as ASCII, and fails on others: a project or an installation in
    "Universität", say; braces end a path in a configuration. SerError where no temporary folder has a plain path.
    """
    for parent in dict.fromkeys((gettempdir(), *TEMPORARY)):
        if PLAIN.fullmatch(parent) and os.access(parent, os.W_OK | os.X_OK):
            return TemporaryDirectory(prefix="ser-opensmile-", dir=parent)
    raise SerError(
        f"openSMILE reads its configuration only from a path of ASCII letters and digits, and {gettempdir()!a} has "
        "others; set the environment variable TMPDIR to a folder whose path has only those."
    )


@cache
def configurations() -> Path:
    """Return the folder of openSMILE's configurations, or of a copy where its own path is not plain."""
    own = Path(package().__file__).resolve().parent / "core" / "config"
    return own if PLAIN.fullmatch(str(own)) else Path(shutil.copytree(own, Path(folder().name, "config")))


def extractor(feature_set: Any, level: Any) -> Any:
    """Return openSMILE's extractor of a set for a level, which reads ``configurations``."""
    smile = package().Smile
    if not PLAIN.fullmatch(str(Path(package().__file__).resolve())):
        smile = type("Smile", (smile,), {"default_config_root": str(configurations())})
    return smile(feature_set, level)


@cache
def published(feature_set: str, level: str) -> Any:
    """Return the extractor of a set of openSMILE's own; level: Functionals or LowLevelDescriptors."""
    opensmile = package()
    return extractor(opensmile.FeatureSet[feature_set], opensmile.FeatureLevel[level])


def chain(**components: tuple[str, str, str]) -> str:
    """Return ``components`` in openSMILE's configuration language.

    A component is named after the level that it writes, and is a type, the level that it reads, and options with "; "
    in between.
    """
    lines = ["[componentInstances:cComponentManager]"]
    lines += [f"instance[{name}].type = {kind}" for name, (kind, _, _) in components.items()]
    for name, (kind, reads, options) in components.items():
        lines += [f"[{name}:{kind}]", f"reader.dmLevel = {reads}", f"writer.dmLevel = {name}", *options.split("; ")]
    return "\n".join(lines) + "\n"


@cache
def configured(components: str, level: str) -> Any:
    """Return an extractor for ``level``, which ``components`` in openSMILE's configuration language write.

    The components read the signal from the level `wave`.
    """
    handle, configuration = mkstemp(suffix=".conf", dir=folder().name)  # openSMILE reads it again for every utterance
    with open(handle, "w", encoding="utf-8") as file:
        file.write(CONFIGURATION.replace("COMPONENTS", components))
    return extractor(configuration, level)


def run(smile: Any, signal: Signal, rate: int, minimum: int = MINIMUM) -> Matrix:
    """Return what ``smile`` computes from ``signal``: (frames, dims), float32.

    SerError unless it is mono at 16 kHz with at least ``minimum`` samples. Samples are clipped to 16-bit full scale.
    """
    require(signal, rate, minimum)
    matrix = smile(np.clip(signal, -1, MAXIMUM), rate)[0]  # (dims, frames) of the only channel
    return np.ascontiguousarray(matrix.T, dtype=np.float32)
