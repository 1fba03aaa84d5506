"""What an entry of an experiment changes of the shipped one that it is based on, and the remarks on its values."""

from pathlib import Path
from typing import Any

import pytest

from ser.config import read
from ser.config.read import features, merged, resolve
from ser.config.schema import Corpus
from ser.config.variants import changes

CONFIG = Path(__file__).parents[2] / "config"


def experiment(system: str, protocol: str = "peng2021", **sections: Any) -> dict[str, Any]:
    run = {"corpora": ["demo"], "protocols": [protocol], "systems": [system]}
    return {
        "experiment": {"name": "mini", "runs": [run]},
        "corpora": {"demo": {}},
        "embeddings": {"glove": {}},
        **sections,
    }


def changed(raw: dict[str, Any]) -> dict[str, dict[str, str]]:
    return changes(resolve(raw, CONFIG), features(CONFIG))


def test_a_shipped_system_under_a_shipped_protocol_changes_nothing() -> None:
    assert changed(experiment("Text-CNN")) == {}


def test_a_variant_lists_the_shipped_values_and_its_own() -> None:
    short = {"base": "Text-CNN", "title": "Short", "inputs": {"words": {"length": 48}}, "training": {"epochs": 8}}
    longer = {"base": "short", "options": {"kernels": [3]}}
    raw = experiment("longer", systems={"short": short, "longer": longer})
    assert changed(raw) == {
        "systems.longer": {
            "options.kernels": "none → [3]",
            "inputs.words.length": "128 → 48",
            "training.epochs": "50 → 8",
        }
    }


def test_a_renamed_copy_changes_nothing_but_a_system_of_its_own_is_not_shipped() -> None:
    assert changed(experiment("copy", systems={"copy": {"base": "Text-CNN", "title": "Another title"}})) == {}
    own = {"model": "linear_svm", "inputs": {"vector": {"feature": "egemaps"}}}
    assert changed(experiment("own", systems={"own": own})) == {"systems.own": {"base": "not a shipped entry"}}


def test_variants_of_an_experiment_and_features_count_as_changes() -> None:
    raw = experiment("Audio-CNN", features={"mfcc": {"options": {"mels": 26}}})
    raw["experiment"]["variants"] = {"quick": {"epochs": 3}}
    raw["experiment"]["runs"][0]["variant"] = "quick"
    found = changed(raw)["systems.Audio-CNN-quick"]
    assert found["training.epochs"] == "50 → 3"
    assert found["features.mfcc.options.mels"] == "none → 26"


def test_where_weights_lie_is_no_change() -> None:
    raw = experiment("Audio-CNN-xvector", features={"xvector": {"options": {"weights": "/data/embedding.ckpt"}}})
    assert changed(raw) == {}


def test_a_changed_protocol_is_not_the_papers() -> None:
    mine = {"base": "peng2021", "options": {"folds": 5}}
    found = changed(experiment("Text-CNN", "mine", protocols={"mine": mine}))
    assert list(found) == ["protocols.mine"]
    assert found["protocols.mine"]["options.folds"] == "10 → 5"


def test_a_remark_on_a_changed_value_gives_way_to_the_shipped_value() -> None:
    own = {"base": "Text-CNN", "inputs": {"words": {"length": 48}}, "training": {"epochs": 8, "batch": 16}}
    reasons = {"training.epochs": "enough for this corpus"}
    shipped = read.shipped(CONFIG)[1]["Text-CNN"].defaults
    mine = resolve(experiment("mine", systems={"mine": {**own, "defaults": reasons}}), CONFIG).systems["mine"].defaults
    assert "figure" in shipped["inputs.words.length"]
    assert mine["inputs.words.length"] == "Text-CNN has 128"
    assert mine["training.epochs"] == "enough for this corpus"
    assert mine["training.batch"] == "Text-CNN has 64"
    assert mine["options.dense"] == shipped["options.dense"]


def test_a_remark_on_a_section_does_not_cover_a_change_in_it() -> None:
    raw = experiment("wide", systems={"wide": {"base": "Conv1-GAP", "training": {"batch": 8}}})
    defaults = resolve(raw, CONFIG).systems["wide"].defaults
    assert "training" in read.shipped(CONFIG)[1]["Conv1-GAP"].defaults
    assert "training" not in defaults
    assert defaults["training.batch"] == "Conv1-GAP has 64"


@pytest.mark.parametrize("name", ["demo", "li2018_filters"])
def test_shipped_experiments_list_their_changes(name: str) -> None:
    raw = merged(read.read_yaml(CONFIG / "config.yaml"), read.read_yaml(CONFIG / f"experiments/{name}.yaml"))
    found = changed(raw)
    added = {f"systems.{system}" for system in raw["systems"]}
    assert set(found) == added


def test_a_part_of_a_corpus_is_not_the_papers_corpus() -> None:
    part = {"root": "/data/iemocap", "allow": ["subset"], "exclude": ["Ses01F_impro01_F000"]}
    raw = experiment("Text-CNN") | {"corpora": {"demo": {**part, "adapter": "iemocap"}}}
    assert changed(raw) == {"corpora.demo": {"exclude": "none → 1 utterances", "speakers": "all → a subset"}}


def test_a_trim_of_a_corpus_counts_as_a_change_and_its_default_is_no_part_of_the_digest() -> None:
    raw = experiment("Text-CNN", corpora={"demo": {"trim": "speech"}})
    assert changed(raw) == {"corpora.demo": {"trim": "none → speech"}}
    assert "trim" not in Corpus(adapter="table").decisive()
    assert Corpus(adapter="table", trim="none").decisive() == Corpus(adapter="table").decisive()
    assert '"trim":"speech"' in Corpus(adapter="table", trim="speech").decisive()
