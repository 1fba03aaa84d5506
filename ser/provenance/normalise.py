"""The part of a definition that decides numbers, as text, and what it refers to.

Left out: docstrings, annotations, what is raised, what is printed, progress bars, names of local variables and
variables that only left-out code reads.
"""

import ast
import copy
from collections.abc import Callable
from dataclasses import dataclass

from ser.provenance.modules import Target, bound, imported

OWN = "ser:"  # in front of a name of a package that decides no number
SILENT = ("print", "warnings.warn")  # calls whose result is not used


@dataclass(frozen=True)
class Normal:
    """A normalised definition. text: its code; references: what it uses, in order of appearance."""

    text: str
    references: tuple[Target, ...]


Resolve = Callable[[Target], Target | str | None]  # a target of the package, an external name, or None: unknown


def normalise(
    statements: tuple[ast.stmt, ...],
    top: dict[str, Target],
    resolve: Resolve,
    *,
    docstrings: bool = False,
) -> Normal:
    """Return the normal form of ``statements``, which define one top-level name of a module.

    top: what every top-level name of the module refers to; resolve: follows re-exports of the package and gives the
    full name of what is outside of it; docstrings: keep them, for code whose docstrings are printed in a report.
    """
    nodes = [copy.deepcopy(node) for node in statements]
    names = dict(top)
    for node in nodes:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Import | ast.ImportFrom):
                names |= imported(inner)
    if not docstrings:
        nodes = [_Essence(names).visit(node) for node in nodes]
    references = _References(names, resolve)
    kept = [node for node in nodes if node is not None]
    for definition in kept:
        _localise(definition)
        references.visit(definition)
    return Normal("\n".join(map(ast.dump, kept)), tuple(references.found))


class _Essence(ast.NodeTransformer):
    """Removes what decides no number."""

    def __init__(self, names: dict[str, Target]):
        self.names = names

    def _full(self, node: ast.expr) -> str:
        """Return the full name of what a call calls; empty where it is not a name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        target = self.names.get(node.id)
        if target is None:
            return ".".join([node.id, *reversed(parts)])
        return ".".join(part for part in (target.module, target.name, *reversed(parts)) if part)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        node.body = _without_docstring(node.body)
        self.generic_visit(node)
        while _drop_unread(node):
            pass
        node.body = node.body or [ast.Pass()]
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = _function  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        body = _without_docstring(node.body)
        # An annotation makes a field of a dataclass or a model, whatever the type is.
        fields = [ast.unparse(child.target) for child in body if isinstance(child, ast.AnnAssign)]
        node.body = [ast.Expr(ast.Constant(" ".join(fields))), *body]
        self.generic_visit(node)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        return self.visit(ast.Assign([node.target], node.value, lineno=0))  # type: ignore[no-any-return]

    def visit_Raise(self, _: ast.Raise) -> ast.AST:
        return ast.Raise()

    def visit_Import(self, _: ast.Import) -> None:
        return None

    def visit_ImportFrom(self, _: ast.ImportFrom) -> None:
        return None

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Call):
            full = self._full(node.value.func)
            if full in SILENT or full.startswith("ser.jobs."):
                return None
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if self._full(node.func).startswith("ser.jobs.progress.") and node.args:
            return self.visit(node.args[0])  # type: ignore[no-any-return]
        self.generic_visit(node)
        return node

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Drop a branch that is empty without what decides nothing, where its condition calls nothing."""
        self.generic_visit(node)
        if not node.body and not node.orelse and not _calls(node.test):
            return None
        node.body = node.body or [ast.Pass()]
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.For | ast.While | ast.With | ast.ExceptHandler | ast.Try) and not node.body:
            node.body = [ast.Pass()]
        return node


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0].value if body and isinstance(body[0], ast.Expr) else None
    return body[1:] if isinstance(first, ast.Constant) and isinstance(first.value, str) else body


def _calls(node: ast.AST) -> bool:
    calling = ast.Call | ast.Await | ast.Yield | ast.YieldFrom | ast.NamedExpr
    return any(isinstance(child, calling) for child in ast.walk(node))


def _drop_unread(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Remove assignments without a call to local variables that nothing reads; return whether there was one."""
    read = {child.id for child in ast.walk(function) if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load)}
    outer = {
        name for child in ast.walk(function) if isinstance(child, ast.Global | ast.Nonlocal) for name in child.names
    }

    def unread(node: ast.stmt) -> bool:
        return (
            isinstance(node, ast.Assign)
            and all(isinstance(to, ast.Name) and to.id not in read | outer for to in node.targets)
            and not _calls(node.value)
        )

    found = False
    for parent in ast.walk(function):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(parent, field, None)
            if isinstance(block, list) and not isinstance(parent, ast.ClassDef) and any(map(unread, block)):
                kept = [node for node in block if not unread(node)]
                setattr(parent, field, kept or ([ast.Pass()] if field == "body" else []))
                found = True
    return found


def _localise(node: ast.AST) -> None:
    """Rename the local variables of every function in ``node`` by order of appearance; parameters keep their names."""
    if isinstance(node, ast.ClassDef):
        for method in node.body:
            _localise(method)
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    kept = {child.arg for child in ast.walk(node) if isinstance(child, ast.arg)}
    kept |= {name for child in ast.walk(node) if isinstance(child, ast.Global) for name in child.names}
    local = {name for child in node.body for name in bound(child)} - kept
    numbers: dict[str, str] = {}
    for child in [child for child in ast.walk(node) if child is not node]:
        for field in ("id", "name"):
            name = getattr(child, field, None)
            if isinstance(name, str) and name in local and not isinstance(child, ast.alias):
                setattr(child, field, numbers.setdefault(name, f"local{len(numbers)}"))
                child.was = name  # type: ignore[attr-defined]  # for a global of the same name, see _References
        if isinstance(child, ast.Global | ast.Nonlocal):
            child.names = [
                numbers.setdefault(name, f"local{len(numbers)}") if name in local else name for name in child.names
            ]


class _References(ast.NodeTransformer):
    """Replaces what a definition refers to by a number, and lists it."""

    def __init__(self, names: dict[str, Target], resolve: Resolve):
        self.names = names
        self.resolve = resolve
        self.found: list[Target] = []

    def _named(self, found: Target | str) -> ast.expr:
        if isinstance(found, str):
            return ast.Name(found, ast.Load())
        if found not in self.found:
            self.found.append(found)
        return ast.Name(f"reference{self.found.index(found)}", ast.Load())

    def visit_Name(self, node: ast.Name) -> ast.AST:
        was = getattr(node, "was", None)
        if was is not None:  # a local variable; a global of this name counts as used, since scopes are not told apart
            if was in self.names:
                self.visit(ast.Name(was, ast.Load()))
            return node
        target = self.names.get(node.id)
        if target is None or not isinstance(node.ctx, ast.Load):
            return node
        found = self.resolve(target)
        return node if found is None else self._named(found)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Follow ``module.name`` to what it refers to; an attribute of anything else stays."""
        parts: list[str] = []
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            parts.insert(0, root.attr)
            root = root.value
        target = self.names.get(root.id) if isinstance(root, ast.Name) and not hasattr(root, "was") else None
        found = None if target is None else self.resolve(target)
        if found is None or target is None:
            self.generic_visit(node)
            return node
        while parts:
            inner = self._inside(found, parts[0])
            if inner is None:
                break
            found, parts = inner, parts[1:]
        base = self._named(found)
        for part in parts:
            base = ast.Attribute(base, part, ast.Load())
        return base

    def _inside(self, found: Target | str, name: str) -> Target | str | None:
        if isinstance(found, str):  # outside of what decides numbers, in whichever module
            return f"{OWN}{name}" if found.startswith(OWN) else f"{found}.{name}"
        return self.resolve(Target(found.module, name)) if found.name is None else None
