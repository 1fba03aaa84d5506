"""What the names of a corpus's recordings say: one small grammar per corpus, of its adapter or in ``names.yaml``."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
import yaml
from pydantic import AfterValidator, Field, ValidationError, model_validator

from ser import catalog
from ser.config.entries import Strict
from ser.errors import SerError
from ser.user_table.fold_lists import corpus_name

FACTS = ("speaker", "session", "dialog", "sentence")
Fact = Literal["speaker", "session", "dialog", "sentence"]
SHIPPED = Path(__file__).with_name("names.yaml")
ONE = "the only one"  # the speaker of a corpus with one speaker


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression ({error})") from error
    return pattern


class Naming(Strict):
    """How the names of one corpus are read; the keys are explained at the top of ``names.yaml``."""

    pattern: Annotated[str, AfterValidator(_compiles)]
    facts: dict[Fact, str] = Field(default_factory=dict)
    speakers: Literal[1] | None = None
    from_: Literal["path", "key"] = Field("path", alias="from")
    example: dict[str, dict[Fact, str]] = Field(default_factory=dict)
    source: str = ""

    @model_validator(mode="after")
    def _groups_exist(self) -> "Naming":
        for fact, text in self.facts.items():
            if missing := set(re.findall(r"{(\w+)}", text)) - self.groups():
                raise ValueError(f"{fact} needs the group {', '.join(sorted(missing))}, which the pattern lacks")
        return self

    def groups(self) -> set[str]:
        """Return the names of the pattern's groups."""
        return set(re.compile(self.pattern).groupindex)

    def read(self, names: pd.Series) -> pd.DataFrame:
        """Return a column per entry of FACTS for ``names``: null where a name does not say it."""
        found = names.str.extract(re.compile(f"(?P<whole>{self.pattern})"))
        stated = {fact: found[fact] for fact in FACTS if fact in self.groups()}
        for fact, text in ((fact, text) for fact, text in self.facts.items() if text):
            parts = re.split(r"{(\w+)}", text)  # text, group, text, …
            column = pd.Series(parts[0], index=names.index, dtype=object)
            for group, after in zip(parts[1::2], parts[2::2], strict=True):
                column = column + found[group] + after
            stated[fact] = column
        if self.speakers == 1:
            stated["speaker"] = pd.Series(ONE, index=names.index)
        return pd.DataFrame({fact: stated.get(fact) for fact in FACTS}, index=names.index, dtype=object)


def shipped() -> Mapping[str, Naming]:
    """Return the grammars of the adapters whose corpora are named by a scheme, and those of ``names.yaml``."""
    schemes = {name: getattr(catalog.load("corpora", name), "RECORDINGS", None) for name in catalog.names("corpora")}
    of_adapters = {
        name: Naming(
            pattern=rf"(?:^|/){scheme.pattern}\.\w+$",
            facts={"speaker": scheme.speaker, "sentence": scheme.sentence},
            source=f"ser/corpora/{name}.py",
        )
        for name, scheme in schemes.items()
        if scheme is not None
    }
    return {**of_adapters, **namings(SHIPPED)}


@cache
def namings(file: Path) -> Mapping[str, Naming]:
    """Return the grammars in ``file`` by corpus; SerError says what is wrong with which entry."""
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SerError(f"{file} cannot be read as YAML: {error}.") from error
    if not isinstance(entries, dict):
        raise SerError(f"{file} must hold one entry per corpus.")
    found = {}
    for name, entry in entries.items():
        try:
            found[corpus_name(str(name))] = Naming.model_validate(entry)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise SerError(f"{file}, corpus '{name}'{where and f', key {where}'}: {first['msg']}.") from error
    return found
