"""Every claim is about systems and numbers that the table of published results has, and none of these is left out."""

import math
from collections import Counter

import pytest

from ser.errors import SerError
from ser.papers import published
from ser.papers.claims import KINDS, claims

CLAIMS = claims()
STATED = [claim for claim in CLAIMS if claim.stated]


def rows() -> list[dict[str, str]]:
    return list(published.rows())


def test_a_claim_is_made_once() -> None:
    keys = Counter((one.paper, one.kind, one.measure, one.corpus, *(side.name for side in one.sides)) for one in CLAIMS)
    assert [key for key, count in keys.items() if count > 1] == []


def test_every_system_of_a_claim_is_printed_by_its_paper() -> None:
    known = {(row["paper"].lower(), row["system"]) for row in rows()}
    assert {(claim.paper, side.system) for claim in CLAIMS for side in claim.sides} <= known


def test_every_printed_rate_size_and_time_is_a_claim() -> None:
    values = {
        (claim.paper, side.name.split(",")[0], side.recognised, claim.metric, claim.label, claim.printed)
        for claim in CLAIMS
        for side in claim.sides
        if claim.kind in ("value", "convergence level")
    }
    for paper in published.papers():
        for number in published.printed(paper):
            assert (paper, number.system, number.recognised, number.metric, number.label, number.percent) in values


def test_every_gain_that_a_text_prints_is_a_claim() -> None:
    printed = Counter(
        (
            row["paper"].lower(),
            row["system"],
            row["metric"].split("_")[0].replace("UAR", "UA"),
            abs(float(row["value"])),
        )
        for row in rows()
        if "_gain_over_" in row["metric"]
    )
    claimed = Counter(
        (claim.paper, claim.sides[0].system, claim.metric, abs(claim.printed or math.nan))
        for claim in STATED
        if claim.kind == "difference"
    )
    assert printed - claimed == Counter()


def test_kinds_and_metrics_are_known() -> None:
    assert {claim.kind for claim in CLAIMS} == set(KINDS)
    metrics = {"WA", "UA", "recall", "confusion", "parameters", "minutes", "converged UA", "WER"}
    assert {claim.metric for claim in CLAIMS} == metrics


def test_a_side_has_the_number_that_the_tables_print_for_it() -> None:
    gain = next(claim for claim in STATED if claim.printed == 5.2)
    assert [(side.name, side.percent) for side in gain.sides] == [
        ("MSCNN-SPU-ATT, recognised text", 79.1),
        ("MHA[3], recognised text", 73.9),
    ]
    assert [side.quoted for side in gain.sides] == [False, True]


def test_the_corpus_distinguishes_equal_systems() -> None:
    levels = {
        (claim.corpus, claim.sides[0].system): claim.printed for claim in CLAIMS if claim.kind == "convergence level"
    }
    assert levels == {
        ("eNTERFACE", "proposed(attention)"): 80,
        ("eNTERFACE", "traditional LSTM"): 70,
        ("IEMOCAP", "proposed(attention)"): 48,
        ("IEMOCAP", "traditional LSTM"): 43,
    }


def test_what_a_text_does_not_print_follows_from_the_tables() -> None:
    ratios = {claim.metric: claim.printed for claim in CLAIMS if claim.kind == "ratio"}
    assert ratios == {"parameters": pytest.approx(2.12 / 1.85), "minutes": pytest.approx(113 / 64)}
    ablation = [
        claim.printed for claim in CLAIMS if (claim.where, claim.metric) == ("Table2", "WA") and len(claim.sides) == 2
    ]
    assert ablation == pytest.approx([0.8, 1.0, 0.8, 0.5, 3.7])


def test_a_number_in_two_tables_is_one_claim_that_names_both() -> None:
    both = [claim for claim in CLAIMS if claim.kind == "value" and claim.where == "Table1, Table2"]
    assert {claim.statement for claim in both} == {
        f"{system} has a {metric} of {value} %."
        for system, metric, value in (
            ("MSCNN-SPU", "WA", 79.5),
            ("MSCNN-SPU", "UA", 80.4),
            ("MSCNN-SPU-ATT", "WA", 80.3),
            ("MSCNN-SPU-ATT", "UA", 81.4),
        )
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"systems": "C-pFSMN-B; C-pFSMN"}, "Did you mean 'C-pFSMN-A'"),
        ({"kind": "differnce"}, "Did you mean 'difference'"),
        ({"systems": "C-pFSMN-A, recognised text; C-pFSMN"}, "C-pFSMN-A, recognised text"),
    ],
)
def test_a_row_that_names_nothing_known_is_an_error(
    change: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [{**published.read("claims.csv")[2], **change}]
    monkeypatch.setattr(published, "read", lambda _: broken)
    claims.cache_clear()
    with pytest.raises(SerError, match=message.replace("[", r"\[")):
        claims()
