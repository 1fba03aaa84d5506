"""What every entry of the configuration is: a frozen record, and one that names a module and its options."""

import json
from types import ModuleType
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from ser import catalog

DECISIVE = PlainSerializer(lambda entry: json.loads(entry.decisive()))  # in a job: an entry without titles and remarks
Options = dict[str, Any]
Names = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]


def with_maps(given: object) -> object:
    """Return a list of names as a mapping of each to an empty mapping, which also stands for a name without a value."""
    named = (
        dict.fromkeys(given) if isinstance(given, list | tuple) and all(isinstance(n, str) for n in given) else given
    )
    return {name: {} if value is None else value for name, value in named.items()} if isinstance(named, dict) else named


def added(default: Any, **about: Any) -> Any:
    """Return the field of a key that came later: left out where it has its default, so that earlier digests stay."""
    return Field(default, exclude_if=lambda value: value == default, **about)


class Strict(BaseModel):
    """A frozen record in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def canonical(self, exclude: set[str] | None = None) -> str:
        """Return the record as JSON with sorted keys, without the ``exclude`` fields: equal records give equal text."""
        return json.dumps(self.model_dump(mode="json", exclude=exclude), sort_keys=True, separators=(",", ":"))


class Entry(Strict):
    """An entry that names a module of ``ser/<FOLDER>`` in its key ``KEY`` and has options for it."""

    FOLDER: ClassVar[str]
    KEY: ClassVar[str]

    @property
    def module(self) -> str:
        """Return the module's name."""
        return str(getattr(self, self.KEY))

    @property
    def from_hub(self) -> bool:
        """Return whether it is of a model on the hub, which no check and no list fetches."""
        return bool(getattr(self, "options", {}).get("revision"))

    def load(self) -> ModuleType:
        """Import the module; SerError with the near miss if there is none."""
        return catalog.load(self.FOLDER, self.module)

    def decisive(self) -> str:
        """Return everything that affects a result (no titles, no remarks) as canonical JSON."""
        return self.canonical(exclude={"title", "paper", "published", "defaults"})
