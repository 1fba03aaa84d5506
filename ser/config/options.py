"""Options of a module, checked against the annotations of the function that takes them, importing nothing heavy.

Annotations are evaluated from the module's syntax tree, operator by operator. Aliases such as
``Cell = Literal["lstm", "gru"]`` are followed through ``ser``, as far as names of the modules in ``LIGHT``.
"""

import ast
import builtins
import collections.abc
import pathlib
import typing
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar

import pydantic
from pydantic import ConfigDict, TypeAdapter, ValidationError

from ser import catalog
from ser.config.definitions import TAKEN_BY, problems
from ser.config.recipe import Recipe
from ser.config.renamed import REPLACED_EXTRACTORS
from ser.config.schema import Corpus, Feature, Protocol, Transcript
from ser.errors import SerError, unknown

LIGHT = {module.__name__: module for module in (collections.abc, pathlib, pydantic, typing)}
LIST, NUMBER, WHOLE, TRUTH = "a list, such as [a, b]", "a number", "a whole number", "true or false"
WANTED = {  # by pydantic's type of error; others say "Input should be …"
    "bool_parsing": TRUTH,
    "bool_type": TRUTH,
    "dict_type": "a mapping of keys",
    "finite_number": NUMBER,
    "float_parsing": NUMBER,
    "float_type": NUMBER,
    "int_from_float": WHOLE,
    "int_parsing": WHOLE,
    "int_type": WHOLE,
    "is_instance_of": LIST,
    "sequence_str": LIST,
    "string_type": "text; put yes, no, null and dates in quotes",
    "tuple_type": LIST,
    "too_short": "a list that is not empty",
}

OF_THE_UTTERANCE = "utterance"  # a keyword of an extractor that the stage fills in: the utterance's name

Record = TypeVar("Record", Corpus, Feature, Protocol, Recipe, Transcript)


def with_options(entry: Record, where: str, given: Iterable[str] = ()) -> Record:
    """Return ``entry`` with its options converted to the types that its module declares, "5" to 5.

    Snakemake's ``--config`` turns every number inside a mapping into text. given: options that come from elsewhere.
    SerError with ``where`` for a module or an option that does not exist, is of another type, or is missing.
    """
    kind, name = entry.FOLDER, entry.module
    if kind == "features" and name in REPLACED_EXTRACTORS and name not in catalog.names(kind):
        raise SerError(f"{where}: extractor '{name}' is replaced by '{REPLACED_EXTRACTORS[name]}'.")
    if found := problems(kind, name):
        raise SerError(f"{where}: ser/{kind}/{name}.py: {'; '.join(found)}. See docs/adding.md.")
    accepted = accepts(kind, name)
    if accepted is None:
        return entry
    options: dict[str, Any] = {}
    for option, value in entry.options.items():
        if option not in accepted:
            raise SerError(f"{where}.options: {unknown(f'option of {name}', option, accepted)}")
        options[option] = value
        if value is not None or option not in given:  # null: as if the key were absent
            options[option] = _validated(kind, name, option, value, f"{where}.options.{option}")
    if missing := needed(kind, name) - {*options, *given}:
        raise SerError(f"{where}.options: {name} needs {', '.join(sorted(missing))}.")
    return entry.model_copy(update={"options": options})


def needed(kind: str, name: str) -> set[str]:
    """Return the options without which ``ser.<kind>.<name>`` cannot be used."""
    return {option for option, must in (accepts(kind, name) or {}).items() if must}


def unchecked(kind: str, name: str) -> list[str]:
    """Return the options of ``ser.<kind>.<name>`` whose annotation is missing or not understood."""
    return [option for option in accepts(kind, name) or {} if _meaning(kind, name, option) is Any]


def accepts(kind: str, name: str) -> dict[str, bool] | None:
    """Return the options of ``ser.<kind>.<name>`` and whether each must be given; None where it takes any."""
    keywords = catalog.keywords(kind, name, TAKEN_BY[kind])
    return keywords and {option: must for option, must in keywords.items() if option != OF_THE_UTTERANCE}


def local_files(entry: Feature | Protocol | Recipe | Transcript) -> list[Path]:
    """Return the local files that the entry's module reads with its options, such as weights, lists or predictions."""
    files = _files(entry.FOLDER, entry.module)
    return [] if files is None else list(files(**entry.options))


@cache
def _files(kind: str, name: str) -> Callable[..., list[Path]] | None:
    module = f"ser.{kind}.{catalog.require(kind, name)}"
    defined = "files" in catalog.functions(module) or "files" in catalog.assigned(module)  # models import torch
    return catalog.load(kind, name).files if defined else None


def uses_name(entry: Feature) -> bool:
    """Return whether the extractor takes the name of the utterance."""
    return OF_THE_UTTERANCE in (catalog.keywords(entry.FOLDER, entry.module, TAKEN_BY[entry.FOLDER]) or {})


def uses_device(entry: Feature | Transcript) -> bool:
    """Return whether the entry's module can compute on a GPU and its options do not keep it on the CPU."""
    keywords = catalog.keywords(entry.FOLDER, entry.module, TAKEN_BY[entry.FOLDER]) or {}
    return "device" in keywords and entry.options.get("device") != "cpu"


def _validated(kind: str, name: str, option: str, value: object, where: str) -> Any:
    try:
        return _adapter(kind, name, option).validate_python(value)
    except ValidationError as error:
        wanted = [WANTED.get(one["type"], one["msg"].removeprefix("Input should be ")) for one in error.errors()]
        wanted += ["null"] if NoneType in typing.get_args(_meaning(kind, name, option)) else []
        raise SerError(f"{where}: must be {' or '.join(dict.fromkeys(wanted))}; it is {value!r}.") from error


@cache
def _adapter(kind: str, name: str, option: str) -> TypeAdapter[Any]:
    settings = ConfigDict(allow_inf_nan=False, coerce_numbers_to_str=True)
    return TypeAdapter(_meaning(kind, name, option), config=settings)


def _meaning(kind: str, name: str, option: str) -> Any:
    """Return the type that an option is annotated with; Any where there is none or it is not understood."""
    module = f"ser.{kind}.{name}"
    arguments = catalog.functions(module)[TAKEN_BY[kind]].args.kwonlyargs
    return _evaluated(next(argument.annotation for argument in arguments if argument.arg == option), module)


def _named(name: str, module: str) -> Any:
    """Return what ``name`` means in ``module``."""
    if (expression := catalog.assigned(module).get(name)) is not None:
        return _evaluated(expression, module)
    for node in (node for node in catalog.tree(module).body if isinstance(node, ast.ImportFrom)):
        for alias in node.names:
            if name == (alias.asname or alias.name):
                return _imported(str(node.module), alias.name)
    return getattr(builtins, name, Any)


def _imported(origin: str, name: str) -> Any:
    if origin in LIGHT:
        return getattr(LIGHT[origin], name)
    if catalog.is_ours(f"{origin}.{name}"):
        return f"{origin}.{name}"  # a module, of which an attribute is read
    return _named(name, origin) if catalog.is_ours(origin) else Any


def _evaluated(node: ast.expr | None, module: str) -> Any:
    """Return the value of an expression in ``module``; Any where it is not understood."""
    try:
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return _named(name, module)
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                return _named(name, _named(owner, module))
            case ast.Tuple(elts=items):
                return tuple(_evaluated(item, module) for item in items)
            case ast.Subscript(value=generic, slice=item):
                return _evaluated(generic, module)[_evaluated(item, module)]
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return _evaluated(left, module) | _evaluated(right, module)
            case ast.Call(func=ast.Name(id=name), args=[], keywords=limits) if _named(name, module) is pydantic.Field:
                return pydantic.Field(**{str(limit.arg): ast.literal_eval(limit.value) for limit in limits})
    except (AttributeError, TypeError, ValueError):  # an attribute, an item or a limit of what is not followed
        pass
    return Any
