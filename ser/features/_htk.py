"""HTK's front end: cepstra, log energy and regression deltas of 25 ms frames every 10 ms.

Young et al., "The HTK Book", 2006, sections 5.2 to 5.9, with the constants of openSMILE's MFCC12_E_D_A: pre-emphasis
0.97 within the frame, symmetric Hamming window, 512-point power spectrum, 26 triangles on the mel scale
1127·ln(1 + f/700) from 0 to 8000 Hz, ln, orthonormal DCT-II, lifter 22. Samples are in 16-bit steps. The energy of a
band or frame is at least that of one step, so that silence is finite.
"""

from functools import cache

import numpy as np

from ser.features._frames import HOP_SAMPLES, RATE, Signal, triangles

WINDOW = 400  # samples
POINTS = 512  # of the DFT
BANDS = 26
CEPSTRA = 12  # c1 to c12
LIFTER = 22
EMPHASIS = 0.97
STEPS = 32767  # of 16 bits in a sample of 1.0
REACH = 2  # frames on either side of a delta


def framed(signal: Signal) -> Signal:
    """Return the frames of ``signal`` in 16-bit steps: (floor((samples − 400) / 160) + 1, 400), float32."""
    return np.lib.stride_tricks.sliding_window_view(signal, WINDOW)[::HOP_SAMPLES] * np.float32(STEPS)


def cepstra_and_energy(frames: Signal) -> Signal:
    """Return c1 to c12 and ln Σx², at least 0, of ``frames`` (frames, 400) in 16-bit steps: (frames, 13), float32."""
    from scipy.fft import dct, rfft

    previous = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    window = np.hamming(WINDOW).astype(np.float32)
    power = np.square(np.abs(rfft((frames - np.float32(EMPHASIS) * previous) * window, n=POINTS, axis=1)))
    bands = np.log(np.maximum(power @ htk_mel_filters(), 1))
    order = np.arange(1, CEPSTRA + 1)
    lifter = 1 + LIFTER / 2 * np.sin(np.pi * order / LIFTER)
    cepstra = dct(bands, type=2, norm="ortho", axis=1)[:, order] * lifter
    energy = np.log(np.maximum(np.square(frames).sum(axis=1), 1))
    return np.column_stack([cepstra, energy]).astype(np.float32)


def deltas(values: Signal) -> Signal:
    """Return the regression slope of ``values`` (frames, dims) over five frames; the edge frames are repeated."""
    padded, frames = np.pad(values, ((REACH, REACH), (0, 0)), mode="edge"), len(values)
    steps = range(1, REACH + 1)
    rise = sum(k * (padded[REACH + k :][:frames] - padded[REACH - k :][:frames]) for k in steps)
    return np.asarray(rise / (2 * sum(k * k for k in steps)), dtype=np.float32)


@cache
def htk_mel_filters() -> Signal:
    """Return the triangles of height 1, linear in mel: (257, 26), float32."""
    mel = 1127 * np.log1p(np.linspace(0, RATE / 2, POINTS // 2 + 1) / 700)
    edges = np.linspace(0, 1127 * np.log1p(RATE / 2 / 700), BANDS + 2)
    return triangles(mel, edges).astype(np.float32)
