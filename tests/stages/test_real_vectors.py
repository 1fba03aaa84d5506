"""Real GloVe vectors through the reader: the published values, and words near those that mean the like."""

from itertools import islice
from pathlib import Path

import glove_wheel
import numpy as np
import pytest

from ser.text import glove

NEAR = {"king": "queen", "happy": "glad", "angry": "angered", "paris": "france", "three": "four"}
FREQUENT = 30_000  # words whose vectors are kept; the file begins with the most frequent ones
FAR = ("carbon", "software", "volleyball")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return glove_wheel.write(tmp_path_factory.mktemp("glove") / "glove.6B.50d.txt")
    except ModuleNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def vectors(file: Path) -> dict[str, np.ndarray]:
    with file.open(encoding="utf-8") as lines:
        words = [line.split(" ", 1)[0] for line in islice(lines, FREQUENT)]
    return glove.read(file, words)


def cosine(first: np.ndarray, second: np.ndarray) -> float:
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


def test_the_words_are_read_with_the_published_values(vectors: dict[str, np.ndarray]) -> None:
    assert len(vectors) == FREQUENT
    assert {vector.shape for vector in vectors.values()} == {(50,)}
    published = [0.418, 0.24968, -0.41242, 0.1217, 0.34527, -0.044457]  # the first line of glove.6B.50d.txt
    np.testing.assert_array_equal(vectors["the"][:6], np.array(published, np.float32))


@pytest.mark.parametrize("word", NEAR)
def test_a_word_is_near_its_like_and_far_from_others(word: str, vectors: dict[str, np.ndarray]) -> None:
    near = cosine(vectors[word], vectors[NEAR[word]])
    assert near > 0.6
    assert all(cosine(vectors[word], vectors[other]) < near - 0.3 for other in FAR)


def test_the_nearest_words_of_king_have_queen_among_them(vectors: dict[str, np.ndarray]) -> None:
    names = list(vectors)
    table = np.stack([vectors[name] for name in names])
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    nearest = np.argsort(-(table @ table[names.index("king")]))[1:6]
    assert "queen" in {names[k] for k in nearest}
    wanted = vectors["king"] - vectors["man"] + vectors["woman"]
    ranked = [names[k] for k in np.argsort(-(table @ wanted))[:5]]
    assert next(name for name in ranked if name not in ("king", "man", "woman")) == "queen"
