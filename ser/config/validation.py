"""Turn raw YAML values into records; a SerError names the key, what is wrong and what is known.

The types, the number and the nesting of the values are checked before their meaning.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ser.config.describe import record_in
from ser.config.entries import Strict
from ser.config.renamed import require_known
from ser.errors import SerError

Raw = Mapping[str, Any]
Record = TypeVar("Record", bound=Strict)
DEEPEST = 30  # levels of nesting; a YAML alias can make a value contain itself
MOST = 200_000  # values; those behind a YAML alias count once per occurrence
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
WANTED = {
    "tuple_type": "must be a list, such as [a, b]",
    "model_type": "must be a mapping of keys",
    "string_type": "must be text; put numbers, dates, yes, no and null in quotes",
}


def check_values(raw: Raw, where: str) -> None:
    """Raise SerError unless ``raw`` consists of at most MOST texts, numbers, booleans, lists and mappings."""
    left: list[tuple[str, object, int]] = [(where, raw, 0)]
    count = 1
    while left:
        at, value, depth = left.pop()
        inside: list[tuple[str, object]] = []
        if isinstance(value, Mapping):
            if strange := [key for key in value if isinstance(key, bool) or not isinstance(key, str | int | float)]:
                raise SerError(f"{at}: YAML reads a key as {_in_yaml(strange[0])}; put it in quotes.")
            inside = [(f"{at}, a key", key) for key in value] + [(f"{at}.{key}", value[key]) for key in value]
        elif isinstance(value, list | tuple):
            inside = [(f"{at}[{number}]", inner) for number, inner in enumerate(value)]
        elif not isinstance(value, str | int | float | None):
            kind = type(value).__name__
            raise SerError(f"{at}: a {kind} is neither text, number, list nor mapping; put it in quotes.")
        elif isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
            raise SerError(f"{at}: {value!a} is not valid Unicode.")
        count += len(inside)
        if count > MOST:
            raise SerError(f"{at}: the configuration has more than {MOST} values; does an alias repeat itself?")
        if inside and depth == DEEPEST - 1:
            raise SerError(f"{inside[0][0]}: more than {DEEPEST} levels of mappings and lists.")
        left.extend((*each, depth + 1) for each in inside)


def _in_yaml(key: object) -> str:
    """Return a key that is no text or number, with the words that YAML reads as it."""
    written = {"True": "yes, on or true", "False": "no, off or false", "None": "null, ~ or nothing"}.get(str(key))
    return f"{key} ({written} without quotes)" if written else f"the {type(key).__name__} {key}"


def section_of(raw: Raw, name: str) -> dict[str, Any]:
    """Return a section of the configuration; SerError for an entry whose name cannot be part of a path."""
    entries = mapping(raw.get(name), f"config.{name}")
    for entry in entries:
        if not isinstance(entry, str) or not NAME.fullmatch(entry):
            raise SerError(
                f"config.{name}: '{entry}' cannot be a name; names are parts of paths: letters, digits, '_', '-', '.'; "
                "put a number into quotes."
            )
    return entries


def mapping(value: object, where: str) -> dict[str, Any]:
    """Return ``value`` as a dictionary, empty for null; SerError if it is something else."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise SerError(f"{where} must be a mapping of keys, it is {value!r}.")
    return dict(value)


def record(kind: type[Record], data: Any, where: str) -> Record:
    """Return the validated record; SerError for its first fault, a misspelt key before others."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        # A misspelt required key gives two errors; the user finds the misspelling in the file.
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
        path = ".".join([where, *(str(part) for part in first["loc"])])
        if first["type"] == "extra_forbidden":
            *inside, key = first["loc"]
            owner: type[BaseModel] = kind
            for step in inside:
                if isinstance(step, str) and step in owner.model_fields:
                    owner = record_in(owner.model_fields[step].annotation) or owner
            require_known("key", [key], owner.model_fields, ".".join([where, *map(str, inside)]))
        wanted = WANTED.get(first["type"], first["msg"])
        raise SerError(f"{path}: {wanted}; it is {first['input']!r}.") from error


def records(kind: type[Record], section: str, entries: Raw, *, named_by: str | None = None) -> dict[str, Record]:
    """Return the records of a section by name; named_by: the key that is the entry's name where it is not given."""
    found = {}
    for name, entry in entries.items():
        given = {named_by: name} if named_by else {}
        found[name] = record(kind, given | mapping(entry, f"{section}.{name}"), f"{section}.{name}")
    return found
