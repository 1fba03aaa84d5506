"""What every module of the package defines, read from its source without importing it.

A summary depends on the module's own source alone, so that it is kept with Snakemake's records and read again until
the source changes.
"""

import ast
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import TypeAdapter

from ser.files.atomic import write_text
from ser.provenance import essence
from ser.provenance import normalise as normal_form
from ser.provenance.essence import Target
from ser.provenance.normalise import Normal, bound, imported, normalise

# Another normal form reads no summary of an earlier one.
FORM = "".join(Path(str(module.__file__)).read_text(encoding="utf-8") for module in (essence, normal_form))
EFFECTS = ""  # under this name: the statements of a module that bind no name
PRINTED = ("report", "papers")  # packages whose docstrings and data files are part of what they write


@dataclass(frozen=True)
class Summary:
    """One module. definitions, imports: by top-level name."""

    definitions: dict[str, Normal]
    imports: dict[str, Target]
    docstring: str


JSON = TypeAdapter(Summary)


class Package:
    """The modules below one folder. ``root``: the folder, named as the package; ``cache``: folder for summaries."""

    def __init__(self, root: Path, cache: Path | None = None):
        self.root = root
        self.cache = cache
        self._summaries: dict[str, Summary] = {}

    @cached_property
    def modules(self) -> frozenset[str]:
        """Full names of all modules and packages below the root."""
        paths = [path.relative_to(self.root.parent).with_suffix("").parts for path in self.root.rglob("*.py")]
        return frozenset(".".join(parts[:-1] if parts[-1] == "__init__" else parts) for parts in paths)

    def path(self, module: str) -> Path:
        """Return the file of ``module``, a full name such as ``ser.models.rnn_elm``."""
        path = self.root.parent.joinpath(*module.split("."))
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")

    def printed(self, module: str) -> bool:
        """Return whether the docstrings of ``module`` appear in what it writes."""
        return module.split(".")[1:2] in [[name] for name in PRINTED]

    def summary(self, module: str) -> Summary:
        """Return what ``module``, which must exist, defines."""
        if module not in self._summaries:
            source = self.path(module).read_text(encoding="utf-8")
            key = hashlib.blake2b("\n".join([FORM, module, source]).encode(), digest_size=16).hexdigest()
            path = None if self.cache is None else self.cache / f"{key}.json"
            found = None
            if path is not None and path.is_file():
                with suppress(OSError, ValueError):  # a damaged file is as good as none
                    found = JSON.validate_json(path.read_bytes())
            if found is None:
                found = summarise(module, source, docstrings=self.printed(module))
                if path is not None:
                    with suppress(OSError):  # a folder that cannot be written to only costs time
                        path.parent.mkdir(parents=True, exist_ok=True)
                        write_text(path, JSON.dump_json(found).decode())
            self._summaries[module] = found
        return self._summaries[module]


def summarise(module: str, source: str, *, docstrings: bool = False) -> Summary:
    """Return the summary of a module from its source; docstrings: they count as code."""
    tree = ast.parse(source)
    statements: dict[str, list[ast.stmt]] = {}
    imports: dict[str, Target] = {}
    for node in tree.body:
        for inner in ast.walk(node) if isinstance(node, ast.If | ast.Try) else [node]:
            imports |= imported(inner)
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if text or isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names = {node.name} if isinstance(node, ast.FunctionDef | ast.ClassDef) else bound(node)
        for name in names or {EFFECTS}:
            statements.setdefault(name, []).append(node)
    top = imports | {name: Target(module, name) for name in statements}
    return Summary(
        {name: normalise(nodes, top, docstrings=docstrings) for name, nodes in statements.items()},
        imports,
        (ast.get_docstring(tree) or "") if docstrings else "",
    )
