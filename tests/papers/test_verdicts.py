"""Verdicts on the papers' claims: synthetic results that force each of them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from own_results import CAO, LI, MANY, XIE, cao, gain, of, peng, result

from ser.config import read
from ser.config.schema import Experiment
from ser.evaluation.word_errors import WordErrors
from ser.papers import curve_claims, matching
from ser.papers import verdicts as rules
from ser.papers.claims import claims
from ser.papers.judging import judge, tally, verdicts
from ser.papers.matching import OwnResult
from ser.papers.uncertainty import Uncertain
from ser.papers.verdicts import Evidence, Verdict

CONFIG = Path(__file__).parents[2] / "config"


def wa_of_best(found: Sequence[Verdict]) -> Verdict:
    return of(found, paper="cao2019", kind="value", metric="WA", systems=["C-pFSMN-A"])


def test_every_claim_has_a_verdict_even_if_nothing_was_run() -> None:
    found = [judge(claim, [], Evidence()) for claim in claims()]
    assert {one.verdict for one in found} == {"not run"}
    assert "C-pFSMN-A" in gain(found).reason
    assert gain(found).printed == Uncertain(2.67, 2.67, 2.67)


@pytest.mark.parametrize(
    ("rate", "interval", "verdict"),
    [
        (0.6434, None, "within noise"),  # equal, but 530 utterances cannot show it
        (0.69, None, "within noise"),
        (0.50, None, "not reproduced"),
        (0.6434, (0.6430, 0.6438), "within noise"),  # the printed number stays as uncertain as it is
    ],
)
def test_a_small_test_part_shows_no_agreement(rate: float, interval: tuple[float, float] | None, verdict: str) -> None:
    mine = cao("mine", "C-pFSMN-A", rate)
    key = ("corpus", "protocol", "mine", "WA")
    given = Evidence(intervals={key: interval} if interval else {})
    assert wa_of_best(verdicts([mine], given)).verdict == verdict


@pytest.mark.parametrize(
    ("rate", "verdict"),
    [(0.800, "reproduced"), (0.815, "reproduced"), (0.828, "within noise"), (0.85, "not reproduced")],
)
def test_a_large_test_part_shows_agreement_within_the_margin(rate: float, verdict: str) -> None:
    found = of(verdicts([peng(rate)]), kind="value", metric="WA", systems=["MSCNN-SPU-ATT"])
    assert found.verdict == verdict
    assert found.ours is not None
    assert found.ours.value == pytest.approx(100 * rate, abs=0.05)


def test_the_margin_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = cao("mine", "C-pFSMN-A", 0.6434)
    monkeypatch.setattr(rules, "MARGIN", 10)
    assert wa_of_best(verdicts([mine])).verdict == "reproduced"


def test_clustered_intervals_replace_the_binomial_ones() -> None:
    mine, key = peng(0.80), ("corpus", "protocol", "mine", "WA")
    wide = verdicts([mine], Evidence(intervals={key: (0.74, 0.85)}))
    found = of(wide, kind="value", metric="WA", systems=["MSCNN-SPU-ATT"])
    assert found.verdict == "within noise"
    assert (found.ours.low, found.ours.high) == (74, 85)  # type: ignore[union-attr]
    unknown = verdicts([mine], Evidence(intervals={key: (math.nan, math.nan)}))
    assert of(unknown, kind="value", metric="WA", systems=["MSCNN-SPU-ATT"]).verdict == "reproduced"


def test_noise_between_seeds_widens_both_numbers() -> None:
    calm, shaky = (wa_of_best(verdicts([cao("mine", "C-pFSMN-A", 0.5, sd=sd)])) for sd in (0.0, 0.07))
    assert calm.verdict == "not reproduced"
    assert shaky.verdict == "within noise"
    assert shaky.ours.high - shaky.ours.low > calm.ours.high - calm.ours.low  # type: ignore[union-attr]
    assert shaky.printed.low < calm.printed.low  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"adapter": "demo"}, "other corpus"),
        ({"paper": "li2018"}, "other protocol"),
        ({"partial": "partial: fold 0 of 2"}, "not all folds"),
    ],
)
def test_what_is_not_comparable_still_has_our_number(changes: dict[str, Any], reason: str) -> None:
    found = wa_of_best(verdicts([cao("mine", "C-pFSMN-A", 0.6434, **changes)]))
    assert found.verdict == "not comparable"
    assert reason in found.reason
    assert found.ours is not None
    assert found.ours.value == pytest.approx(64.34, abs=0.2)


def test_the_paper_protocol_is_preferred_to_any_other() -> None:
    papers, ours = cao("mine", "C-pFSMN-A", 0.6), cao("mine", "C-pFSMN-A", 0.7, paper="li2018")
    ours = replace(ours, protocol="another")
    assert wa_of_best(verdicts([ours, papers])).where == ("corpus", "protocol")
    assert wa_of_best(verdicts([ours])).where == ("corpus", "another")


@pytest.mark.parametrize(
    ("first", "second", "sizes", "verdict"),
    [
        (0.66, 0.63, CAO, "within noise"),
        (0.66, 0.63, MANY, "reproduced"),
        (0.63, 0.66, MANY, "not reproduced"),  # the other way round
        (0.90, 0.60, CAO, "not reproduced"),  # the sign, but another size
        (0.40, 0.60, CAO, "not reproduced"),
    ],
)
def test_a_difference_must_have_sign_and_size(
    first: float, second: float, sizes: Mapping[str, float], verdict: str
) -> None:
    found = verdicts([cao("a", "C-pFSMN-A", first, sizes), cao("b", "C-biLSTM", second, sizes)])
    assert gain(found).verdict == verdict
    assert gain(found).ours.value == pytest.approx(100 * (first - second), abs=0.6)  # type: ignore[union-attr]


@pytest.mark.parametrize("turned", [False, True])
def test_a_paired_interval_is_used_in_either_direction(turned: bool) -> None:
    pair = [cao("a", "C-pFSMN-A", 0.66), cao("b", "C-biLSTM", 0.63)]
    key = ("corpus", "protocol", *(("b", "a") if turned else ("a", "b")), "UA")
    limits = (-4.5, -1.2) if turned else (1.2, 4.5)
    found = gain(verdicts(pair, Evidence(differences={key: limits})))
    assert found.verdict == "reproduced"
    assert (found.ours.low, found.ours.high) == (1.2, 4.5)  # type: ignore[union-attr]
    assert "paired" in found.reason


def test_a_gain_over_a_quoted_number_is_not_comparable_but_an_order_is() -> None:
    names = ["C-pFSMN-A", "LSTM[24]", "HSF-CRNN[23]", "C-biLSTM", "pFSMN", "C-pFSMN"]
    rates = [0.70, 0.50, 0.55, 0.60, 0.52, 0.53]
    results = [cao(name.lower(), name, rate, MANY) for name, rate in zip(names, rates, strict=True)]
    found = verdicts(results)
    quoted = of(found, kind="difference", metric="WA", systems=["C-pFSMN-A", "HSF-CRNN[23]"])
    assert quoted.verdict == "not comparable"
    assert quoted.ours.value == pytest.approx(15, abs=0.1)  # type: ignore[union-attr]
    order = of(found, paper="cao2019", kind="ordering", metric="WA", where="Table2")
    assert order.verdict == "reproduced"
    assert "C-biLSTM" in order.reason
    assert order.printed.value == pytest.approx(64.34 - 60.35)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rival", "sizes", "verdict"),
    [
        (0.69, MANY, "reproduced"),
        (0.69, CAO, "within noise"),
        (0.75, MANY, "not reproduced"),
        (0.71, CAO, "within noise"),
    ],
)
def test_an_order_holds_if_every_lead_does(rival: float, sizes: Mapping[str, float], verdict: str) -> None:
    names = ["C-pFSMN-A", "LSTM[24]", "HSF-CRNN[23]", "C-biLSTM", "pFSMN", "C-pFSMN"]
    rates = [0.70, 0.50, 0.50, rival, 0.50, 0.50]
    results = [cao(name.lower(), name, rate, sizes) for name, rate in zip(names, rates, strict=True)]
    assert of(verdicts(results), paper="cao2019", kind="ordering", metric="UA", where="Table2").verdict == verdict
    missing = of(verdicts(results[:-1]), paper="cao2019", kind="ordering", metric="UA", where="Table2")
    assert (missing.verdict, missing.reason) == ("not run", "no results of C-pFSMN")


def test_systems_must_share_a_protocol() -> None:
    apart = replace(cao("b", "C-biLSTM", 0.5), protocol="another")
    assert gain(verdicts([cao("a", "C-pFSMN-A", 0.6), apart])).reason == "not run under one protocol on one corpus"


def test_of_variants_the_shortest_name_is_taken() -> None:
    both = [cao("mine-short", "C-pFSMN-A", 0.5), cao("mine", "C-pFSMN-A", 0.6)]
    assert wa_of_best(verdicts(both)).systems == ("mine",)


@pytest.mark.parametrize(
    ("sizes", "verdict"),
    [
        ((2_250_000, 2_000_000), "reproduced"),
        ((2_250_000, 690_000), "not reproduced"),
        ((2.0e6, 2.1e6), "not reproduced"),
    ],
)
def test_sizes_have_the_printed_ratio(sizes: tuple[int, int], verdict: str) -> None:
    slow, quick = cao("b", "C-biLSTM", 0.6, parameters=sizes[0]), cao("a", "C-pFSMN-A", 0.6, parameters=sizes[1])
    found = of(verdicts([slow, quick]), kind="ratio", metric="parameters")
    assert found.verdict == verdict
    assert found.ours.value == pytest.approx(sizes[0] / sizes[1])  # type: ignore[union-attr]


def test_times_are_compared_as_ratios_on_one_machine_only() -> None:
    slow, quick = cao("b", "C-biLSTM", 0.6, minutes=28.0), cao("a", "C-pFSMN-A", 0.6, minutes=16.5)
    found = verdicts([slow, quick])
    assert of(found, kind="ratio", metric="minutes").verdict == "reproduced"
    value = of(found, kind="value", metric="minutes", systems=["C-biLSTM"])
    assert (value.verdict, value.ours.value) == ("not comparable", 28)  # type: ignore[union-attr]
    elsewhere = cao("a", "C-pFSMN-A", 0.6, minutes=16.5, devices="Another CPU")
    assert of(verdicts([slow, elsewhere]), kind="ratio", metric="minutes").verdict == "not comparable"


@pytest.mark.parametrize(("parameters", "verdict"), [(1_840_000, "reproduced"), (690_000, "not reproduced")])
def test_a_printed_size_is_met_or_not(parameters: int, verdict: str) -> None:
    found = verdicts([cao("a", "C-pFSMN-A", 0.6, parameters=parameters)])
    assert of(found, kind="value", metric="parameters", systems=["C-pFSMN-A"]).verdict == verdict


def test_recalls_and_confusions_have_numbers_too() -> None:
    found = verdicts([cao("mine", "C-pFSMN-A", 0.75)])
    sad = of(found, paper="cao2019", kind="value", metric="recall", label="sad", systems=["C-pFSMN-A"])
    assert sad.ours.value == pytest.approx(100 * round(0.75 * 90 * 3) / 90 / 3)  # type: ignore[union-attr]
    mistaken = of(found, metric="confusion")
    assert mistaken.ours.value == pytest.approx(25)  # type: ignore[union-attr]
    assert mistaken.verdict == "within noise"
    assert mistaken.printed.low < 23.75 < mistaken.printed.high  # type: ignore[union-attr]


def test_recognised_text_is_another_side() -> None:
    given, noisy = (
        result(system, "peng2021", "MSCNN-SPU", dict.fromkeys(MANY, rate), MANY, recognised=recognised)
        for system, recognised, rate in (("given", False, 0.80), ("noisy", True, 0.78))
    )
    found = verdicts([given, noisy])
    cost = of(found, kind="difference", metric="WA", systems=["MSCNN-SPU", "MSCNN-SPU, recognised text"])
    assert (cost.verdict, cost.systems) == ("reproduced", ("given", "noisy"))


def test_a_word_error_rate_is_another_recognisers() -> None:
    errors = WordErrors("some recogniser", 100, 1000, 150, 30, 20, 0, 0)
    evidence = Evidence(transcripts={("demo", "recognised"): errors})
    found = of(verdicts([peng(0.8)], evidence), metric="WER")
    assert (found.verdict, found.ours.value, found.printed.value) == (  # type: ignore[union-attr]
        "not comparable",
        pytest.approx(20),
        5.8,
    )


def xie(system: str, *names: str, ends: Sequence[float], best: float | None = None, scale: float = 1.0) -> OwnResult:
    """Return a system of Xie with one test curve per seed that rises to ``ends`` by ``scale`` a step."""
    curves = [
        [*(min(end, end * scale * step / 10) for step in range(1, 20)), best if best is not None else end, end]
        for end in ends
    ]
    return result(system, "xie2019", names, dict.fromkeys(XIE, 0.45), XIE, seeds=len(ends), curves=curves)


def test_printed_best_points_meet_our_best_points_and_levels_our_last() -> None:
    found = verdicts([xie("mine", "Feature", "proposed(attention)", ends=[0.48] * 3, best=0.54)])
    best = of(found, kind="value", metric="UA", corpus="IEMOCAP", systems=["Feature"])
    assert best.ours.value == pytest.approx(54)  # type: ignore[union-attr]
    assert best.verdict == "within noise"
    level = of(found, kind="convergence level", corpus="IEMOCAP", systems=["proposed(attention)"])
    assert level.ours.value == pytest.approx(48)  # type: ignore[union-attr]
    recall = of(found, kind="value", label="sad", corpus="IEMOCAP", systems=["Feature"])
    assert (recall.verdict, "best point" in recall.reason) == ("not comparable", True)
    assert "eNTERFACE" not in {one.claim.corpus for one in found}


def test_without_test_curves_a_best_point_is_not_comparable() -> None:
    plain = result("mine", "xie2019", ("Feature", "proposed(attention)"), dict.fromkeys(XIE, 0.45), XIE)
    found = verdicts([plain])
    best = of(found, kind="value", metric="UA", corpus="IEMOCAP", systems=["Feature"])
    assert (best.verdict, round(best.ours.value)) == ("not comparable", 45)  # type: ignore[union-attr]
    assert of(found, kind="convergence level", corpus="IEMOCAP", systems=["proposed(attention)"]).verdict == "not run"


def convergence(quick: float, seeds: int = 6) -> list[OwnResult]:
    ends = [0.5 + 0.01 * seed for seed in range(seeds)]
    names = {"LSTM": 1.0, "General": 1.1, "Time": 0.9, "Feature": quick}
    return [xie(name.lower(), name, ends=ends, scale=scale) for name, scale in names.items()]


@pytest.mark.parametrize(
    ("quick", "seeds", "verdict"), [(4.0, 6, "reproduced"), (0.55, 6, "not reproduced"), (4.0, 1, "within noise")]
)
def test_the_fastest_curve_is_the_first_to_rise(quick: float, seeds: int, verdict: str) -> None:
    results = convergence(quick, seeds)
    claim = next(one for one in claims() if (one.kind, one.corpus) == ("faster convergence", "IEMOCAP"))
    by_name = {name: one for one in results for name in one.published["xie2019"]}
    found = curve_claims.test_curves(claim, [by_name[side.system] for side in claim.sides], Evidence())
    assert found.verdict == verdict
    judged = of(verdicts(results), kind="faster convergence", corpus="IEMOCAP")
    assert judged.verdict == (verdict if seeds >= 3 else "not comparable")
    assert (found.ours.value > 0) == (quick > 1)  # type: ignore[union-attr]
    assert found.unit == "steps"


@pytest.mark.parametrize(("shake", "verdict"), [(0.0, "reproduced"), (0.08, "not reproduced")])
def test_a_curve_that_shakes_more_is_not_steadier(shake: float, verdict: str) -> None:
    results = convergence(1.0)
    mine = next(one for one in results if one.system == "feature")
    shaken = {
        run: curve.assign(test_ua=curve["test_ua"] + shake * (-1) ** curve.index) for run, curve in mine.curves.items()
    }
    results = [replace(one, curves=shaken) if one is mine else one for one in results]
    found = of(verdicts(results), kind="steadier curve", corpus="IEMOCAP", systems=["Feature", "LSTM", "General"])
    assert found.verdict == verdict


def filters(rate: Callable[[int, int], Mapping[str, float]], sizes: Mapping[str, float] = MANY) -> list[Verdict]:
    shapes = [*((height, 2) for height in (2, 6, 10, 20, 100)), *((2, width) for width in (4, 8, 20, 80))]
    return verdicts(
        [
            result(
                f"f{height}x{width}",
                "li2018",
                "Conv1-only GAP FC(16:4)",
                rate(height, width),
                sizes,
                options={"height": height, "width": width},
                changes={"options.height": f"10 → {height}", "options.width": f"2 → {width}"},
            )
            for height, width in shapes
        ]
    )


def as_printed(height: int, width: int) -> dict[str, float]:
    """Rises to a height of 10; highest at a width of 8; angry falls with the width; happy is low everywhere."""
    gain = 0.01 * (min(height, 10) - 2) + 0.05 * (1 - abs(math.log2(width / 8)) / 3.4)
    return {"angry": 0.7 - 0.003 * width, "happy": 0.2, "neutral": 0.6 + gain, "sad": 0.6 + gain}


CURVES = [
    ("rise to a level", "WA", 10),
    ("rise to a level", "recall", 10),
    ("peak", "WA", 8),
    ("fall", "recall", None),
    ("lowest class", "recall", None),
    ("level curve", "recall", None),
]


@pytest.mark.parametrize(("kind", "metric", "point"), CURVES)
def test_a_filter_study_as_printed_is_reproduced(kind: str, metric: str, point: float | None) -> None:
    found = of(filters(as_printed), paper="li2018", kind=kind, metric=metric)
    assert found.verdict == "reproduced", found.reason
    assert found.ours is not None
    if point is not None:
        assert found.ours.value == point


@pytest.mark.parametrize(("kind", "metric", "point"), CURVES)
def test_a_filter_study_that_differs_is_not(kind: str, metric: str, point: float | None) -> None:
    del point

    def turned(height: int, width: int) -> dict[str, float]:
        fall = 0.002 * height
        return {
            "angry": 0.3 + 0.003 * width,
            "happy": 0.6 - 0.004 * width,
            "neutral": 0.7 - fall,
            "sad": 0.5 + 0.004 * width - fall,
        }

    assert of(filters(turned), paper="li2018", kind=kind, metric=metric).verdict == "not reproduced"


@pytest.mark.parametrize(("kind", "metric"), [(kind, metric) for kind, metric, _ in CURVES if kind != "lowest class"])
def test_a_filter_study_on_few_utterances_is_undecided(kind: str, metric: str) -> None:
    few = dict.fromkeys(MANY, 20)
    assert of(filters(as_printed, few), paper="li2018", kind=kind, metric=metric).verdict == "within noise"


def test_a_filter_study_without_the_printed_point_was_not_run() -> None:
    shape = {"height": 2, "width": 2}
    one = result("f", "li2018", "Conv1-only GAP FC(16:4)", dict.fromkeys(LI, 0.5), LI, options=shape)
    found = of(verdicts([one]), kind="peak")
    assert (found.verdict, found.printed) == ("not run", Uncertain(8, 8, 8))
    assert "width 8" in found.reason


def test_joint_claims_need_more_to_be_refuted() -> None:
    close = Uncertain(-1.0, -1.99, -0.01)
    assert rules.ahead(close) == "not reproduced"
    assert rules.ahead(close, 3) == "within noise"
    assert rules.together(["reproduced", "within noise", "reproduced"]) == "within noise"
    assert rules.together(["reproduced", "within noise", "not reproduced"]) == "not reproduced"


@pytest.mark.parametrize(
    ("apart", "outcome"),
    [
        ((0.5, -2.0, 2.9), "reproduced"),
        ((0.5, -2.0, 3.1), "within noise"),
        ((2.5, 0.5, 4.5), "within noise"),  # different, but perhaps by less than what matters
        ((3.5, 0.5, 6.5), "not reproduced"),
        ((3.5, -0.5, 7.5), "within noise"),
        ((-9.0, -11.0, -7.0), "not reproduced"),
    ],
)
def test_equivalence_is_not_the_absence_of_significance(apart: tuple[float, float, float], outcome: str) -> None:
    assert rules.equivalent(Uncertain(*apart)) == outcome


def test_a_changed_recipe_has_no_verdict_and_lists_its_changes() -> None:
    changes = {"inputs.words.length": "128 → 48", "training.epochs": "50 → 8"}
    assert of(verdicts([peng(0.80)]), kind="value", metric="WA", systems=["MSCNN-SPU-ATT"]).verdict == "reproduced"
    found = verdicts([peng(0.80, changes=changes)])
    assert {one.verdict for one in found} == {"not comparable", "not run"}
    value = of(found, kind="value", metric="WA", systems=["MSCNN-SPU-ATT"])
    assert value.reason == "not as shipped: inputs.words.length 128 → 48, training.epochs 50 → 8"
    assert value.ours is not None


def test_fewer_seeds_than_the_shipped_experiment_are_a_change() -> None:
    single = of(verdicts([peng(0.80, seeds=1)]), kind="value", metric="WA", systems=["MSCNN-SPU-ATT"])
    assert single.verdict == "not comparable"
    assert "seeds 3 → 1" in single.reason
    assert "seeds 3" in matching.remark(peng(0.8, seeds=1), [single.claim.sides[0]])
    assert wa_of_best(verdicts([cao("mine", "C-pFSMN-A", 0.5, seeds=5)])).verdict == "not reproduced"


@pytest.mark.parametrize("paper", ["cao2019", "xie2019", "peng2021", "li2018"])
def test_the_shipped_experiments_have_the_seeds_that_a_verdict_needs(paper: str) -> None:
    protocols = read.shipped(CONFIG)[0]
    for path in sorted((CONFIG / "experiments").glob("*.yaml")):
        raw = read.read_yaml(path)["experiment"]
        if raw["name"] in (paper, f"{paper}_filters", "iemocap"):
            for block in Experiment.model_validate(raw).runs:
                if paper in {protocols[name].paper for name in block.protocols}:
                    assert len(block.seeds) == matching.SEEDS[paper], (path, block)


def test_an_unchanged_system_is_preferred_to_a_variant_with_a_shorter_name() -> None:
    changed = cao("a", "C-pFSMN-A", 0.9, changes={"training.epochs": "100 → 4"})
    found = wa_of_best(verdicts([changed, cao("C-pFSMN-A", "C-pFSMN-A", 0.5)]))
    assert (found.systems, found.verdict) == (("C-pFSMN-A",), "not reproduced")


def test_a_filter_study_varies_its_shape_alone() -> None:
    changes = {"training.epochs": "50 → 8"}
    shapes = [
        result(
            f"f{width}",
            "li2018",
            "Conv1-only GAP FC(16:4)",
            as_printed(2, width),
            MANY,
            options={"height": 2, "width": width},
            changes=changes,
        )
        for width in (2, 4, 8, 20, 80)
    ]
    found = of(verdicts(shapes), kind="peak")
    assert found.verdict == "not comparable"
    assert "training.epochs 50 → 8" in found.reason


def test_no_claim_applies_to_a_corpus_of_ones_own() -> None:
    assert verdicts([cao("mine", "C-pFSMN-A", 0.6, adapter="table"), peng(0.8, adapter="ravdess")]) == []
    assert verdicts([cao("mine", "C-pFSMN-A", 0.6, adapter="enterface")]) == []  # another paper's corpus


def test_claims_on_the_papers_corpus_are_listed_whether_they_were_run_or_not() -> None:
    found = verdicts([cao("mine", "C-pFSMN-A", 0.6)])
    assert [one.claim for one in found] == [claim for claim in claims() if claim.paper == "cao2019"]
    assert {one.verdict for one in found} > {"not run"}


def test_the_synthetic_corpus_lists_only_what_was_run_and_judges_nothing() -> None:
    found = verdicts([cao("a", "C-pFSMN-A", 0.66, adapter="demo"), cao("b", "C-biLSTM", 0.63, adapter="demo")])
    assert {one.verdict for one in found} == {"not comparable"}
    assert all("other corpus" in one.reason for one in found)
    assert {side.system for one in found for side in one.claim.sides} == {"C-pFSMN-A", "C-biLSTM"}


def test_a_tally_has_all_verdicts_of_the_papers_that_apply() -> None:
    found = verdicts([cao("a", "C-pFSMN-A", 0.66)])
    counted = tally(found)
    assert {one.claim.paper for one in found} == {"cao2019"}
    assert set(counted) == {"reproduced", "not reproduced", "within noise", "not comparable", "not run"}
    assert sum(counted.values()) == len(found)


def test_weights_other_than_the_papers_are_an_obstacle() -> None:
    found = verdicts([peng(0.80, weights=("word vectors were learned from scratch instead of glove",))])
    value = of(found, kind="value", metric="WA", systems=["MSCNN-SPU-ATT"])
    assert (value.verdict, value.reason) == (
        "not comparable",
        "word vectors were learned from scratch instead of glove",
    )


def test_every_seed_must_have_all_folds() -> None:
    whole = peng(0.80, folds=2)
    torn = replace(whole, curves={run: curve for run, curve in whole.curves.items() if run != (2, 1)})
    found = of(verdicts([torn]), kind="value", metric="WA", systems=["MSCNN-SPU-ATT"])
    assert (found.verdict, found.reason) == ("not comparable", "not all folds were run")
    assert of(verdicts([whole]), kind="value", metric="WA", systems=["MSCNN-SPU-ATT"]).verdict == "reproduced"
