"""The folders ``tables`` and ``figures`` are the registries of a report: one module per table or figure.

A module of ``tables`` has a docstring, which is the caption in Snakemake's report, a ``TITLE``, and

    tables(data: ReportData) -> list[Table]    at least one, empty where there is nothing to show

and, where they differ from the defaults, ``LEAD`` (what the page says above it), ``EMPTY`` (what the page says where no
table has rows; without it the section is left out) and ``csv(data) -> pd.DataFrame`` (default: the rows of all tables).

A module of ``figures`` has a docstring, ``TITLE``, ``LEAD``, ``EMPTY`` (the text where it has no content), ``SOURCE``
and either ``draw(data) -> Figure | None`` or ``SIZE``, ``ROWS`` and ``panels(data) -> list[Panel]``.
"""

import ast
import pkgutil
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final, Literal

from ser.report import figures, tables

Kind = Literal["tables", "figures"]
PACKAGES: Final[dict[Kind, ModuleType]] = {"tables": tables, "figures": figures}


def names(kind: Kind) -> list[str]:
    """Return the names of all tables or figures, sorted. Imports none of them, so that planning stays fast."""
    return sorted(info.name for info in pkgutil.iter_modules(PACKAGES[kind].__path__) if not info.name.startswith("_"))


def modules() -> list[str]:
    """Return the full names of the modules of all tables and figures."""
    return [f"{package.__name__}.{name}" for kind, package in PACKAGES.items() for name in names(kind)]


def caption(kind: Kind, name: str) -> str:
    """Return the caption of a table or figure: the first paragraph of its docstring. Imports none of them."""
    path = Path(PACKAGES[kind].__path__[0], f"{name}.py")
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.split("\n\n")[0].replace("\n", " ")


def load(kind: Kind, name: str) -> ModuleType:
    """Import the module of a table or figure."""
    return import_module(f"ser.report.{kind}.{name}")
