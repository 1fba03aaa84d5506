"""Every mutation of code that decides a stage's numbers changes the stage's code hash.

Each number, operator and comparison in every definition that a stage reaches is changed, one at a time. What is
mutated is found here by the syntax tree alone, without the code under test: all but docstrings, annotations, what is
raised, what is printed, and the arguments of progress bars and trackers.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import ser
from ser.provenance import code_hash
from ser.provenance.code_hash import Code
from ser.provenance.essence import Target
from ser.provenance.modules import Summary
from ser.provenance.normalise import bound, normalise

STAGES = {
    "extract": ("ser.features.mfcc",),
    "split": ("ser.protocols.speaker_out",),
    "train": ("ser.models.dense_lstm",),
    "score": (),
    "compare": (),
}
SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult}
COMPARED = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
MESSAGES = {"print", "warn", "progress", "SerError", "unknown", "offenders"}


def is_message(node: ast.stmt) -> bool:
    """Return whether a statement only prints."""
    called = node.value.func if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else None
    return getattr(called, "id", getattr(called, "attr", "")) in MESSAGES


def numerical(node: ast.AST) -> Iterator[ast.AST]:
    """Yield ``node`` and what is below it that may decide a number."""
    if isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom):
        return
    if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in MESSAGES:
        return
    if isinstance(node, ast.Call) and getattr(getattr(node.func, "value", None), "id", "") == "tracking":
        return
    if isinstance(node, ast.If) and not node.orelse and all(map(is_message, node.body)):
        return
    yield node
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from numerical(child)


def mutate(node: ast.AST) -> bool:
    """Change one number, operator or comparison in place; return whether the node is one."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        node.value += 1
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in SWAPPED:
        node.op = SWAPPED[type(node.op)]()
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        node.ops[0] = COMPARED[type(node.ops[0])]()
    else:
        return False
    return True


def mutants(statement: ast.stmt) -> Iterator[tuple[int, ast.stmt]]:
    """Yield a copy of ``statement`` with one mutation, and its line, for every mutation that there is."""
    for number, node in enumerate(numerical(statement)):
        if mutate(copy.deepcopy(node)):
            mutant = copy.deepcopy(statement)
            changed = next(inner for index, inner in enumerate(numerical(mutant)) if index == number)
            mutate(changed)
            yield getattr(node, "lineno", statement.lineno), mutant


def with_mutant(summary: Summary, module: str, name: str, mutant: ast.stmt) -> Summary:
    """Return the summary of a module with one definition replaced."""
    top = summary.imports | {defined: Target(module, defined) for defined in summary.definitions}
    return replace(summary, definitions={**summary.definitions, name: normalise([mutant], top)})


@pytest.mark.parametrize("stage", STAGES)
def test_every_mutation_changes_the_hash(stage: str) -> None:
    code = Code(Path(ser.__file__).parent)
    roots = code_hash.roots(code, stage, STAGES[stage])
    before, reached = code.hash(roots), code.reached(roots)
    survivors, count = [], 0
    for module in sorted({target.module for target in reached}):
        summary = code.package.summary(module)
        for statement in ast.parse(code.package.path(module).read_text()).body:
            name = getattr(statement, "name", None) or next(iter(bound(statement)), "")
            for line, mutant in mutants(statement) if Target(module, name) in reached and name else ():
                count += 1
                code.package._summaries[module] = with_mutant(summary, module, name, mutant)
                if code.hash(roots) == before:
                    survivors.append(f"{module}:{line} {name}")
        code.package._summaries[module] = summary
    assert count > 20
    assert survivors == []
