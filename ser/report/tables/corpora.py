"""Language, size, speakers and labels of each corpus."""

from ser.report.data.corpora import CorpusFacts
from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT, Format
from ser.report.table import Column, Table

TITLE = "Corpora"
HOURS = Format(lambda value: f"{value:.2f}", lambda value: round(value, 4))


def tables(data: ReportData) -> list[Table]:
    """Return one row per corpus, all of its utterances, those included that no protocol selects."""
    columns = [
        Column("corpus", "Corpus", lambda row: row.corpus),
        Column("languages", "Language", lambda row: ", ".join(row.languages) or "unknown"),
        Column("hours", "Hours", lambda row: row.hours, HOURS),
        Column("utterances", "Utterances", lambda row: row.utterances, COUNT),
        Column("speakers", "Speakers", lambda row: row.speakers or None, COUNT),
        Column("female_speakers", "", lambda row: row.genders.get("female"), COUNT),
        Column("male_speakers", "", lambda row: row.genders.get("male"), COUNT),
        Column("", "Genders", _genders, meaning="of the speakers"),
        Column("sessions", "Sessions", lambda row: row.sessions or None, COUNT),
        Column("emotions", "Labels", lambda row: ", ".join(f"{name} {n}" for name, n in row.emotions.items())),
        Column("note", "", lambda row: row.warning),
    ]
    return [
        Table(
            "As prepared", columns, data.corpora, "All utterances of each corpus.", ("manifest.parquet",), data.warning
        )
    ]


def _genders(row: CorpusFacts) -> str:
    return ", ".join(f"{count} {gender}" for gender, count in row.genders.items()) or "unknown"
