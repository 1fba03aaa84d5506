"""Write the page: one HTML file that loads nothing from elsewhere, of bounded size."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ser import report
from ser.bounds import Channel
from ser.errors import printable
from ser.files.atomic import write_text
from ser.inference.predictions import Failures
from ser.inference.recordings import Request
from ser.inference.system import System
from ser.inference.utterance import Answer
from ser.prediction_page.drawing import Drawing, clock, drawing
from ser.prediction_page.predicted import PredictedRecording, grouped
from ser.report.formats import count

TEMPLATES = Path(__file__).parent / "templates"
REPORT = Path(report.__file__).parent / "templates"  # the style and the script of its page
DRAWN, LISTED, NAMED = 40, 2000, 200  # recordings with a drawing; in the table; of those that could not be used
ATTENDED = 400  # answers whose attention is computed, the first: utterances or windows


@dataclass(frozen=True)
class Section:
    """A recording that is drawn. number: of its anchor; label: the most probable class, with ``percent``."""

    number: int
    name: str
    label: str
    percent: str
    windowed: bool
    facts: tuple[str, ...]
    drawing: Drawing


def write(rows: Iterable[tuple[Request, Answer]], system: System, failures: Failures, out: Path) -> int:
    """Write the page of ``rows`` to ``out``, completely or not at all; return how many answers there are.

    failures: those of the prediction, read when ``rows`` are at their end. The first ``DRAWN`` recordings are drawn,
    and the first ``LISTED`` listed. One recording is in memory at a time, of the others what the page has of them.
    """
    drawn: list[Section] = []
    listed: list[dict[str, object]] = []
    answers = recordings = 0
    for recordings, recording in enumerate(grouped(rows, system.classes), start=1):  # noqa: B007
        answers += len(recording)
        if len(drawn) < DRAWN:
            drawn.append(_section(len(drawn) + 1, recording, system.trained.contents.audio.channel))
        if len(listed) < LISTED:
            listed.append(_line(recording, len(listed) + 1 if len(listed) < len(drawn) else None))
    if answers:
        write_text(out, _render(system, drawn, listed, (recordings, answers), failures.lines()))
    return answers


def _render(
    system: System,
    drawn: list[Section],
    listed: list[dict[str, object]],
    totals: tuple[int, int],
    unused: list[str],
) -> str:
    jinja = Environment(
        loader=FileSystemLoader([TEMPLATES, REPORT]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    recordings, answers = totals
    windowed = any(one.windowed for one in drawn)
    numbers = {("recording", "recordings")[recordings != 1]: count(recordings)}
    if windowed:
        numbers[("window", "windows")[answers != 1]] = count(answers)
    numbers |= {"not used": count(len(unused))} if unused else {}
    style = (REPORT / "page.css").read_text(encoding="utf-8") + (TEMPLATES / "predictions.css").read_text("utf-8")
    return jinja.get_template("predictions.html").render(
        css=Markup(style),
        title=f"Predictions of {system.name}",
        system=system.name,
        run=system.trained.contents.run,
        classes=system.classes,
        totals=numbers,
        windowed=windowed,
        attended=any(track.kind == "attention" for one in drawn for track in one.drawing.timed),
        most_attended=ATTENDED,
        sections=drawn,
        rows=listed,
        more=recordings - len(listed),
        undrawn=recordings - len(drawn),
        unused=unused[:NAMED],
        unnamed=max(0, len(unused) - NAMED),
    )


def _section(number: int, recording: PredictedRecording, channel: Channel) -> Section:
    label, share = next(iter(recording.mean.items()))
    found = drawing(recording, channel)
    facts = [] if found.length is None else [clock(found.length, whole=found.length)]
    if recording.windowed:
        counts = ", ".join(f"{name} {often}" for name, often in recording.counts().most_common() if often)
        facts.append(f"{len(recording)} window{'s' * (len(recording) != 1)}, by the most probable class: {counts}")
    name, percent = printable(recording.first.name), f"{100 * share:.0f} %"
    return Section(number, name, label, percent, recording.windowed, tuple(facts), found)


def _line(recording: PredictedRecording, anchor: int | None) -> dict[str, object]:
    """Return a row of the table. anchor: number of its drawing."""
    first, mean = recording.first, recording.mean
    start, end = first.start, first.end
    if recording.windowed:
        start, end = float(recording.windows[0, 0]), float(recording.windows[-1, 1])
    last = "end" if end is None else f"{end:.2f} s"
    times = "whole" if start is None and end is None else f"{start or 0:.2f} s – {last}"
    numbers = {name: f"{100 * mean[name]:.1f}" for name in recording.classes}
    about = {"name": printable(first.name), "times": times, "label": next(iter(mean)), "numbers": numbers}
    return {"anchor": anchor, "windows": len(recording), **about}
