"""Code hashes: one short text per stage that changes when, and only when, code that decides its numbers changes.

A stage's code hash covers the definitions that its function reaches by name through the package. Snakemake compares it
as a parameter of the rule. docs/reruns.md says which edit reruns which jobs.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ser import catalog
from ser.config.entries import Strict
from ser.config.recipe import Recipe
from ser.errors import SerError
from ser.files.atomic import write_text
from ser.provenance.essence import Target
from ser.provenance.modules import EFFECTS, Package
from ser.provenance.normalise import Reference, digest

RECORDS = Path(".snakemake/ser")  # next to Snakemake's own records
CODE = RECORDS / "code"  # the definitions behind every code hash that was planned with
DATA = (".csv", ".html", ".css", ".json", ".yaml")  # files next to a module that reads them
# These decide no number: the configuration reaches a job as a resolved object, the rest reads, writes, logs and checks.
EXCLUDED = (
    "catalog",
    "choices",
    "cli",
    "commands",
    "config",
    "errors",
    "files",
    "input_checks",
    "jobs",
    "layout",
    "provenance",
    "tables.parquet",
    "training.training_state",
)
RESTORING = ("restored", "restored_back_end")  # of a model: from the numbers of a finished training to its scores


@dataclass(frozen=True)
class Definition:
    """The code of a definition.

    text: without what it refers to, and the data files that it reads; uses: what it refers to, a target or the name of
    what is outside the package or excluded, with the attributes read of it; strings: see ``Normal``.
    """

    text: str
    uses: list[tuple[Target | str, tuple[str, ...]]]
    strings: set[str]

    def names(self) -> list[str]:
        """Return what the definition refers to by name."""
        return [".".join([use if isinstance(use, str) else str(use.name), *rest]) for use, rest in self.uses]


class Code:
    """The definitions of one package, and hashes over those that a stage reaches."""

    def __init__(self, root: Path, cache: Path | None = None):
        self.package = Package(root, cache)
        self._data_hashes: dict[Path, str] = {}

    def hash(self, roots: Iterable[Target], options: frozenset[str] | None = None) -> str:
        """Return 16 hexadecimal digits over what ``roots`` reach; names of modules and of definitions do not count.

        options: the strings in a job, which narrow every table of ``Choices``: an entry counts if its key is one of
        them or a string in the code that is reached, such as a default; None keeps all entries.
        """
        roots = list(roots)
        graph = self._graph(roots, options)
        done: dict[Target, str] = {}
        active: set[Target] = set()

        def visit(target: Target) -> str:
            if target in done:
                return done[target]
            if target in active:
                return f"recursion {target.name}"
            active.add(target)
            uses = (".".join([use if isinstance(use, str) else visit(use), *rest]) for use, rest in graph[target].uses)
            done[target] = digest("\n".join([graph[target].text, *uses]))
            active.remove(target)
            return done[target]

        return digest("\n".join(sorted({visit(root) for root in roots})))

    def reached(self, roots: Iterable[Target], options: frozenset[str] | None = None) -> dict[Target, str]:
        """Return each definition that ``roots`` reach, with a hash of its own code."""
        graph = self._graph(list(roots), options)
        return {target: digest("\n".join([code.text, *code.names()])) for target, code in graph.items()}

    def _graph(self, roots: list[Target], options: frozenset[str] | None) -> dict[Target, Definition]:
        """Return the code of each definition that ``roots`` reach with ``options`` and the strings in that code."""
        while True:
            found: dict[Target, Definition] = {}
            queue = list(roots)
            while queue:
                target = queue.pop()
                if target not in found:
                    found[target] = self._definition(target, options)
                    queue.extend(use for use, _ in found[target].uses if isinstance(use, Target))
            strings = {text for code in found.values() for text in code.strings}
            if options is None or strings <= options:
                return found
            options |= strings

    def definitions(self, module: str) -> list[Target]:
        """Return all top-level definitions of ``module``, and of the modules in it where it is a package.

        Those that only a prediction with stored numbers uses decide no training and are left out.
        """
        inside = (name for name in sorted(self.package.modules) if f"{name}.".startswith(f"{module}."))
        return [
            Target(name, defined)
            for name in inside
            if not _excluded(name)
            for defined in sorted(self.package.summary(name).definitions)
            if defined not in RESTORING
        ]

    def _definition(self, target: Target, options: frozenset[str] | None) -> Definition:
        """Return the code of a definition; of a table of ``Choices`` the entries that count."""
        if target.name is None:  # a module that is passed around as a value: all of it
            return Definition("module", [(inner, ()) for inner in self.definitions(target.module)], set())
        summary, printed = self.package.summary(target.module), self.package.printed(target.module)
        normal = summary.definitions[target.name]
        normals = {"": normal}
        if normal.choices is not None:
            normals = {key: normal.choices[key] for key in sorted(normal.choices) if options is None or key in options}
        texts = [part for key, normal in normals.items() for part in (key, normal.text)]
        if printed:
            texts.append(summary.docstring)
        if printed or any(normal.reads_files for normal in normals.values()):
            texts.append(self._data(self.package.path(target.module).parent))
        uses = [self._resolved(reference) for normal in normals.values() for reference in normal.references]
        if target.name and EFFECTS in summary.definitions:
            uses.append((Target(target.module, EFFECTS), ()))
        return Definition("\n".join(texts), uses, {text for normal in normals.values() for text in normal.strings})

    def _resolved(self, reference: Reference) -> tuple[Target | str, tuple[str, ...]]:
        found, rest = self._resolve(reference.target), reference.attributes
        while rest and isinstance(found, Target) and found.name is None:
            found, rest = self._resolve(Target(found.module, rest[0])), rest[1:]
        if found == "" and rest:  # of an excluded module, in whichever it is
            found, rest = rest[0], rest[1:]
        return found, rest

    def _resolve(self, target: Target) -> Target | str:
        """Follow ``target`` to its definition: a target of the package, or a text for what is outside or excluded."""
        seen: set[Target] = set()
        while target not in seen:
            seen.add(target)
            module, name = target.module, target.name
            if module.split(".")[0] != self.package.root.name:
                return f"{module}.{name}" if name else module
            if name and f"{module}.{name}" in self.package.modules:
                module, name = f"{module}.{name}", None
            if _excluded(module):
                return name or ""
            summary = self.package.summary(module)
            if name is None or name in summary.definitions:
                return Target(module, name)
            target = summary.imports.get(name, target)
        return str(target.name)  # defined at run time

    def _data(self, folder: Path) -> str:
        """Return a hash over the data files in ``folder``, subfolders included."""
        if folder not in self._data_hashes:
            files = (path for path in sorted(folder.rglob("*")) if path.suffix in DATA and path.is_file())
            contents = b"\n".join(path.read_bytes() for path in files)
            self._data_hashes[folder] = hashlib.blake2b(contents, digest_size=8).hexdigest()
        return self._data_hashes[folder]


@cache
def package() -> Code:
    """Return the code of the installed package; summaries are kept where Snakemake keeps its records."""
    return Code(Path(__file__).parents[1], RECORDS / "modules" if RECORDS.parent.is_dir() else None)


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


def record(code: str, stage: str, *modules: str, options: frozenset[str] | None = None) -> None:
    """Keep which definitions ``code``, the hash of a stage, covers, for ``ser why``."""
    path = CODE / f"{code}.json"
    if not path.exists():
        reached = package().reached(roots(package(), stage, modules), options)
        content = {f"{target.module}.{target.name}".rstrip("."): digest for target, digest in reached.items()}
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(content, sort_keys=True))


def strings(value: object) -> frozenset[str]:
    """Return all strings in a nested value, keys left out: what may choose an entry of a table of ``Choices``."""
    if isinstance(value, str):
        return frozenset([value])
    if isinstance(value, Mapping):
        value = value.values()
    if isinstance(value, Iterable):
        return frozenset().union(*map(strings, value))
    return frozenset()


def training_options(recipe: Recipe) -> frozenset[str]:
    """Return what may choose an entry of a table of ``Choices``.

    It is the strings of a recipe, the kind of its model, and the keys of ``training`` whose value is a record.
    """
    kind = catalog.constant("models", recipe.model, "KIND") or "network"
    records = {key for key, value in recipe.training if isinstance(value, Strict)}
    return strings(json.loads(recipe.decisive())) | {str(kind)} | records


def expect(planned: str, stage: str, *modules: str, options: frozenset[str] | None = None) -> None:
    """Raise SerError if the code hash of a stage is no longer ``planned``; an empty text expects nothing."""
    if planned and planned != (now := code_hash(stage, *modules, options=options)):
        raise SerError(f"the code has changed since this job was planned ({planned} then, {now} now). Run again.")


def _excluded(module: str) -> bool:
    inner = module.partition(".")[2]
    return any(inner == name or inner.startswith(f"{name}.") for name in EXCLUDED)
