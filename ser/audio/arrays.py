"""Signals that are arrays already, such as those of a notebook, as the pipeline reads recordings."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.audio import reading
from ser.audio.decoding import RATES
from ser.audio.statistics import Signal
from ser.bounds import Channel
from ser.errors import SerError


def as_mono(signal: NDArray[Any], rate: int, channel: Channel = "mix") -> Signal:
    """Return ``signal``, (samples,) or (samples, channels), as mono float32 at 16 kHz, (samples,).

    Integers are divided by their full scale. SerError for another shape, an impossible rate, and what is not a number.
    """
    values = np.asarray(signal)
    if values.ndim not in (1, 2) or not values.size:
        raise SerError(f"a signal has the shape (samples,) or (samples, channels), this one {values.shape}.")
    if not RATES[0] <= rate <= RATES[1]:
        raise SerError(f"{rate} Hz is not a rate of speech; allowed: {RATES[0]} to {RATES[1]} Hz.")
    if np.issubdtype(values.dtype, np.integer):
        lowest, highest = (int(getattr(np.iinfo(values.dtype), end)) for end in ("min", "max"))
        values = (values - (lowest + highest + 1) / 2) / ((highest - lowest + 1) / 2)
    values = values.astype(np.float32).reshape(len(values), -1)
    if not np.isfinite(values).all():
        raise SerError("the signal holds samples that are not numbers (NaN or infinite).")
    return np.ascontiguousarray(reading.resample(reading.mono(values, channel), rate), dtype=np.float32)
