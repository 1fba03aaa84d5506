"""The part of a definition that decides numbers, and what it refers to.

See ``essence`` for what is left out. Local variables are numbered, so that their names do not count.
"""

import ast
import builtins
import copy
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ser.provenance.essence import Essence, Target

CHOICES = "ser.choices.Choices"
NAMED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler | ast.MatchAs | ast.MatchStar


@dataclass(frozen=True)
class Reference:
    """A use of a name of another definition, with the attributes read of it: ``np.linalg.norm``."""

    target: Target
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Normal:
    """A normal form.

    text: hash of the code, in which references are numbered; strings: those that may choose an entry of a table;
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
        nodes = [kept for node in nodes if (kept := Essence(names).visit(node)) is not None]
    references = _References(names)
    for node in nodes:
        _localise(node)
        references.visit(node)
    inside = [inner for node in nodes for inner in ast.walk(node)]
    strings = frozenset(text for inner in inside for text in _passed(inner))
    reads_files = any(isinstance(inner, ast.Name) and inner.id == "__file__" for inner in inside)
    return Normal(digest("\n".join(map(ast.dump, nodes))), tuple(references.found), strings, reads_files)


def _passed(node: ast.AST) -> set[str]:
    """Return the strings that may choose an entry of a table: defaults, arguments but of builtins, and subscripts."""
    given: list[ast.expr | None] = []
    if isinstance(node, ast.arguments):
        given = [*node.defaults, *node.kw_defaults]
    elif isinstance(node, ast.ClassDef):
        given = [inner.value for inner in node.body if isinstance(inner, ast.Assign)]
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") not in dir(builtins):
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
    elif isinstance(node, ast.Subscript):
        given = [node.slice]
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
