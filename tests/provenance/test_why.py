"""One sentence explains why a file would be rebuilt, and names the definition or the option that changed."""

import json
from pathlib import Path

import pytest

from ser.provenance import why
from ser.provenance.code_hash import CODE, record
from ser.provenance.why import changes

DRY_RUN = """
[Sun Nov 29 00:48:37 2026]
rule prepare:
    output: data/mine/manifest.parquet, data/mine/excluded.csv
    log: logs/prepare/mine.log
    reason: {reason} before: {before} now: {now}
    wildcards: corpus=mine

rule split:
    input: data/mine/manifest.parquet
    output: data/mine/folds/two-folds.parquet
    reason: Input files updated by another job: data/mine/manifest.parquet
    wildcards: corpus=mine, protocol=two-folds
"""


REASON = "Params have changed since last execution: Union of exclusive params before and now across all output:"


def sentences(before: str, now: str, file: str = "data/mine/folds/two-folds.parquet") -> list[str]:
    planned = list(why.rebuilds(DRY_RUN.format(reason=REASON, before=before, now=now)))
    assert [one.rule for one in planned] == ["prepare", "split"]
    assert [one.follows for one in planned] == [False, True]
    return [why._sentence(file, one) for one in planned if not one.follows]


def test_a_changed_option_is_named_with_both_values() -> None:
    before, now = (
        repr(json.dumps({"adapter": "table", "options": {"labels": {"joy": it}}})) for it in ("happy", "sad")
    )
    assert sentences(before, now) == [
        "data/mine/folds/two-folds.parquet would be rebuilt because data/mine/manifest.parquet would be rebuilt: "
        "a parameter of rule prepare changed: options.labels.joy happy → sad."
    ]


def test_changed_code_is_named_by_its_definitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    CODE.mkdir(parents=True)
    (CODE / "0123456789abcdef.json").write_text(json.dumps({"ser.a.cut": "1", "ser.a.gone": "2"}))
    (CODE / "fedcba9876543210.json").write_text(json.dumps({"ser.a.cut": "3", "ser.b.new": "4"}))
    (sentence,) = sentences("'0123456789abcdef'", "'fedcba9876543210'", "data/mine/manifest.parquet")
    assert sentence == (
        "data/mine/manifest.parquet would be rebuilt because the code of rule prepare changed: "
        "ser.a.cut, ser.b.new (new), ser.a.gone (removed)."
    )


def test_code_without_a_record_is_named_by_its_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (sentence,) = sentences("'0123456789abcdef'", "'fedcba9876543210'")
    assert "0123456789abcdef → fedcba9876543210" in sentence


def test_a_moved_definition_is_no_change() -> None:
    assert changes({"ser.a.cut": "1"}, {"ser.b.cut": "1"}) == []


def test_a_record_lists_the_definitions_of_a_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    record("0" * 16, "split", "ser.protocols.speaker_out")
    content = json.loads((CODE / f"{'0' * 16}.json").read_text())
    assert "ser.protocols.speaker_out.assign" in content
    assert "ser.stages.split.split" in content
