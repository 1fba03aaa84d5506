"""The folders are the registries: find ``ser.<kind>.<name>`` by name.

Adding a corpus, feature, model or protocol rule is adding a file.
"""

import ast
import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from ser.errors import SerError, unknown

ROOT = Path(__file__).parent
KINDS = {
    "corpora": "corpus",
    "features": "feature",
    "models": "model",
    "protocols": "protocol rule",
    "recognisers": "recogniser",
    "stages": "stage",
    "commands": "command",
}


def names(kind: str) -> list[str]:
    """Return the modules in ``ser/<kind>/``, sorted."""
    return sorted(info.name for info in pkgutil.iter_modules([str(ROOT / kind)]) if not info.name.startswith("_"))


def require(kind: str, name: str) -> str:
    """Return ``name`` if ``ser/<kind>/<name>.py`` exists; SerError with the near miss otherwise. Imports nothing."""
    if name not in names(kind):
        raise unknown(KINDS[kind], name, names(kind))
    return name


def load(kind: str, name: str) -> ModuleType:
    """Import ``ser.<kind>.<name>``; SerError with the near miss if there is no such file."""
    return import_module(f"ser.{kind}.{require(kind, name)}")


@cache
def tree(module: str) -> ast.Module:
    """Return the syntax tree of ``module``, a full name such as ``ser.models.rnn_elm``, which must exist."""
    path = _source(module)
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise SerError(f"{path}:{error.lineno}: {error.msg}.") from error


def is_ours(module: str) -> bool:
    """Return whether ``module`` is a full name of a file of this package."""
    return module.split(".")[0] == "ser" and _source(module).is_file()


@cache
def keywords(kind: str, name: str, function: str) -> dict[str, bool] | None:
    """Return the keyword-only arguments of a module's function and whether each must be given, without importing it.

    None where the function takes any keyword, or is not defined in the module itself.
    """
    for node in tree(f"ser.{kind}.{require(kind, name)}").body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            if node.args.kwarg:
                return None
            return {
                argument.arg: default is None
                for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
            }
    return None


@cache
def constant(kind: str, name: str, constant: str) -> object:
    """Return the literal that a module assigns to ``constant`` at its top, importing nothing; None without one."""
    for node in tree(f"ser.{kind}.{require(kind, name)}").body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == constant for to in node.targets):
            return ast.literal_eval(node.value)
    return None


@cache
def choices(module: str, table: str) -> tuple[str, ...]:
    """Return the keys of the table of ``Choices`` at the top of ``module``, a full name, importing nothing."""
    for node in tree(module).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            targets = [node.target] if isinstance(node, ast.AnnAssign) else node.targets
            if any(isinstance(to, ast.Name) and to.id == table for to in targets):
                return tuple(ast.literal_eval(key) for key in node.value.args[0].keys)  # type: ignore[attr-defined]
    raise KeyError(f"{module} has no table {table}")


def _source(module: str) -> Path:
    path = ROOT.parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
