"""Every protocol of the configuration and every rule, on a synthetic manifest of ten speakers in five sessions."""

from collections.abc import Callable, Mapping
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ser import catalog
from ser.checks.protocol import CHECKS, assigned, facts, folds, labelled
from ser.checks.run import MAY_LEAK
from ser.config.options import with_options
from ser.config.read import shipped
from ser.config.schema import Protocol
from ser.config.target import ProtocolTarget
from ser.errors import SerError
from ser.tables.contracts import PARTS

ROOT = Path(__file__).parents[2]
RULES = catalog.names("protocols")
CAO = {  # table 1 of the paper: train, dev, test
    "angry": (886, 113, 104),
    "happy": (1323, 153, 160),
    "neutral": (1375, 157, 176),
    "sad": (886, 108, 90),
}
FOUR = {part: {label: counts[index] for label, counts in CAO.items()} for index, part in enumerate(PARTS)}
PROTOCOLS = shipped(ROOT / "config")[0]
SMALL = PROTOCOLS | {
    f"{rule} (defaults)": Protocol(rule=rule, labels="all", selection="last", leaks=MAY_LEAK)
    for rule in RULES
    if not any((catalog.keywords("protocols", rule, "assign") or {}).values())
}
every = pytest.mark.parametrize("small", SMALL.values(), ids=list(SMALL))


def four_classes() -> pd.DataFrame:
    return labelled(SMALL["session-out-4"])


def speakers(table: pd.DataFrame, parts: pd.DataFrame, fold: int, part: str, column: str = "speaker") -> set[str]:
    names = parts.loc[(parts["fold"] == fold) & (parts["part"] == part), "utterance"]
    return set(table.loc[table["utterance"].isin(names), column])


@every
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_rule_and_protocol_keeps_the_contract(small: Protocol, check: Callable[[Protocol], None]) -> None:
    check(small)


@every
def test_a_rule_returns_the_same_table_whatever_the_order_of_rows(small: Protocol) -> None:
    reverse = assigned(small.load(), labelled(small).iloc[::-1], **small.options)
    pd.testing.assert_frame_equal(folds(small), reverse)


def test_every_rule_is_tested() -> None:
    without_lists = set(RULES) - {"given", "official"}  # need lists or a release: test_given.py, test_official.py
    assert {small.rule for small in SMALL.values()} == without_lists, "give the rule an entry in config/protocols"


def options(rule: str) -> dict[str, Any]:
    """Return the options of the first shipped protocol with ``rule``, without its seed."""
    found = next((dict(protocol.options) for protocol in PROTOCOLS.values() if protocol.rule == rule), {})
    return {name: value for name, value in found.items() if name not in ("seed", "repeats")}


@pytest.mark.parametrize("name", [name for name in RULES if name.startswith("random")])
def test_another_seed_is_another_draw(name: str) -> None:
    rule, table, given = catalog.load("protocols", name), four_classes(), options(name)
    one, other = (assigned(rule, table, seed=seed, **given)["part"].tolist() for seed in (0, 1))
    assert one != other


@pytest.mark.parametrize("name", ["random_counts", "random_holdout"])
def test_repeats_are_draws_of_their_own_of_equal_size(name: str) -> None:
    rule, table, given = catalog.load("protocols", name), four_classes(), options(name)
    assert rule.folds(facts(table), repeats=5, **given) == 5
    parts = assigned(rule, table, repeats=5, **given)
    sizes = parts.groupby("fold")["part"].value_counts().unstack()
    assert len(sizes) == 5
    assert (sizes.nunique() == 1).all()
    tested = parts[parts["part"] == "test"].groupby("fold")["utterance"].agg(frozenset)
    assert len(set(tested)) == 5


def iemocap_sized(sizes: Mapping[str, int]) -> pd.DataFrame:
    labels = [label for label, size in sizes.items() for _ in range(size)]
    return pd.DataFrame({"utterance": [f"u{number:05}" for number in range(len(labels))], "label": labels})


def test_cao_counts_are_the_printed_ones() -> None:
    table = iemocap_sized({label: sum(counts) for label, counts in CAO.items()})
    assert len(table) == 5531
    parts = assigned(catalog.load("protocols", "random_counts"), table, **PROTOCOLS["cao2019"].options)
    counted = parts.merge(table, on="utterance").groupby(["label", "part"]).size()
    for label, (train, dev, test) in CAO.items():
        assert (counted[label]["train"], counted[label]["dev"], counted[label]["test"]) == (train, dev, test)
    assert parts["part"].value_counts().to_dict() == {"train": 4470, "dev": 531, "test": 530}


def test_cao_counts_on_a_corpus_of_another_size() -> None:
    rule = catalog.load("protocols", "random_counts")
    table = iemocap_sized(dict.fromkeys(CAO, 192))
    with pytest.raises(SerError, match=r"angry 886 \+ 113 \+ 104 = 1103 wanted, 192 found.*scale: true"):
        assigned(rule, table, **FOUR)
    parts = assigned(rule, table, **FOUR, scale=True).merge(table, on="utterance")
    for label, counts in CAO.items():
        mine = parts.loc[parts["label"] == label, "part"].value_counts()
        assert mine.sum() == 192
        for part, count in zip(PARTS, counts, strict=True):
            assert abs(mine[part] - 192 * count / sum(counts)) < 1
    with pytest.raises(SerError, match="counts are given for angry, happy, neutral, sad, the corpus has angry, calm"):
        assigned(rule, table.replace({"label": {"happy": "calm"}}), **FOUR, scale=True)


def test_li_has_four_classes_without_excited_on_improvised_speech() -> None:
    table = labelled(SMALL["li2018"])
    assert set(table["label"]) == {"angry", "happy", "neutral", "sad"}
    assert "excited" not in set(table["emotion"])
    assert set(table["style"]) == {"improvised"}
    parts = assigned(catalog.load("protocols", "speaker_out"), table, **PROTOCOLS["li2018"].options)
    assert set(parts["part"]) == {"train", "test"}
    assert parts["fold"].nunique() == 10


def test_random_folds_are_eight_one_one() -> None:
    table = four_classes()
    parts = assigned(catalog.load("protocols", "random_folds"), table)
    shares = parts.groupby("fold")["part"].value_counts(normalize=True).unstack()
    assert (shares[["dev", "test"]] - 0.1).abs().to_numpy().max() < 1 / len(table)
    dev = parts[parts["part"] == "dev"].groupby("fold")["utterance"].agg(set)
    test = parts[parts["part"] == "test"].groupby("fold")["utterance"].agg(set)
    assert all(dev[fold] == test[(fold + 1) % 10] for fold in range(10))
    without = assigned(catalog.load("protocols", "random_folds"), table, dev=False)
    assert set(without["part"]) == {"train", "test"}


def test_stratified_folds_share_every_class_out() -> None:
    table = iemocap_sized({"angry": 41, "sad": 103, "neutral": 9})
    parts = assigned(catalog.load("protocols", "random_folds"), table, folds=5, stratified=True).merge(table)
    tested = parts[parts["part"] == "test"].groupby(["label", "fold"]).size().unstack(fill_value=0)
    assert (tested.max(axis=1) - tested.min(axis=1)).max() <= 1


def test_holdout_takes_a_share_or_a_number() -> None:
    rule, table = catalog.load("protocols", "random_holdout"), iemocap_sized({"angry": 630, "sad": 630})
    assert assigned(rule, table, test=260)["part"].value_counts().to_dict() == {"train": 1000, "test": 260}
    sizes = assigned(rule, table, test=0.2, dev=0.1)["part"].value_counts()
    assert sizes.to_dict() == {"train": 882, "test": 252, "dev": 126}
    needed = {1.5: "a whole number or less", -3: "greater than", "half": "a whole number or a number"}
    for wrong, wanted in needed.items():
        protocol = Protocol(rule="random_holdout", labels="all", options={"test": wrong})
        with pytest.raises(SerError, match=rf"here.options.test: must be {wanted}.*; it is {wrong!r}"):
            with_options(protocol, "here")
    for whole in (1260, 1.0):
        with pytest.raises(SerError, match="of 1260 utterances"):
            assigned(rule, table, test=whole)


def test_leaving_one_speaker_out_takes_every_speaker_as_dev_once() -> None:
    table = four_classes()
    parts = assigned(catalog.load("protocols", "speaker_out"), table)
    dev = [speakers(table, parts, fold, "dev") for fold in range(10)]
    assert sorted(dev, key=sorted) == [{name} for name in sorted(table["speaker"].unique())]
    for fold in range(10):
        other = speakers(table, parts, fold, "dev", "session")
        assert other.isdisjoint(speakers(table, parts, fold, "test", "session"))
    alone = table.assign(session=None)
    parts = assigned(catalog.load("protocols", "speaker_out"), alone)
    assert speakers(alone, parts, 0, "test") == {"S1F"}
    assert speakers(alone, parts, 0, "dev") == {"S1M"}, "without sessions dev is the next speaker"


def test_leaving_one_session_out_alternates_the_gender_of_dev() -> None:
    table = four_classes()
    rule = catalog.load("protocols", "session_out")
    parts = assigned(rule, table)
    genders = [speakers(table, parts, fold, "dev", "gender") for fold in range(5)]
    assert genders == [{gender} for gender in islice(cycle(["female", "male"]), 5)]
    assert speakers(table, parts, 4, "dev", "session") == {"S1"}
    whole = assigned(rule, table, dev="session")
    assert speakers(table, whole, 0, "dev") == {"S2F", "S2M"}
    assert set(assigned(rule, table, dev="none")["part"]) == {"train", "test"}


def test_speaker_folds_are_alike_in_gender_and_size() -> None:
    rows = [
        {"utterance": f"{number:02}-{take:02}", "speaker": f"{number:02}", "gender": ("female", "male")[number % 2]}
        for number in range(24)
        for take in range(20 + number)
    ]
    table = pd.DataFrame(rows).assign(label="sad", session=None)
    parts = assigned(catalog.load("protocols", "speaker_folds"), table, folds=6, dev_speakers=2)
    joined = parts.merge(table, on="utterance")
    for (_, part), group in joined.groupby(["fold", "part"]):
        women = group.loc[group["gender"] == "female", "speaker"].nunique()
        assert (women, group["speaker"].nunique()) == {"test": (2, 4), "dev": (1, 2), "train": (9, 18)}[part]
    sizes = joined[joined["part"] == "test"].groupby("fold").size()
    assert sizes.max() / sizes.min() < 1.1
    for fold in range(6):
        assert speakers(table, parts, fold, "dev") <= speakers(table, parts, (fold + 1) % 6, "test")


@pytest.mark.parametrize("name", ["speaker_out", "speaker_folds", "session_out"])
def test_without_speakers_the_error_names_rules_that_work(name: str) -> None:
    rule, bare = catalog.load("protocols", name), four_classes().assign(speaker=None, session=None)
    kind = "session" if name == "session_out" else "speaker"
    for call in (lambda: rule.folds(facts(bare)), lambda: assigned(rule, bare)):
        with pytest.raises(SerError, match=rf"the rule needs {kind}s, and the corpus names none; .*random_folds"):
            call()
    partly = four_classes()
    partly.loc[partly["utterance"] == "S1f-improvised-sad-0", [kind]] = None
    with pytest.raises(SerError, match=f"no {kind} is known for S1f-improvised-sad-0"):
        assigned(rule, partly)


def test_too_few_speakers_and_wrong_options_are_errors() -> None:
    table = four_classes()
    two = table[table["speaker"].isin(["S1F", "S2M"])]
    with pytest.raises(SerError, match=r"at least 3 speakers .* there are 2: S1F, S2M"):
        assigned(catalog.load("protocols", "speaker_out"), two)
    with pytest.raises(SerError, match="at least 11 speakers"):
        catalog.load("protocols", "speaker_folds").folds(facts(table), folds=11)
    wrong = Protocol(rule="session_out", labels="all", options={"dev": "sessions"})
    with pytest.raises(SerError, match="dev: must be 'speaker', 'session' or 'none'; it is 'sessions'"):
        with_options(wrong, "here")
    with pytest.raises(SerError, match="at least 3 sessions"):
        assigned(catalog.load("protocols", "session_out"), two, dev="session")
    with pytest.raises(SerError, match="folds must be at least 3"):
        catalog.load("protocols", "random_folds").folds(facts(table), folds=2)
    with pytest.raises(SerError, match="10 folds need as many utterances; there are 4"):
        assigned(catalog.load("protocols", "random_folds"), table.head(4))
    same = table.assign(speaker=table["gender"].where(table["session"] != "S5", "another"))
    with pytest.raises(SerError, match="every speaker of session S2 is also in session S1"):
        assigned(catalog.load("protocols", "session_out"), same)


def test_digest_follows_all_that_decides_an_outcome() -> None:
    protocol = PROTOCOLS["session-out-4"]
    other = {
        "rule": "speaker_out",
        "options": {"dev": "none"},
        "labels": "all",
        "target": ProtocolTarget(kind="distribution"),
        "subset": {"style": ("improvised",)},
        "normalisation": "speaker",
        "curves": True,
        "selected_on": "test",
        "selection": "dev_wa",
        "leaks": ("session",),
    }
    assert set(other) == set(Protocol.model_fields) - {"title", "paper", "shipped_leaks"}
    changed = [protocol.model_copy(update={field: value}).digest() for field, value in other.items()]
    assert len({protocol.digest(), *changed}) == len(other) + 1
    assert protocol.model_copy(update={"title": "another", "paper": "cao2019"}).digest() == protocol.digest()


def test_papers_are_distinct_and_leaks_are_known() -> None:
    assert {protocol.paper for protocol in PROTOCOLS.values()} == {None, "cao2019", "li2018", "peng2021", "xie2019"}
    independent = [name for name, protocol in PROTOCOLS.items() if "speaker" not in protocol.leaks]
    assert {"session-out-4", "speaker-out-4", "speaker-folds-4", "session-out-5", "speaker-folds-all"} <= set(
        independent
    )
    with pytest.raises(ValueError, match="leaks"):
        Protocol.model_validate({"rule": "random_folds", "labels": "all", "leaks": ["speakers"]})
