"""The project keeps its own rules: sizes, names and plain English."""

import ast
import re
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

PROJECT = Path(__file__).parents[1]
CODE = sorted(PROJECT.glob("ser/**/*.py"))
RULES = [PROJECT / "Snakefile", PROJECT / "workflow/Snakefile", *PROJECT.glob("workflow/*/*.smk")]


def test_files_stay_readable() -> None:
    long = {path.name: count for path in CODE if (count := len(path.read_text().splitlines())) > 300}
    assert long == {}


def test_rule_files_stay_one_phase_long() -> None:
    long = {path.name: count for path in RULES if (count := len(path.read_text().splitlines())) > 150}
    assert long == {}


def test_no_module_has_a_name_without_meaning() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
    assert [path for path in CODE if path.stem in empty] == []


def test_no_two_classes_have_one_name() -> None:
    files: dict[str, list[str]] = defaultdict(list)
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                files[node.name].append(str(path.relative_to(PROJECT)))
    assert {name: where for name, where in files.items() if len(where) > 1} == {}


def test_no_files_import_each_other_in_a_circle() -> None:
    modules = {".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__") for path in CODE}
    graph: dict[str, set[str]] = {}
    for path in CODE:
        name = ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")
        imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        named = {(node.module or "", one.name) for node in imports for one in node.names}
        found = {f"{module}.{one}" if f"{module}.{one}" in modules else module for module, one in named}
        graph[name] = found & modules - {name}
    assert sum(map(len, graph.values())) > 500
    TopologicalSorter(graph).prepare()  # CycleError names the files


# Words to replace, and the standard ones. docs/glossary.md lists the terms of the project.
STANDARD_WORDS = {
    "said": "given, recognised, stated",
    "told": "given, reported",
    "heard": "recognised",
    "shown": "displayed, listed",
    "nobody": "no job, no user, no speaker",
    "speaks": "predicts, logs, utters",
    "spoke": "predicted, logged",
    "listener": "recogniser",
    "listening": "recognition",
    "rooms": "packages, folders",
    "house": "project, folder",
    "forsaken": "stale, abandoned",
    "wary": "checked",
    "beside": "next to, with",
    "the first so many": "the first N",
    "never chosen by": "never used for model selection",
    "the paper's word": "from the paper",
    "held against": "compared with",
    "hands over": "returns, passes",
    "place": "device, position, row, file",
}
TEXT = [
    *PROJECT.glob("ser/**/*"),
    *PROJECT.glob("workflow/**/*"),
    *PROJECT.glob("config/**/*"),
    *PROJECT.glob("docs/**/*.md"),
    *PROJECT.glob("profiles/**/*.yaml"),
    *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "Snakefile")),
]
SPEECH = ("ser/corpora/enterface.py", "ser/demo_corpus/sentences.py")  # sentences of corpora


def test_the_text_uses_standard_words() -> None:
    place = r"(?<!\bin )(?<!\btake )(?<!\btakes )(?<!\bdecimal )place"  # the usual idioms are fine
    words = "|".join(place if word == "place" else re.escape(word) for word in STANDARD_WORDS)
    pattern = re.compile(rf"(?<![a-z])({words})(?![a-z])", re.IGNORECASE)
    suffixes = {".py", ".smk", ".md", ".rst", ".yaml", ".html", ".css", ".csv", ""}
    found = []
    for path in TEXT:
        name = str(path.relative_to(PROJECT))
        if not path.is_file() or path.suffix not in suffixes or path.name == "glossary.md" or name in SPEECH:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for match in pattern.finditer(line):
                found.append(f"{name}:{number}: {match[0]} (better: {STANDARD_WORDS[match[0].lower()]})")
    assert found == []


def test_nothing_is_pickled() -> None:
    forbidden = re.compile(r"\bpickle\.(load|dump)|\bjoblib\b|weights_only=False|yaml\.load\(|allow_pickle=True")
    assert [path.name for path in CODE if forbidden.search(path.read_text())] == []
    for path in CODE:
        for call in re.findall(r"torch\.load\([^)]*\)", path.read_text()):
            assert "weights_only=True" in call, path


def test_every_rule_declares_what_it_needs() -> None:
    for path in RULES:
        for rule in re.split(r"^rule ", path.read_text(), flags=re.MULTILINE)[1:]:
            if "shell:" in rule:
                for part in ("log:", "benchmark:", "conda:", "mem_mb", "runtime"):
                    assert part in rule, f"{path.name}: rule {rule.split(':')[0]} has no {part}"
