"""Rater agreement: a textbook kappa, single raters by hand, soft labels by hand."""

import itertools
import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import entropy
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from ser.errors import SerError
from ser.evaluation.agreement import against_soft, ceiling, fleiss, single_rater, soft_labels, themselves, votes
from ser.tables import contracts

# Fleiss 1971, table 1: six psychiatrists' diagnoses of 30 patients, 1 depression … 5 other
DIAGNOSES = """
    444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444 224445
    333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444 133333 555555
""".split()  # noqa: SIM905


def manifest(labels: dict[str, dict[str, str]]) -> pd.DataFrame:
    """Return utterance and raters as MANIFEST holds them, from utterance -> rater -> labels apart by blanks."""
    rows = [
        {
            "utterance": name,
            "raters": [{"rater": rater, "emotions": given.split()} for rater, given in raters.items()] or None,
        }
        for name, raters in labels.items()
    ]
    schema = pa.schema([contracts.MANIFEST.schema.field(name) for name in ("utterance", "raters")])
    return pa.Table.from_pylist(rows, schema=schema).to_pandas()


def test_kappa_of_the_psychiatrists_is_the_printed_one() -> None:
    table = manifest({f"p{n}": dict(zip("abcdef", given, strict=True)) for n, given in enumerate(DIAGNOSES)})
    found = fleiss(votes(table))
    assert round(found.kappa, 3) == 0.430
    assert (found.utterances, found.raters, found.left_out) == (30, 6, 0)
    raw = np.array([list(map(int, given)) for given in DIAGNOSES])
    assert found.kappa == pytest.approx(fleiss_kappa(aggregate_raters(raw)[0]))


def test_kappa_by_hand_with_several_labels_and_other_numbers_of_raters() -> None:
    labels = {
        "a": {"x": "sad", "y": "sad calm", "z": "sad"},  # the first of y's labels counts
        "b": {"x": "calm", "y": "calm", "z": "sad"},
        "c": {"x": "calm", "y": "calm"},
        "d": {"x": "sad"},
        "e": {},
    }
    found = fleiss(votes(manifest(labels)))
    observed, chance = (1 + 1 / 3) / 2, (4 / 6) ** 2 + (2 / 6) ** 2
    assert found.kappa == pytest.approx((observed - chance) / (1 - chance))
    assert (found.utterances, found.raters, found.left_out) == (2, 3, 2)


def test_kappa_is_unknown_without_variety_and_refused_without_pairs() -> None:
    assert math.isnan(fleiss(votes(manifest({"a": {"x": "sad", "y": "sad"}}))).kappa)
    with pytest.raises(SerError, match="needs two raters"):
        fleiss(votes(manifest({"a": {"x": "sad"}, "b": {"y": "sad"}})))
    with pytest.raises(SerError, match="no utterance has a rater's label"):
        votes(manifest({"a": {}}))


def test_merged_labels_are_one_and_raters_can_be_left_out() -> None:
    table = manifest({"a": {"E1": "happy excited", "E2": "excited sad", "F1": "angry"}})
    found = votes(table, {"happy": ("happy", "excited"), "sad": ("sad",)}, without="[FM]\\d")
    assert found.to_numpy().tolist() == [
        ["a", "E1", "happy", 1.0],
        ["a", "E2", "happy", 0.5],
        ["a", "E2", "sad", 0.5],
    ]


RATINGS = {
    "a": {"x": "sad", "y": "sad", "z": "angry"},
    "b": {"x": "angry", "y": "angry", "z": "angry sad"},
    "c": {"x": "sad", "y": "angry", "z": "calm"},
    "d": {"x": "calm", "y": "calm", "z": "sad"},
}


def test_raters_who_judge_themselves_are_known_in_a_joined_corpus_too(tmp_path: Path) -> None:
    joins = '{"studio": {}, "phone": {}}'
    notes = {"studio": {"adapter": "iemocap"}, "phone": {"adapter": "table"}, "both": {"joins": joins}}
    row = {
        "utterance": "u",
        "audio": "u.wav",
        "rate": 16000,
        "channels": 1,
        "seconds": 1.0,
        "checksum": "0",
        "shard": 0,
    }
    for corpus, about in notes.items():
        contracts.write(
            contracts.MANIFEST, [row], tmp_path / corpus / "manifest.parquet", {"adapter": "joined", **about}
        )
    one, other, both = (themselves(tmp_path / corpus / "manifest.parquet") for corpus in notes)
    assert (bool(re.fullmatch(one, "F1")), other) == (True, "")
    raters = ("studio/F1", "studio/E2", "phone/F1", "F1")
    assert [bool(re.fullmatch(both, rater)) for rater in raters] == [True, False, False, False]


def test_a_rater_against_the_majority_with_themselves() -> None:
    found = single_rater(votes(manifest(RATINGS)), leave_one_out=False).set_index("rater")
    # majorities: a sad, b angry, d calm; c has none
    assert found.loc["x"].tolist() == [1, 1, 3]
    assert found.loc["z"].tolist() == pytest.approx([0.5 / 3, 0.5 / 3, 3])
    assert found.loc["", ["WA", "UA"]].tolist() == pytest.approx([6.5 / 9, (2 / 3 + 2.5 / 3 + 2 / 3) / 3])


def test_a_rater_against_the_majority_of_the_others() -> None:
    found = single_rater(votes(manifest(RATINGS))).set_index("rater")
    # x: the others agree on b alone (angry 2, sad 1); z: on a, b and d
    assert found.loc["x"].tolist() == [1, 1, 1]
    assert found.loc["z"].tolist() == pytest.approx([0.5 / 3, 0.5 / 3, 3])
    assert found.loc["", "judgements"] == 5
    only = single_rater(votes(manifest(RATINGS)), ("angry",)).set_index("rater")
    assert only.loc[""].tolist() == pytest.approx([2.5 / 3, 2.5 / 3, 3])
    with pytest.raises(SerError, match="no rater can be judged"):
        single_rater(votes(manifest(RATINGS)), ("bored",))


def test_belonging_to_the_majority_flatters_a_rater_who_guesses() -> None:
    draw = np.random.default_rng(0)
    labels = {f"u{n}": dict(zip("xyz", draw.choice(["angry", "sad"], 3), strict=True)) for n in range(2000)}
    given = votes(manifest(labels))
    alone, among = (single_rater(given, leave_one_out=out).loc[0, "WA"] for out in (True, False))
    assert alone == pytest.approx(0.5, abs=0.05)
    assert among == pytest.approx(0.75, abs=0.03)  # of eight equal triples, six are right with two and two with three


def test_the_raters_against_the_label_by_hand() -> None:
    given = votes(manifest({**RATINGS, "e": {"x": "sad"}, "f": {"x": "calm", "y": "calm"}}))
    labels = pd.Series({"a": "sad", "b": "angry", "c": "angry", "d": "sad", "e": "sad", "g": "sad"})
    every = ceiling(given, labels, without_one=False)  # a right, b right, c one of three, d wrong, e right
    assert every.utterances == 5
    assert every.wa == pytest.approx((1 + 1 + 1 / 3 + 0 + 1) / 5)
    assert every.ua == pytest.approx(((1 + 1 / 3) / 2 + 2 / 3) / 2)
    # a without x or y: sad and angry; without z: sad. b: angry but for a tie without z … c: one of two, or not there.
    without = ceiling(given, labels, without_one=True)
    a, b, c, d = (0.5 + 0.5 + 1) / 3, (1 + 1 + 1) / 3, (0.5 + 0 + 0.5) / 3, (0.5 + 0.5 + 0) / 3
    assert without.utterances == 4
    assert without.wa == pytest.approx((a + b + c + d) / 4)
    assert without.ua == pytest.approx(((a + d) / 2 + (b + c) / 2) / 2)
    with pytest.raises(SerError, match="raters enough"):
        ceiling(given, labels[["e"]], without_one=True)


@pytest.mark.parametrize(("raters", "spread"), [(3, 1.0), (5, 0.3), (5, 1.0)])
def test_who_knows_what_people_hear_is_between_a_single_rater_and_the_raters_without_one(
    raters: int, spread: float
) -> None:
    """Utterances with known shares: the most frequent emotion is the best that any system can answer."""
    draw, names = np.random.default_rng(1), np.array(["angry", "calm", "happy", "sad"])
    shares = draw.dirichlet([spread] * 4, 1500)
    given = [names[draw.choice(4, raters, p=one)] for one in shares]
    table = manifest({f"u{n}": {f"r{k}": one for k, one in enumerate(row)} for n, row in enumerate(given)})
    counts = np.array([[(row == name).sum() for name in names] for row in given])
    clear = (counts == counts.max(1, keepdims=True)).sum(1) == 1
    labels = pd.Series({f"u{n}": names[counts[n].argmax()] for n in np.flatnonzero(clear)})
    ideal = float((shares.argmax(1) == counts.argmax(1))[clear].mean())
    found = votes(table)
    single = single_rater(found[found["utterance"].isin(labels.index)]).loc[0, "WA"]
    assert single + 0.05 < ideal < ceiling(found, labels, without_one=True).wa - 0.03


def test_soft_labels_share_a_rater_among_their_labels_and_leave_out_other_classes() -> None:
    labels = {"a": {"x": "sad", "y": "sad angry", "z": "calm"}, "b": {"x": "calm"}}
    found = soft_labels(votes(manifest(labels)), ("angry", "sad", "happy"))
    assert found.index.tolist() == ["a"]
    assert found.loc["a"].tolist() == pytest.approx([0.25, 0.75, 0])


def test_predictions_against_soft_labels_by_hand() -> None:
    given = votes(manifest(RATINGS))
    share = {"a": [1 / 3, 2 / 3], "b": [2.5 / 3, 0.5 / 3], "c": [0.5, 0.5], "d": [0, 1]}
    probabilities = np.array([[0.2, 0.8], [0.9, 0.1], [0.6, 0.4], [1, 0], [0.5, 0.5]])
    found = against_soft(given, ["a", "b", "c", "d", "unrated"], probabilities, ("angry", "sad"))
    expected = [
        -sum(q * math.log(max(p, np.finfo(np.float32).tiny)) for q, p in zip(share[name], row, strict=True))
        for name, row in zip("abcd", probabilities, strict=False)
    ]
    assert found.cross_entropy == pytest.approx(np.mean(expected))
    assert found.entropy == pytest.approx(np.mean([entropy(share[name]) for name in "abcd"]))
    assert found.any_rater == 0.75
    assert (found.utterances, found.left_out) == (4, 1)


def test_no_prediction_beats_the_raters_own_shares() -> None:
    given = votes(manifest(RATINGS))
    labels = soft_labels(given, ("angry", "sad"))
    best = against_soft(given, labels.index.tolist(), labels.to_numpy(), ("angry", "sad"))
    assert best.cross_entropy == pytest.approx(best.entropy)
    for moved, name in itertools.product((0.05, 0.2), labels.index):
        worse = labels.copy()
        worse.loc[name] = (1 - moved) * worse.loc[name] + moved * 0.5 + [moved / 9, -moved / 9]
        worse = worse.div(worse.sum(axis=1), axis=0)
        assert (
            against_soft(given, labels.index.tolist(), worse.to_numpy(), ("angry", "sad")).cross_entropy > best.entropy
        )


def test_predictions_of_other_utterances_are_refused() -> None:
    with pytest.raises(SerError, match="no predicted utterance has a rater's label among angry, sad"):
        against_soft(votes(manifest(RATINGS)), ["other"], np.array([[0.5, 0.5]]), ("angry", "sad"))
