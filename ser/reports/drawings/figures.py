"""The figures of a report: confusions, learning curves, sweeps, and what all figures share.

Colours tell apart for everyone: they are those of Okabe and Ito (2008), "Color universal design". A figure is made in
memory; ``encode`` returns the bytes of a file, ``inline`` an SVG for a page whose ink follows the page's text colour.
"""

import io
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ser.config.schema import Sweep
from ser.reports.gathered.results import Result

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
INK, LINE = "#23272e", "#c4c9d1"  # replaced by the page's own colours in an inline SVG
STYLE: Final[Any] = {
    "svg.fonttype": "none",  # text stays text: small, searchable, in the reader's font
    "svg.hashsalt": "ser",  # equal figures give equal files
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.edgecolor": LINE,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": LINE,
    "grid.linewidth": 0.5,
    "grid.alpha": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "lines.linewidth": 1.0,
    "figure.constrained_layout.use": True,
}
PANEL = (3.4, 3.1)  # inches of one panel
WIDE = 4  # panels in a row, at most


def confusions(results: Sequence[Result], warning: str) -> Figure:
    """Return one matrix per result: rows are true classes, colour the share of the row, numbers the counts."""
    if not results:
        return words("No run was tested, so there is no confusion matrix.")
    with matplotlib.rc_context(STYLE):
        figure, panels = grid(len(results), 1, PANEL)
        for axes, result in zip(panels[0], results, strict=False):
            _confusion(axes, result)
        return warned(figure, warning)


def curves(results: Sequence[Result], warning: str) -> Figure:
    """Return training loss, dev UA and, if scored, test UA, one pair of axes per result, one thin line per run."""
    shown = [result for result in results if has_curve(result)]
    if not shown:
        return words("No system was trained by epochs, so there are no learning curves.")
    with matplotlib.rc_context(STYLE):
        figure, panels = grid(len(shown), 2, (PANEL[0], 3.6))
        for loss, dev, result in zip(panels[0], panels[1], shown, strict=False):
            _curve(loss, dev, result)
            loss.set_title(f"{result.system}\n{result.protocol} · {result.corpus}")
        return warned(figure, warning)


def curve(result: Result) -> Figure:
    """Return the learning curves of one result, for a panel of a page that has its own heading."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.6, 3.1))
        loss, dev = figure.subplots(2, 1, sharex=True)
        _curve(loss, dev, result)
        return figure


def has_curve(result: Result) -> bool:
    """Return whether any of its runs wrote down the training loss of more than one epoch."""
    return any(record.history["train_loss"].notna().sum() > 1 for record in result.records)


def sweeps(named: Mapping[str, Sweep], results: Sequence[Result], warning: str) -> Figure:
    """Return WA, UA and recalls over the setting of each sweep: one panel per sweep, corpus and protocol."""
    panels = [
        (sweep, where, {x: one for x, name in sweep.systems.items() for one in members if one.system == name})
        for sweep in named.values()
        for where, members in _by_protocol(results).items()
    ]
    shown = [(sweep, where, points) for sweep, where, points in panels if len(points) > 1]
    if not shown:
        return words("The experiment sweeps over no setting.")
    with matplotlib.rc_context(STYLE):
        figure, axes = grid(len(shown), 1, (4.2, 3.1))
        for panel, (sweep, where, points) in zip(axes[0], shown, strict=False):
            at = sorted(points)
            for name in points[at[0]].recalls:
                recall = [100 * points[x].recalls[name] for x in at]
                panel.plot(at, recall, linewidth=0.8, alpha=0.7, label=f"recall {name}")
            for value, colour, label in (("wa", BLUE, "WA"), ("ua", ORANGE, "UA")):
                rates = [100 * getattr(points[x], value).mean for x in at]
                panel.plot(at, rates, color=colour, linewidth=1.8, marker=".", label=label)
            panel.set(xlabel=sweep.axis, ylabel="%", title=f"{sweep.title}\n{where[1]} · {where[0]}")
            panel.legend(fontsize=7, frameon=False, ncols=2)
        return warned(figure, warning)


def _by_protocol(results: Sequence[Result]) -> dict[tuple[str, str], list[Result]]:
    grouped: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        grouped.setdefault((result.corpus, result.protocol), []).append(result)
    return grouped


def words(sentence: str) -> Figure:
    """Return a figure that says why there is nothing to draw."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 1.0))
        figure.text(0.5, 0.5, sentence, ha="center", va="center")
        return figure


def encode(figure: Figure, kind: str) -> bytes:
    """Return ``figure`` as the bytes of an ``svg`` or ``png`` file on white; no date, equal for equal data."""
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        _settle(figure)
        metadata = {"Date": None} if kind == "svg" else {}
        figure.savefig(buffer, format=kind, dpi=150, facecolor="white", metadata=metadata)
    return buffer.getvalue()


def inline(figure: Figure, name: str, label: str) -> str:
    """Return ``figure`` as an ``<svg>`` element with ids prefixed by ``name`` and ``label`` for screen readers."""
    buffer = io.StringIO()
    with matplotlib.rc_context(STYLE):
        _settle(figure)
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r"url\(#", f"url(#{name}-", text)
    text = re.sub(r'href="#', f'href="#{name}-', text)
    text = re.sub(r'(<svg\b[^>]*?) width="[^"]*pt"', r"\1", re.sub(r' height="[^"]*pt"', "", text, count=1), count=1)
    quoted = label.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    text = text.replace("<svg ", f'<svg role="img" aria-label="{quoted}" ', 1)
    return text.replace(INK, "currentColor").replace(LINE, "var(--line)")


def _settle(figure: Figure) -> None:
    """Place everything once, however many files are made of the figure: the layout costs more than the drawing."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


def grid(count: int, rows: int, size: tuple[float, float]) -> tuple[Figure, list[list[Axes]]]:
    """Return a figure of ``count`` panels of ``rows`` axes each, and the axes by row of a panel; spare ones are off."""
    wide = min(count, 3 if count <= 9 else WIDE)
    high = math.ceil(count / wide)
    figure = Figure(figsize=(size[0] * wide, size[1] * high + 0.3))
    axes = figure.subplots(high * rows, wide, squeeze=False)
    panels = [
        [axes[line * rows + row][column] for line in range(high) for column in range(wide)] for row in range(rows)
    ]
    for row in panels:
        for spare in row[count:]:
            spare.set_axis_off()
    return figure, panels


def _confusion(axes: Axes, result: Result) -> None:
    counts = result.confusion.to_numpy(dtype=float)
    rows = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, rows, out=np.zeros_like(counts), where=rows > 0)
    edges = np.arange(len(counts) + 1) - 0.5
    axes.pcolormesh(edges, edges, shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_aspect("equal")
    axes.invert_yaxis()
    for true, predicted in np.ndindex(*counts.shape):
        ink = "white" if shares[true, predicted] > 0.55 else INK
        text = f"{counts[true, predicted]:.0f}"
        axes.text(predicted, true, text, ha="center", va="center", color=ink, fontsize=8)
    axes.set_xticks(range(len(counts)), [str(name) for name in result.confusion.columns], rotation=40, ha="right")
    axes.set_yticks(range(len(counts)), [str(name) for name in result.confusion.index])
    axes.set(xlabel="predicted", ylabel="true")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_title(f"{result.system}\n{result.protocol} · {result.corpus} · UA {100 * result.ua.mean:.1f}")


def _curve(loss: Axes, dev: Axes, result: Result) -> None:
    """Draw loss and dev UA over epochs; where the test part was scored too, that as well, over steps."""
    tested = result.curve_ua is not None
    x, judged = "step" if tested else "epoch", tested
    for record in result.records:
        history = record.history
        dot = "." if len(history) < 2 else None
        loss.plot(history[x], history["train_loss"], color=ORANGE, linewidth=0.8, alpha=0.75, marker=dot)
        if tested:
            dev.plot(history[x], 100 * history["test_ua"], color=GREEN, linewidth=0.8, alpha=0.75, marker=dot)
        scored = history[history["dev_ua"].notna()]
        if not scored.empty:
            judged = True
            dev.plot(scored[x], 100 * scored["dev_ua"], color=BLUE, linewidth=0.8, alpha=0.75, marker=dot)
            kept = scored[scored["epoch"] == record.best_epoch]
            dev.plot(kept[x], 100 * kept["dev_ua"], "o", color=BLUE, markersize=3.5)
    loss.set_ylabel("train loss")
    dev.set(ylabel="dev, test UA, %" if tested else "dev UA, %", xlabel=x)
    loss.set_xlim(dev.get_xlim() if judged else loss.get_xlim())
    dev.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    loss.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    if judged:
        dev.axhline(100 * result.chance_ua, color=INK, linewidth=0.8, linestyle=":")
    else:
        dev.set_yticks([])
        dev.text(0.5, 0.5, "no dev part", transform=dev.transAxes, ha="center", va="center")


def warned(figure: Figure, warning: str) -> Figure:
    """Return ``figure`` with the corpus's warning above it."""
    if warning:
        figure.suptitle(warning, fontsize=8.5, color=ORANGE, wrap=True)
    return figure
