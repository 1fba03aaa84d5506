"""Groups of utterances: their metrics by hand, gaps whose true size is known, and what is too small to be scored."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ser.evaluation import intervals, subgroups
from ser.evaluation.subgroups import AGREE, FEWEST_SPEAKERS, FEWEST_UTTERANCES, Group
from ser.tables import contracts

CLASSES = ("angry", "happy", "neutral", "sad")
FACTS = {"audio": "a.wav", "rate": 16000, "channels": 1, "checksum": "0", "shard": 0}


def predicted(draw: np.random.Generator, recall: "np.ndarray", speakers: list[str], each: int = 40) -> pd.DataFrame:
    """Return predictions whose every answer is right with the probability ``recall`` of its speaker."""
    rows = []
    for speaker, rate in zip(speakers, recall, strict=True):
        for number in range(each):
            label = CLASSES[number % 4]
            right = draw.random() < rate
            answer = label if right else CLASSES[(number + 1) % 4]
            name = f"{speaker}-{number}"
            rows.append((0, 0, name, speaker, label, answer))
    return pd.DataFrame(rows, columns=["seed", "fold", "utterance", "speaker", "label", "predicted"])


def by(rows: pd.DataFrame, **values: pd.Series) -> pd.DataFrame:
    names = rows.drop_duplicates("utterance").set_index("utterance").index
    return pd.DataFrame({name: pd.Series(of.to_numpy(), names).astype("category") for name, of in values.items()})


def named(found: list[Group]) -> dict[str, Group]:
    return {one.name: one for one in found}


def test_metrics_of_a_group_are_those_of_its_utterances_alone() -> None:
    draw = np.random.default_rng(0)
    rows = predicted(draw, np.linspace(0.4, 0.9, 12), [f"s{n}" for n in range(12)])
    gender = rows["speaker"].str[1:].astype(int).mod(2).map({0: "female", 1: "male"})
    found = named(subgroups.groups(rows, by(rows, gender=gender), CLASSES))
    for name, one in found.items():
        mine = rows[gender == name]
        right = mine["label"] == mine["predicted"]
        assert (one.speakers, one.utterances) == (6, 240)
        assert one.estimates["WA"].value == pytest.approx(right.mean())
        assert one.estimates["UA"].value == pytest.approx(right.groupby(mine["label"]).mean().mean())
    gap = found["female"].gap
    assert found["male"].gap is None
    assert gap is not None
    assert gap.value == pytest.approx(found["female"].estimates["UA"].value - found["male"].estimates["UA"].value)
    assert subgroups.largest(list(found.values())) == [found["female"]]


def test_groups_of_the_same_speakers_are_compared_within_them() -> None:
    """Speakers differ much, the two halves of each do not: only a paired interval is narrow."""
    draw = np.random.default_rng(1)
    rows = predicted(draw, np.linspace(0.2, 0.95, 10), [f"s{n}" for n in range(10)], each=400)
    half = pd.Series(np.where(np.arange(len(rows)) % 8 < 4, "one", "two"))
    single = named(subgroups.groups(rows, by(rows, half=half), CLASSES))
    low = next(one for one in single.values() if one.gap is not None)
    assert low.gap.high - low.gap.low < 0.08
    assert low.estimates["UA"].high - low.estimates["UA"].low > 0.3


@pytest.mark.parametrize("together", [True, False])
def test_intervals_of_gaps_cover_the_true_gap(together: bool) -> None:
    """Groups of the same ten speakers, or of ten and six others, with a true gap of 0.1 and speakers that differ."""
    draw = np.random.default_rng(2)
    hits, count = 0, 500
    for _ in range(count):
        sizes = (10, 10) if together else (10, 6)
        bases = [draw.normal(0, 0.06, size) for size in sizes]
        if together:
            bases[1] = bases[0]
        sides = []
        for base, mean, prefix in zip(bases, (0.6, 0.7), ("s", "s" if together else "t"), strict=True):
            rates = np.clip(mean + base, 0, 1)[:, None]
            right = draw.binomial(20, np.broadcast_to(rates, (len(base), 4)))
            counts = right[..., None] * np.eye(4)
            counts[:, range(4), [1, 2, 3, 0]] = 20 - right
            names = tuple(f"{prefix}{number}" for number in range(len(base)))
            sides.append(intervals.Tally("x", counts[:, None], "speaker", names, None))
        found = intervals.estimate(subgroups.difference(sides[0], sides[1]), "UA")
        hits += found.low <= -0.1 <= found.high
    assert 0.92 <= hits / count <= 0.995  # nominal 0.95, standard error 0.01


def test_what_is_too_small_is_named_and_not_scored() -> None:
    draw = np.random.default_rng(3)
    speakers = [f"s{n}" for n in range(12)]
    rows = predicted(draw, np.full(12, 0.7), speakers)
    language = rows["speaker"].map(
        {name: "xx" if name in speakers[: FEWEST_SPEAKERS - 1] else "yy" for name in speakers}
    )
    few = pd.Series(np.where(np.arange(len(rows)) % 12 == 0, "rare", "usual"))
    found = subgroups.groups(rows, by(rows, language=language, few=few), CLASSES)
    small = {one.name for one in found if one.too_few}
    assert small == {"xx", "rare"}
    assert rows[few == "rare"]["utterance"].nunique() < FEWEST_UTTERANCES < 160
    for one in found:
        assert bool(one.estimates) is (one.name not in small)
        assert one.gap is None  # nothing is left to compare with
    assert named(found)["xx"].too_few == "too few: 4 speakers, 160 utterances"


def test_groups_are_compared_on_the_classes_that_all_of_them_have() -> None:
    """As in RAVDESS, whose neutral utterances have one intensity only."""
    draw = np.random.default_rng(4)
    rows = predicted(draw, np.full(8, 0.6), [f"s{n}" for n in range(8)])
    strong = pd.Series(np.where((np.arange(len(rows)) % 8 < 4) & (rows["label"] != "neutral"), "strong", "normal"))
    found = named(subgroups.groups(rows, by(rows, intensity=strong), CLASSES))
    for name, one in found.items():
        assert one.without == ("neutral",)
        mine = rows[(strong == name) & (rows["label"] != "neutral")]
        assert one.utterances == mine["utterance"].nunique()
        recalls = (mine["label"] == mine["predicted"]).groupby(mine["label"]).mean()
        assert one.estimates["UA"].value == pytest.approx(recalls.mean())


def test_attributes_are_thirds_of_the_length_agreement_and_what_the_manifest_names(tmp_path: Path) -> None:
    votes = {0: ["sad", "sad", "sad"], 1: ["sad", "sad", "happy"], 2: ["sad", "happy", "angry"], 3: ["sad"]}
    rows = []
    for number in range(9):
        raters = [{"rater": f"r{k}", "emotions": [one]} for k, one in enumerate(votes.get(number, []))]
        gender = "female" if number % 2 else "male"
        row = {"utterance": f"u{number}", "seconds": 1.0 + number, "emotion": "sad", "gender": gender}
        rows.append(FACTS | row | {"raters": raters, "language": "en"})
    rows[3] |= {"raters": rows[0]["raters"], "emotion": None}  # rated, without a label
    rows.append(FACTS | {"utterance": "untested", "seconds": 99.0, "emotion": "sad", "language": "fr"})
    path = tmp_path / "manifest.parquet"
    contracts.write(contracts.MANIFEST, rows, path, {"adapter": "table"})
    found = subgroups.attributes(path, [f"u{n}" for n in range(9)], {name: [name] for name in CLASSES})
    assert list(found) == ["gender", "length", "agreement of raters"]  # one language, one rate: nothing to compare
    assert found["length"].value_counts().tolist() == [3, 3, 3]
    assert next(iter(found["length"].cat.categories)) == "below 3.67 s"
    assert found["agreement of raters"].dropna().to_dict() == {"u0": AGREE[0], "u1": AGREE[1], "u2": AGREE[2]}
