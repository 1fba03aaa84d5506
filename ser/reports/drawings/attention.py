"""Attention over time: the spectrogram of one utterance with the weights of every system above it.

Words are shown by their number, never by what they are: a transcript may be under licence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import matplotlib
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ser import layout
from ser.audio import RATE
from ser.errors import SerError, offenders
from ser.features import log_mel, mfcc
from ser.layout import Run
from ser.reports.drawings.figures import BLUE, GREEN, ORANGE, STYLE, words
from ser.tables import contracts

FILE = "attention.parquet"
COLOURS = (BLUE, ORANGE, GREEN, "#CC79A7", "#E69F00", "#56B4E9")  # Okabe and Ito's
MELS, DEPTH = 64, 70.0  # bands of the spectrogram; dB below its loudest value that are shown
KILOHERTZ = (0.5, 1, 2, 4)
LINES, PICTURE = 1.1, 1.6  # inches of a panel of weights and of the spectrogram


@dataclass(frozen=True, eq=False)
class Seen:
    """What a run made of the utterance. attentions: its rows of the ATTENTION table; probability: of ``predicted``."""

    run: Run
    label: str
    predicted: str
    probability: float
    attentions: tuple[Mapping[str, Any], ...]

    def over(self, axis: str) -> list[Mapping[str, Any]]:
        """Return the attentions over "frames" or "words"."""
        return [row for row in self.attentions if row["axis"] == axis]


@dataclass(frozen=True, eq=False)
class Subject:
    """The utterance that is shown: signal (samples,) at 16 kHz, and what each system of one protocol saw in it."""

    utterance: str
    signal: NDArray[np.float32]
    seen: tuple[Seen, ...]


def subject(runs: Sequence[Run], utterance: str | None = None) -> Subject | None:
    """Return ``utterance`` under the protocol where most systems recorded their attention to it; None: nobody did.

    Without a name it is the first, by name, of those that most systems of a protocol have in common. Of several seeds
    or folds of a system the first counts. SerError for a name that no run recorded, and for an utterance without audio.
    """
    held: dict[tuple[str, str], dict[str, dict[str, Run]]] = {}
    for run in runs:
        table = contracts.read(contracts.ATTENTION, run.folder / FILE)
        for name in dict.fromkeys(table["utterance"].to_pylist()):
            held.setdefault((run.corpus, run.protocol), {}).setdefault(name, {}).setdefault(run.system, run)
    recorded = sorted({name for utterances in held.values() for name in utterances})
    if not recorded:
        return None
    if utterance not in (None, *recorded):
        raise SerError(
            f"experiment.utterance: no run recorded its attention to '{utterance}'; recorded: {offenders(recorded)}."
        )
    choices = [
        (systems, name)
        for utterances in held.values()
        for name, systems in sorted(utterances.items())
        if utterance in (None, name)
    ]
    systems, name = max(choices, key=lambda choice: len(choice[0]))  # the first of equals
    first = next(iter(systems.values()))
    return Subject(name, _signal(first.corpus, name), tuple(_seen(run, name) for run in systems.values()))


def _row(table: pa.Table, utterance: str, where: object) -> dict[str, Any]:
    rows: list[dict[str, Any]] = table.filter(pc.equal(table["utterance"], utterance)).to_pylist()
    if not rows:
        raise SerError(f"{where} lacks utterance {utterance}, which runs were tested on; run again what is older.")
    return rows[0]


def _seen(run: Run, utterance: str) -> Seen:
    table = contracts.read(contracts.ATTENTION, run.folder / FILE)
    path = run.folder / "predictions.parquet"
    said = _row(contracts.read(contracts.PREDICTIONS, path), utterance, path)
    rows = table.filter(pc.equal(table["utterance"], utterance)).to_pylist()
    return Seen(run, said["label"], said["predicted"], max(said["probabilities"]), tuple(rows))


def _signal(corpus: str, utterance: str) -> NDArray[np.float32]:
    manifest = layout.manifest(corpus)
    shard = _row(contracts.read(contracts.MANIFEST, manifest), utterance, manifest)["shard"]
    path = layout.audio(corpus) / f"{shard}.parquet"
    return np.frombuffer(_row(contracts.read(contracts.AUDIO, path), utterance, path)["samples"], dtype="<f4")


def figure(subject: Subject | None, warning: str) -> Figure:
    """Return a panel of weights per system, the spectrogram under those over frames, those over words below it.

    The dotted line is what equal weights would be. Weights that lie behind the end of the utterance, on the padding of
    a view of fixed length, are named in the legend.
    """
    if subject is None:
        return words("No system of these runs weighs frames or words, so there is no attention to show.")
    framed = [one for one in subject.seen if one.over("frames")]
    worded = [one for one in subject.seen if one.over("words")]
    heights = [*[LINES] * len(framed), PICTURE, *[LINES] * len(worded)]
    seconds = len(subject.signal) / RATE
    with matplotlib.rc_context(STYLE):
        drawn = Figure(figsize=(7.6, sum(heights) + 0.8))
        panels = [row[0] for row in drawn.subplots(len(heights), 1, squeeze=False, height_ratios=heights)]
        for axes, one in zip(panels, framed, strict=False):
            for row, colour in zip(one.over("frames"), cycle(COLOURS), strict=False):
                _over_frames(axes, row, colour, seconds)
            _finish(axes, one)
            axes.set_xlim(0, seconds)
            axes.tick_params(labelbottom=False)
        _spectrogram(panels[len(framed)], subject.signal)
        for axes, one in zip(panels[len(framed) + 1 :], worded, strict=True):
            for row, colour in zip(one.over("words"), cycle(COLOURS), strict=False):
                _over_words(axes, row, colour)
            _finish(axes, one)
            axes.set_xlabel("word")
            axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
        one = subject.seen[0]
        title = f"{subject.utterance} · {one.run.corpus} · {one.run.protocol} · true class: {one.label}"
        drawn.suptitle(title, fontsize=9.5, weight="bold")
        if warning:
            drawn.supxlabel(warning, fontsize=8.5, color=ORANGE, wrap=True)
        return drawn


def _over_frames(axes: Axes, row: Mapping[str, Any], colour: str, seconds: float) -> None:
    weights, start, step = np.array(row["weights"]), row["start"], row["step"]
    edges = start + step * (np.arange(len(weights) + 1) - 0.5)
    behind = weights[edges[:-1] >= seconds].sum()
    label = row["attention"] if behind < 0.005 else f"{row['attention']}, {100 * behind:.0f} % behind the end"
    axes.stairs(100 * weights, edges, fill=True, color=colour, alpha=0.2)
    axes.stairs(100 * weights, edges, color=colour, label=label)
    axes.axhline(100 / len(weights), color=colour, linewidth=0.8, linestyle=":")


def _over_words(axes: Axes, row: Mapping[str, Any], colour: str) -> None:
    weights = np.array(row["weights"])
    middles = row["start"] + row["step"] * np.arange(len(weights))
    axes.plot(middles, 100 * weights, color=colour, marker="o", markersize=2.5, linewidth=0.8, label=row["attention"])
    axes.axhline(100 / len(weights), color=colour, linewidth=0.8, linestyle=":")


def _finish(axes: Axes, one: Seen) -> None:
    run = one.run
    said = f"predicted {one.predicted} ({100 * one.probability:.0f} %)"
    axes.set_title(f"{run.system}: {said} · seed {run.seed}, fold {run.fold}", fontsize=8.5, weight="normal")
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
    axes.imshow(
        level.T,
        extent=extent,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap="Greys",
        vmin=top - DEPTH,
        vmax=top,
    )
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
