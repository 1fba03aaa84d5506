"""An error of the configuration names the key, what is wrong and what is known, before anything runs."""

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from ser.config import renamed
from ser.config.describe import describe
from ser.config.plan import Plan
from ser.config.read import library, merged, resolve
from ser.config.schema import Config
from ser.errors import SerError

CONFIG = Path(__file__).parents[2] / "config"
EXPERIMENT: dict[str, Any] = {
    "experiment": {
        "name": "mini",
        "runs": [{"corpora": ["demo"], "protocols": ["session-out-4"], "systems": ["SVM-eGeMAPS"]}],
    },
    "corpora": {"demo": {"options": {"utterances": 150}}},
}


def changed(**sections: Any) -> dict[str, Any]:
    return merged(deepcopy(EXPERIMENT), sections)


def block(**change: Any) -> dict[str, Any]:
    return changed(experiment={"runs": [{**EXPERIMENT["experiment"]["runs"][0], **change}]})


def used(protocol: str = "session-out-4", **change: Any) -> dict[str, Any]:
    entry = {"corpus": "demo", "protocol": protocol, "systems": ["SVM-eGeMAPS"], **change}
    runs = [{**EXPERIMENT["experiment"]["runs"][0], "protocols": [protocol]}]
    return changed(experiment={"use": [entry], "runs": EXPERIMENT["experiment"]["runs"] if change else runs})


def message(raw: dict[str, Any]) -> str:
    with pytest.raises(SerError) as caught:
        resolve(raw, CONFIG)
    return str(caught.value)


def test_a_good_configuration_resolves() -> None:
    config = resolve(EXPERIMENT, CONFIG)
    assert config.corpora["demo"].adapter == "demo"
    assert "C-pFSMN-A" in config.systems


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (changed(experimnt={}), ["experimnt", "Did you mean 'experiment'?"]),
        (changed(corpora={"demo": {"alow": []}}), ["corpora.demo", "alow", "Did you mean 'allow'?"]),
        (changed(corpora={"demo": {"options": {"uterances": 9}}}), ["corpora.demo", "Did you mean 'utterances'?"]),
        (changed(corpora={"demo": {"options": {"seed": "x"}}}), ["corpora.demo.options.seed: must be a whole number"]),
        (changed(corpora={"demo": {"adapter": "demmo"}}), ["corpora.demo", "Did you mean 'demo'?"]),
        (used(systems=["SVM-eGeMAP"]), ["experiment.use[0]", "Did you mean 'SVM-eGeMAPS'?"]),
        (
            used(seeds=[1], protocol="speaker-folds-4"),
            ["experiment.use[0]", "unknown protocol of the runs 'speaker-folds-4'"],
        ),
        (used("random-folds-4"), ["experiment.use[0]", "has the leak 'dev speaker'", "such as speaker-folds-4"]),
        (block(systems=["SVM-eGeMAP"]), ["experiment.runs[0]", "Did you mean 'SVM-eGeMAPS'?"]),
        (block(protocols=["session-out"]), ["experiment.runs[0]", "unknown protocol 'session-out'"]),
        (block(corpora=["iemocab"]), ["experiment.runs[0]", "unknown corpus 'iemocab'"]),
        (changed(corpora={"demo": {"allow": ["subset"]}}), ["corpora.demo", "name the folder as 'root'"]),
        (changed(corpora={"mine": "/data/recordings"}), ["corpora.mine must be a mapping", "/data/recordings"]),
        (changed(corpora={"my corpus": {}}), ["'my corpus' cannot be a name"]),
        (changed(systems={"mine": "Audio-CNN"}), ["mine must be a mapping", "Audio-CNN"]),
        (changed(corpora={"demo": {"allow": "short"}}), ["corpora.demo.allow", "must be a list"]),
        (changed(corpora={"demo": {"options": {"allow_subset": True}}}), ["unknown option of demo 'allow_subset'"]),
        (block(seeds=[-1]), ["experiment.runs.0.seeds.0", "greater than or equal to 0"]),
        (block(sedes=[1]), ["experiment.runs", "Did you mean 'seeds'?"]),
        (block(systems=[]), ["experiment.runs.0.systems", "at least 1"]),
        (block(folds=[]), ["experiment.runs.0.folds", "at least 1"]),
    ],
)
def test_a_misspelt_name_gives_its_key_and_the_most_similar_name(raw: dict[str, Any], expected: list[str]) -> None:
    text = message(raw)
    for part in expected:
        assert part in text


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"joins": ["demo", "iemocab"]}, ["corpora.both.joins", "Did you mean 'iemocap'?"]),
        ({"joins": ["demo"]}, ["corpora.both.joins: names demo alone; at least two"]),
        ({"joins": ["demo", "more"]}, ["corpora.both.joins: more joins others itself"]),
        ({"joins": ["demo", "ravdess"], "trim": "speech"}, ["corpora.both: trim cannot be set", "demo, ravdess"]),
        ({"joins": ["demo", "ravdess"], "adapter": "table"}, ["corpora.both: adapter cannot be set"]),
        ({"joins": "demo"}, ["corpora.both.joins", "'demo'"]),
        ({"joins": {"demo": ["sad"], "ravdess": {}}}, ["corpora.both.joins.demo"]),
    ],
)
def test_a_corpus_that_joins_others_is_checked_before_they_are_read(entry: Any, expected: list[str]) -> None:
    more = {"joins": ["demo", "ravdess"]}
    text = message(
        merged(block(corpora=["both"]), {"corpora": {"both": entry, "more": more, "ravdess": {}, "iemocap": {}}})
    )
    for part in expected:
        assert part in text


def test_normalisation_by_corpus_needs_a_joined_corpus() -> None:
    own = {"base": "session-out-4", "normalisation": "corpus"}
    raw = merged(block(protocols=["mine"]), {"protocols": {"mine": own}})
    assert "experiment.runs[0]: protocol 'mine' normalises by corpus" in message(raw)


@pytest.mark.parametrize(
    "more",
    [
        {"use": [{"corpus": "demo", "protocol": "mine", "systems": ["Audio-CNN"]}]},
        {"robustness": {"conditions": {"gain": []}}},
    ],
)
def test_what_is_normalised_by_corpus_predicts_no_new_recordings(more: dict[str, Any]) -> None:
    protocols = {"mine": {"base": "session-out-4", "normalisation": "corpus"}}
    raw = merged(block(protocols=["mine"], systems=["Audio-CNN"]), {"experiment": more, "protocols": protocols})
    assert "'Audio-CNN' is normalised by the statistics of a corpus" in message(raw)


def test_the_members_of_a_joined_corpus_are_a_list_or_have_label_maps() -> None:
    joins = {"demo": None, "ravdess": {"calm": "neutral"}}
    raw = merged(block(corpora=["both"]), {"corpora": {"both": {"joins": joins}, "ravdess": {}}})
    assert resolve(raw, CONFIG).corpora["both"].joins == {"demo": {}, "ravdess": {"calm": "neutral"}}
    raw = merged(block(corpora=["both"]), {"corpora": {"both": {"joins": ["demo", "ravdess"]}, "ravdess": {}}})
    assert resolve(raw, CONFIG).corpora["both"].joins == {"demo": {}, "ravdess": {}}


def test_a_misspelt_required_key_is_reported_by_its_misspelling() -> None:
    run = {"corpora": ["demo"], "protocol": ["session-out-4"], "systems": ["SVM-eGeMAPS"]}
    assert "Did you mean 'protocols'?" in message(changed(experiment={"runs": [run]}))


def variant(**entry: Any) -> dict[str, Any]:
    return merged(block(systems=["mine"]), {"systems": {"mine": {"base": "Audio-CNN", **entry}}})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (variant(training={"epoch": 3}), ["systems.mine.training", "Did you mean 'epochs'?"]),
        (variant(training={"epochs": "many"}), ["systems.mine.training.epochs", "'many'"]),
        (variant(model="multiscale_cn"), ["systems.mine", "Did you mean 'multiscale_cnn'?"]),
        (variant(options={"dropot": 0.1}), ["systems.mine.options", "Did you mean 'dropout'?"]),
        (variant(options={"dropout": "much"}), ["systems.mine.options.dropout: must be a number; it is 'much'"]),
        (variant(options={"kernels": 5}), ["systems.mine.options.kernels: must be a list", "it is 5"]),
        (variant(options={"kernels": [3, "a"]}), ["systems.mine.options.kernels: must be a whole number"]),
        (variant(options={"statistics": "mean"}), ["systems.mine.options.statistics: must be a list"]),
        (variant(options={"frozen": 2}), ["systems.mine.options.frozen: must be true or false; it is 2"]),
        (
            variant(base="DenseLSTM-Time", options={"attention": "tme"}),
            ["systems.mine.options.attention: must be 'none', 'general', 'time' or 'feature'; it is 'tme'"],
        ),
        (variant(inputs={"frames": {"feature": "mfc"}}), ["systems.mine.inputs.frames", "Did you mean 'mfcc'?"]),
        (variant(inputs={"frames": {"scale": "loga"}}), ["systems.mine.inputs.frames.scale", "'loga'"]),
        (variant(base="Audio-CN"), ["base of mine", "Did you mean 'Audio-CNN'?"]),
        (variant(base="mine"), ["its own base"]),
    ],
)
def test_a_wrong_recipe_is_an_error_before_training(raw: dict[str, Any], expected: list[str]) -> None:
    text = message(raw)
    for part in expected:
        assert part in text


def test_a_renamed_key_system_protocol_or_feature_is_answered_with_its_new_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "systems.mine.training: key 'batch_size' is called 'batch'." in message(variant(training={"batch_size": 8}))
    new = {"system": "SVM-eGeMAPS", "protocol": "session-out-4", "feature": "mfcc"}
    monkeypatch.setattr(renamed, "RENAMED", {kind: {"old": name} for kind, name in new.items()})
    assert "experiment.runs[0]: system 'old' is called 'SVM-eGeMAPS'." in message(block(systems=["old"]))
    assert "experiment.runs[0]: protocol 'old' is called 'session-out-4'." in message(block(protocols=["old"]))
    frames = {"inputs": {"frames": {"feature": "old"}}}
    assert "systems.mine.inputs.frames: feature 'old' is called 'mfcc'." in message(variant(**frames))
    base = changed(protocols={"mine": {"base": "old"}})
    assert "base of mine: protocol 'old' is called 'session-out-4'." in message(base)


@pytest.mark.parametrize("name", renamed.REPLACED_EXTRACTORS)
def test_an_extractor_that_became_an_option_is_answered_with_module_and_option(name: str) -> None:
    features = {"features": {"mine": {"extractor": name}}}
    systems = {"systems": {"mine": {"model": "linear_svm", "inputs": {"vector": {"feature": "mine"}}}}}
    shown = message(merged(merged(block(systems=["mine"]), features), systems))
    given = yaml.safe_load("{" + re.findall(r"'(extractor.*)'", shown)[0] + "}")
    assert f"features.mine: extractor '{name}' is replaced by" in shown
    shipped = resolve(EXPERIMENT, CONFIG).features[name]
    assert given == {"extractor": shipped.extractor, "options": shipped.options}


def test_every_new_name_in_the_table_exists() -> None:
    config = resolve(EXPERIMENT, CONFIG)
    known = {"system": config.systems, "protocol": config.protocols, "feature": config.features}
    assert set(renamed.RENAMED) == {*known, "key"}
    for kind, names in known.items():
        assert set(renamed.RENAMED[kind].values()) <= set(names)
        assert not set(renamed.RENAMED[kind]) & set(names)
    documented = set(re.findall(r"\.(\w+)` \(", describe()))
    assert set(renamed.RENAMED["key"].values()) <= documented
    assert not set(renamed.RENAMED["key"]) & documented


def test_a_number_that_the_command_line_passes_as_text_is_a_number() -> None:
    given = variant(options={"dropout": "0.25", "kernels": ["3", "5"], "frozen": "true"})
    config = resolve(merged(given, {"corpora": {"demo": {"options": {"utterances": "200"}}}}), CONFIG)
    assert config.systems["mine"].options.items() >= {"dropout": 0.25, "kernels": [3, 5], "frozen": True}.items()
    assert config.corpora["demo"].options["utterances"] == 200


def test_null_removes_the_weights_that_an_earlier_file_set() -> None:
    raw = merged(block(systems=["Audio-CNN-xvector"]), {"features": {"xvector": {"options": {"weights": None}}}})
    assert resolve(raw, CONFIG).features["xvector"].options == {"weights": None}


def test_labels_may_be_numbers_but_not_booleans_that_yaml_reads_from_words() -> None:
    def labelled(labels: object) -> dict[str, Any]:
        mine = {"adapter": "table", "root": "/x", "options": {"table": "labels.csv", "labels": labels}}
        return merged(block(corpora=["mine"]), {"corpora": {"mine": mine}})

    labels = resolve(labelled({1: "angry", "joy": "happy"}), CONFIG).corpora["mine"].options["labels"]
    assert labels == {"1": "angry", "joy": "happy"}
    assert "config.corpora.mine.options.labels: YAML reads a key as False (no, off" in message(
        labelled({False: "angry"})
    )
    assert "corpora.mine.options.labels: must be a mapping of keys" in message(labelled("joy"))


def test_a_variant_takes_all_but_its_change_from_its_base() -> None:
    systems = resolve(variant(training={"epochs": 3}), CONFIG).systems
    assert systems["mine"].training.epochs == 3
    assert systems["mine"].training.learning_rate == systems["Audio-CNN"].training.learning_rate
    assert systems["mine"].options == systems["Audio-CNN"].options


def test_a_shipped_system_cannot_be_redefined() -> None:
    text = message(changed(systems={"Audio-CNN": {"training": {"epochs": 1}}}))
    assert "base: Audio-CNN" in text


def test_labels_of_a_protocol_are_replaced_not_merged() -> None:
    raw = changed(protocols={"two": {"base": "session-out-4", "labels": {"sad": ["sad"], "angry": ["angry"]}}})
    assert set(resolve(raw, CONFIG).protocols["two"].labels) == {"sad", "angry"}


def test_titles_do_not_affect_a_result() -> None:
    systems = resolve(variant(title="another title", defaults={"options.dropout": "a remark"}), CONFIG).systems
    assert systems["mine"].decisive() == systems["Audio-CNN"].decisive()


def test_malformed_yaml_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("a: [1\n")
    with pytest.raises(SerError, match=r"broken\.yaml"):
        library(tmp_path)


def test_one_name_in_two_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("x: {}\n")
    (tmp_path / "b.yaml").write_text("x: {}\n")
    with pytest.raises(SerError, match="defined in both"):
        library(tmp_path)


def test_a_plan_lists_each_run_once_and_refuses_an_unknown_fold() -> None:
    config = resolve(block(seeds=[0, 1], folds=[0, 4]), CONFIG)
    doubled = config.experiment.model_copy(update={"runs": config.experiment.runs * 2})
    fields = {"protocols": config.protocols, "systems": config.systems}
    plan = Plan(experiment=doubled, folds={"demo": {"session-out-4": 5}}, **fields)
    assert len(plan.checked().runs()) == 4
    with pytest.raises(SerError, match="folds 0 to 2"):
        plan.model_copy(update={"folds": {"demo": {"session-out-4": 3}}}).checked()
    with pytest.raises(SerError, match="unknown system"):
        plan.model_copy(update={"systems": {}}).checked()


def test_the_documented_keys_are_those_of_the_schema() -> None:
    assert (CONFIG / "README.md").read_text(encoding="utf-8") == describe()


def declared(**protocols: dict[str, Any]) -> Config:
    block = {"corpora": ["demo"], "protocols": ["session-out-4"], "systems": ["Audio-CNN"]}
    raw = {"experiment": {"name": "e", "runs": [block]}, "corpora": {"demo": {}}, "protocols": protocols}
    return resolve(raw, CONFIG)


def test_a_declared_leak_changes_no_digest() -> None:
    plain = declared(mine={"base": "speaker-folds-4", "options": {"folds": 3}})
    more = declared(mine={"base": "speaker-folds-4", "options": {"folds": 3}, "leaks": ["session", "audio"]})
    assert more.protocols["mine"].leaks == ("session", "audio")
    assert plain.protocols["mine"].digest() == more.protocols["mine"].digest()
    again = declared(mine={"base": "theirs"}, theirs={"base": "session-out-4", "leaks": []})
    assert again.protocols["mine"].digest() == again.protocols["session-out-4"].digest()
    own = [declared(mine={"rule": "random_folds", "labels": "all", "leaks": leaks}) for leaks in ([], ["speaker"])]
    assert own[0].protocols["mine"].digest() == own[1].protocols["mine"].digest()


def test_leaks_and_nothing_else_can_be_declared_of_a_shipped_protocol() -> None:
    before, after = declared(), declared(**{"speaker-folds-4": {"leaks": ["session", "dialog", "text", "audio"]}})
    assert after.protocols["speaker-folds-4"].leaks == ("session", "dialog", "text", "audio")
    assert after.protocols["speaker-folds-4"].decisive() == before.protocols["speaker-folds-4"].decisive()
    assert after.protocols["speaker-folds-all"] == before.protocols["speaker-folds-all"]
    assert after.origins["protocols"] == {}
    with pytest.raises(SerError, match=r"speaker-folds-4 is already defined .*only 'leaks' can be declared"):
        declared(**{"speaker-folds-4": {"leaks": [], "selection": "last"}})


def test_runs_for_use_are_apart_from_those_that_are_tested() -> None:
    config = resolve(used(), CONFIG)
    keys = {"protocols": config.protocols, "systems": config.systems, "folds": {"demo": {"session-out-4": 5}}}
    plan = Plan(experiment=config.experiment, **keys)
    assert [run.fold for run in plan.runs()] == [0, 1, 2, 3, 4]
    (run,) = plan.runs_for_use()
    assert run.folder == Path("results/runs/demo/session-out-4/SVM-eGeMAPS/seed0/use")
    assert "use" not in resolve(EXPERIMENT, CONFIG).experiment.model_dump(), "plans without it are as they were"


def test_a_feature_of_transcripts_names_transcripts_that_exist_and_no_second_ones() -> None:
    options = {"model": "someone/tiny", "revision": "a" * 40, "transcript": "recognised"}
    added = {
        "features": {"bert": {"extractor": "text_vector", "options": options}},
        "systems": {"mine": {"base": "MiniLM-SVM", "inputs": {"vector": {"feature": "bert"}}}},
    }
    with pytest.raises(SerError, match=r"features\.bert\.options\.transcript: unknown transcript 'recognised'"):
        resolve(merged(block(systems=["mine"]), added), CONFIG)
    known = {"transcripts": {"recognised": {"recogniser": "pocketsphinx"}}}
    assert resolve(merged(merged(block(systems=["mine"]), added), known), CONFIG).features["bert"].options == options
    both = {"systems": {"both": {"base": "MSCNN-SPU-ATT", "inputs": {"vector": {"feature": "bert"}}}}}
    with pytest.raises(SerError, match=r"systems\.both\.inputs: a system reads one transcript, not given, recognised"):
        resolve(merged(merged(merged(block(systems=["both"]), added), known), both), CONFIG)
