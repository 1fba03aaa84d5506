"""Real MiniLM: similarities that the hub printed for its sentences, and the weights that are configured."""

from pathlib import Path

import minilm_wheel
import numpy as np
import pytest

from ser.config import read
from ser.features import text_vector

SENTENCE = "That is a happy person"
SIMILAR = {  # cosine, as the hub's interface for sentence similarity answers with this model
    "That is a happy dog": 0.6945773,
    "That is a very happy person": 0.9429151,
    "Today is a sunny day": 0.2568761,
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        return minilm_wheel.write(tmp_path_factory.mktemp("minilm"))
    except ModuleNotFoundError as error:
        pytest.skip(str(error))


def test_similarities_are_those_that_were_published(model: Path) -> None:
    found = text_vector.extract_many([SENTENCE, *SIMILAR], model=str(model))
    first, *others = (vector[0] / np.linalg.norm(vector) for vector in found)
    np.testing.assert_allclose([float(first @ other) for other in others], list(SIMILAR.values()), atol=1e-5)


def test_the_shipped_feature_names_these_weights(model: Path) -> None:
    options = read.features(read.SHIPPED)["minilm_mean"].options
    assert options["sha256"] == minilm_wheel.HASHES["model.safetensors"]
    assert text_vector.dims(**options) == text_vector.dims(model=str(model)) == 384
