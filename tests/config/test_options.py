"""What the annotation of an option means, for every option that the package has."""

from pathlib import Path

import pytest

from ser import catalog
from ser.checks.run import KINDS
from ser.config.entries import Entry
from ser.config.options import accepts, with_options
from ser.config.read import shipped
from ser.errors import SerError

CONFIG = Path(__file__).parents[2] / "config"
EVERY = [
    (kind, name, option)
    for kind in KINDS.values()
    for name in catalog.names(kind.FOLDER)
    for option in accepts(kind.FOLDER, name) or {}
]


def test_every_shipped_protocol_passes_and_stays_as_it_is() -> None:
    for protocol in shipped(CONFIG)[0].values():
        assert with_options(protocol, "here").decisive() == protocol.decisive()


@pytest.mark.parametrize(("kind", "name", "option"), EVERY)
def test_no_option_takes_whatever_it_gets(kind: type[Entry], name: str, option: str) -> None:
    """An annotation that is not understood lets everything pass: then this module has to learn it."""
    strange = kind.model_construct(**{kind.KEY: name}, options={option: [{"a": [None]}]})
    with pytest.raises(SerError, match=f"^here.options.{option}: must be "):
        with_options(strange, "here", given=accepts(kind.FOLDER, name) or ())
