"""The arguments of a stage as one validated record, read from the options of a command line or from JSON."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Self, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ser.errors import SerError, offenders

# A rule passes these besides the JSON object: Snakemake may rewrite a path, and threads decide no result.
File = Annotated[Path, Field(exclude=True)]
OptionalFile = Annotated[Path | None, Field(exclude=True)]
Threads = Annotated[int, Field(ge=1, exclude=True)]


class Job(BaseModel):
    """Base of all jobs: frozen, and an unknown key is an error. The description of a field is its help text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def params(cls, **fields: Any) -> str:
        """Return the fields that decide the outcome as canonical JSON, for ``params`` of a rule.

        Files and threads are left out: the rule gives them as options. SerError if a field does not validate.
        """
        blank = {name: Path() for name, field in cls.model_fields.items() if field.exclude and field.is_required()}
        return json.dumps(cls._checked(blank | fields).model_dump(mode="json"), sort_keys=True, separators=(",", ":"))

    @classmethod
    def read(cls, text: str | None, options: Mapping[str, str | None]) -> Self:
        """Return the job in ``text``, with ``options`` laid over it.

        text: a JSON object, the path of a file that holds one, or "-" for standard input; options: by field, None or ""
        where not given, JSON for an object or a list. SerError for what cannot be read or does not validate.
        """
        fields = _object(text) if text is not None else {}
        for name, value in options.items():
            if value not in (None, ""):
                nested = _is_nested(cls.model_fields[name].annotation)
                fields[name] = _json(f"--{name.replace('_', '-')}", value) if nested else value
        return cls._checked(fields)

    @classmethod
    def _checked(cls, fields: Mapping[str, Any]) -> Self:
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
            raise SerError(f"{cls.__name__}: {offenders(faults)}.") from error


class GpuJob(Job):
    """Base of the jobs that can compute on a GPU."""

    gpus: int = Field(1, ge=0, exclude=True, description="GPUs that the scheduler granted; 0: the job uses the CPU.")
    jobs_per_gpu: int = Field(1, ge=1, exclude=True, description="Jobs that may compute on one GPU at a time.")
    device: str = Field("auto", exclude=True, description="auto, cpu, cuda or cuda:<n>.")


def _object(text: str) -> dict[str, Any]:
    """Return the JSON object in ``text``, in the file at that path, or on standard input if it is "-"."""
    if text == "-":
        text = sys.stdin.read()
    elif not text.lstrip().startswith("{"):
        try:
            text = Path(text).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise SerError(f"--job: {text[:80]} is neither a JSON object nor a file that can be read.") from error
    content = _json("--job", text)
    if not isinstance(content, dict):
        raise SerError(f"--job must be a JSON object: {text[:80]}")
    return content


def _json(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise SerError(f"{option} must be JSON ({error}): {text[:80]}") from error


def _is_nested(annotation: Any) -> bool:
    """Return whether values of a field are objects or lists, of which an option holds the JSON text."""
    if get_origin(annotation) in (Union, UnionType):
        return any(map(_is_nested, get_args(annotation)))
    kind = get_origin(annotation) or annotation
    return isinstance(kind, type) and issubclass(kind, dict | list | tuple | BaseModel | Mapping)
