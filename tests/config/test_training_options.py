"""Masks over frames and mixed examples are refused where they do not apply, before any job."""

from pathlib import Path

import pytest

from ser.config import read
from ser.config.recipe import Inputs, Recipe, Training
from ser.config.schema import Config, Feature
from ser.config.training_options import check_training
from ser.errors import SerError
from ser.provenance.code_hash import package, roots, training_options

CONFIG = Path(__file__).parents[2] / "config"
MASKS = {"frequency_width": 5, "time_width": 20}


def copies(**conditions: list[float]) -> dict[str, object]:
    return {"augmentation": {"conditions": conditions}}


def resolved(base: str, training: dict[str, object]) -> Config:
    return read.resolve(
        {
            "experiment": {
                "name": "x",
                "runs": [{"corpora": ["demo"], "protocols": ["peng2021"], "systems": ["mine"]}],
            },
            "corpora": {"demo": {}},
            "systems": {"mine": {"base": base, "training": training}},
        },
        CONFIG,
    )


@pytest.mark.parametrize(
    ("base", "training", "said"),
    [
        ("SVM-eGeMAPS", {"spec_augment": MASKS}, r"spec_augment: only networks .* 'linear_svm' is an estimator"),
        ("SVM-eGeMAPS", {"mixup": {}}, r"systems\.mine\.training\.mixup: only networks"),
        ("Text-CNN", {"spec_augment": MASKS}, "masks are over frames, and the recipe reads words alone"),
        ("Text-CNN", {"mixup": {}}, "two sentences have no mean"),
        ("RNN-ELM", {"mixup": {"alpha": 1}}, "'rnn_elm' has a loss of its own"),
        ("Audio-CNN", {"spec_augment": {}}, "it masks nothing; set frequency_width"),
        ("Audio-CNN", {"spec_augment": {"frequency_width": 5, "frequency_masks": 0}}, "it masks nothing"),
        (
            "Audio-CNN",
            {"spec_augment": {"frequency_width": 400}},
            r"400 would hide all \d+ dimensions of 'mfcc'; known: 0 to \d+",
        ),
        ("Audio-CNN", {"spec_augment": {"time_width": 750}}, "750 would hide all 750 frames"),
        ("Audio-CNN", {"spec_augment": {"time_width": -1}}, "spec_augment.time_width"),
        ("Audio-CNN", {"spec_augment": {"width": 3}}, "spec_augment: unknown key 'width'"),
        ("Audio-CNN", {"mixup": {"alpha": 0}}, "mixup.alpha"),
        (
            "Audio-CNN",
            copies(white_nois=[20]),
            "unknown condition 'white_nois'. Did you mean 'white_noise'.*Known: babble",
        ),
        ("SVM-eGeMAPS", copies(white_noise=[20, 90]), r"white_noise: 90.* is out of range; SNR, dB: -20 to 60"),
        ("SVM-eGeMAPS", copies(mp3=[20]), "there is no 20.*; bit rate, kbit/s: 8, 16"),
        ("SVM-eGeMAPS", copies(speed=[0.9, 0.9]), "a strength is named twice: 0.9, 0.9"),
        ("SVM-eGeMAPS", copies(speed=[]), r"augmentation\.conditions\.speed"),
        ("SVM-eGeMAPS", copies(), r"augmentation\.conditions"),
        ("Text-CNN", copies(gain=[6]), "the recipe reads transcripts alone, and copies keep those"),
        ("MiniLM-SVM", copies(gain=[6]), "the recipe reads transcripts alone, and copies keep those"),
    ],
)
def test_an_option_that_does_not_apply_is_refused(base: str, training: dict[str, object], said: str) -> None:
    with pytest.raises(SerError, match=said):
        resolved(base, training)


def test_what_applies_is_accepted_and_decides_the_recipe() -> None:
    plain = resolved("Audio-CNN", {}).systems["mine"]
    config = resolved("Audio-CNN", {"spec_augment": MASKS, "mixup": {"alpha": 0.4}})
    check_training(config, "mine")
    found = config.systems["mine"]
    assert found.decisive() != plain.decisive()
    assert Recipe.model_validate_json(found.canonical()) == found


def test_copies_are_for_every_system_that_reads_sound() -> None:
    for base in ("SVM-eGeMAPS", "Audio-CNN-xvector", "RNN-ELM"):
        found = resolved(base, copies(white_noise=[20, 10], speed=[0.9])).systems["mine"].training
        assert Training.model_validate_json(found.canonical()) == found


def test_vectors_of_named_utterances_and_answers_of_others_have_no_copies() -> None:
    config = resolved("SVM-eGeMAPS", copies(gain=[6]))
    recipe = config.systems["mine"]
    given = Feature.model_validate({"extractor": "given_vectors", "options": {"file": "theirs.npz"}})
    theirs = Inputs.model_validate({"vector": {"feature": "theirs"}})
    changes: dict[str, dict[str, object]] = {
        "is a table of predictions, which is not trained": {"model": "external_predictions"},
        "'theirs' has vectors of named utterances": {"inputs": theirs},
    }
    for said, change in changes.items():
        changed = {"systems": {"mine": recipe.model_copy(update=change)}, "features": {"theirs": given}}
        with pytest.raises(SerError, match=said):
            check_training(config.model_copy(update=changed), "mine")


def test_earlier_recipes_keep_their_digest() -> None:
    assert not {"spec_augment", "mixup", "augmentation"} & set(Training().model_dump())


@pytest.mark.parametrize("used", [(), ("spec_augment",), ("mixup",), ("spec_augment", "mixup")])
def test_the_code_hash_of_a_training_covers_the_changes_that_it_uses(used: tuple[str, ...]) -> None:
    """So an edit of one of them repeats no training without it."""
    given: dict[str, dict[str, object]] = {"spec_augment": {**MASKS}, "mixup": {}}
    recipe = resolved("Audio-CNN", {key: given[key] for key in used}).systems["mine"]
    stage = roots(package(), "train", [f"ser.models.{recipe.model}"])
    found = {str(one.name) for one in package().reached(stage, training_options(recipe))}
    assert {"spans", "masked"} & found == ({"spans", "masked"} if "spec_augment" in used else set())
    assert ("mixed" in found) == ("mixup" in used)
