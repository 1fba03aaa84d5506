"""The contract of a recogniser: text from any signal, and one line on where its model comes from."""

from pathlib import Path

import numpy as np

from ser.checks.feature import RATE, noise
from ser.config.schema import Transcript
from ser.errors import require


def text_is_repeatable(entry: Transcript) -> None:
    """recognise() returns the same text for the same second, "" for silence included."""
    loaded = entry.load().load(**entry.options)
    for signal in (np.zeros(RATE, np.float32), noise(1.0)):
        first, again = (loaded.recognise(signal, RATE) for _ in range(2))
        require(isinstance(first, str), f"it returns a {type(first).__name__}")
        require(first == again, f"{first!r}, then {again!r}")
    require(isinstance(loaded.provenance, str) and loaded.provenance, "provenance is not a line of text")


def files_are_paths(entry: Transcript) -> None:
    """files(), where there is one, returns local files that exist."""
    files = getattr(entry.load(), "files", None)
    found = [] if files is None else files(**entry.options)
    wrong = [path for path in found if not isinstance(path, Path) or not path.is_file()]
    require(not wrong, f"{', '.join(map(str, wrong))} is no file")


CHECKS = (text_is_repeatable, files_are_paths)
