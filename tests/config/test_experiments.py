"""Every shipped experiment can be resolved and names the command that runs it."""

from pathlib import Path

import pytest

from ser.config import read
from ser.config.schema import Config
from ser.errors import SerError

CONFIG = Path(__file__).parents[2] / "config"
FILES = sorted((CONFIG / "experiments").glob("*.yaml"))


def resolved(path: Path) -> Config:
    return read.resolve(read.merged(read.read_yaml(CONFIG / "config.yaml"), read.read_yaml(path)), CONFIG)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_experiment_is_valid_and_has_the_name_of_its_file(path: Path) -> None:
    assert resolved(path).experiment.name == path.stem
    head = path.read_text(encoding="utf-8").split("experiment:")[0]
    assert "snakemake --cores" in head


def test_experiments_of_one_corpus_trim_it_alike_and_a_root_of_the_command_line_keeps_the_key() -> None:
    """They share its folder in data, so another key would prepare it anew with every experiment."""
    trims: dict[str, set[str]] = {}
    for path in FILES:
        config = resolved(path)
        for corpus in config.experiment.selected("corpora"):
            trims.setdefault(corpus, set()).add(config.corpora[corpus].trim)
    assert trims["ravdess"] == {"speech"}
    assert trims["iemocap"] == trims["demo"] == {"none"}
    raw = read.merged(read.read_yaml(CONFIG / "config.yaml"), read.read_yaml(CONFIG / "experiments/ravdess.yaml"))
    config = read.resolve(read.merged(raw, {"corpora": {"ravdess": {"root": "/data"}}}), CONFIG)
    assert (config.corpora["ravdess"].trim, config.corpora["ravdess"].root) == ("speech", "/data")


def test_the_experiment_of_all_systems_trains_every_shipped_one() -> None:
    config = resolved(CONFIG / "experiments" / "all_systems.yaml")
    trained = {name.removesuffix("-tiny") for name in config.experiment.selected("systems")}
    assert trained == set(read.shipped(CONFIG)[1])


def test_a_variant_changes_the_training_of_a_block_under_a_name_of_its_own() -> None:
    raw = {
        "experiment": {
            "name": "x",
            "variants": {"tiny": {"steps": 3}},
            "runs": [{"corpora": ["demo"], "protocols": ["peng2021"], "systems": ["Audio-CNN"], "variant": "tiny"}],
        },
        "corpora": {"demo": {}},
    }
    config = read.resolve(raw, CONFIG)
    assert config.experiment.selected("systems") == ["Audio-CNN-tiny"]
    tiny, whole = config.systems["Audio-CNN-tiny"], config.systems["Audio-CNN"]
    assert tiny.training == whole.training.model_copy(update={"steps": 3})
    assert (tiny.inputs, tiny.options, tiny.model) == (whole.inputs, whole.options, whole.model)


def test_an_unknown_variant_and_a_sweep_over_an_absent_system_are_named() -> None:
    block = {"corpora": ["demo"], "protocols": ["peng2021"], "systems": ["Audio-CNN"]}
    raw = {"experiment": {"name": "x", "runs": [{**block, "variant": "tny"}]}, "corpora": {"demo": {}}}
    with pytest.raises(SerError, match=r"experiment\.runs\[0\]\.variant"):
        read.resolve(raw, CONFIG)
    sweep = {"axis": "filters", "systems": {2: "Audio-CNN", 4: "Audio-CNN-xvector"}}
    raw = {"experiment": {"name": "x", "runs": [block], "sweeps": {"s": sweep}}, "corpora": {"demo": {}}}
    with pytest.raises(SerError, match=r"experiment\.sweeps\.s"):
        read.resolve(raw, CONFIG)


def test_a_system_that_reads_words_needs_a_known_transcript_and_embedding() -> None:
    block = {"corpora": ["demo"], "protocols": ["peng2021"], "systems": ["Text-CNN-ASR"]}
    raw = {"experiment": {"name": "x", "runs": [block]}, "corpora": {"demo": {}}}
    with pytest.raises(SerError, match="transcript 'recognised'"):
        read.resolve(raw, CONFIG)
    recognised = {"recognised": {"recogniser": "pocketsphnx"}}
    with pytest.raises(SerError, match="Did you mean 'pocketsphinx'"):
        read.resolve({**raw, "transcripts": recognised}, CONFIG)
    with pytest.raises(SerError, match="embedding 'glove'"):
        read.resolve({**raw, "transcripts": {"recognised": {"recogniser": "pocketsphinx"}}}, CONFIG)
