"""Options of a module against the signature of the function that takes them: names and kinds, importing nothing."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, reduce
from operator import or_
from typing import Any, Literal, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ser import catalog
from ser.config.schema import Corpus, Feature, Protocol, Recipe, Transcript
from ser.errors import SerError, unknown

SIMPLE = {"bool": bool, "float": float, "int": int, "str": str, "Path": str}
TAKEN_BY = {
    "corpora": "sources",
    "features": "extract",
    "models": "build",
    "protocols": "assign",
    "recognisers": "load",
}
LIST, NUMBER, WHOLE, TRUTH = "a list, such as [a, b]", "a number", "a whole number", "true or false"
WANTED = {
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
    "string_type": "text",
}

Record = TypeVar("Record", Corpus, Feature, Protocol, Recipe, Transcript)


def with_options(record: Record, kind: str, name: str, where: str, given: Iterable[str] = ()) -> Record:
    """Return ``record`` with options of the kinds that ``ser.<kind>.<name>`` takes: "5" for a number is one.

    Snakemake's ``--config`` makes a text of every number inside a mapping. given: options that come from elsewhere.
    SerError with ``where`` for a module or an option that does not exist, is of another kind, or is missing.
    """
    try:
        accepted = catalog.keywords(kind, name, TAKEN_BY[kind])
    except SerError as error:
        raise SerError(f"{where}: {error}") from error
    if accepted is None:
        return record
    options: dict[str, Any] = {}
    for option, value in record.options.items():
        if option not in accepted:
            raise SerError(f"{where}.options: {unknown(f'option of {name}', option, accepted)}")
        left = value is None and option in given  # null: as if it were not said
        wanted = _wanted(kind, name, option)
        options[option] = value if left else _taken(wanted, value, f"{where}.options.{option}")
    missing = [option for option, needed in accepted.items() if needed and option not in {*options, *given}]
    if missing:
        raise SerError(f"{where}.options: {name} needs {', '.join(missing)}.")
    return record.model_copy(update={"options": options})


def _taken(wanted: TypeAdapter[Any], value: object, where: str) -> Any:
    try:
        return wanted.validate_python(value)
    except ValidationError as error:
        said = [WANTED.get(one["type"], one["msg"].removeprefix("Input should be ")) for one in error.errors()]
        said += ["null"] * _takes_null(wanted)
        raise SerError(f"{where}: must be {' or '.join(dict.fromkeys(said))}; it is {value!r}.") from error


def _takes_null(wanted: TypeAdapter[Any]) -> bool:
    try:
        wanted.validate_python(None)
    except ValidationError:
        return False
    return True


@cache
def _wanted(kind: str, name: str, option: str) -> TypeAdapter[Any]:
    """Return what tells whether a value is of the kind that the function's argument is annotated with."""
    module = f"ser.{kind}.{name}"
    defined = next(
        node for node in catalog.tree(module).body if isinstance(node, ast.FunctionDef) and node.name == TAKEN_BY[kind]
    )
    annotation = next(argument.annotation for argument in defined.args.kwonlyargs if argument.arg == option)
    return TypeAdapter(_meant(annotation, module), config=ConfigDict(allow_inf_nan=False, coerce_numbers_to_str=True))


def _meant(annotation: ast.expr | None, module: str) -> Any:
    """Return the type that an annotation in ``module`` means; Any where it says more than is looked at here."""
    match annotation:
        case ast.Constant(value=None):
            return None
        case ast.Name(id=name):
            return SIMPLE[name] if name in SIMPLE else _alias(name, module)
        case ast.Attribute(value=ast.Name(id=imported), attr=name):
            return _alias(name, _origins(module).get(imported, ""))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return reduce(or_, (_meant(side, module) for side in (left, right)))
        case ast.Subscript(value=ast.Name(id="Literal"), slice=values):
            return Literal[ast.literal_eval(values)]
        case ast.Subscript(value=ast.Name(id="Sequence"), slice=inner):
            return Sequence[_meant(inner, module)]  # type: ignore[misc]
        case ast.Subscript(value=ast.Name(id="Mapping"), slice=ast.Tuple(elts=[key, value])):
            return Mapping[_meant(key, module), _meant(value, module)]  # type: ignore[misc]
    return Any


def _alias(name: str, module: str) -> Any:
    """Return the type that ``module`` calls ``name``, or the module that it has it from."""
    if not catalog.is_ours(module):
        return Any
    for node in catalog.tree(module).body:
        if isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in node.targets):
            return _meant(node.value, module)
    origin, _, original = _origins(module).get(name, "").rpartition(".")
    return _alias(original, origin) if origin else Any


@cache
def _origins(module: str) -> dict[str, str]:
    """Return the full name of everything that ``module`` imports from somewhere, by the name that it has there."""
    imports = (node for node in catalog.tree(module).body if isinstance(node, ast.ImportFrom))
    return {alias.asname or alias.name: f"{node.module}.{alias.name}" for node in imports for alias in node.names}
