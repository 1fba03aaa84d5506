"""Conditions of an experiment: their strengths, and what is refused before anything is trained."""

from typing import Any

import pytest

from ser import catalog
from ser.config.definitions import problems
from ser.config.disturbances import MILD, UNNOTICED, of_experiment
from ser.config.plan import Plan
from ser.config.read import SHIPPED, resolve
from ser.errors import SerError


def resolved(robustness: dict[str, Any] | None, *systems: str) -> Any:
    runs = [{"corpora": ["mine"], "protocols": ["speaker-folds-4"], "systems": list(systems or ("SVM-eGeMAPS",))}]
    experiment = {"name": "trial", "runs": runs} | ({} if robustness is None else {"robustness": robustness})
    corpora = {"mine": {"adapter": "table", "root": "/nowhere", "options": {"table": "labels.csv"}}}
    return resolve({"experiment": experiment, "corpora": corpora, "embeddings": {"glove": {}}}, SHIPPED)


def planned(config: Any) -> Plan:
    names = config.experiment.selected("systems")
    protocols = {"speaker-folds-4": config.protocols["speaker-folds-4"]}
    systems = {name: config.systems[name] for name in names}
    return Plan(
        experiment=config.experiment, protocols=protocols, systems=systems, folds={"mine": {"speaker-folds-4": 2}}
    )


def test_without_conditions_nothing_changes() -> None:
    config = resolved(None)
    assert planned(config).disturbed() == []
    assert "robustness" not in config.experiment.model_dump_json()


def test_every_run_of_the_chosen_systems_has_every_condition() -> None:
    asked = {"conditions": {"white_noise": [20, 0], "mp3": []}, "systems": ["Audio-CNN"], "seed": 4}
    config = resolved(asked, "SVM-eGeMAPS", "Audio-CNN")
    pairs = planned(config).disturbed()
    assert [(run.system, run.fold, one.condition) for run, one in pairs] == [
        ("Audio-CNN", fold, condition) for fold in (0, 1) for condition in ("white_noise", "mp3")
    ]
    noise, codec = of_experiment(config.experiment.robustness)
    assert (noise.strengths, noise.seed) == ((20.0, 0.0), 4)
    assert codec.strengths == catalog.constant("conditions", "mp3", "STRENGTHS")


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"white_nois": []}, "unknown condition 'white_nois'. Did you mean 'white_noise'?"),
        ({"babble": [20, 99]}, "conditions.babble: 99.0 is out of range; SNR, dB: -20 to 60."),
        ({"mp3": [20]}, "conditions.mp3: there is no 20.0; bit rate, kbit/s: 8, 16, 24"),
        ({"gain": [6, 6]}, "conditions.gain: a strength is named twice: 6.0, 6.0."),
    ],
)
def test_conditions_that_do_not_exist_are_named(conditions: dict[str, Any], message: str) -> None:
    with pytest.raises(SerError) as error:
        resolved({"conditions": conditions})
    assert message in str(error.value)


def test_a_condition_that_lacks_a_definition_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assigned = catalog.assigned

    def without(module: str) -> dict[str, Any]:
        return {name: value for name, value in assigned(module).items() if name != "LIMITS"}

    monkeypatch.setattr(catalog, "assigned", without)
    problems.cache_clear()
    with pytest.raises(SerError, match=r"ser/conditions/gain.py: the constant LIMITS is missing: the lowest and the"):
        resolved({"conditions": {"gain": []}})
    problems.cache_clear()


@pytest.mark.parametrize("name", catalog.names("conditions"))
def test_every_condition_has_its_definitions(name: str) -> None:
    assert problems("conditions", name) == ()


def test_systems_that_read_more_than_the_sound_are_refused() -> None:
    words = next(
        name
        for name, recipe in resolved(None).systems.items()
        if recipe.inputs.words and recipe.inputs.words.transcript == "given" and not recipe.from_hub
    )
    with pytest.raises(SerError, match=rf"'{words}' reads given transcripts .'given'., and so cannot predict"):
        resolved({"conditions": {"gain": []}}, "SVM-eGeMAPS", words)
    assert planned(resolved({"conditions": {"gain": []}, "systems": ["SVM-eGeMAPS"]}, "SVM-eGeMAPS", words)).disturbed()
    with pytest.raises(SerError, match="'MiniLM-SVM' reads given transcripts"):  # by a feature
        resolved({"conditions": {"gain": []}}, "MiniLM-SVM")
    with pytest.raises(SerError, match="unknown system of the runs 'Audio-CNN'"):
        resolved({"conditions": {"gain": []}, "systems": ["Audio-CNN"]}, "SVM-eGeMAPS")


def test_the_tests_of_ser_assess_add_their_strengths_once_the_mild_ones_first() -> None:
    asked = {"conditions": {"white_noise": [20, 0], "gain": [20]}, "tests": True}
    config = resolved(asked)
    found = {one.condition: one.strengths for one in of_experiment(config.experiment.robustness)}
    assert list(found)[:3] == ["white_noise", "gain", "babble"]
    assert found["white_noise"] == (20.0, 0.0)
    assert found["gain"] == (-6.0, 6.0, 20.0)
    pairs = {(name, strength) for name, strengths in found.items() for strength in strengths}
    assert pairs == {*MILD.items(), *UNNOTICED, ("white_noise", 0.0), ("gain", 20.0)}
    assert [one for _, one in planned(config).disturbed()][: len(found)] == of_experiment(config.experiment.robustness)
    alone = of_experiment(resolved({"tests": True}).experiment.robustness)
    assert {(one.condition, strength) for one in alone for strength in one.strengths} == {*MILD.items(), *UNNOTICED}


def test_robustness_without_conditions_is_an_error() -> None:
    with pytest.raises(SerError, match=r"experiment.robustness: name conditions, or set 'tests: true'"):
        resolved({})
