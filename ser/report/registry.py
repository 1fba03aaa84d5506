"""The registry of a report is the folder ``sections``: one module per section, with tables, a figure or both.

A module has a docstring, which is the caption in Snakemake's report, a ``TITLE``, and

    tables(data: ReportData) -> list[Table]    at least one, empty where there is nothing to show
    draw(data: ReportData) -> Figure | None    or ``SIZE``, ``ROWS`` and ``panels(data) -> list[Panel]``

A figure needs ``SOURCE``, the files that it is drawn from, and ``EMPTY``, the text where there is nothing to show. The
page leaves out a section without rows and without ``EMPTY``. Optional are ``LEAD``, the text above the section on the
page or a function of the data that returns it, ``csv(data) -> pd.DataFrame``, by default the rows of all tables, and
``TARGET``, classes or dimensions, for a section that is about one kind of target only: of another its files say so and
the page leaves it out.
"""

import ast
import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, Literal

from ser.report import sections

if TYPE_CHECKING:  # the workflow lists the sections without pandas
    from ser.report.data.experiment import ReportData

Kind = Literal["tables", "figures"]
FUNCTIONS: Final[dict[Kind, set[str]]] = {"tables": {"tables"}, "figures": {"draw", "panels"}}


def names(kind: Kind | None = None) -> list[str]:
    """Return the names of the sections that have a table or a figure, or of all, sorted. Imports none of them."""
    every = sorted(info.name for info in pkgutil.iter_modules(sections.__path__) if not info.name.startswith("_"))
    return [name for name in every if kind is None or FUNCTIONS[kind] & _outline(name)[1]]


def caption(name: str) -> str:
    """Return the caption of a section: the first paragraph of its docstring. Does not import it."""
    return _outline(name)[0].split("\n\n")[0].replace("\n", " ")


def about(module: ModuleType, data: "ReportData") -> bool:
    """Return whether a section is about the experiment's kind of target."""
    return getattr(module, "TARGET", data.target) == data.target


def load(name: str) -> ModuleType:
    """Import the module of a section."""
    return import_module(f"ser.report.sections.{name}")


@cache
def _outline(name: str) -> tuple[str, set[str]]:
    """Return the docstring of a section's module and the names of its functions."""
    path = next(path for folder in sections.__path__ if (path := Path(folder, f"{name}.py")).is_file())
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return ast.get_docstring(tree) or "", {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
