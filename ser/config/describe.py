"""Describe every configuration key in one line, from the schema: the text of ``config/README.md``."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ser.config.schema import Config

HEAD = """# Configuration

`snakemake` without `--configfile` reads `config.yaml` (paths of the corpora) and `experiments/demo.yaml`. Files given
with `--configfile` are merged into `config.yaml` in their order: mappings key by key; lists and values are replaced.

`systems/`, `protocols/` and `features/` contain the shipped entries. An experiment file may add its own under the
same names. A system or protocol may start from another with `base: <name>`. A shipped one cannot be redefined, because
experiments share runs under its name; only `leaks` of a shipped protocol can be declared, which changes no result.

`ser keys` prints the list below. A test compares it with the schema.
"""


def describe() -> str:
    """Return the configuration's documentation as Markdown."""
    lines = [HEAD]
    for name, field in Config.model_fields.items():
        record = record_in(field.annotation)
        if record is not None:
            many = get_origin(field.annotation) is dict
            lines.append(f"\n## {name}\n\n{(record.__doc__ or '').strip()}\n")
            lines.extend(keys(record, f"{name}.<name>." if many else f"{name}."))
    return "\n".join(lines) + "\n"


def keys(record: type[BaseModel], prefix: str) -> Iterator[str]:
    """Yield one line per key of ``record``, nested records after their own key."""
    for name, field in record.model_fields.items():
        default = "" if field.is_required() else f", default {default_of(field)}"
        text = f": {field.description}" if field.description else ""
        yield f"- `{prefix}{name}` ({kind(field.annotation)}{default}){text}"
        inner = record_in(field.annotation)
        if inner is not None:
            step = "[n]." if get_origin(field.annotation) is tuple else "."
            yield from keys(inner, f"{prefix}{name}{step}")


def record_in(annotation: Any) -> type[BaseModel] | None:
    """Return the record type inside ``annotation``, if there is one."""
    if isinstance(annotation, type) and not get_origin(annotation):
        return annotation if issubclass(annotation, BaseModel) else None
    return next((found for part in get_args(annotation) if (found := record_in(part)) is not None), None)


def kind(annotation: Any) -> str:
    """Return a type in terms of YAML."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if annotation is type(None):
        return "null"
    if record_in(annotation) is annotation or origin is dict:
        return "mapping"
    if origin is tuple:
        return f"list of {kind(parts[0])}"
    if origin is Annotated:
        return kind(parts[0])
    if parts and all(isinstance(part, str) for part in parts):
        return " | ".join(parts)
    if parts:
        return " or ".join(kind(part) for part in parts)
    return {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}.get(
        getattr(annotation, "__name__", ""), "any"
    )


def default_of(field: FieldInfo) -> str:
    """Return a field's default as YAML."""
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined:
        return "null"
    if isinstance(value, BaseModel):
        return "its own defaults"
    if isinstance(value, bool):
        return str(value).lower()
    return str(list(value) if isinstance(value, tuple) else value) or "empty"
