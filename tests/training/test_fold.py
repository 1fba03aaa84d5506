"""A fold knows its parts and classes, and refuses what cannot be trained or selected."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ser.config.schema import Protocol
from ser.errors import SerError
from ser.training import fold

ROWS = [("u1", "train", "sad", "a"), ("u2", "train", "angry", "a"), ("u3", "test", "sad", "b")]


def protocol(**changes: object) -> Protocol:
    return Protocol.model_validate({"title": "", "rule": "any", "labels": "all", "selection": "last"} | changes)


def test_classes_follow_the_protocol(tmp_path: Path, folds: Callable[..., Path]) -> None:
    path = folds(tmp_path / "f.parquet", ROWS)
    assert fold.read(path, 0, protocol()).classes == ("angry", "sad")
    ordered = protocol(labels={"sad": ["sad"], "angry": ["angry"]})
    assert fold.read(path, 0, ordered).classes == ("sad", "angry")
    assert fold.read(path, 0, ordered).counts()["train"] == {"sad": 1, "angry": 1}


def test_row_order_of_the_file_decides_nothing(tmp_path: Path, folds: Callable[..., Path]) -> None:
    one = fold.read(folds(tmp_path / "f.parquet", ROWS), 0, protocol())
    two = fold.read(folds(tmp_path / "g.parquet", ROWS[::-1]), 0, protocol())
    assert one.digest() == two.digest()
    moved = [*ROWS[:2], ("u3", "test", "angry", "b")]
    assert fold.read(folds(tmp_path / "h.parquet", moved), 0, protocol()).digest() != one.digest()


@pytest.mark.parametrize(
    ("rows", "changes", "message"),
    [
        (ROWS, {"labels": {"sad": ["sad"], "angry": ["angry"], "happy": ["happy"]}}, "no utterance of happy"),
        (ROWS, {"labels": {"sad": ["sad"]}}, "labels angry"),
        (ROWS, {"selection": "dev_ua"}, "selection: last"),
        ([*ROWS[1:], ("u4", "train", "angry", "a")], {}, "no utterance of sad"),
    ],
)
def test_what_cannot_be_trained_is_refused(
    rows: list[tuple[str, str, str, str]],
    changes: dict[str, object],
    message: str,
    tmp_path: Path,
    folds: Callable[..., Path],
) -> None:
    path = folds(tmp_path / "f.parquet", rows)
    with pytest.raises(SerError, match=message):
        fold.read(path, 0, protocol(**changes))


def test_an_unknown_fold_names_the_known(tmp_path: Path, folds: Callable[..., Path]) -> None:
    with pytest.raises(SerError, match="no fold 3; it has 0"):
        fold.read(folds(tmp_path / "f.parquet", ROWS), 3, protocol())
