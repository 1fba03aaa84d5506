"""Declared contrasts in the stage ``compare``: numbers by hand, their own family of Holm's, and what is missing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from plans import write_plan

from ser.errors import SerError
from ser.layout import Run
from ser.stages.compare import CompareJob, compare
from ser.tables import contracts

WRONG = {"none": "", "one each": "abcdefgh", "half": "abcd", "other half": "efgh"}  # speakers of whom one is missed
SYSTEMS = tuple(WRONG)
UP = {"better": "none", "than": "one each"}
DOWN = {"better": "one each", "than": "none"}
EVEN = {"better": "half", "than": "other half"}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def trained(system: str, folds: tuple[int, ...] = (0, 1), corpus: str = "c", classes: str = "xy") -> list[Run]:
    """Write runs on four speakers a fold with four utterances each, two per class; a miss is an x taken for a y."""
    runs = [Run(corpus, "p", system, 0, fold) for fold in folds]
    for run in runs:
        speakers = "abcdefgh"[4 * (run.fold % 2) :][:4]
        rows = [
            {**run._asdict(), "utterance": f"{run.fold}{speaker}{take}", "speaker": speaker, "label": "xxyy"[take]}
            | {"predicted": "y" if take == 0 and speaker in WRONG[system] else "xxyy"[take]}
            | {"probabilities": [1 / len(classes)] * len(classes)}
            for speaker in speakers
            for take in range(4)
        ]
        table = pa.Table.from_pylist(rows, schema=contracts.PREDICTIONS.schema)
        notes = {"classes": json.dumps(list(classes)), "tested": "once"}
        contracts.write(contracts.PREDICTIONS, table, run.folder / "predictions.parquet", notes)
    return runs


def contrasts(runs: list[Run], **declared: dict[str, Any]) -> pd.DataFrame:
    """Return the CONTRASTS table by title and metric."""
    paths = {name: Path(f"{name}.parquet") for name in ("comparisons", "intervals", "contrasts")}
    compare(CompareJob(plan=write_plan(runs, contrasts=declared), **paths))
    return contracts.read(contracts.CONTRASTS, paths["contrasts"]).to_pandas().set_index(["contrast", "metric"])


def every(*systems: str, **keys: Any) -> list[Run]:
    return [run for system in systems for run in trained(system, **keys)]


def test_difference_interval_and_p_are_those_by_hand() -> None:
    """Eight speakers lose one of four utterances each, all of class x: 8 of 16, and no two patterns are as extreme."""
    table = contrasts(every(*SYSTEMS), up=UP)
    up = table.loc[("up", "UA")]
    assert (up["corpus"], up["protocol"], up["better"], up["than"]) == ("c", "p", "none", "one each")
    assert (up["better_value"], up["than_value"]) == (1.0, (8 / 16 + 1) / 2)
    assert up["difference"] == pytest.approx(25)
    assert up["p"] == up["p_holm"] == pytest.approx(2 / 2**8)
    assert up["clusters"] == 8
    assert up["folds"].tolist() == [0, 1]
    assert "speakers" in up["method"]
    half = contrasts(every(*SYSTEMS), half={"better": "none", "than": "half"}).loc[("half", "UA")]
    shares = [1 / 32] * 4 + [0] * 4  # of each speaker in the difference of UA
    left_out = [(sum(shares) - share) * 16 / 14 for share in shares]  # 14 of each class are left
    mean = sum(left_out) / 8
    error = (7 / 8 * sum((value - mean) ** 2 for value in left_out)) ** 0.5
    assert half["difference"] == pytest.approx(100 * sum(shares)) == pytest.approx(12.5)
    assert half["high"] - half["difference"] == pytest.approx(100 * 2.364624 * error, rel=1e-5)  # t(7), 97.5 %
    assert half["p"] == pytest.approx(2 / 2**4)


def test_holm_is_over_the_declared_contrasts_of_one_metric() -> None:
    runs = every(*SYSTEMS)
    table = contrasts(runs, up=UP, down=DOWN, even=EVEN)
    for metric in ("WA", "UA"):
        found = table.xs(metric, level="metric")
        assert found["p"].tolist() == pytest.approx([2 / 256, 2 / 256, 1])
        assert found["p_holm"].tolist() == pytest.approx([3 * 2 / 256, 3 * 2 / 256, 1])
        assert found["difference"].tolist() == pytest.approx([25, -25, 0])
    pairs = contracts.read(contracts.COMPARISONS, Path("comparisons.parquet")).to_pandas()
    [pair] = pairs.query("system == 'none' and other == 'one each' and metric == 'UA'").to_dict("records")
    assert pair["p_holm"] == pytest.approx(12 * 2 / 256), "that of six pairs in two metrics"


def test_what_has_no_common_folds_is_named_and_stays_in_its_family(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [*every("none", "one each"), *every("half", folds=(2,))]
    later = {"better": "none", "than": "half"}
    table = contrasts(runs, up=UP, later=later)
    assert table.index.get_level_values("contrast").unique().tolist() == ["up"]
    assert "c/p: not measured, without common folds in all seeds: later\n" in capsys.readouterr().err
    assert table.loc[("up", "UA"), "p_holm"] == pytest.approx(2 * 2 / 256)
    finished = contrasts([*every("none", "one each"), *every("half")], up=UP, later=later)
    assert finished["p_holm"].max() < 1
    assert finished.loc[("up", "UA"), "p_holm"] == pytest.approx(2 * 2 / 256)


def test_a_contrast_is_measured_on_the_folds_that_both_have() -> None:
    table = contrasts([*every("none"), *every("one each", folds=(1, 2))], up=UP)
    assert table.loc[("up", "UA"), "folds"].tolist() == [1]
    assert table.loc[("up", "UA"), "clusters"] == 4
    assert table.loc[("up", "UA"), "p"] == pytest.approx(2 / 2**4)
    assert table.loc[("up", "UA"), "than_value"] == pytest.approx(0.75)


def test_a_system_on_another_preparation_of_the_corpus_can_be_the_worse_one() -> None:
    runs = [*every("none"), *every("one each", "none", corpus="whole")]
    across = UP | {"than_corpus": "whole"}
    alike = {"better": "none", "than": "none", "than_corpus": "whole"}
    table = contrasts(runs, across=across, alike=alike)
    assert table["corpus"].unique().tolist() == ["c"]
    assert table.loc[("across", "UA"), "than_corpus"] == "whole"
    assert table.loc[("across", "UA"), "difference"] == pytest.approx(25)
    assert table.loc[("alike", "UA"), "difference"] == 0
    with pytest.raises(SerError, match="c/p/none and whole/p/one each were tested on different utterances"):
        contrasts([*every("none"), *moved("one each")], across=across)


def moved(system: str) -> list[Run]:
    """Write the runs of a system on a corpus whose utterances have other names."""
    runs = trained(system, corpus="whole")
    for run in runs:
        path = run.folder / "predictions.parquet"
        rows = contracts.read(contracts.PREDICTIONS, path).to_pylist()
        table = pa.Table.from_pylist([{**row, "utterance": f"w{row['utterance']}"} for row in rows])
        notes = {"classes": json.dumps(["x", "y"]), "tested": "once"}
        contracts.write(contracts.PREDICTIONS, table.cast(contracts.PREDICTIONS.schema), path, notes)
    return runs


def under(protocol: str, system: str, fold_of: Callable[[dict[str, Any]], int] = lambda row: row["fold"]) -> list[Run]:
    """Write the runs of a system under another protocol, which has other folds of the same utterances."""
    rows = [
        {**row, "protocol": protocol, "fold": fold_of(row)}
        for run in trained(system, corpus="c")
        for row in contracts.read(contracts.PREDICTIONS, run.folder / "predictions.parquet").to_pylist()
    ]
    runs = [Run("c", protocol, system, 0, fold) for fold in sorted({row["fold"] for row in rows})]
    for run in runs:
        table = pa.Table.from_pylist([row for row in rows if row["fold"] == run.fold])
        notes = {"classes": json.dumps(["x", "y"]), "tested": "once"}
        path = run.folder / "predictions.parquet"
        contracts.write(contracts.PREDICTIONS, table.cast(contracts.PREDICTIONS.schema), path, notes)
    return runs


def test_one_system_under_two_protocols_is_paired_by_utterance_whatever_the_folds() -> None:
    runs = [*under("leaky", "none", lambda row: int(row["utterance"][-1])), *every("one each")]
    leak = UP | {"protocol": "leaky", "than_protocol": "p"}
    table = contrasts(runs, leak=leak)
    row = table.loc[("leak", "UA")]
    assert (row["protocol"], row["than_protocol"], row["folds"].tolist()) == ("leaky", "p", [0, 1, 2, 3])
    assert row["difference"] == pytest.approx(25)
    assert row["p"] == pytest.approx(2 / 2**8)
    assert row["clusters"] == 8
    part = contrasts([run for run in runs if run.protocol == "p" or run.fold == 0], leak=leak).loc[("leak", "WA")]
    assert part["difference"] == pytest.approx(100), "fold 0 has the missed utterances alone"
    assert part["folds"].tolist() == [0]


def test_a_protocol_that_tests_an_utterance_twice_is_not_compared_with_another(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for run in under("leaky", "none", lambda _: 0):
        path = run.folder / "predictions.parquet"
        rows = contracts.read(contracts.PREDICTIONS, path).to_pylist()
    for fold in (0, 1):
        path = Run("c", "leaky", "none", 0, fold).folder / "predictions.parquet"
        table = pa.Table.from_pylist([{**row, "fold": fold} for row in rows]).cast(contracts.PREDICTIONS.schema)
        contracts.write(contracts.PREDICTIONS, table, path, {"classes": json.dumps(["x", "y"]), "tested": "drawn"})
    runs = [Run("c", "leaky", "none", 0, fold) for fold in (0, 1)]
    runs += every("one each")
    assert contrasts(runs, leak=UP | {"protocol": "leaky", "than_protocol": "p"}).empty
    assert "not measured" in capsys.readouterr().err


def test_systems_with_other_classes_are_refused() -> None:
    runs = [*every("none"), *every("one each", corpus="whole", classes="xyz")]
    with pytest.raises(SerError, match=r"c/p/none \(x, y\) and whole/p/one each \(x, y, z\)"):
        contrasts(runs, across=UP | {"than_corpus": "whole"})


def test_without_contrasts_the_table_is_empty() -> None:
    assert len(contrasts(every("none", "one each"))) == 0
