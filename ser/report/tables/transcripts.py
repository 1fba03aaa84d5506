"""Word errors of the recognised transcripts that systems read."""

from dataclasses import astuple, fields

import pandas as pd

from ser.evaluation.word_errors import WordErrors
from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT, PERCENT
from ser.report.table import Column, Table
from ser.report.tables._columns import coded

TITLE = "Recognised transcripts"
LEAD = "The transcripts of systems on recognised text, compared with those of the corpus, lower case, no punctuation."


def tables(data: ReportData) -> list[Table]:
    """Return one row per corpus and recognised transcript."""
    wer = "substitutions, deletions and insertions per reference word, percent"
    columns = [
        coded("", "Transcript", lambda row: row.transcript),
        Column("", "Corpus", lambda row: row.corpus),
        Column("", "WER", lambda row: row.errors.wer, PERCENT, wer),
        Column("", "Words", lambda row: row.errors.words, COUNT, "of the reference"),
        Column("", "Substituted", lambda row: row.errors.substitutions, COUNT),
        Column("", "Deleted", lambda row: row.errors.deletions, COUNT),
        Column("", "Inserted", lambda row: row.errors.insertions, COUNT),
        Column("", "Utterances", lambda row: row.errors.utterances, COUNT),
        Column("", "Empty", lambda row: row.errors.empty, COUNT, "utterances in which no word was recognised"),
        Column("", "Recogniser", lambda row: row.errors.provenance, small=""),
    ]
    return [Table("Word error rates", columns, data.transcripts, "", ("data/*/transcripts",), data.warning)]


def csv(data: ReportData) -> pd.DataFrame:
    """Return one row per corpus and recognised transcript; the word error rate as a fraction."""
    columns = ["corpus", "transcript", *(field.name for field in fields(WordErrors)), "wer"]
    rows = [(one.corpus, one.transcript, *astuple(one.errors), round(one.errors.wer, 6)) for one in data.transcripts]
    return pd.DataFrame(rows, columns=columns)
