"""Word errors of the recognised transcripts that systems read."""

from dataclasses import astuple, fields

import pandas as pd

from ser.evaluation.word_errors import WordErrors
from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT, PERCENT
from ser.report.sections._columns import coded, columns
from ser.report.table import Column, Table

TITLE = "Recognised transcripts"
LEAD = "The transcripts of systems on recognised text, compared with those of the corpus, lower case, no punctuation."


def tables(data: ReportData) -> list[Table]:
    """Return one row per corpus and recognised transcript."""
    wer = "substitutions, deletions and insertions per reference word, percent"
    wanted = [
        coded("transcript", "Transcript"),
        Column("corpus", "Corpus"),
        Column("wer", "WER", "", PERCENT, wer),
        Column("words", "Words", "", COUNT, "of the reference"),
        *columns(COUNT, substitutions="Substituted", deletions="Deleted", insertions="Inserted"),
        Column("utterances", "Utterances", "", COUNT),
        Column("empty", "Empty", "", COUNT, "utterances in which no word was recognised"),
        Column("provenance", "Recogniser", small=""),
    ]
    rows = csv(data).assign(wer=[errors.wer for errors in data.transcripts.values()]).to_dict("records")
    return [Table("Word error rates", wanted, rows, "", ("data/*/transcripts",), data.warning)]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per corpus and recognised transcript; the word error rate as a fraction."""
    columns = ["corpus", "transcript", *(field.name for field in fields(WordErrors)), "wer"]
    rows = [(*one, *astuple(errors), round(errors.wer, 6)) for one, errors in data.transcripts.items()]
    return pd.DataFrame(rows, columns=columns)
