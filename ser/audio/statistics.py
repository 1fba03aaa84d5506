"""What the samples of a recording are like, channel by channel: limits, mean, and how the channels belong together."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Signal = np.ndarray[Any, np.dtype[np.float32]]

BLOCK = 1 << 18  # frames taken at a time in double precision
FULL_SCALE = 1e-3  # share by which a sample at full scale may differ from 1
ABOVE_FULL_SCALE = 2.0  # a peak; decoders of compressed sound exceed 1 a little
RUN = 3  # samples in a row, at least, that are at a limit where a signal is clipped
FRAME = 1024  # samples, for the power over time
FLOOR = 10  # percentile of the frames whose power is the noise of a channel


@dataclass(frozen=True)
class ChannelStatistics:
    """The statistics of a signal of ``frames`` frames and C channels, in double precision.

    low, high: smallest and largest sample of each channel, (C,); mean: (C,); covariance: (C, C).
    """

    frames: int
    low: NDArray[Any]
    high: NDArray[Any]
    mean: NDArray[Any]
    covariance: NDArray[Any]

    @property
    def peak(self) -> float:
        """Return the largest absolute value of a sample."""
        return float(max(self.high.max(), -self.low.min()))

    @property
    def swing(self) -> float:
        """Return the largest distance of a sample from the mean of its channel."""
        return float(max((self.high - self.mean).max(), (self.mean - self.low).max()))

    @property
    def power(self) -> NDArray[Any]:
        """Return the power of each channel without its offset, (C,)."""
        return np.maximum(self.covariance.diagonal(), 0)

    @property
    def mixed(self) -> float:
        """Return the power of the mean over the channels, relative to what unrelated channels of their power leave.

        0 where they cancel each other, 1 for unrelated channels or one sounding, C for equal ones.
        """
        whole = self.power.sum()
        return max(0.0, float(self.covariance.sum() / whole)) if whole > 0 else 1.0

    @property
    def correlation(self) -> float | None:
        """Return the lowest correlation of two channels that sound; None where there are no two."""
        sounding = self.power > 0
        power, covariance = self.power[sounding], self.covariance[sounding][:, sounding]
        if len(power) < 2:
            return None
        return float((covariance / np.sqrt(np.outer(power, power))).min())


def statistics(signal: Signal) -> ChannelStatistics:
    """Return the statistics of ``signal``, (frames, channels) with at least one frame."""
    channels = signal.shape[1]
    sums, products = np.zeros(channels), np.zeros((channels, channels))
    origin = signal[0].astype(np.float64)  # near the mean where there is nothing but an offset
    for begin in range(0, len(signal), BLOCK):
        block = signal[begin : begin + BLOCK] - origin
        sums += block.sum(axis=0)
        products += block.T @ block
    mean = sums / len(signal)
    covariance = products / len(signal) - np.outer(mean, mean)
    return ChannelStatistics(len(signal), signal.min(axis=0), signal.max(axis=0), origin + mean, covariance)


def clipped(signal: Signal, about: ChannelStatistics) -> float:
    """Return the share of samples, 0…1, that stand at a limit in runs of at least ``RUN``.

    A limit is full scale, or the largest or smallest value of a channel, if that is at least a quarter as far from the
    mean as the other: digital silence stands at none.
    """
    above, below = about.high - about.mean, about.mean - about.low
    at = ((signal == about.high) & (above >= below / 4)) | ((signal == about.low) & (below >= above / 4))
    if 1 - FULL_SCALE <= about.peak <= ABOVE_FULL_SCALE:  # else 1 is no limit, but a small sample
        at |= np.abs(np.abs(signal) - 1) <= FULL_SCALE
    at &= np.asarray(about.power > 0)
    if len(at) < RUN or not at.any():
        return 0.0
    runs = at[:-2] & at[1:-1] & at[2:]  # the first of three in a row
    inside = np.zeros(at.shape, bool)
    for shift in range(RUN):
        inside[shift : len(at) - RUN + 1 + shift] |= runs
    return float(inside.sum() / at.size)


def best_channel(signal: Signal) -> int:
    """Return the channel of ``signal``, (frames, channels), with the most power above its own noise.

    The noise is the power that nine tenths of the pieces of 1024 samples exceed; an offset has no power.
    """
    pieces = max(1, len(signal) // FRAME)
    power = np.stack([piece.var(axis=0, dtype=np.float64) for piece in np.array_split(signal, pieces)])
    return int(np.argmax(power.mean(axis=0) - np.percentile(power, FLOOR, axis=0)))
