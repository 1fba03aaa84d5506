"""Every shipped experiment can be resolved and names the command that runs it."""

from pathlib import Path
from typing import Any

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
    others = {name for file in ("encoders", "dimensions") for name in read.read_yaml(CONFIG / f"systems/{file}.yaml")}
    reason = "those on encoders need weights from elsewhere, those of dimensions have no classes"
    assert trained == set(read.shipped(CONFIG)[1]) - others, reason


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


RUNS = [
    {"corpora": ["demo"], "protocols": ["peng2021"], "systems": ["Audio-CNN", "SVM-ComParE"]},
    {"corpora": ["demo-cut"], "protocols": ["peng2021"], "systems": ["Audio-CNN"]},
    {"corpora": ["ravdess"], "protocols": ["peng2021"], "systems": ["SVM-eGeMAPS", "Audio-CNN"]},
    {"corpora": ["demo"], "protocols": ["speaker-folds-all"], "systems": ["SVM-ComParE"]},
]
CORPORA = {"demo": {}, "demo-cut": {"adapter": "demo", "trim": "speech"}, "ravdess": {}}


def contrasting(**contrast: str) -> Config:
    experiment = {"name": "x", "runs": RUNS, "contrasts": {"A choice": contrast}}
    return read.resolve({"experiment": experiment, "corpora": CORPORA}, CONFIG)


def test_a_contrast_is_measured_where_both_of_its_systems_run() -> None:
    experiment = contrasting(better="Audio-CNN", than="SVM-ComParE", claim="Peng 2021, table 1").experiment
    assert experiment.settings(experiment.contrasts["A choice"]) == [("demo", "peng2021")]
    experiment = contrasting(better="SVM-ComParE", than="Audio-CNN", than_corpus="demo-cut").experiment
    assert experiment.settings(experiment.contrasts["A choice"]) == [("demo", "peng2021")]
    experiment = contrasting(better="SVM-eGeMAPS", than="Audio-CNN").experiment
    assert experiment.settings(experiment.contrasts["A choice"]) == [("ravdess", "peng2021")]


@pytest.mark.parametrize(
    ("contrast", "message"),
    [
        ({"better": "Audio-CN", "than": "SVM-ComParE"}, r"A choice\.better: unknown .*Did you mean 'Audio-CNN'"),
        ({"better": "Audio-CNN", "than": "Audio-CNN-xvector"}, r"A choice\.than: unknown system of the runs"),
        ({"better": "Audio-CNN", "than": "Audio-CNN"}, "'Audio-CNN' is compared with itself"),
        ({"better": "Audio-CNN", "than": "SVM-ComParE", "than_corpus": "demo-ct"}, r"Did you mean 'demo-cut'"),
        (
            {"better": "SVM-eGeMAPS", "than": "SVM-ComParE"},
            "runs on ravdess/peng2021 and 'SVM-ComParE' runs on demo/peng2021",
        ),
        (
            {"better": "SVM-eGeMAPS", "than": "SVM-ComParE", "than_corpus": "demo-cut"},
            "on one corpus and on demo-cut under one",
        ),
        (
            {"better": "SVM-ComParE", "than": "Audio-CNN", "than_corpus": "ravdess"},
            "'ravdess' does not have the recordings",
        ),
        (
            {"better": "Audio-CNN", "than": "Audio-CNN", "than_protocol": "peng2021"},
            "do not run on one corpus and on peng2021: ",
        ),
        ({"better": "Audio-CNN", "than": "Audio-CNN", "than_protocol": "peng2020"}, r"Did you mean 'peng2021'"),
        (
            {
                "better": "SVM-ComParE",
                "than": "Audio-CNN",
                "protocol": "speaker-folds-all",
                "than_protocol": "peng2021",
            },
            r"than_protocol: 'peng2021' does not have the classes or dimensions of 'speaker-folds-all'",
        ),
        ({"better": "Audio-CNN"}, r"contrasts\.A choice\.than: Field required"),
        ({"better": "Audio-CNN", "then": "SVM-ComParE"}, r"then"),
    ],
)
def test_a_contrast_that_cannot_be_measured_is_refused_before_any_run(contrast: dict[str, Any], message: str) -> None:
    with pytest.raises(SerError, match=message):
        contrasting(**contrast)


def test_an_experiment_without_contrasts_is_recorded_as_before() -> None:
    assert "contrasts" not in resolved(CONFIG / "experiments/demo.yaml").experiment.model_dump()


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
