"""What the page draws of a recording: rows with a name, an outline and a number, over one time axis."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ser.bounds import Channel
from ser.errors import SerError
from ser.prediction_page import paths, timeline
from ser.prediction_page.peaks import peaks, seconds
from ser.prediction_page.predicted import PredictedRecording

COLUMNS = 600  # of a waveform and of everything over time
TICKS = 6  # of a time axis, at most
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)  # seconds


@dataclass(frozen=True)
class Track:
    """One row. kind: wave, attention, class or bar; label: for screen readers; outline, strong: paths of SVG.

    columns: width of the paths; strong: where the class is the most probable; equal: height of equal weights, 0…1.
    """

    kind: str
    name: str
    label: str
    number: str
    columns: int
    outline: str
    strong: str = ""
    equal: float | None = None


@dataclass(frozen=True)
class Drawing:
    """timed: the rows over the time axis; bars: those of an utterance as a whole; ticks: percent of the axis, text.

    length: seconds, None where the recording cannot be read again, for the reason ``fault``.
    """

    timed: tuple[Track, ...]
    bars: tuple[Track, ...]
    ticks: tuple[tuple[float, str], ...] = ()
    length: float | None = None
    fault: str = ""


def drawing(recording: PredictedRecording, channel: Channel) -> Drawing:
    """Return the drawing of a recording, which is read once more, block by block."""
    bars = () if recording.windowed else tuple(_bars(recording))
    try:
        span = _span(recording)
        outline = peaks(recording.first.path, *span, channel, COLUMNS)
    except SerError as error:
        return Drawing((), bars or tuple(_bars(recording)), fault=str(error))
    timed = [
        _wave(outline, span),
        *_attention(recording, span),
        *(_classes(recording, span) if recording.windowed else ()),
    ]
    return Drawing(tuple(timed), bars, tuple(ticks(*span)), span[1] - span[0])


def ticks(begin: float, end: float) -> Iterator[tuple[float, str]]:
    """Yield where the axis from ``begin`` to ``end`` seconds has a mark, in percent of it, and the text."""
    step = next((one for one in STEPS if (end - begin) / one <= TICKS), STEPS[-1])
    for number in range(math.ceil(begin / step), math.floor(end / step) + 1):
        yield 100 * (number * step - begin) / (end - begin), clock(number * step, whole=end)


def clock(time: float, whole: float) -> str:
    """Return seconds as ``2.5 s``, ``4:05`` or ``1:04:05``, the same for all times of a recording of ``whole``."""
    if whole < 60:
        return f"{time:.3g} s"
    minutes, rest = divmod(round(time), 60)
    return f"{minutes}:{rest:02d}" if whole < 3600 else f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _span(recording: PredictedRecording) -> tuple[float, float]:
    if recording.windowed:
        return float(recording.windows[0, 0]), float(recording.windows[:, 1].max())
    first = recording.first
    return first.start or 0.0, seconds(first.path) if first.end is None else first.end


def _wave(found: NDArray[np.float32], span: tuple[float, float]) -> Track:
    top = float(np.abs(found).max())
    level = f"{20 * math.log10(max(top, 1e-6)):.0f} dB".replace("-", "−")
    label = f"Waveform, {span[1] - span[0]:.1f} s, its peak {level} of full scale"
    return Track("wave", "waveform", label, level, len(found), paths.waveform(found))


def _attention(recording: PredictedRecording, span: tuple[float, float]) -> Iterator[Track]:
    for name, values in timeline.attention(recording.attention, span, COLUMNS).items():
        if np.isnan(values).all():
            continue
        top = float(np.nanmax(values))
        at = span[0] + (int(np.nanargmax(values)) + 0.5) * (span[1] - span[0]) / COLUMNS
        label = f"Attention {name} over time: up to {top:.1f} times equal weights, at {at:.1f} s"
        scaled = values / max(top, 1.0)
        equal = 1 / max(top, 1.0)
        yield Track("attention", f"attention, {name}", label, f"{top:.1f} ×", COLUMNS, paths.stairs(scaled), "", equal)


def _classes(recording: PredictedRecording, span: tuple[float, float]) -> Iterator[Track]:
    """Yield the probability of each class over time."""
    starts, ends = recording.windows.T
    values = timeline.columns(starts, ends, recording.probabilities, span, COLUMNS)
    winner = np.where(np.isnan(values[:, 0]), -1, np.nan_to_num(values).argmax(axis=1))
    counts = recording.counts()
    for name, mean in recording.mean.items():
        at = list(recording.classes).index(name)
        often = f"most probable in {counts[name]} of {len(recording)} windows"
        label = f"{name} over time: {100 * mean:.0f} % on average, {often}"
        strong = paths.stairs(np.where(winner == at, values[:, at], 0.0))
        yield Track("class", name, label, f"{100 * mean:.0f} %", COLUMNS, paths.stairs(values[:, at]), strong)


def _bars(recording: PredictedRecording) -> Iterator[Track]:
    """Yield the probability of each class as a bar."""
    for rank, (name, mean) in enumerate(recording.mean.items()):
        bar = f"M0 0H{round(100 * mean, 1):g}V{paths.HEIGHT}H0Z"
        number = f"{100 * mean:.0f} %"
        yield Track("bar", name, f"{name}: {number}", number, 100, bar, "" if rank else bar)
