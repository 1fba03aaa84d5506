"""The utterances that each system misclassified with the highest probability, by their ids."""

from functools import lru_cache
from typing import Any

from ser import layout
from ser.report.data.experiment import ReportData
from ser.report.data.results import Result
from ser.report.formats import PERCENT
from ser.report.sections._columns import columns, csv_only, systems, tables_by_kind
from ser.report.table import Column, Table
from ser.tables import contracts
from ser.text import transcripts

TITLE = "Most certain mistakes"
TARGET = "classes"
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
    rows = [row for result in data.by_name for row in _mistakes(data, result)]
    return tables_by_kind(data, rows, caption, columns=wanted, source=source, page=words, folded=True)


def _mistakes(data: ReportData, result: Result) -> list[dict[Any, Any]]:
    """Return the most certain mistakes of a result, each utterance once, with the texts that the experiment shows."""
    found, words = data.predictions[result.key], result.recipe.inputs.words
    rows = found.rows.assign(probability=found.probabilities.max(axis=1))[~found.correct]
    rows = rows.sort_values(["probability", "utterance", "seed"], ascending=[False, True, True])
    rows = rows.drop_duplicates("utterance").head(PER_RESULT)
    if data.plan.experiment.words:
        rows["reference"] = rows["utterance"].map(_texts(data, result.corpus, "given"))
        if words is not None and words.transcript != "given":
            rows["recognised"] = rows["utterance"].map(_texts(data, result.corpus, words.transcript))
    return [{**row, "result": result} for row in rows.to_dict("records")]


@lru_cache(maxsize=4)
def _texts(data: ReportData, corpus: str, transcript: str) -> dict[str, str]:
    """Return the text of every utterance, as the corpus gives it or as a recogniser transcribes it."""
    if transcript == "given":
        table = contracts.read(contracts.MANIFEST, layout.manifest(corpus))
    else:
        table = transcripts.read(layout.transcripts(corpus, transcript), data.plan.shards.get(corpus))
    return dict(zip(table["utterance"].to_pylist(), table["text"].to_pylist(), strict=True))
