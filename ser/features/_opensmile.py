"""Shared by the openSMILE features: the import, custom configurations, checks of the signal, the call.

openSMILE is free for research and education only (audEERING's licence). No other part of the pipeline needs it.
"""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ser.errors import SerError
from ser.features._frames import Matrix, Signal, require

MINIMUM = 960  # samples, the 60 ms frame of the pitch tracker; for a shorter signal openSMILE returns no row
MAXIMUM = np.float32(32767 / 32768)  # openSMILE converts to 16 bits, where 1.0 overflows to −1.0

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
def published(feature_set: str, level: str) -> Any:
    """Return the extractor of a set of openSMILE's own; level: Functionals or LowLevelDescriptors."""
    opensmile = package()
    return opensmile.Smile(opensmile.FeatureSet[feature_set], opensmile.FeatureLevel[level])


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
    folder = TemporaryDirectory(prefix="ser-opensmile-")
    configuration = Path(folder.name) / "ser.conf"
    configuration.write_text(CONFIGURATION.replace("COMPONENTS", components), encoding="utf-8")
    smile = package().Smile(feature_set=str(configuration), feature_level=level)
    smile.folder = folder  # openSMILE reads the file again for every utterance
    return smile


def run(smile: Any, signal: Signal, rate: int, minimum: int = MINIMUM) -> Matrix:
    """Return what ``smile`` computes from ``signal``: (frames, dims), float32.

    SerError unless it is mono at 16 kHz with at least ``minimum`` samples. Samples are clipped to 16-bit full scale.
    """
    require(signal, rate, minimum)
    matrix = smile(np.clip(signal, -1, MAXIMUM), rate)[0]  # (dims, frames) of the only channel
    return np.ascontiguousarray(matrix.T, dtype=np.float32)
