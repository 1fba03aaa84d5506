"""The utterances that each system misclassified with the highest probability, by their ids."""

from functools import partial
from typing import Any

from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.formats import PERCENT
from ser.report.sections._columns import columns, csv_only, systems, tables_by_kind
from ser.report.table import Column, Table

TITLE = "Most certain mistakes"
LEAD = "Utterances that a system misclassified with the highest probability, with their text."
PER_RESULT = 5


def tables(data: ReportData) -> list[Table]:
    """Return one table per group of results and kind of row; the texts only where the experiment shows them."""
    words = data.plan.experiment.words
    texts = [
        Column("reference", "Reference", meaning="text of the corpus"),
        Column("recognised", "Recognised", meaning="text that the system reads"),
    ]
    wanted = [
        *systems(),
        *(Column(name.lower(), name, page=False) for name in ("Seed", "Fold")),
        *columns(utterance="Utterance", label="True class", predicted="Predicted"),
        Column("probability", "Probability", "", PERCENT, "percent"),
        *(texts if words else []),
        *csv_only(note="result.first.warning"),
    ]
    caption = f"{PER_RESULT} utterances of each system at most."
    source = ("predictions.parquet", *(("transcripts",) if words else ()))
    return tables_by_kind(
        data, partial(_mistakes, data), caption, columns=wanted, source=source, page=words, folded=True
    )


def _mistakes(data: ReportData, result: Result) -> list[dict[Any, Any]]:
    """Return the most certain mistakes of a result, each utterance once; texts: "" where not known."""
    found = data.predictions_of(result)
    rows = found.rows.assign(probability=found.probabilities.max(axis=1))[~found.correct]
    rows = rows.sort_values(["probability", "utterance", "seed"], ascending=[False, True, True])
    words = result.recipe.inputs.words
    reference = data.texts.get((result.corpus, "given"), {})
    reads = words is not None and words.transcript != "given"
    recognised = data.texts.get((result.corpus, words.transcript), {}) if words is not None and reads else {}
    rows = rows.drop_duplicates("utterance").head(PER_RESULT)
    texts = {
        name: [of.get(utterance, "") for utterance in rows["utterance"]]
        for name, of in (("reference", reference), ("recognised", recognised))
    }
    return [{**row, "result": result} for row in rows.assign(**texts).to_dict("records")]
