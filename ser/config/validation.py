"""Turn raw YAML values into records; a SerError names the key, what is wrong and what is known."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ser.config.describe import record_in
from ser.config.renamed import unknown_name
from ser.config.schema import Strict
from ser.errors import SerError

Raw = Mapping[str, Any]
Record = TypeVar("Record", bound=Strict)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
WANTED = {"tuple_type": "must be a list, such as [a, b]", "model_type": "must be a mapping of keys"}


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
            raise located(
                unknown_name("key", key, _fields(kind, inside)), ".".join([where, *map(str, inside)])
            ) from error
        wanted = WANTED.get(first["type"], first["msg"])
        raise SerError(f"{path}: {wanted}; it is {first['input']!r}.") from error


def records(kind: type[Record], section: str, entries: Raw, *, named_by: str | None = None) -> dict[str, Record]:
    """Return the records of a section by name; named_by: the key that is the entry's name where it is not given."""
    found = {name: mapping(entry, f"{section}.{name}") for name, entry in entries.items()}
    default = {name: {named_by: name} if named_by else {} for name in entries}
    return {name: record(kind, default[name] | entry, f"{section}.{name}") for name, entry in found.items()}


def _fields(kind: type[BaseModel], path: Iterable[int | str]) -> list[str]:
    """Return the keys known at ``path`` inside ``kind``."""
    for step in path:
        if isinstance(step, str) and step in kind.model_fields:
            kind = record_in(kind.model_fields[step].annotation) or kind
    return list(kind.model_fields)


def located(error: SerError, where: str) -> SerError:
    """Return the error with its key in front."""
    return SerError(f"{where}: {error}")
