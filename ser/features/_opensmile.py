"""What the openSMILE features share: the import, the checks, one call.

openSMILE is free for research and education only (audEERING's licence); nothing else in the pipeline needs it.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError
from ser.features._frames import Signal, require

MINIMUM = 960  # samples; the 60 ms frame of the pitch tracker: below it openSMILE emits nothing
LOUDEST = np.float32(32767 / 32768)  # openSMILE's 16-bit input turns 1.0 into −1.0


def package() -> Any:
    """Import and return ``opensmile``; SerError saying what to install where it is absent."""
    try:
        import opensmile
    except ImportError as error:
        raise SerError(
            "the features compare_lld, compare_functionals and egemaps need openSMILE (research licence, see "
            f"https://github.com/audeering/opensmile): pip install 'opensmile>=2.6,<3'. Import said: {error}. "
            "All other features work without it."
        ) from error
    return opensmile


def run(feature: str, smile: Any, signal: Signal, rate: int) -> NDArray[np.float32]:
    """Return what ``smile`` computes from ``signal``: (frames, dims), float32.

    SerError if the rate is not 16 kHz or the signal is shorter than 60 ms. Samples are clipped to 16-bit full scale.
    """
    require(feature, signal, rate, minimum=MINIMUM)
    values = smile(np.clip(signal, -1, LOUDEST), rate)[0]  # (dims, frames) of the only channel
    return np.ascontiguousarray(values.T, dtype=np.float32)
