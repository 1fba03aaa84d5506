"""The part of a definition that is executed and decides numbers.

Left out: docstrings, annotations, what is raised, what is printed, progress bars, and variables that only left-out code
reads.
"""

import ast
from dataclasses import dataclass

SILENT = ("print", "warnings.warn")  # calls whose result is not used
LOGGING = "ser.jobs."  # calls of these as statements decide nothing
PROGRESS = "ser.jobs.progress."  # these return their first argument


@dataclass(frozen=True)
class Target:
    """What a name refers to: ``name`` of ``module``, or the module itself where ``name`` is None."""

    module: str
    name: str | None = None


class Essence(ast.NodeTransformer):
    """Removes what decides no number."""

    def __init__(self, names: dict[str, Target]):
        self.names = names

    def _full(self, node: ast.expr) -> str:
        """Return the full name of what a call calls; empty where it is not a name."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        target = self.names.get(node.id, Target(node.id))
        return ".".join([target.module, *([target.name] if target.name else []), *parts])

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
            if full in SILENT or full.startswith(LOGGING):
                return None
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if self._full(node.func).startswith(PROGRESS) and node.args:
            return self.visit(node.args[0])  # type: ignore[no-any-return]
        self.generic_visit(node)
        return node

    def visit_If(self, node: ast.If) -> ast.AST | None:
        """Drop an ``if`` that is empty without what decides nothing, where its condition calls nothing."""
        self.generic_visit(node)
        if not node.body and not node.orelse and not _calls(node.test):
            return None
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
    used: set[str] = set()
    for child in ast.walk(function):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load):
            used.add(child.id)
        elif isinstance(child, ast.Global | ast.Nonlocal):
            used.update(child.names)

    def unread(node: ast.stmt) -> bool:
        return (
            isinstance(node, ast.Assign)
            and all(isinstance(to, ast.Name) and to.id not in used for to in node.targets)
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
