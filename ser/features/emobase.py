"""openSMILE's emobase: 988 functionals of loudness, pitch, cepstra and line spectral frequencies per utterance.

19 functionals of 26 low-level descriptors and their deltas, the set of openEAR (Eyben, Wöllmer and Schuller, "openEAR —
Introducing the Munich Open-Source Emotion and Affect Recognition Toolkit", 2009); by default also the high-level
statistics of Luo, Zou and Huang, "Investigation on Joint Representation Learning for Robust Feature Extraction in
Speech Emotion Recognition", 2018, who do not say theirs.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.features import _opensmile
from ser.features._frames import Signal

DTYPE = "float32"
HOP = None
DEPENDS = ("opensmile",)


def dims() -> int:
    """Return the values per row."""
    return 988


def extract(signal: Signal, rate: int) -> NDArray[np.float32]:
    """Return the vector of the utterance, (1, 988), float32.

    SerError if the rate is not 16 kHz, the signal is shorter than 60 ms, or openSMILE is not installed.
    """
    return _opensmile.run("emobase", _functionals(), signal, rate)


@cache
def _functionals() -> Any:
    opensmile = _opensmile.package()
    return opensmile.Smile(feature_set=opensmile.FeatureSet.emobase, feature_level=opensmile.FeatureLevel.Functionals)
