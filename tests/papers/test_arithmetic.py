"""The checks on printed numbers give the known outcomes, and notice a digit that was changed."""

import random
from collections.abc import Callable, Iterator

import pytest
from statsmodels.stats.proportion import proportion_confint

from ser.papers import arithmetic, published
from ser.papers.arithmetic import ArithmeticCheck, checks
from ser.papers.claims import claims
from ser.papers.published import printed_rows
from ser.papers.uncertainty import TESTED, Uncertain, exact, paired, printed_rate, sampled

Change = Callable[..., None]


@pytest.fixture
def change(monkeypatch: pytest.MonkeyPatch) -> Iterator[Change]:
    """Return a function that prints another value in the row that the given columns select."""

    def apply(value: str, **select: str) -> None:
        every = list(published.rows())
        [row] = [number for number, row in enumerate(every) if select.items() <= row.items()]
        every[row] = {**every[row], "value": value}
        monkeypatch.setattr(published, "rows", lambda: tuple(every))
        forget()

    def forget() -> None:
        for cached in (published.printed, claims):
            cached.cache_clear()

    yield apply
    forget()


def failing(found: object) -> list[tuple[str, str]]:
    return [(check.where, check.claim) for check in found if not check.holds]  # type: ignore[attr-defined]


def test_one_mean_of_recalls_cannot_be_the_printed_ua() -> None:
    every = list(arithmetic.means())
    assert len(every) == 5 + 4 + 4
    assert [(check.paper, check.where, check.claim) for check in every if not check.holds] == [
        ("xie2019", "Table3", "the recalls of Feature average to its UA")
    ]
    time = next(check for check in every if check.where == "Table2" and "Time" in check.claim)
    assert "mean 86.83, printed 86" in time.detail


def test_figure_4_of_cao_is_a_matrix_of_whole_utterances_with_the_truth_in_its_columns() -> None:
    assert failing(arithmetic.confusion()) == []
    derived = {
        (row["metric"].split("_")[3], row["metric"].split("_")[5]): int(row["value"])
        for row in published.rows()
        if row["table"] == "Figure4(derived)"
    }
    sizes = {"angry": 104, "happy": 160, "neutral": 176, "sad": 90}
    assert {cell: round(share * sizes[cell[0]] / 100) for cell, share in arithmetic._figure().items()} == derived


def test_a_changed_digit_of_figure_4_is_found(change: Change) -> None:
    change("23.55", table="Figure4", metric="confusion_pct_true_happy_pred_neutral")
    assert ("Figure4", "every cell is a whole number of the test utterances of table 1") in failing(
        arithmetic.confusion()
    )


def test_a_transposed_figure_4_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    turned = {(predicted, true): share for (true, predicted), share in arithmetic._figure().items()}
    monkeypatch.setattr(arithmetic, "_figure", lambda: turned)
    assert ("Figure4", "columns are true classes, rows are predictions") in failing(arithmetic.confusion())


def test_wa_and_recalls_of_cao_belong_together(change: Change) -> None:
    assert failing(arithmetic.counts()) == []
    change("60.29", paper="cao2019", table="Table2", system="C-biLSTM", metric="WA_pct")
    assert [claim for _, claim in failing(arithmetic.counts())] == [
        "recalls of C-biLSTM are whole utterances and give its WA"
    ]


@pytest.mark.parametrize(
    ("value", "select", "claim"),
    [
        ("64.52", {"paper": "cao2019", "table": "Table2", "system": "C-pFSMN-A", "metric": "UA_pct"}, "2.67 points"),
        (
            "73.2",
            {
                "paper": "peng2021",
                "system": "MHA[3]",
                "metric": "WA_pct",
                "protocol": "quoted from cited paper; own protocol; not re-run by Peng; text=Google ASR transcript",
            },
            "4.4 points",
        ),
        ("0.77", {"table": "Table2", "system": "General", "metric": "UAR_fraction"}, "12 points"),
    ],
)
def test_a_gain_follows_from_the_tables(value: str, select: dict[str, str], claim: str, change: Change) -> None:
    assert failing(arithmetic.gains()) == []
    change(value, **select)
    assert any(claim in text for _, text in failing(arithmetic.gains()))


def misplaced() -> list[str]:
    """Return where an ordering is claimed whose first system does not have the highest printed number."""
    orders = [claim for claim in claims() if claim.kind == "ordering"]
    printed = [[side.percent for side in claim.sides] for claim in orders]
    return [claim.where for claim, (first, *others) in zip(orders, printed, strict=True) if not first > max(others)]


def test_an_order_follows_from_the_tables(change: Change) -> None:
    assert misplaced() == []
    change("72.76", paper="li2018", system="CNN_TF_GAP", metric="WA_pct")
    assert misplaced() == ["section 3.3"]


def test_pengs_relative_gains_are_absolute_ones() -> None:
    found = list(arithmetic.relative())
    assert [check.holds for check in found] == [False, False]
    assert "absolute 4.40 points, relative 6.03 %" in found[0].detail
    assert "absolute 4.30 points, relative 5.82 %" in found[1].detail


def test_relative_gains_pass_the_check(change: Change) -> None:
    noisy = next(
        number for number in published.printed("peng2021") if number.system == "MSCNN-SPU" and number.recognised
    )
    change("76.2", paper="peng2021", system="MSCNN-SPU", metric="WA_pct", protocol=noisy.protocol)
    assert [check.holds for check in arithmetic.relative()] == [True, False]


def test_li_beats_two_systems_and_not_one(change: Change) -> None:
    assert [check.holds for check in arithmetic.baselines()] == [False]
    change("64.10", paper="li2018", system="CNN-LSTM[11]", metric="UA_pct")
    assert [check.holds for check in arithmetic.baselines()] == [True]


def test_the_tables_of_xie_lie_above_the_converged_levels() -> None:
    adds = [check.detail.split("adds ")[1] for check in arithmetic.selection() if not check.holds]
    assert adds == ["8 points", "8 points", "6 points", "3 points"]


def test_leads_that_the_test_parts_cannot_show() -> None:
    known = {
        ("cao2019", "UA of C-pFSMN-A less that of C-biLSTM", False),
        ("cao2019", "WA of C-pFSMN-A less that of C-biLSTM", False),
        ("cao2019", "UA of C-pFSMN-A less that of C-pFSMN", True),
        ("li2018", "WA of CNN_TF_Att.pooling less that of CNN_TF_GAP", False),
        ("li2018", "UA of CNN_TF_Att.pooling less that of CNN_TF_GAP", False),
        ("xie2019", "UA of Feature less that of General on eNTERFACE", True),
    }
    found = {
        (check.paper, check.claim.removesuffix(" exceeds the sampling error"), check.holds)
        for check in arithmetic.leads()
    }
    assert known <= found


def test_all_checks_are_there_in_the_order_of_the_papers() -> None:
    found = checks()
    assert all(isinstance(check, ArithmeticCheck) and check.detail for check in found)
    assert list(dict.fromkeys(check.paper for check in found)) == published.papers()


def test_a_printed_accuracy_is_as_uncertain_as_its_test_part_is_small() -> None:
    wa = {number.system: number for number in published.printed("cao2019") if number.metric == "WA"}
    found = printed_rate(wa["C-pFSMN-A"])
    assert found is not None
    low, high = proportion_confint(341, 530, method="wilson")
    assert (found.low, found.high) == pytest.approx((100 * low, 100 * high), abs=0.01)
    assert found.high - found.low == pytest.approx(8.2, abs=0.1)
    assert printed_rate(wa["LSTM[24]"]) is None


def test_sizes_of_test_parts_are_the_printed_ones() -> None:
    printed = {
        row["metric"].removeprefix("count_").removeprefix("test_").removesuffix("_incl_excited"): int(row["value"])
        for row in published.rows()
        if (row["paper"], row["table"]) == ("peng2021", "text") and row["metric"].startswith("count_")
    }
    assert TESTED["peng2021", "IEMOCAP"] == printed
    tested = {
        row["metric"].removeprefix("count_test_"): int(row["value"])
        for row in published.rows()
        if row["metric"].startswith("count_test_")
    }
    assert TESTED["cao2019", "IEMOCAP"] == tested
    assert sum(TESTED["li2018", "IEMOCAP"].values()) == 2280
    assert {table for table, _, _ in printed_rows("xie2019")} == {"Table2", "Table3"}


@pytest.mark.parametrize(("right", "size"), [(0, 20), (7, 20), (20, 20), (341, 530)])
def test_a_single_rate_has_wilsons_interval(right: int, size: int) -> None:
    expected = proportion_confint(right, size, method="wilson")
    found = sampled(100 * right / size, [right / size], [size])
    assert (found.low / 100, found.high / 100) == pytest.approx(expected, abs=1e-12)


def test_the_interval_of_a_difference_of_ua_covers_the_truth_at_its_nominal_rate() -> None:
    draw = random.Random(1)
    truth, sizes, hits, trials = ((0.8, 0.5, 0.65), (0.6, 0.55, 0.9)), (40, 90, 60), 0, 2000
    apart = 100 * (sum(truth[0]) / 3 - sum(truth[1]) / 3)
    for _ in range(trials):
        sides = []
        for rates in truth:
            seen = [
                sum(draw.random() < rate for _ in range(size)) / size for rate, size in zip(rates, sizes, strict=True)
            ]
            sides.append(sampled(100 * sum(seen) / 3, seen, sizes))
        found = sides[0] - sides[1]
        hits += found.low <= apart <= found.high
    assert 0.935 <= hits / trials <= 0.97  # 0.95 ± 3 standard errors of 2000 trials


def test_noise_adds_up_and_several_differences_need_wider_intervals() -> None:
    estimate = Uncertain(1.0, -1.96, 3.96)
    assert estimate.noisy(1.0).low == pytest.approx(1 - (2.96**2 + 1.96**2) ** 0.5, abs=1e-4)
    assert estimate.one_of(1).low == pytest.approx(-1.96)
    assert estimate.one_of(2).high == pytest.approx(1 + 2.96 * 2.2414 / 1.96, abs=1e-3)
    assert exact(2.0) - exact(0.5) == exact(1.5)


def test_paired_runs_give_students_interval() -> None:
    found = paired([1.0, 2.0, 3.0])
    assert (found.value, found.high) == pytest.approx((2.0, 2 + 4.3027 / 3**0.5), abs=1e-3)
    assert paired([1.0]).low == -float("inf")
