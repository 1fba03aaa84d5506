"""Word errors stand in the report for every recognised transcript, also where only a feature of text reads it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ser import layout
from ser.config.plan import Plan
from ser.config.recipe import Inputs
from ser.config.schema import Block
from ser.report.data import experiment
from ser.report.data.experiment import TABLES
from ser.report.sections import transcripts
from ser.tables import contracts

OPTIONS = {"model": "tiny-bert", "transcript": "recogniser"}


def features(name: str, extractor: str, **options: str) -> dict[str, dict[str, str]]:
    """Return what the record of a run notes of its features."""
    return {name: {"extractor": extractor, "options": json.dumps(options), "provenance": ""}}


@pytest.mark.parametrize(
    ("noted", "expected"),
    [
        (features("text", "text_vector", **OPTIONS), [("other", "recogniser")]),
        (features("text", "text_vector", model="tiny-bert"), []),  # the corpus's own transcripts
        (features("text", "functionals"), []),
        ({}, []),  # of an older record
    ],
)
def test_a_feature_of_text_reads_a_transcript(
    noted: dict[str, Any],
    expected: list[tuple[str, str]],
    trained: Callable[..., None],
    plan_of: Callable[..., Plan],
    judge: Callable[..., None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = plan_of(Block(corpora=("other",), protocols=("session-out",), systems=("SVM_50%",)))
    reader = plan.systems["SVM_50%"].model_copy(
        update={"inputs": Inputs.model_validate({"vector": {"feature": "text"}})}
    )
    plan = plan.model_copy(update={"systems": {"SVM_50%": reader}, "shards": {"other": 1}})
    trained(plan, features=noted)
    rows = [{"utterance": "u", "text": "leave me", "words": ["leave", "me"], "reference": "Please leave me alone"}]
    path = layout.transcripts("other", "recogniser") / "0.parquet"
    contracts.write(contracts.TRANSCRIPTS, rows, path, {"provenance": "a recogniser"})
    judge(plan, tmp_path)
    data = experiment.read(plan, {name: tmp_path / f"{name}.parquet" for name in TABLES})
    assert list(data.transcripts) == expected
    if expected:
        row = transcripts.csv(data).iloc[0]
        assert (row["wer"], row["words"], row["deletions"], row["provenance"]) == (0.5, 4, 2, "a recogniser")
