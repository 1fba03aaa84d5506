"""Shared by the short-time extractors: checks of the signal, windows, spectra of frames."""

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError

RATE = 16000  # Hz, of every signal after `resample`
HOP_SAMPLES = 160  # 10 ms from one frame to the next
BLOCK = 2**17  # samples transformed at a time, 512 KiB: what is computed from them stays in the processor's cache
FLOOR = np.float32(1e-10)  # power
DECIBELS = np.float32(10 / np.log(10))  # in a factor of e

Signal = NDArray[np.float32]  # (samples,)
Matrix = NDArray[np.float32]  # (frames, dims)


def require(signal: Signal, rate: int, minimum: int) -> None:
    """Raise SerError unless ``signal`` is mono at 16 kHz with at least ``minimum`` samples."""
    if rate != RATE:
        raise SerError(f"the extractor is defined at {RATE} Hz, this signal has {rate} Hz; resample it first.")
    if signal.ndim != 1:
        raise SerError(f"the extractor takes a mono signal of shape (samples,), this one has shape {signal.shape}.")
    if len(signal) < minimum:
        raise SerError(
            f"the extractor needs at least {minimum} samples ({minimum / RATE:.3f} s), this signal has {len(signal)} "
            f"({len(signal) / RATE:.3f} s); raise 'minimum_seconds' of the corpus and allow 'short', or exclude it."
        )


@cache
def hamming(samples: int) -> Signal:
    """Return the periodic Hamming window, 0.54 − 0.46·cos(2πn/N) (librosa's ``fftbins=True``), float32."""
    return _raised_cosine(samples, 0.54)


@cache
def hann(samples: int) -> Signal:
    """Return the periodic Hann window, 0.5 − 0.5·cos(2πn/N), float32."""
    return _raised_cosine(samples, 0.5)


def _raised_cosine(samples: int, level: float) -> Signal:
    phase = 2 * np.pi * np.arange(samples) / samples
    window = (level - (1 - level) * np.cos(phase)).astype(np.float32)
    window.flags.writeable = False
    return window


def triangles(points: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return triangles of height 1 between ``edges``, each of three edges, at ``points``: (points, edges − 2)."""
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    position = points[:, None]
    return np.minimum((position - low) / (centre - low), (high - position) / (high - centre)).clip(min=0)


def magnitudes(
    signal: Signal, window: Signal, points: int, bins: int | None = None, hop: int = HOP_SAMPLES
) -> Iterator[Matrix]:
    """Yield the magnitude of the ``points``-point DFT of frames ``hop`` apart, weighted by ``window``, block by block.

    Shape (frames of the block, ``bins``, by default all points // 2 + 1), float32: memory that the next block
    overwrites. There are floor((samples − window) / hop) + 1 frames in all: the first begins with the first sample, and
    a remainder shorter than a frame is ignored.
    """
    from scipy.fft import rfft

    frames = np.lib.stride_tricks.sliding_window_view(signal, len(window))[::hop]
    step = min(max(1, BLOCK // points), len(frames))
    weighted = np.zeros((step, points), np.float32)
    magnitude = np.empty((step, bins or points // 2 + 1), np.float32)
    for first in range(0, len(frames), step):
        block = frames[first : first + step]
        now = slice(len(block))
        np.multiply(block, window, out=weighted[now, : len(window)])
        yield np.abs(rfft(weighted[now], axis=1)[:, : magnitude.shape[1]], out=magnitude[now])


def powers(signal: Signal, window: Signal, points: int, filters: Matrix, hop: int = HOP_SAMPLES) -> Matrix:
    """Return the power |DFT|² of the frames of `magnitudes` in bands with weights ``filters`` (points // 2 + 1, bands).

    Shape (frames, bands), float32.
    """
    blocks = magnitudes(signal, window, points, hop=hop)
    return np.concatenate([np.square(block, out=block) @ filters for block in blocks])


def decibels(power: Matrix) -> Matrix:
    """Return 10·log10 of ``power``, at least 1e-10, by way of the natural logarithm, for which numpy has SIMD code."""
    level = np.maximum(power, FLOOR)
    np.log(level, out=level)
    level *= DECIBELS
    return level
