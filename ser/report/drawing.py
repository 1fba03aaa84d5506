"""Style of all figures, figures of panels, and their SVG and PNG.

The colours are those of Okabe and Ito (2008), "Color universal design". ``encode`` returns the bytes of a file,
``inline`` an SVG for a page, whose ink follows the page's text colour.
"""

import io
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import matplotlib
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ser.report.data.experiment import ReportData

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
WIDE = 4  # panels in a row, at most


@dataclass(frozen=True)
class Panel:
    """One panel of a figure. title: also for screen readers; draw: draws on the panel's axes, top to bottom."""

    title: str
    draw: Callable[[Sequence[Axes]], None]


def for_file(module: ModuleType, data: ReportData) -> Figure:
    """Return the figure of a section with the warnings of the corpora, or with its ``EMPTY`` text."""
    with matplotlib.rc_context(STYLE):
        if hasattr(module, "panels"):
            panels = module.panels(data)
            figure = _grid(panels, module.SIZE, module.ROWS) if panels else None
        else:
            figure = module.draw(data)
        if figure is None:
            figure = without(module.EMPTY)
        elif data.warnings:
            warning = "\n".join(f"{corpus}: {text}" for corpus, text in data.warnings.items())
            figure.suptitle(warning, fontsize=8.5, color=ORANGE, wrap=True)
        return figure


def without(text: str) -> Figure:
    """Return a figure of ``text``, which says why there is nothing to draw."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 1.0))
        figure.text(0.5, 0.5, text, ha="center", va="center", wrap=True)
        return figure


def for_page(module: ModuleType, name: str, data: ReportData) -> list[tuple[str, Markup]]:
    """Return title and SVG of each panel, or of the whole figure where it has no panels; empty without content."""
    with matplotlib.rc_context(STYLE):
        if hasattr(module, "panels"):
            panels = module.panels(data)
            figures = [(panel.title, _grid([panel], module.SIZE, module.ROWS)) for panel in panels]
            _settle_alike([figure for _, figure in figures])
        else:
            figure = module.draw(data)
            figures = [] if figure is None else [(module.TITLE, figure)]
        return [(title, Markup(inline(one, f"{name}{index}", title))) for index, (title, one) in enumerate(figures)]


def encode(figure: Figure, kind: str) -> bytes:
    """Return ``figure`` as the bytes of an ``svg`` or ``png`` file on white; equal figures give equal bytes."""
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
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    text = re.sub(r'(<svg\b[^>]*?) width="[^"]*pt"', r"\1", re.sub(r' height="[^"]*pt"', "", text, count=1), count=1)
    quoted = label.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    text = text.replace("<svg ", f'<svg role="img" aria-label="{quoted}" ', 1)
    return text.replace(INK, "currentColor").replace(LINE, "var(--line)")


def _settle(figure: Figure) -> None:
    """Compute the layout once, however many files are made of the figure: it costs more than the drawing."""
    if figure.get_layout_engine() is not None:
        figure.draw_without_rendering()
        figure.set_layout_engine("none")


def _settle_alike(figures: Sequence[Figure]) -> None:
    """Give all figures of one kind the layout of the first, which is most of the time that drawing takes."""
    for figure in figures[:1]:
        _settle(figure)
    for figure in figures[1:]:
        figure.set_layout_engine("none")
        for axes, like in zip(figure.axes, figures[0].axes, strict=True):
            axes.set_position(like.get_position())


def _grid(panels: Sequence[Panel], size: tuple[float, float], rows: int) -> Figure:
    """Return a figure of ``panels`` of ``rows`` axes each, ``size`` inches per panel."""
    wide = min(len(panels), 3 if len(panels) <= 9 else WIDE)
    high = math.ceil(len(panels) / wide)
    figure = Figure(figsize=(size[0] * wide, size[1] * high + 0.3))
    axes = figure.subplots(high * rows, wide, squeeze=False)
    for index in range(high * wide):
        line, column = divmod(index, wide)
        mine = [axes[line * rows + row][column] for row in range(rows)]
        if index < len(panels):
            mine[0].set_title(panels[index].title)
            panels[index].draw(mine)
        else:
            for spare in mine:
                spare.set_axis_off()
    return figure
