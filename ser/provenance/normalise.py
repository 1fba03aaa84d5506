"""The part of a definition that decides numbers, and what it refers to.

Left out: docstrings, annotations, what is raised, what is printed, progress bars, names of local variables and
variables that only left-out code reads.
"""

import ast
import builtins
import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

SILENT = ("print", "warnings.warn")  # calls whose result is not used
LOGGING = "ser.jobs."  # calls of these as statements decide nothing
PROGRESS = "ser.jobs.progress."  # these return their first argument
CHOICES = "ser.choices.Choices"
NAMED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar


@dataclass(frozen=True)
class Target:
    """What a name refers to: ``name`` of ``module``, or the module itself where ``name`` is None."""

    module: str
    name: str | None = None


@dataclass(frozen=True)
class Reference:
    """A use of a name of another definition, with the attributes read of it: ``np.linalg.norm``."""

    target: Target
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Normal:
    """A normal form.

    text: hash of the code, in which references are numbered; strings: those that it gives as defaults or arguments;
    choices: the entries of a table of ``Choices``.
    """

    text: str
    references: tuple[Reference, ...]
    strings: frozenset[str] = frozenset()
    reads_files: bool = False
    choices: dict[str, "Normal"] | None = None


def normalise(statements: Sequence[ast.stmt], top: dict[str, Target], *, docstrings: bool = False) -> Normal:
    """Return the normal form of ``statements``, which define one top-level name of a module.

    top: what every top-level name of the module refers to; docstrings: keep everything but annotations of names, for
    code whose docstrings are part of what it writes.
    """
    names = dict(top)
    for statement in statements:
        for inner in ast.walk(statement):
            names |= imported(inner)
    table = _choices(statements, names)
    if table is not None:
        return Normal(
            "", (), choices={key: _form([ast.Expr(entry)], names, docstrings) for key, entry in table.items()}
        )
    return _form(statements, names, docstrings)


def _form(statements: Sequence[ast.stmt], names: dict[str, Target], docstrings: bool) -> Normal:
    nodes: list[ast.AST] = [copy.deepcopy(node) for node in statements]
    if not docstrings:
        nodes = [kept for node in nodes if (kept := _Essence(names).visit(node)) is not None]
    references = _References(names)
    for node in nodes:
        _localise(node)
        references.visit(node)
    inside = [inner for node in nodes for inner in ast.walk(node)]
    strings = frozenset(text for inner in inside for text in _passed(inner))
    reads_files = any(isinstance(inner, ast.Name) and inner.id == "__file__" for inner in inside)
    return Normal(digest("\n".join(map(ast.dump, nodes))), tuple(references.found), strings, reads_files)


def _passed(node: ast.AST) -> set[str]:
    """Return the strings that are defaults of a signature or of a class, or arguments of a call but of a builtin."""
    given: list[ast.expr | None] = []
    if isinstance(node, ast.arguments):
        given = [*node.defaults, *node.kw_defaults]
    elif isinstance(node, ast.ClassDef):
        given = [inner.value for inner in node.body if isinstance(inner, ast.Assign)]
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") not in dir(builtins):
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
    inside = (inner for value in given if value is not None for inner in ast.walk(value))
    return {inner.value for inner in inside if isinstance(inner, ast.Constant) and isinstance(inner.value, str)}


def digest(text: str) -> str:
    """Return 16 hexadecimal digits over ``text``."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def imported(node: ast.AST) -> dict[str, Target]:
    """Return what an import statement binds: name: target. Empty for any other node."""
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
    names = set()
    for child in ast.walk(node):
        if isinstance(child, ast.Name) and not isinstance(child.ctx, ast.Load):
            names.add(child.id)
        elif isinstance(child, NAMED) and child.name:
            names.add(child.name)
    return names


def _choices(statements: Sequence[ast.stmt], names: dict[str, Target]) -> dict[str, ast.expr] | None:
    """Return the entries of a table of ``Choices``; None where the statements define none."""
    value = getattr(statements[0], "value", None) if len(statements) == 1 else None
    if not (isinstance(value, ast.Call) and len(value.args) == 1 and isinstance(value.args[0], ast.Dict)):
        return None
    called = names.get(getattr(value.func, "id", ""))
    if called is None or f"{called.module}.{called.name}" != CHOICES:
        return None
    pairs = zip(value.args[0].keys, value.args[0].values, strict=True)
    return {str(key.value): entry for key, entry in pairs if isinstance(key, ast.Constant)}


class _Essence(ast.NodeTransformer):
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


def _localise(node: ast.AST) -> None:
    """Rename the local variables of every function in ``node`` by order of appearance; parameters keep their names."""
    if isinstance(node, ast.ClassDef):
        for method in node.body:
            _localise(method)
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    inside = [child for child in ast.walk(node) if child is not node]
    kept = {child.arg for child in inside if isinstance(child, ast.arg)}
    kept |= {name for child in inside if isinstance(child, ast.Global) for name in child.names}
    local = {name for child in node.body for name in bound(child)} - kept
    numbers: dict[str, str] = {}
    for child in inside:
        field = "id" if isinstance(child, ast.Name) else "name"
        name = getattr(child, field, None)
        if isinstance(name, str) and name in local:
            setattr(child, field, numbers.setdefault(name, f"local{len(numbers)}"))
            child.was = name  # type: ignore[attr-defined]  # for a global of the same name, see _References
        elif isinstance(child, ast.Nonlocal):
            child.names = [numbers.setdefault(it, f"local{len(numbers)}") if it in local else it for it in child.names]


class _References(ast.NodeTransformer):
    """Replaces what a definition refers to by a number, and lists it."""

    def __init__(self, names: dict[str, Target]):
        self.names = names
        self.found: dict[Reference, str] = {}

    def _numbered(self, reference: Reference) -> ast.expr:
        return ast.Name(self.found.setdefault(reference, f"reference{len(self.found)}"), ast.Load())

    def visit_Name(self, node: ast.Name) -> ast.AST:
        was = getattr(node, "was", None)
        if was in self.names:  # a local variable; a global of its name counts as used: scopes are ignored
            self._numbered(Reference(self.names[was]))
        if was is not None or node.id not in self.names or not isinstance(node.ctx, ast.Load):
            return node
        return self._numbered(Reference(self.names[node.id]))

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """Number the whole of ``module.name``; an attribute of a local variable stays."""
        parts: list[str] = []
        root: ast.expr = node
        while isinstance(root, ast.Attribute):
            parts.insert(0, root.attr)
            root = root.value
        if isinstance(root, ast.Name) and root.id in self.names and not hasattr(root, "was"):
            return self._numbered(Reference(self.names[root.id], tuple(parts)))
        self.generic_visit(node)
        return node
