"""The constants and functions that a module of each kind must define, checked in its syntax tree before any job.

Nothing is imported, so that planning stays quick. ``ser.checks`` checks what the functions compute.
"""

import ast
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TypeGuard

from ser import catalog
from ser.errors import SerError

CONSTANTS: Mapping[str, tuple[str, Callable[[object], bool]]] = {  # what the value must be, in words and as a check
    "CARD": ("a ser.corpus.Card", lambda _: True),  # a call, which is checked when the module is imported
    "DTYPE": ('"float16" or "float32"', lambda value: value in ("float16", "float32")),
    "HOP": (
        "seconds per row, or None for one row per utterance",
        lambda value: value is None or (isinstance(value, int | float) and value > 0),
    ),
    "DEPENDS": (
        "the distributions whose version decides the values, a tuple of names",
        lambda value: isinstance(value, tuple) and all(isinstance(name, str) for name in value),
    ),
    "AXIS": ("the strength with its unit, a text", lambda value: isinstance(value, str)),
    "LIMITS": ("the lowest and the highest strength", lambda value: _numbers(value) and len(value) == 2),
    "STRENGTHS": ("strengths, mild to strong, a tuple of numbers", lambda value: _numbers(value)),
}


def _numbers(value: object) -> TypeGuard[tuple[float, ...]]:
    return isinstance(value, tuple) and len(value) > 0 and all(isinstance(one, int | float) for one in value)


@dataclass(frozen=True)
class Definitions:
    """functions: name and positional arguments; constants: entries of CONSTANTS.

    Every function takes the options of ``main`` as keywords; ``others`` need not take them.
    """

    main: str
    functions: Mapping[str, tuple[str, ...]]
    constants: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


ROOT = ("root",)
ESTIMATOR = Definitions(
    "build",
    {"build": ("classes",), "scores": ("estimator", "vectors"), "weights": ("estimator",)},
    others=("scores", "weights"),
)
EXTERNAL = Definitions("build", {"build": ("classes",), "files": ()})  # answers of another system
TEXT_FEATURE = Definitions("extract", {"extract": ("text",), "dims": ()}, ("DTYPE", "HOP", "DEPENDS"))
REQUIRED = {
    "corpora": Definitions(
        "sources",
        {"facts": ROOT, "sources": ROOT, "audio_files": ROOT, "utterances": ROOT, "verify": ("rows",)},
        ("CARD",),
    ),
    "features": Definitions("extract", {"extract": ("signal", "rate"), "dims": ()}, ("DTYPE", "HOP", "DEPENDS")),
    "models": Definitions("build", {"build": ("shape", "classes")}),  # a network, see MODELS
    "protocols": Definitions("assign", {"folds": ("facts",), "assign": ("rows",)}),
    "recognisers": Definitions("load", {"load": ()}, ("DEPENDS",)),
    "conditions": Definitions(
        "disturb", {"disturb": ("signal", "strength", "random", "others")}, ("AXIS", "LIMITS", "STRENGTHS")
    ),
}
MODELS = {"network": REQUIRED["models"], "estimator": ESTIMATOR, "external": EXTERNAL}
TAKEN_BY = {kind: wanted.main for kind, wanted in REQUIRED.items()}  # the function that takes the options of a kind


@cache
def problems(kind: str, name: str) -> tuple[str, ...]:
    """Return what is wrong with the definitions of ``ser.<kind>.<name>``, one phrase each."""
    try:
        return tuple(_problems(f"ser.{kind}.{catalog.require(kind, name)}", _wanted(kind, name)))
    except SerError as error:
        return (str(error),)


def _wanted(kind: str, name: str) -> Definitions:
    if kind == "models":
        return MODELS[catalog.model_kind(name)]
    return TEXT_FEATURE if kind == "features" and catalog.reads_text(name) else REQUIRED[kind]


def _problems(module: str, wanted: Definitions) -> Iterator[str]:
    functions, assigned = catalog.functions(module), catalog.assigned(module)
    for name in wanted.constants:
        meaning, valid = CONSTANTS[name]
        if name not in assigned:
            yield f"the constant {name} is missing: {meaning}"
        elif (written := assigned[name]) is not None:
            with suppress(ValueError):  # computed, so not known before the module is imported
                if not valid(ast.literal_eval(written)):
                    yield f"{name} must be {meaning}"
    main = functions.get(wanted.main)
    options = {argument.arg for argument in main.args.kwonlyargs} if main else set()
    for name, positional in wanted.functions.items():
        if name in functions:
            yield from _arguments(functions[name].args, name, positional, set() if name in wanted.others else options)
        elif name not in assigned:
            yield f"the function {name}({', '.join((*positional, '**options'))}) is missing"


def _arguments(found: ast.arguments, name: str, positional: tuple[str, ...], options: set[str]) -> Iterator[str]:
    names = [argument.arg for argument in (*found.posonlyargs, *found.args)]
    if len(names) != len(positional) and not found.vararg:
        yield f"{name} must take the positional arguments ({', '.join(positional)}), not ({', '.join(names)})"
    lacking = options - {argument.arg for argument in found.kwonlyargs}
    if lacking and not found.kwarg:
        yield f"{name} does not take the options {', '.join(sorted(lacking))}"
