"""Word errors compared with the edit distance by its definition, and what counts as a word."""

import math
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ser.errors import SerError
from ser.evaluation.word_errors import word_errors
from ser.tables import contracts
from ser.text.normalise import normalised


def write(path: Path, pairs: list[tuple[str, str]], first: int = 0, provenance: str = "an ear") -> None:
    """Write a shard of (reference, text)."""
    rows = [
        {"utterance": f"u{first + number}", "text": text, "words": text.split(), "reference": reference}
        for number, (reference, text) in enumerate(pairs)
    ]
    table = pa.Table.from_pylist(rows, schema=contracts.TRANSCRIPTS.schema)
    contracts.write(contracts.TRANSCRIPTS, table, path, {"provenance": provenance})


def distance(reference: list[str], text: list[str]) -> int:
    """Levenshtein's distance, by its recursion."""
    row = list(range(len(text) + 1))
    for done, word in enumerate(reference, start=1):
        before, row[0] = row[0], done
        for column, other in enumerate(text, start=1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (word != other))
    return row[-1]


def test_each_kind_of_error_is_counted(tmp_path: Path) -> None:
    pairs = [
        ("Excuse me.", "excuse me"),  # none
        ("one two three", "one too three"),  # substitution
        ("one two three", "one three"),  # deletion
        ("one two three", "one two two three"),  # insertion
        ("one two", ""),  # two deletions, nothing recognised
    ]
    write(tmp_path / "0.parquet", pairs)
    found = word_errors(tmp_path)
    assert (found.substitutions, found.deletions, found.insertions) == (1, 3, 1)
    assert (found.utterances, found.words, found.empty, found.unreferenced) == (5, 13, 1, 0)
    assert found.wer == pytest.approx(5 / 13)
    assert found.per_utterance == pytest.approx(1.0)
    assert found.provenance == "an ear"


words = st.lists(st.sampled_from(["a", "b", "c"]), max_size=6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(words, words), min_size=1, max_size=6))
def test_the_errors_are_the_edit_distance_of_all_utterances_with_a_reference(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[list[str], list[str]]]
) -> None:
    folder = tmp_path_factory.mktemp("t")
    write(folder / "0.parquet", [(" ".join(reference), " ".join(text)) for reference, text in pairs])
    found = word_errors(folder)
    compared = [pair for pair in pairs if pair[0]]
    assert found.errors == sum(distance(*pair) for pair in compared)
    assert found.words == sum(len(reference) for reference, _ in compared)
    assert found.unreferenced == len(pairs) - len(compared)
    assert found.empty == sum(not text for _, text in compared)
    assert found.insertions - found.deletions == sum(len(text) - len(reference) for reference, text in compared)


def test_shards_are_counted_together_and_older_ones_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "0.parquet", [("a b", "a c")])
    write(tmp_path / "1.parquet", [("a", "a")], first=1)
    write(tmp_path / "2.parquet", [("x x x", "y y y")], first=2)
    assert word_errors(tmp_path, 2).wer == pytest.approx(1 / 3)
    assert word_errors(tmp_path).wer == pytest.approx(4 / 6)
    write(tmp_path / "2.parquet", [("a", "a")], first=1)
    with pytest.raises(SerError, match="more than once: u1"):
        word_errors(tmp_path)
    with pytest.raises(SerError, match="has no transcripts"):
        word_errors(tmp_path / "none")


def test_without_any_reference_there_is_no_rate(tmp_path: Path) -> None:
    write(tmp_path / "0.parquet", [("", "some words"), ("[LAUGHTER]", "ha"), (" ... ", "")])
    found = word_errors(tmp_path)
    assert (found.utterances, found.words, found.errors, found.unreferenced) == (0, 0, 0, 3)
    assert math.isnan(found.wer)
    assert math.isnan(found.per_utterance)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Excuse me. [LAUGHTER] I DON'T know -- okay?!", "excuse me i don't know okay"),
        ("don’t; rock 'n' roll, the dogs' “bone”", "don't rock n roll the dogs bone"),
        ("well-known, $3.50 under_score", "well known 3 50 under score"),
        ("[BREATHING][LAUGHTER]", ""),
        ("Ça va, naïve Äußerung", "ça va naïve äusserung"),
        ("", ""),
    ],
)
def test_marks_case_and_punctuation_do_not_count(text: str, plain: str) -> None:
    assert normalised(text) == plain
    assert normalised(plain) == plain
