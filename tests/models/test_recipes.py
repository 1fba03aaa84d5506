"""Every shipped recipe is legal, declares what is not from the paper, and has the published size."""

from pathlib import Path
from typing import Any

import pytest

from ser.config import extractors, read
from ser.config.options import with_options
from ser.config.recipe import Recipe
from ser.config.schema import Feature
from ser.papers import published
from ser.training.parameter_count import parameters

CONFIG = Path(__file__).parents[2] / "config"
RECIPES: dict[str, Recipe] = read.shipped(CONFIG)[1]
PAPERS = {path.stem for path in (CONFIG / "systems").glob("*.yaml")}
FEATURES: dict[str, Feature] = read.features(CONFIG)
DIMS = extractors.dims(FEATURES)
HEADLINES = {
    "C-pFSMN-A",
    "DenseLSTM-Feature",
    "Audio-CNN",
    "Audio-CNN-xvector",
    "CNN_TF_Att.pooling",
    "SVM-ComParE",
    "SVM-eGeMAPS",
}


def raw(name: str) -> dict[str, Any]:
    """Return the keys that a recipe and its bases write down."""
    entries = read.library(CONFIG / "systems")
    entry = entries[name]
    return read.merged(raw(entry["base"]), entry) if "base" in entry else entry


def test_the_headline_systems_are_there() -> None:
    assert set(RECIPES) >= HEADLINES


@pytest.mark.parametrize("name", RECIPES)
def test_model_options_and_features_exist(name: str) -> None:
    recipe = RECIPES[name]
    assert with_options(recipe, name).decisive() == recipe.decisive()
    for view in recipe.inputs.views().values():
        feature = FEATURES[view.feature]
        with_options(feature, name, given=extractors.trained(feature.extractor))
    assert recipe.paper is None or recipe.paper in PAPERS
    assert recipe.title


@pytest.mark.parametrize("name", RECIPES)
def test_every_default_names_a_key_that_the_recipe_sets(name: str) -> None:
    written = raw(name)
    for key, reason in RECIPES[name].defaults.items():
        value: Any = written
        for step in key.split("."):
            assert step in value, f"{name}: defaults names {key}"
            value = value[step]
        assert reason


@pytest.mark.parametrize("name", RECIPES)
def test_published_names_are_in_the_table_of_published_results(name: str) -> None:
    for paper, names in RECIPES[name].published.items():
        assert paper in PAPERS
        for system in names:
            published.published(paper, system)  # SerError for a name that the table does not have


@pytest.mark.parametrize(
    ("name", "classes", "count"),
    [
        ("C-pFSMN-A", 4, 689_906),
        ("C-pFSMN", 4, 671_904),
        ("DenseLSTM-LSTM", 5, 957_189),
        ("DenseLSTM-General", 5, 989_957),
        ("DenseLSTM-Time", 5, 1_121_029),
        ("DenseLSTM-Feature", 5, 1_252_101),
        ("DenseLSTM-Feature-eNTERFACE", 6, 2_861_958),
        ("Audio-CNN", 4, 393_728 + 1536 * 256 + 256 + 256 * 4 + 4),
        ("Audio-CNN-xvector", 4, 393_728 + 2048 * 256 + 256 + 256 * 4 + 4),
        ("CNN_TF_GAP", 4, 93_492),
        ("CNN_TF_Att.pooling", 4, 93_573),
        ("CNN_TF_Bilinear", 4, 118_772),
    ],
)
def test_parameters(name: str, classes: int, count: int) -> None:
    assert parameters(RECIPES[name], DIMS, classes) == count


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("DenseLSTM-LSTM-eNTERFACE", 2_141_062),
        ("DenseLSTM-General-eNTERFACE", 2_206_598),
        ("DenseLSTM-Time-eNTERFACE", 2_403_206),
        ("DenseLSTM-Feature-eNTERFACE", 2_861_958),
        ("DenseLSTM-Feature-eNTERFACE-512", 2_861_958 + 512 * 256 + 256 - 256 * 128),
    ],
)
def test_parameters_of_the_enterface_column(name: str, count: int) -> None:
    assert parameters(RECIPES[name], DIMS, 6) == count


def test_every_system_of_the_published_tables_is_a_recipe() -> None:
    printed = {(paper, number.system) for paper in published.papers() for number in published.printed(paper)}
    shipped = {
        (paper, system) for recipe in RECIPES.values() for paper, names in recipe.published.items() for system in names
    }
    assert printed <= shipped
    beyond = {("li2018", "Conv1-only GAP FC(16:4)")}  # of Figure 2, which prints statements and no WA
    assert shipped - printed == beyond


def test_no_recipe_is_a_copy_of_another_under_a_second_name() -> None:
    by_content: dict[str, list[str]] = {}
    for name, recipe in RECIPES.items():
        by_content.setdefault(recipe.decisive(), []).append(name)
    assert [names for names in by_content.values() if len(names) > 1] == []
