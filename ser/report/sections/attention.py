"""Weights of the systems' attention over time, above the spectrogram of one utterance.

Words appear by their number, never as text: a transcript may be under licence.
"""

from collections.abc import Mapping
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ser.audio.reading import RATE
from ser.features import log_mel, mfcc
from ser.report.data.attention import RunAttention
from ser.report.data.experiment import ReportData
from ser.report.drawing import BLUE, GREEN, ORANGE

TITLE = "Attention over time"
LEAD = (
    "The weights of each system's attention to one utterance, given by its id, above its spectrogram. Weights over "
    "words are below it, words by their number. Dotted: equal weights."
)
EMPTY = "No system of these runs weighs frames or words, so there is no attention to show."
SOURCE = ("attention.parquet", "predictions.parquet", "data/*/audio")
COLOURS = (BLUE, ORANGE, GREEN, "#CC79A7", "#E69F00", "#56B4E9")  # Okabe and Ito's
MELS, DEPTH = 64, 70.0  # bands of the spectrogram; dB below its loudest value
KILOHERTZ = (0.5, 1, 2, 4)
LINES, SPECTROGRAM = 1.1, 1.6  # inches of a panel of weights and of the spectrogram


def draw(data: ReportData) -> Figure | None:
    """Return a panel of weights per system, the spectrogram under those over frames, those over words below it.

    Weights after the end of the utterance, on the padding of a view of fixed length, are named in the legend.
    """
    recorded = data.attention
    if recorded is None:
        return None
    framed = [one for one in recorded.runs if one.over("frames")]
    worded = [one for one in recorded.runs if one.over("words")]
    heights = [*[LINES] * len(framed), SPECTROGRAM, *[LINES] * len(worded)]
    seconds = len(recorded.signal) / RATE
    figure = Figure(figsize=(7.6, sum(heights) + 0.8))
    panels = [row[0] for row in figure.subplots(len(heights), 1, squeeze=False, height_ratios=heights)]
    for axes, one in zip(panels, framed, strict=False):
        for row, colour in zip(one.over("frames"), cycle(COLOURS), strict=False):
            _over_frames(axes, row, colour, seconds)
        _finish(axes, one)
        axes.set_xlim(0, seconds)
        axes.tick_params(labelbottom=False)
    _spectrogram(panels[len(framed)], recorded.signal)
    for axes, one in zip(panels[len(framed) + 1 :], worded, strict=True):
        for row, colour in zip(one.over("words"), cycle(COLOURS), strict=False):
            _over_words(axes, row, colour)
        _finish(axes, one)
        axes.set_xlabel("word")
        axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    first = recorded.runs[0]
    true = f"{'rated' if first.probability is None else 'true class'}: {first.label}"
    title = f"{recorded.utterance} · {first.run.corpus} · {first.run.protocol} · {true}"
    figure.supxlabel(title, fontsize=9.5, weight="bold")
    return figure


def _over_frames(axes: Axes, row: Mapping[str, Any], colour: str, seconds: float) -> None:
    weights, start, step = np.array(row["weights"]), row["start"], row["step"]
    edges = start + step * (np.arange(len(weights) + 1) - 0.5)
    after = weights[edges[:-1] >= seconds].sum()
    label = row["attention"] if after < 0.005 else f"{row['attention']}, {100 * after:.0f} % after the end"
    axes.stairs(100 * weights, edges, fill=True, color=colour, alpha=0.2)
    axes.stairs(100 * weights, edges, color=colour, label=label)
    axes.axhline(100 / len(weights), color=colour, linewidth=0.8, linestyle=":")


def _over_words(axes: Axes, row: Mapping[str, Any], colour: str) -> None:
    weights = np.array(row["weights"])
    middles = row["start"] + row["step"] * np.arange(len(weights))
    axes.plot(middles, 100 * weights, color=colour, marker="o", markersize=2.5, linewidth=0.8, label=row["attention"])
    axes.axhline(100 / len(weights), color=colour, linewidth=0.8, linestyle=":")


def _finish(axes: Axes, one: RunAttention) -> None:
    run = one.run
    sure = "" if one.probability is None else f" ({100 * one.probability:.0f} %)"
    title = f"{run.system}: predicted {one.predicted}{sure} · seed {run.seed}, fold {run.fold}"
    axes.set_title(title, fontsize=8.5, weight="normal")
    axes.set_ylim(0, 1.05 * axes.dataLim.ymax)
    axes.set_ylabel("weight, %")
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.legend(fontsize=7, frameon=False, ncols=4, loc="lower right", bbox_to_anchor=(1, 1), borderaxespad=0)


def _spectrogram(axes: Axes, signal: NDArray[np.float32]) -> None:
    """Draw mel bands in dB, loud is dark, each frame at the middle of its window."""
    level = log_mel.extract(signal, RATE, mels=MELS)
    first = log_mel.WINDOW / 2 / RATE - log_mel.HOP / 2
    extent = (first, first + log_mel.HOP * len(level), -0.5, MELS - 0.5)
    top = level.max()
    style: Any = {"origin": "lower", "aspect": "auto", "interpolation": "nearest", "cmap": "Greys"}
    axes.imshow(level.T, extent=extent, vmin=top - DEPTH, vmax=top, **style)
    axes.set_yticks([_band(1000 * kilohertz) for kilohertz in KILOHERTZ], [f"{one:g}" for one in KILOHERTZ])
    axes.set(xlabel="seconds", ylabel="kHz", xlim=(0, len(signal) / RATE))
    axes.grid(visible=False)


def _band(hertz: float) -> float:
    """Return where ``hertz`` lies among the middles of the mel bands, the first being 0."""
    return _mel(hertz) / _mel(RATE / 2) * (MELS + 1) - 1


def _mel(hertz: float) -> float:
    """Return ``hertz`` on Slaney's scale, which the bands follow."""
    linear = min(hertz, mfcc.BREAK) / mfcc.LINEAR_STEP
    return float(linear + np.log(max(hertz / mfcc.BREAK, 1.0)) / mfcc.LOG_STEP)
