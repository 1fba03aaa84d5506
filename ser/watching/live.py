"""The page of trainings on a terminal, drawn again every few seconds."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TextIO

from ser.layout import Run
from ser.terminal import has_blocks
from ser.watching import screen, trainings
from ser.watching.trainings import WatchedTraining

LAST = 5  # finished trainings that stay on the page
HOME, CLEAR, TO_END, LINE_END = "\x1b[H", "\x1b[2J", "\x1b[J", "\x1b[K"


class Watch:
    """The trainings of some runs, and those that finished since it began."""

    def __init__(self, name: str | None, runs: list[Run] | None):
        self.name, self.runs = name, runs
        self.seen: dict[Run, WatchedTraining] = {}
        self.finished: list[WatchedTraining] = []

    def lines(self, width: int, blocks: bool) -> list[str]:
        """Return the page as it is now."""
        found = {one.run: one for one in trainings.find(self.runs)}
        gone = [one for run, one in self.seen.items() if run not in found and (run.folder / "run.json").is_file()]
        self.seen = found
        again = [one for one in self.finished if one.run not in found]
        self.finished = [*again, *(replace(one, state="finished") for one in gone)][-LAST:]
        progress = None if self.name is None else trainings.progress(self.name, self.runs or [])
        return screen.page(sorted([*found.values(), *self.finished], key=lambda one: one.run), progress, width, blocks)


def is_live(stream: TextIO) -> bool:
    """Return whether ``stream`` is a terminal whose lines can be drawn again."""
    return stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


def watch(
    name: str | None, runs: list[Run] | None, *, every: float, once: bool, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Print the page, and on a terminal draw it again ``every`` seconds until the user interrupts."""
    stream, page = sys.stdout, Watch(name, runs)
    blocks = has_blocks(stream)
    if once or not is_live(stream):
        print("\n".join(page.lines(shutil.get_terminal_size((120, 24)).columns, blocks)))
        return
    stream.write(CLEAR)
    try:
        while True:
            width, height = shutil.get_terminal_size()
            lines = page.lines(width, blocks)
            if len(lines) >= height:
                lines = [*lines[: height - 2], f"… {len(lines) - height + 2} more lines"[:width]]
            stream.write(HOME + "".join(f"{line}{LINE_END}\n" for line in lines) + TO_END)
            stream.flush()
            sleep(every)
    except KeyboardInterrupt:
        pass
