"""Directions of a protocol whose folds have names, against plain loops, and what stands beside them."""

from typing import Any

import pandas as pd
import pytest

from ser.config.schema import Protocol
from ser.report.data.results import INDEPENDENT, PAPER
from ser.report.formats import PERCENTS
from ser.report.sections import transfer
from ser.report.transfers import transfers

CLASSES = ("happy", "sad")


class Given:
    """Attributes of a record that these functions read."""

    def __init__(self, **values: Any):
        vars(self).update(values)


def result(corpus: str, name: str, kind: str = INDEPENDENT, unranked: str = "", **keys: Any) -> Any:
    protocol = Protocol.model_validate({"rule": "speaker_folds", "labels": "all", **keys})
    first = Given(protocol=protocol, classes=CLASSES, warning="")
    named = {"corpus": corpus, "protocol": name, "system": "SVM", "key": (corpus, name, "SVM")}
    return Given(**named, first=first, kind=kind, unranked=unranked, dimensions=())


def predicted() -> pd.DataFrame:
    """Return four speakers of each corpus, of which fold 0 tests near and fold 1 far, where every third is wrong."""
    rows = []
    for fold, corpus in enumerate(("near", "far")):
        for number in range(24):
            label, right = CLASSES[number % 2], not fold or number % 3
            answer = label if right else CLASSES[1 - number % 2]
            rows.append((0, fold, f"{corpus}/u{number}", f"{corpus}/s{number // 6}", label, answer))
    return pd.DataFrame(rows, columns=["seed", "fold", "utterance", "speaker", "label", "predicted"])


@pytest.fixture
def data() -> Any:
    across = {"rule": "leave_one_out", "options": {"by": "corpus", "values": ["near", "far"]}}
    by_gender = {"rule": "leave_one_out", "options": {"by": "gender", "values": ["female", "male"]}}
    joined = result("both", "across", **across)
    others = [
        result("far", "gender-out", **by_gender),
        result("far", "random", PAPER),
        result("far", "few", unranked="x"),
    ]
    own = result("far", "speaker-folds")
    return Given(
        results=[*others, own, joined],
        by_name=[*others, own, joined],
        own=own,
        predictions={one.key: Given(rows=predicted(), dimensions=()) for one in (*others, own, joined)},
        metrics=("WA", "UA"),
        ranking="UA",
        notation=PERCENTS,
        interval=lambda _, __: Given(value=0.75, low=0.6, high=0.9),
        warning="",
    )


def test_every_direction_is_that_of_its_fold(data: Any) -> None:
    found = [one for one in transfers(data) if one.result.corpus == "both"]
    assert [(one.name, one.train, one.tested, one.by) for one in found] == [
        ("far → near", "far", "near", "corpus"),
        ("near → far", "near", "far", "corpus"),
    ]
    assert [(one.utterances, one.clusters, one.cluster_kind) for one in found] == [(24, 4, "speaker")] * 2
    assert [one.estimates["UA"].value for one in found] == [1.0, pytest.approx(2 / 3)]


def test_beside_it_stands_the_system_on_the_corpus_alone_under_an_independent_protocol(data: Any) -> None:
    """Not a protocol that leaves one gender out, leaks speakers, or is not ranked."""
    near, far = (one for one in transfers(data) if one.result.corpus == "both")
    assert near.within is None
    assert far.within is data.own
    matrix = next(one for one in transfer.tables(data) if one.title == "SVM: across on both")
    assert list(matrix.rows) == ["far", "near", transfer.ITSELF]
    cells = {(row, column.title): str(column.html(row)) for row in matrix.rows for column in matrix.columns[1:]}
    shown = {key: text.split(">")[1].split("<")[0] for key, text in cells.items() if text}
    assert shown == {("far", "near"): "100.00", ("near", "far"): "66.67", (transfer.ITSELF, "far"): "75.00"}
