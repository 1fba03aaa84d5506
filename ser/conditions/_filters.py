"""Filters with linear phase: a gain over frequency and no delay."""

from collections.abc import Sequence

import numpy as np
from scipy.signal import fftconvolve, firwin2

from ser.audio.reading import RATE
from ser.conditions._levels import Signal

TAPS = 1025  # at 16 kHz: edges of 16 Hz, 32 ms before and after


def filtered(signal: Signal, frequencies: Sequence[float], decibels: Sequence[float]) -> Signal:
    """Return ``signal`` (samples,) under gains, dB, at ``frequencies``, Hz from 0 to 8000, linear in between."""
    gains = 10 ** (np.asarray(decibels) / 20)
    taps = firwin2(TAPS, np.asarray(frequencies) / (RATE / 2), gains)
    return fftconvolve(signal, taps, mode="full")[TAPS // 2 : TAPS // 2 + len(signal)].astype(np.float32)
