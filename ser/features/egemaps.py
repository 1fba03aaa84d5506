"""eGeMAPS v02: 88 functionals of pitch, loudness, spectrum, formants and voice quality per utterance.

The extended Geneva minimalistic acoustic parameter set (Eyben et al., IEEE Transactions on Affective Computing 7(2),
2016) as openSMILE computes it: small, and each dimension has a meaning.
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
    return 88


def extract(signal: Signal, rate: int) -> NDArray[np.float32]:
    """Return the vector of the utterance, (1, 88), float32.

    SerError if the rate is not 16 kHz, the signal is shorter than 60 ms, or openSMILE is not installed.
    """
    return _opensmile.run("egemaps", _functionals(), signal, rate)


@cache
def _functionals() -> Any:
    opensmile = _opensmile.package()
    return opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=opensmile.FeatureLevel.Functionals
    )
