"""The top-level names of every module of the package, read from its source without importing it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

NAMED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar
DATA = (".csv", ".html", ".css", ".json", ".yaml")  # files beside a module that reads them


@dataclass(frozen=True)
class Target:
    """What an imported name refers to: ``name`` of ``module``, or the module itself where ``name`` is None."""

    module: str
    name: str | None = None


@dataclass(frozen=True)
class Source:
    """One module: what it defines at its top, what it imports there, and its other statements.

    definitions: name: the statements that bind it, more than one where it is reassigned; imports: name: target.
    """

    name: str
    definitions: dict[str, tuple[ast.stmt, ...]]
    imports: dict[str, Target]
    statements: tuple[ast.stmt, ...]
    docstring: str


class Package:
    """The sources below one folder, parsed once each. ``root``: folder of the package, whose name is the package's."""

    def __init__(self, root: Path):
        self.root = root
        self._sources: dict[str, Source] = {}

    @cached_property
    def modules(self) -> frozenset[str]:
        """Full names of all modules and packages below the root."""
        return frozenset(_name(path, self.root) for path in self.root.rglob("*.py"))

    def path(self, module: str) -> Path:
        """Return the file of ``module``, a full name such as ``ser.models.rnn_elm``."""
        path = self.root.parent.joinpath(*module.split("."))
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")

    def source(self, module: str) -> Source:
        """Return the parsed ``module``, which must exist."""
        if module not in self._sources:
            tree = ast.parse(self.path(module).read_text(encoding="utf-8"))
            self._sources[module] = _source(module, tree)
        return self._sources[module]

    def below(self, module: str) -> list[str]:
        """Return ``module`` and, where it is a package, all modules in it, sorted."""
        return sorted(name for name in self.modules if name == module or name.startswith(f"{module}."))

    def data(self, folder: Path) -> Iterator[Path]:
        """Yield the data files in ``folder``, subfolders included, sorted."""
        for path in sorted(folder.rglob("*")):
            if path.suffix in DATA and path.is_file():
                yield path


def imported(node: ast.stmt) -> dict[str, Target]:
    """Return what an import statement binds: name: target. Empty for any other statement."""
    found: dict[str, Target] = {}
    if isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.split(".")[0]
            found[alias.asname or top] = Target(alias.name if alias.asname else top)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        for alias in node.names:
            found[alias.asname or alias.name] = Target(node.module, alias.name)
    return found


def bound(node: ast.AST) -> set[str]:
    """Return the names that a statement or expression assigns to, those inside nested functions included."""
    names = {
        child.id for child in ast.walk(node) if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load)
    }
    for child in ast.walk(node):
        if isinstance(child, NAMED) and child.name:
            names.add(child.name)
    return names


def _name(path: Path, root: Path) -> str:
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _source(module: str, tree: ast.Module) -> Source:
    definitions: dict[str, tuple[ast.stmt, ...]] = {}
    imports: dict[str, Target] = {}
    statements: list[ast.stmt] = []
    for node in tree.body:
        for inner in ast.walk(node) if isinstance(node, ast.If | ast.Try) else [node]:
            imports |= imported(inner) if isinstance(inner, ast.stmt) else {}
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = {node.name}
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring
        else:
            names = set() if isinstance(node, ast.Import | ast.ImportFrom) else bound(node)
            if not names and not isinstance(node, ast.Import | ast.ImportFrom):
                statements.append(node)
        for name in names:
            definitions[name] = (*definitions.get(name, ()), node)
    return Source(module, definitions, imports, tuple(statements), ast.get_docstring(tree) or "")
