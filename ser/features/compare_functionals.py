"""ComParE 2016 functionals: 6373 statistics of the low-level descriptors per utterance.

The baseline set of the INTERSPEECH paralinguistics challenges (Schuller et al., "The INTERSPEECH 2016 Computational
Paralinguistics Challenge", 2016), as openSMILE computes it; the usual input of a support vector machine.
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
    return 6373


def extract(signal: Signal, rate: int) -> NDArray[np.float32]:
    """Return the vector of the utterance, (1, 6373), float32.

    SerError if the rate is not 16 kHz, the signal is shorter than 60 ms, or openSMILE is not installed.
    """
    return _opensmile.run("compare_functionals", _functionals(), signal, rate)


@cache
def _functionals() -> Any:
    opensmile = _opensmile.package()
    return opensmile.Smile(
        feature_set=opensmile.FeatureSet.ComParE_2016, feature_level=opensmile.FeatureLevel.Functionals
    )
