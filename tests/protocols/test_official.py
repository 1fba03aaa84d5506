"""The split that a corpus was published with."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from ser import catalog
from ser.checks.protocol import assigned, check_parts
from ser.config.schema import Protocol
from ser.errors import SerError
from ser.protocols import official

SPLIT = {"a": "train", "b": "train", "c": "dev", "d": "test1", "e": "test2", "gone": "test1"}
MANIFEST = pd.DataFrame({"utterance": [*"abcdef"], "speaker": [*"123456"]})


@pytest.fixture(autouse=True)
def _toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus 'toy' with SPLIT, and 'bare' without one."""
    toy, bare = ModuleType("toy"), ModuleType("bare")

    def published(root: Path, *, half: bool = False) -> Iterator[tuple[str, str]]:
        assert root == Path("r")
        yield from [pair for pair in SPLIT.items() if not half or pair[0] in "ab"]

    toy.official = published  # type: ignore[attr-defined]
    toy.official_files = lambda root, **_: [root / "split.csv"]  # type: ignore[attr-defined]
    modules = {"toy": toy, "bare": bare, "official": official}
    monkeypatch.setattr(catalog, "load", lambda _, name: modules[name])
    monkeypatch.setattr(catalog, "names", lambda _: ["bare", "toy"])


def parts(**options: object) -> dict[str, str]:
    found = assigned(official, MANIFEST, **{"adapter": "toy", "root": Path("r"), **options})
    return dict(zip(found["utterance"], found["part"], strict=True))


def test_each_utterance_is_in_its_published_part(capsys: pytest.CaptureFixture[str]) -> None:
    shared = {"a": "train", "b": "train", "c": "dev"}
    assert parts(test="test1") == shared | {"d": "test"}
    assert "2 of 6 utterances are in no part" in capsys.readouterr().err
    assert parts(test="test2") == shared | {"e": "test"}


def test_the_fold_is_accepted_although_it_tests_only_its_test_part() -> None:
    table = MANIFEST.assign(label="angry", session="s", dialog="d")
    protocol = Protocol(rule="official", labels="all", selection="dev_ua", leaks=("session", "dialog"))
    options = {"adapter": "toy", "root": Path("r"), "test": "test1"}
    checked = check_parts(assigned(official, table, **options), table, protocol)
    assert checked.loc[checked["part"] == "test", "utterance"].tolist() == ["d"]


def test_what_is_not_published_is_an_error_that_says_what_is() -> None:
    with pytest.raises(SerError, match="no part 'test'; the option 'test' names one of test1, test2"):
        parts()
    with pytest.raises(SerError, match="one of none"):
        parts(test="test1", options={"half": True})
    with pytest.raises(SerError, match="bare was published without a split; corpora that have one: toy"):
        parts(adapter="bare")


def test_a_part_without_an_utterance_of_the_manifest_is_an_error() -> None:
    with pytest.raises(SerError, match="no utterance of the protocol is in test"):
        assigned(official, MANIFEST[MANIFEST["utterance"] != "d"], adapter="toy", root=Path("r"), test="test1")


def test_the_files_of_the_split_are_followed() -> None:
    assert official.files(adapter="toy", root=Path("r"), test="test1") == [Path("r/split.csv")]
