"""Run the checks of a contract and report each failure in one line."""

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from ser import catalog
from ser.config.schema import Options
from ser.errors import SerError


@dataclass(frozen=True)
class Case:
    """A module of ``ser.<kind>`` with its options. root: folder of a corpus's release, None where there is none."""

    kind: str
    name: str
    options: Options
    root: Path | None = None

    @property
    def module(self) -> ModuleType:
        """Return the imported module."""
        return catalog.load(self.kind, self.name)


def failures(case: Any, checks: Iterable[Callable[[Any], None]]) -> Iterator[str]:
    """Yield a line for every check that raises: what must hold (the check's docstring), and what happens instead."""
    for check in checks:
        try:
            check(case)
        except Exception as error:  # of the user's module: whatever it is, the next check still runs
            wanted = (check.__doc__ or check.__name__).split("\n")[0].rstrip(".")
            yield f"{wanted}: {one_line(error)}"


def require(holds: object, instead: str) -> None:
    """Raise SerError with ``instead`` unless ``holds``."""
    if not holds:
        raise SerError(instead)


def one_line(error: Exception) -> str:
    """Return the text of a SerError, or the type, text and origin of any other error."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    text = (
        f"{error}"
        if isinstance(error, SerError)
        else f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"
    )
    return " ".join(text.split())
