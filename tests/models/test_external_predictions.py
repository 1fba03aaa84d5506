"""Tables of predictions from elsewhere: what they mean, and what is refused before anything is trained."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser.errors import SerError
from ser.models import external_predictions

CLASSES = ("angry", "happy", "sad")
UTTERANCES, TRUTH = ("u1", "u2"), ("sad", "angry")


def write(folder: Path, name: str = "theirs.csv", /, **columns: list[object]) -> Path:
    table, path = pd.DataFrame(columns), folder / name
    table.to_parquet(path) if path.suffix == ".parquet" else table.to_csv(path, index=False)
    return path


def answers(path: Path, seed: int = 0) -> external_predictions.Answers:
    return external_predictions.build(CLASSES, file=path, origin="their toolkit 1.0").answers(UTTERANCES, TRUTH, seed)


@pytest.mark.parametrize("name", ["theirs.csv", "theirs.csv.gz", "theirs.parquet"])
def test_probabilities_are_put_in_the_order_of_utterances_and_classes(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(
        tmp_path, name, utterance=["u2", "u1", "u9"], sad=[0.1, 0.7, 0], happy=[0.2, 0.2, 0], angry=[0.7, 0.1, 1]
    )
    found = answers(path)
    np.testing.assert_allclose(found.probabilities, [[0.1, 0.2, 0.7], [0.7, 0.2, 0.1]], atol=1e-6)
    assert found.probabilities.dtype == np.float32
    assert "2 rows are answered test utterances, 1 others" in capsys.readouterr().err
    assert "their toolkit 1.0" in found.notes


def test_labels_alone_are_probabilities_of_one(tmp_path: Path) -> None:
    path = write(tmp_path, utterance=["a/u1.wav", "b\\u2.flac"], predicted=["happy", "angry"], split=["x", "y"])
    found = answers(path)
    np.testing.assert_array_equal(found.probabilities, [[0, 1, 0], [1, 0, 0]])
    assert "it gave labels: the probabilities are 0 and 1" in found.notes
    assert "columns that are not read: split" in found.notes


def test_a_seed_has_its_own_answers(tmp_path: Path) -> None:
    path = write(tmp_path, utterance=["u1", "u2"] * 2, predicted=["sad", "sad", "happy", "happy"], seed=[0, 0, 1, 1])
    np.testing.assert_array_equal(answers(path, seed=1).probabilities.argmax(1), [1, 1])
    with pytest.raises(SerError, match="seed 2: 2 of 2 test utterances have no answer: u1, u2"):
        answers(path, seed=2)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"utterance": ["u1"], "predicted": ["sad"]}, "1 of 2 test utterances have no answer: u2"),
        ({"utterance": ["u1", "u2", "u2"], "predicted": ["sad"] * 3}, "several answers for u2"),
        (
            {"utterance": ["u1", "u2"], "predicted": ["sad", "calm"]},
            "predicted calm is no class of the protocol: angry",
        ),
        ({"utterance": ["u1", "u2"], "sad": [1, 1]}, "lacks the columns angry, happy"),
        ({"utterance": ["u1", "u2"], "score": [1, 1]}, "lacks the columns angry, happy, sad"),
        ({"utterance": ["u1", "u2"], "angry": [1, 3], "happy": [0, -1], "sad": [0, -1]}, "sum 1: u2"),
        ({"utterance": ["u1", "u2"], "angry": [1, 1], "happy": [0, 0], "sad": [0, "x"]}, "sum 1: u2"),
        (
            {"utterance": ["u1", "u2"], "predicted": ["sad", "sad"], "angry": [1, 0], "happy": [0, 0], "sad": [0, 1]},
            "'predicted' is not the most probable class: u1",
        ),
        (
            {"utterance": ["u1", "u2"], "predicted": ["sad", "sad"], "label": ["sad", "sad"]},
            "1 labels are not those of the protocol: u2",
        ),
    ],
)
def test_answers_that_cannot_be_scored_are_named(
    tmp_path: Path, columns: dict[str, list[object]], message: str
) -> None:
    with pytest.raises(SerError, match=message):
        answers(write(tmp_path, **columns))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,predicted\nu1,sad\n", "needs a column utterance and rows; it has 1, and file, predicted"),
        ("utterance,predicted\n", "it has 0"),
        ("utterance,predicted\nu1,\n", "predicted is empty in some rows"),
        ("utterance,predicted,seed\nu1,sad,one\n", "some seeds are no numbers"),
        ("", "cannot be read as a table"),
    ],
)
def test_what_is_no_such_table_stops_the_plan(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text(content)
    with pytest.raises(SerError, match=message):
        external_predictions.files(file=path)
    with pytest.raises(SerError, match="there are no predictions at"):
        external_predictions.files(file=tmp_path / "none.csv")
