"""The folders are the registries: find ``ser.<kind>.<name>`` by name.

Adding a corpus, feature, model or protocol rule is adding a file.
"""

import ast
import pkgutil
from copy import deepcopy
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
    "conditions": "condition",
    "stages": "stage",
    "commands": "command",
    "checks": "contract",
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


def functions(module: str) -> dict[str, ast.FunctionDef]:
    """Return the functions that ``module``, a full name, defines at its top.

    ``build = Network`` makes the constructor that a class of the module defines one of them.
    """
    found = {node.name: node for node in tree(module).body if isinstance(node, ast.FunctionDef)}
    classes = {node.name: node for node in tree(module).body if isinstance(node, ast.ClassDef)}
    for name, value in assigned(module).items():
        body = classes[value.id].body if isinstance(value, ast.Name) and value.id in classes else []
        for node in body:
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                found[name] = deepcopy(node)
                del found[name].args.args[0]  # self
    return found


@cache
def keywords(kind: str, name: str, function: str) -> dict[str, bool] | None:
    """Return the keyword-only arguments of a module's function and whether each must be given, without importing it.

    None where the function takes any keyword, or is not defined in the module itself.
    """
    node = functions(f"ser.{kind}.{require(kind, name)}").get(function)
    if node is None or node.args.kwarg:
        return None
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    return {argument.arg: default is None for argument, default in pairs}


@cache
def constant(kind: str, name: str, constant: str) -> object:
    """Return the literal that a module assigns to ``constant`` at its top, importing nothing; None without one."""
    value = assigned(f"ser.{kind}.{require(kind, name)}").get(constant)
    return None if value is None else ast.literal_eval(value)


def model_kind(model: str) -> str:
    """Return what ``ser.models.<model>`` is: a network; an estimator, fitted by scikit-learn; or external answers."""
    return str(constant("models", model, "KIND") or "network")


def reads_text(feature: str) -> bool:
    """Return whether ``ser.features.<feature>`` reads the transcript of an utterance; all others read its sound."""
    return constant("features", feature, "READS") == "text"


@cache
def choices(module: str, table: str) -> tuple[str, ...]:
    """Return the keys of the table of ``Choices`` at the top of ``module``, a full name, importing nothing."""
    call = assigned(module)[table]
    assert isinstance(call, ast.Call)
    return tuple(ast.literal_eval(key) for key in call.args[0].keys)  # type: ignore[attr-defined]


@cache
def assigned(module: str) -> dict[str, ast.expr | None]:
    """Return the names that ``module``, a full name, assigns or imports at its top, with the expression if written."""
    found: dict[str, ast.expr | None] = {}
    for node in tree(module).body:
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    found |= _bound(target, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=value):
                found[name] = value
            case ast.ImportFrom(names=aliases):
                found |= {alias.asname or alias.name: None for alias in aliases}
    return found


def _bound(target: ast.expr, value: ast.expr) -> dict[str, ast.expr | None]:
    """Return what the target of an assignment binds, ``A, B = 1, 2`` one by one."""
    match target, value:
        case ast.Name(id=name), _:
            return {name: value}
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            return {name: one for pair in zip(targets, values, strict=True) for name, one in _bound(*pair).items()}
    return {inner.id: None for inner in ast.walk(target) if isinstance(inner, ast.Name)}


def _source(module: str) -> Path:
    path = ROOT.parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
