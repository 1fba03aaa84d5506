"""The utterances that each system misclassified with the highest probability, by their ids."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.formats import PERCENT
from ser.report.table import Column, Table
from ser.report.tables._columns import by_name, note, systems, tables_by_kind

TITLE = "Most certain mistakes"
LEAD = "Utterances that a system misclassified with the highest probability, with their text."
PER_RESULT = 5


@dataclass(frozen=True)
class Mistake:
    """A wrong prediction. row: seed, fold, utterance, label, predicted, probability; texts: "" where not known."""

    result: Result
    row: Mapping[Any, Any]
    reference: str
    recognised: str


def tables(data: ReportData) -> list[Table]:
    """Return one table per group of results and kind of row; the texts only where the experiment shows them."""
    words = data.plan.experiment.words
    texts = [
        Column("reference", "Reference", lambda one: one.reference, meaning="text of the corpus"),
        Column("recognised", "Recognised", lambda one: one.recognised, meaning="text that the system reads"),
    ]
    columns = [
        *systems(),
        Column("seed", "Seed", lambda one: one.row["seed"], page=False),
        Column("fold", "Fold", lambda one: one.row["fold"], page=False),
        Column("utterance", "Utterance", lambda one: one.row["utterance"]),
        Column("label", "True class", lambda one: one.row["label"]),
        Column("predicted", "Predicted", lambda one: one.row["predicted"]),
        Column("probability", "Probability", lambda one: one.row["probability"], PERCENT, "percent"),
        *(texts if words else []),
        note(),
    ]
    return tables_by_kind(
        data,
        columns,
        lambda results: [mistake for row in by_name(results) for mistake in _mistakes(data, row)],
        f"{PER_RESULT} utterances of each system at most.",
        ("predictions.parquet", *(("transcripts",) if words else ())),
        page=words,
        folded=True,
    )


def _mistakes(data: ReportData, result: Result) -> list[Mistake]:
    """Return the most certain mistakes of a result, each utterance once."""
    found = data.predictions_of(result)
    rows = found.rows.assign(probability=found.probabilities.max(axis=1))[~found.correct]
    rows = rows.sort_values(["probability", "utterance", "seed"], ascending=[False, True, True])
    words = result.recipe.inputs.words
    reference = data.texts.get((result.corpus, "given"), {})
    reads = words is not None and words.transcript != "given"
    recognised = data.texts.get((result.corpus, words.transcript), {}) if words is not None and reads else {}
    return [
        Mistake(result, row, reference.get(row["utterance"], ""), recognised.get(row["utterance"], ""))
        for row in rows.drop_duplicates("utterance").head(PER_RESULT).to_dict("records")
    ]
