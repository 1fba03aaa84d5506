"""Disturbed copies are examples of train alone, with targets, words and statistics as stated."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ser import layout
from ser.config.augmentation import Augmentation
from ser.config.copies import DisturbedCopy, copies
from ser.config.recipe import Inputs, View, Words
from ser.config.schema import Protocol
from ser.errors import SerError
from ser.tables import contracts
from ser.training import fold, fold_data
from ser.training.augmented_fold import AugmentedFold, augmented, with_copies
from ser.training.fold_data import FoldData

ROWS = [
    ("a1", "train", "sad", "a"),
    ("a2", "test", "sad", "a"),
    ("b1", "train", "angry", "b"),
    ("c1", "dev", "angry", "c"),
    ("d1", "test", "sad", "d"),
]
NOISE = Augmentation(conditions={"white_noise": (20.0, 10.0)})
LOUD, LOUDER = (DisturbedCopy("gain", strength) for strength in (6.0, 12.0))
RANDOM = np.random.default_rng(0)
MATRICES = {name: RANDOM.normal(size=(3 + at, 2)).astype(np.float32) for at, (name, *_) in enumerate(ROWS)}


def rule(normalisation: str = "train") -> Protocol:
    return Protocol.model_validate(
        {"rule": "any", "labels": "all", "selection": "last", "normalisation": normalisation}
    )


@pytest.fixture
def load(shards: Callable[..., Path], folds: Callable[..., Path], tmp_path: Path) -> Callable[..., FoldData]:
    """Write a fold, its feature, and copies of ALL utterances, those of dev and test too; load what is trained on."""
    table = folds(tmp_path / "folds.parquet", ROWS)
    features = shards(tmp_path / "f", MATRICES)
    for number, copy in enumerate((LOUD, LOUDER), start=1):
        copied = {copy.of(name): one + 10 * number for name, one in MATRICES.items()}
        shards(layout.of_copy(features, copy.name), copied)

    def load(*found: DisturbedCopy, normalisation: str = "train", **view: object) -> FoldData:
        of = fold.read(table, 0, rule(normalisation))
        of = with_copies(of, found) if found else of
        inputs = Inputs(frames=View.model_validate({"feature": "f", **view}))
        return fold_data.load(of, inputs, {"f": features}, device=torch.device("cpu"), seed=0)

    return load


def seen(data: FoldData, part: str) -> dict[str, np.ndarray]:
    """Return the frames of each example of a part by the name of its row."""
    examples = data.examples(part)
    ((batch, _),) = data.batches(examples, [np.arange(len(examples.label))])
    assert batch.mask is not None
    names = [data.fold.utterances[row] for row in examples.utterance]
    return {name: x[real].numpy() for name, x, real in zip(names, batch.frames, batch.mask, strict=True)}


def test_only_the_train_part_has_copies(load: Callable[..., FoldData]) -> None:
    clean, data = load(), load(LOUD, LOUDER)
    train = ["a1", "b1", *(copy.of(name) for copy in (LOUD, LOUDER) for name in ("a1", "b1"))]
    assert list(seen(data, "train")) == train
    for part in ("dev", "test"):
        assert list(seen(data, part)) == list(seen(clean, part))
        for name, frames in seen(data, part).items():
            np.testing.assert_array_equal(frames, MATRICES[name])
    for number, copy in enumerate((LOUD, LOUDER), start=1):
        np.testing.assert_array_equal(seen(data, "train")[copy.of("b1")], MATRICES["b1"] + 10 * number)


def test_a_copy_has_the_target_of_its_utterance_and_counts_as_no_recording(load: Callable[..., FoldData]) -> None:
    clean, data = load().fold, load(LOUD, LOUDER)
    of = dict(zip(data.fold.utterances, data.fold.labels.tolist(), strict=True))
    assert of[LOUD.of("a1")] == of[LOUDER.of("a1")] == of["a1"]
    assert data.fold.counts() == clean.counts()
    assert data.fold.digest() == clean.digest(), "dev and test can be read again without the copies"
    assert isinstance(data.fold, AugmentedFold)
    assert data.fold.recordings == ("a1", "a2", "b1", "c1", "d1", "a1", "b1", "a1", "b1")
    assert data.digests()["f"] != load().digests()["f"]


def test_statistics_of_train_are_those_of_all_that_is_trained_on(load: Callable[..., FoldData]) -> None:
    real = np.concatenate(list(seen(load(LOUD, LOUDER, normalise="statistics"), "train").values()))
    np.testing.assert_allclose(real.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(real.std(0), 1, atol=1e-5)


def test_copies_leave_the_statistics_of_a_speaker_as_they_are(load: Callable[..., FoldData]) -> None:
    """Speaker a is in train and test: a2 is normalised by a1 and a2, and so is a1; the copy of a1 by itself."""
    clean, data = (load(*found, normalisation="speaker", normalise="statistics") for found in ((), (LOUD,)))
    for part in ("train", "test"):
        for name, frames in seen(clean, part).items():
            np.testing.assert_array_equal(seen(data, part)[name], frames)
    np.testing.assert_allclose(seen(data, "train")[LOUD.of("a1")].mean(0), 0, atol=1e-5)


def test_copies_keep_the_words_and_add_none(folds: Callable[..., Path], tmp_path: Path) -> None:
    table = folds(tmp_path / "folds.parquet", ROWS)
    words = [{"utterance": name, "text": f"{name} yes", "words": [name, "yes"], "reference": ""} for name, *_ in ROWS]
    contracts.write(contracts.TRANSCRIPTS, words, tmp_path / "words/0.parquet")
    of = with_copies(fold.read(table, 0, rule()), [LOUD, LOUDER])
    inputs = Inputs(words=Words(minimum=2))
    data = fold_data.load(of, inputs, {}, tmp_path / "words", device=torch.device("cpu"), seed=0)
    assert data.words is not None
    assert data.words.vocabulary == ("yes",), "a word of one utterance does not occur three times"
    np.testing.assert_array_equal(data.words.words[5:].numpy(), data.words.words[[0, 2, 0, 2]].numpy())


def test_a_copy_that_was_not_extracted_is_an_error(load: Callable[..., FoldData]) -> None:
    other = DisturbedCopy("gain", -6.0)
    with pytest.raises(SerError, match=rf"f\+{other.name} holds no shard; the augment stage writes them"):
        load(other)


def test_each_strength_condition_and_seed_has_files_of_its_own_and_voices_those_of_a_fold() -> None:
    found = copies(NOISE, "p", 0)
    assert [(one.condition, one.strength) for one in found] == [("white_noise", 20.0), ("white_noise", 10.0)]
    assert copies(NOISE, "other", 3) == found, "noise does not depend on the fold"
    babble = Augmentation(conditions={"babble": (10.0,)})
    every = [*found, *copies(NOISE.model_copy(update={"seed": 1}), "p", 0)]
    every += [one for at in (("p", 0), ("p", 1), ("other", 0)) for one in copies(babble, *at)]
    assert len({one.name for one in every}) == 7
    assert copies(None, "p", 0) == []


def test_without_augmentation_a_fold_is_itself(folds: Callable[..., Path], tmp_path: Path) -> None:
    of = fold.read(folds(tmp_path / "folds.parquet", ROWS), 0, rule())
    assert augmented(of, None, "p", 0) is of
