"""Words of a fold: those of train and those with a given vector are known, each with its row of the table."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch

from ser.config.recipe import Words
from ser.config.schema import Protocol
from ser.errors import SerError
from ser.layers.word_vectors import WordVectors
from ser.tables import contracts
from ser.training import fold, word_input
from ser.training.fold import Fold
from ser.training.word_input import WordInput

CPU = torch.device("cpu")
TRANSCRIPTS = {
    "a": ["no", "no", "yes"],
    "b": ["no", "well"],
    "c": ["yes", "never", "no"],  # dev
    "d": ["never", "yet", "before"],  # test
}
PARTS = {"a": "train", "b": "train", "c": "dev", "d": "test"}

Folds = Callable[..., Path]


@pytest.fixture
def split(tmp_path: Path, folds: Folds) -> Callable[[Mapping[str, str]], Fold]:
    def make(parts: Mapping[str, str] = PARTS) -> Fold:
        rows = [(name, part, "happy", "s") for name, part in parts.items()]
        protocol = Protocol.model_validate({"rule": "any", "labels": "all", "selection": "last"})
        return fold.read(folds(tmp_path / "folds.parquet", rows), 0, protocol)

    return make


def word_input_of(
    one: Fold, transcripts: Mapping[str, list[str]] = TRANSCRIPTS, *, seed: int = 0, **given: Any
) -> WordInput:
    embedding = given.pop("file", None)
    words = Words.model_validate({"dims": 3, **given})
    return word_input.make(
        words, [transcripts[name] for name in one.utterances], one, CPU, seed=seed, embedding=embedding
    )


def vectors(path: Path, entries: Mapping[str, list[float]]) -> Path:
    table = pa.table([list(entries), list(entries.values())], schema=contracts.EMBEDDING.schema)
    contracts.write(contracts.EMBEDDING, table, path, {"provenance": "glove.txt (SHA-256 0123)"})
    return path


def test_only_the_train_parts_words_are_known_most_frequent_first(split: Callable[..., Fold]) -> None:
    found = word_input_of(split())
    assert found.vocabulary == ("no", "well", "yes")  # three times, then by the alphabet
    assert found.table.shape == (5, 3)
    rows = found.words.numpy()
    assert rows.tolist() == [[2, 2, 4], [2, 3, 0], [4, 1, 2], [1, 1, 1]]
    assert found.counts.tolist() == [3, 2, 3, 3]


def test_another_test_part_changes_nothing_in_training(split: Callable[..., Fold]) -> None:
    first, second = (
        word_input_of(split()),
        word_input_of(split(), {**TRANSCRIPTS, "d": ["no"] * 9, "c": ["entirely", "new"]}),
    )
    assert first.vocabulary == second.vocabulary
    assert torch.equal(first.table, second.table)
    assert torch.equal(first.words[:2, :3], second.words[:2, :3])


def test_words_below_the_minimum_count_as_unknown(split: Callable[..., Fold]) -> None:
    found = word_input_of(split(), minimum=2)
    assert found.vocabulary == ("no",)
    assert found.words.tolist()[0] == [2, 2, 1]
    with pytest.raises(SerError, match="occurs 4 times"):
        word_input_of(split(), minimum=4)


def test_an_empty_transcript_is_one_unknown_word_and_counted(split: Callable[..., Fold]) -> None:
    found = word_input_of(split(), {**TRANSCRIPTS, "b": [], "d": []})
    assert found.words[1].tolist() == [1, 0, 0]
    assert found.counts.tolist() == [3, 1, 3, 1]
    assert "2 of 4 transcripts are empty and read as one unknown word" in found.notes
    assert not any("empty" in note for note in word_input_of(split()).notes)


def test_a_vocabulary_of_one_word_is_noted_and_none_is_an_error(split: Callable[..., Fold]) -> None:
    found = word_input_of(split(), {**TRANSCRIPTS, "a": ["no"], "b": ["no"]})
    assert any("single word" in note for note in found.notes)
    assert not any("single word" in note for note in word_input_of(split()).notes)
    with pytest.raises(SerError, match="no transcript 'given' of the train part has a word"):
        word_input_of(split(), {**TRANSCRIPTS, "a": [], "b": []})


def test_first_vectors_are_uniform_from_the_seed_and_padding_is_zero(split: Callable[..., Fold]) -> None:
    transcripts = {**TRANSCRIPTS, "a": [f"word{number}" for number in range(500)]}
    table = word_input_of(split(), transcripts, dims=20).table
    assert table.dtype == torch.float32
    assert torch.equal(table[0], torch.zeros(20))
    drawn = table[1:].numpy()
    assert np.abs(drawn).max() <= 0.25
    assert drawn.mean() == pytest.approx(0, abs=0.25 / np.sqrt(3 * drawn.size) * 4)  # four standard errors
    assert drawn.var() == pytest.approx(0.25**2 / 3, rel=0.05)
    assert torch.equal(table, word_input_of(split(), transcripts, dims=20).table)
    other = word_input_of(split(), transcripts, dims=20, seed=1)
    assert not torch.equal(table, other.table)
    assert other.digest() != word_input_of(split(), transcripts, dims=20).digest()


def test_given_vectors_are_in_the_rows_of_their_words(split: Callable[..., Fold], tmp_path: Path) -> None:
    file = vectors(tmp_path / "v.parquet", {"never": [9.0, 9, 9], "no": [1.0, 2, 3], "yes": [4.0, 5, 6]})
    found = word_input_of(split(), embedding="glove", file=file)
    table = found.table
    assert table[2].tolist() == [1, 2, 3]
    assert table[4].tolist() == [4, 5, 6]
    scratch = word_input_of(split())
    assert torch.equal(table[[0, 1, 3]], scratch.table[[0, 1, 3]])
    assert "word vectors from glove.txt (SHA-256 0123) for 2 of 3 words of train; others known: 1" in found.notes
    assert found.digest() != scratch.digest()


def test_a_word_that_train_lacks_keeps_its_given_vector(split: Callable[..., Fold], tmp_path: Path) -> None:
    file = vectors(
        tmp_path / "v.parquet",
        {"absent": [7.0, 7, 7], "before": [8.0, 8, 8], "never": [9.0, 9, 9], "no": [1.0, 2, 3]},
    )
    found = word_input_of(split(), embedding="glove", file=file)
    assert found.vocabulary == ("no", "well", "yes", "before", "never"), "train's first; 'absent' is in no transcript"
    assert found.table[5:].tolist() == [[8, 8, 8], [9, 9, 9]]
    assert found.words.tolist() == [[2, 2, 4], [2, 3, 0], [4, 6, 2], [6, 1, 5]]  # "yet" has no vector
    strict = word_input_of(split(), embedding="glove", file=file, vocabulary="train")
    assert strict.vocabulary == ("no", "well", "yes")
    assert strict.words.tolist() == [[2, 2, 4], [2, 3, 0], [4, 1, 2], [1, 1, 1]]
    assert torch.equal(strict.table, found.table[:5])
    assert "for 1 of 3 words of train; others known: 0" in strict.notes[0]
    assert strict.digest() != found.digest()


def test_a_rare_word_of_train_is_known_by_its_given_vector(split: Callable[..., Fold], tmp_path: Path) -> None:
    file = vectors(tmp_path / "v.parquet", {"yes": [4.0, 5, 6]})
    assert word_input_of(split(), minimum=2, embedding="glove", file=file).vocabulary == ("no", "yes")
    strict = word_input_of(split(), minimum=2, embedding="glove", file=file, vocabulary="train")
    assert strict.vocabulary == ("no",)


def test_words_of_other_parts_change_no_row_of_trains(split: Callable[..., Fold], tmp_path: Path) -> None:
    file = vectors(tmp_path / "v.parquet", {"never": [9.0, 9, 9], "entirely": [8.0, 8, 8]})
    one = word_input_of(split(), embedding="glove", file=file)
    other = word_input_of(split(), {**TRANSCRIPTS, "c": ["entirely"], "d": ["no"] * 9}, embedding="glove", file=file)
    assert torch.equal(one.table[:5], other.table[:5])
    assert torch.equal(one.words[:2, :3], other.words[:2, :3])


def test_the_usual_vocabulary_does_not_identify_a_recipe() -> None:
    assert "vocabulary" not in Words().model_dump()
    assert Words(vocabulary="train").model_dump()["vocabulary"] == "train"
    assert "vocabulary" not in Words(vocabulary="all").model_dump()


@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_a_vector_that_train_never_looks_up_is_not_updated(
    split: Callable[..., Fold], tmp_path: Path, decay: float
) -> None:
    file = vectors(tmp_path / "v.parquet", {"never": [9.0, 9, 9], "no": [1.0, 2, 3]})
    found = word_input_of(split(), embedding="glove", file=file)
    layer = WordVectors(found.table)
    descent = torch.optim.Adam(layer.parameters(), lr=0.1, weight_decay=decay)
    for _ in range(3):
        descent.zero_grad()
        layer(found.words[:2]).square().sum().backward()
        descent.step()
    moved = (layer.table.weight != found.table).any(1).tolist()
    assert moved == [False, bool(decay), True, True, True, bool(decay)]


def test_what_a_table_started_from_is_noted(split: Callable[..., Fold]) -> None:
    assert word_input_of(split()).notes == ("word vectors learned from scratch",)
    assert word_input_of(split(), embedding="glove").notes == (
        "word vectors learned from scratch (glove is not configured)",
    )


def test_vectors_that_do_not_fit_are_refused(split: Callable[..., Fold], tmp_path: Path) -> None:
    file = vectors(tmp_path / "v.parquet", {"no": [1.0, 2, 3, 4]})
    with pytest.raises(SerError, match=r"have 4 values, inputs\.words\.dims is 3"):
        word_input_of(split(), embedding="glove", file=file)
    with pytest.raises(SerError, match=r"names no inputs\.words\.embedding"):
        word_input_of(split(), dims=4, file=file)
    none = vectors(tmp_path / "none.parquet", {})
    assert "for 0 of 3 words of train; others known: 0" in word_input_of(split(), embedding="glove", file=none).notes[0]


@pytest.mark.parametrize(
    ("given", "columns", "counts"),
    [
        ({}, 3, [3, 2, 3, 3]),
        ({"limit": 2}, 2, [2, 2, 2, 2]),
        ({"length": 5}, 5, [3, 2, 3, 3]),
        ({"length": 2}, 2, [2, 2, 2, 2]),
        ({"limit": 1, "length": 4}, 4, [1, 1, 1, 1]),
    ],
)
def test_a_limit_cuts_and_a_length_also_pads(
    split: Callable[..., Fold], given: dict[str, int], columns: int, counts: list[int]
) -> None:
    sentences = word_input_of(split(), **given)
    assert sentences.words.shape == (4, columns)
    assert sentences.counts.tolist() == counts
    assert sentences.length == given.get("length")
    for row, count in zip(sentences.words, counts, strict=True):
        assert (row[:count] > 0).all()
        assert (row[count:] == 0).all()


def test_words_that_a_limit_cuts_off_are_not_learned(split: Callable[..., Fold]) -> None:
    assert word_input_of(split(), limit=1).vocabulary == ("no",)


def test_a_batch_is_as_wide_as_its_longest_transcript_and_masks_padding(split: Callable[..., Fold]) -> None:
    transcripts = {**TRANSCRIPTS, "c": ["yes"] * 7}
    sentences = word_input_of(split(), transcripts)
    rows = np.array([1, 0], dtype=np.int64)
    words, real = sentences.batch(torch.from_numpy(rows), rows)
    assert words.tolist() == [[2, 3, 0], [2, 2, 4]]
    assert real.tolist() == [[True, True, False], [True, True, True]]
    assert ((words > 0) == real).all()
    fixed = word_input_of(split(), transcripts, length=9)
    words, real = fixed.batch(torch.from_numpy(rows), rows)
    assert words.shape == real.shape == (2, 9)
    assert real.all(), "papers that fix a length have no mask"


def test_transcripts_are_read_by_name_from_the_shards_that_count(tmp_path: Path) -> None:
    for shard, names in enumerate((["b", "a"], ["c"], ["d"])):
        rows = [{"utterance": name, "text": "", "words": TRANSCRIPTS[name], "reference": ""} for name in names]
        table = pa.Table.from_pylist(rows, schema=contracts.TRANSCRIPTS.schema)
        contracts.write(contracts.TRANSCRIPTS, table, tmp_path / f"{shard}.parquet")
    assert word_input.sentences(tmp_path, ["c", "a"]) == [TRANSCRIPTS["c"], TRANSCRIPTS["a"]]
    assert word_input.sentences(tmp_path, ["b"], 1) == [TRANSCRIPTS["b"]]
    with pytest.raises(SerError, match="no transcript of 1 utterances: d"):
        word_input.sentences(tmp_path, ["a", "d"], 2)
