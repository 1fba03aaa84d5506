"""Code hashes: one short text per stage that changes when, and only when, code that decides its numbers changes.

A stage's code hash covers the definitions that its function reaches by name through the package. Snakemake compares it
as a parameter of the rule. See docs/reruns.md for which edit reruns which jobs.
"""

import ast
import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from ser.errors import SerError
from ser.provenance.modules import Package, Target
from ser.provenance.normalise import OWN, Normal, normalise

# These decide no number: the configuration reaches a job as a resolved object, the rest reads, writes, logs and checks.
EXCLUDED = (
    "catalog",
    "choices",
    "cli",
    "commands",
    "config",
    "errors",
    "files",
    "jobs",
    "layout",
    "provenance",
    "tables.parquet",
    "tables.rules",
    "training.checkpoint",
)
PRINTED = ("report", "papers")  # their docstrings and data are part of what they write


class Code:
    """The definitions of one package, and hashes over those that a stage reaches."""

    def __init__(self, root: Path):
        self.package = Package(root)
        self._normal: dict[Target, Normal] = {}
        self._data_hashes: dict[Path, str] = {}

    def reached(self, roots: Iterable[Target], options: frozenset[str] | None) -> dict[Target, str]:
        """Return each definition that ``roots`` reach, with the hash of its own text.

        options: the strings in a job, which narrow every table of ``Choices``; None keeps all entries.
        """
        found: dict[Target, str] = {}
        queue = list(roots)
        while queue:
            target = queue.pop()
            if target not in found:
                normal = self._normalised(target, options)
                found[target] = _digest(normal.text)
                queue.extend(normal.references)
                queue.extend(self._effects(target.module))
        return found

    def hash(self, roots: Iterable[Target], options: frozenset[str] | None) -> str:
        """Return 16 hexadecimal digits over what ``roots`` reach; names of modules and of definitions do not count."""
        done: dict[Target, str] = {}
        active: set[Target] = set()

        def visit(target: Target) -> str:
            if target in done:
                return done[target]
            if target in active:
                return f"recursion {target.name}"
            active.add(target)
            normal = self._normalised(target, options)
            parts = [normal.text, *map(visit, normal.references), *map(visit, self._effects(target.module))]
            active.remove(target)
            done[target] = _digest("\n".join(parts))
            return done[target]

        return _digest("\n".join(sorted({visit(root) for root in roots})))

    def definitions(self, module: str) -> list[Target]:
        """Return all top-level definitions of ``module``, and of the modules in it where it is a package."""
        inside = [name for name in self.package.below(module) if not _excluded(name)]
        return [Target(name, defined) for name in inside for defined in sorted(self.package.source(name).definitions)]

    def resolve(self, target: Target) -> Target | str | None:
        """Follow ``target`` to its definition: a target of the package, or a text for what is outside or excluded."""
        root = self.package.root.name
        seen: set[Target] = set()
        while target not in seen:
            seen.add(target)
            module, name = target.module, target.name
            if module.split(".")[0] != root:
                return f"{module}.{name}" if name else module
            if name and f"{module}.{name}" in self.package.modules:
                module, name = f"{module}.{name}", None
            if _excluded(module):
                return OWN + (name or "")
            if name is None:
                return Target(module)
            source = self.package.source(module)
            if name in source.definitions:
                return Target(module, name)
            if name not in source.imports:
                return None  # defined at run time, such as __file__
            target = source.imports[name]
        return None

    def _effects(self, module: str) -> list[Target]:
        """Return the target of a module's statements that define nothing, such as a call that registers something."""
        return [Target(module, "")] if self.package.source(module).statements else []

    def _normalised(self, target: Target, options: frozenset[str] | None) -> Normal:
        choices = self._choices(target)
        if choices is not None:
            return self._narrowed(target, choices, options)
        if target not in self._normal:
            self._normal[target] = self._normal_form(target)
        return self._normal[target]

    def _normal_form(self, target: Target) -> Normal:
        source = self.package.source(target.module)
        if target.name is None:  # a module that is passed around as a value: all of it
            return Normal("module", tuple(self.definitions(target.module)))
        statements = source.definitions[target.name] if target.name else source.statements
        printed = target.module.split(".")[1:2] in [[name] for name in PRINTED]
        normal = normalise(statements, self._names(target.module), self.resolve, docstrings=printed)
        names = {node.id for each in statements for node in ast.walk(each) if isinstance(node, ast.Name)}
        texts = [source.docstring] if printed else []
        if printed or "__file__" in names:
            texts.append(self._data(self.package.path(target.module).parent))
        return Normal("\n".join([normal.text, *texts]), normal.references)

    def _data(self, folder: Path) -> str:
        """Return a hash over the data files in ``folder``."""
        if folder not in self._data_hashes:
            contents = [path.read_bytes() for path in self.package.data(folder)]
            self._data_hashes[folder] = hashlib.blake2b(b"\n".join(contents), digest_size=8).hexdigest()
        return self._data_hashes[folder]

    def _names(self, module: str) -> dict[str, Target]:
        source = self.package.source(module)
        return source.imports | {name: Target(module, name) for name in source.definitions}

    def _choices(self, target: Target) -> dict[str, ast.expr] | None:
        """Return the entries of a table of ``Choices``; None where ``target`` is none."""
        if not target.name:
            return None
        statements = self.package.source(target.module).definitions[target.name]
        value = getattr(statements[0], "value", None) if len(statements) == 1 else None
        if not (isinstance(value, ast.Call) and len(value.args) == 1 and isinstance(value.args[0], ast.Dict)):
            return None
        called = self._names(target.module).get(getattr(value.func, "id", ""))
        if called is None or self.resolve(called) != f"{OWN}Choices":
            return None
        table = value.args[0]
        return {
            key.value: entry
            for key, entry in zip(table.keys, table.values, strict=True)
            if isinstance(key, ast.Constant) and isinstance(key.value, str)
        }

    def _narrowed(self, target: Target, entries: Mapping[str, ast.expr], options: frozenset[str] | None) -> Normal:
        kept = {key: entry for key, entry in sorted(entries.items()) if options is None or key in options}
        statements = tuple(ast.Expr(entry) for entry in kept.values())
        normal = normalise(statements, self._names(target.module), self.resolve)
        return Normal("\n".join([*kept, normal.text]), normal.references)


@cache
def package() -> Code:
    """Return the code of the installed package."""
    return Code(Path(__file__).parents[1])


def roots(code: Code, stage: str, modules: Iterable[str]) -> list[Target]:
    """Return the function of ``stage`` and the definitions of ``modules``, which the stage imports by name.

    A module may be followed by the names that the stage uses of it: ``ser.corpora.demo:CARD,release``.
    """
    found = [Target(f"ser.stages.{stage}", stage)]
    for module in modules:
        name, _, used = module.partition(":")
        inside = code.definitions(name)
        found += [target for target in inside if not used or target.name in used.split(",")]
    return found


@cache
def code_hash(stage: str, *modules: str, options: frozenset[str] | None = None) -> str:
    """Return the code hash of a stage.

    stage: ``ser.stages.<stage>`` has the function ``<stage>``; modules: full names of those that the stage imports by
    name, such as ``ser.models.rnn_elm``; options: see ``strings``; None: every entry of every table of choices counts.
    """
    code = package()
    return code.hash(roots(code, stage, modules), options)


def strings(value: object) -> frozenset[str]:
    """Return all strings in a nested value, keys left out: what may choose an entry of a table of ``Choices``."""
    if isinstance(value, str):
        return frozenset([value])
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, Iterable):
        return frozenset().union(*map(strings, value))
    return frozenset()


def expect(planned: str, stage: str, *modules: str, options: frozenset[str] | None = None) -> None:
    """Raise SerError if the code hash of a stage is no longer ``planned``; an empty text expects nothing."""
    now = code_hash(stage, *modules, options=options)
    if planned not in ("", now):
        raise SerError(f"the code has changed since this job was planned ({planned} then, {now} now). Run again.")


def _excluded(module: str) -> bool:
    inner = module.partition(".")[2]
    return any(inner == name or inner.startswith(f"{name}.") for name in EXCLUDED)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
