"""The project keeps its own rules: sizes and names."""

import re
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


def test_every_name_says_something() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
    assert [path for path in CODE if path.stem in empty] == []


def test_nothing_is_pickled() -> None:
    forbidden = re.compile(r"\bpickle\.(load|dump)|\bjoblib\b|weights_only=False|yaml\.load\(|allow_pickle=True")
    assert [path.name for path in CODE if forbidden.search(path.read_text())] == []
    for path in CODE:
        for call in re.findall(r"torch\.load\([^)]*\)", path.read_text()):
            assert "weights_only=True" in call, path


def test_every_rule_says_what_it_needs() -> None:
    for path in RULES:
        for rule in re.split(r"^rule ", path.read_text(), flags=re.MULTILINE)[1:]:
            if "shell:" in rule:
                for part in ("log:", "benchmark:", "conda:", "mem_mb", "runtime"):
                    assert part in rule, f"{path.name}: rule {rule.split(':')[0]} has no {part}"
