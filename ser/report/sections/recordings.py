"""What is strange about the rows and recordings of each corpus, and what settles it."""

from collections import defaultdict
from csv import DictReader  # "import csv" would define section.csv, the function of its file
from typing import Any

from ser import layout
from ser.errors import offenders
from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT
from ser.report.table import Column, Table

TITLE = "Warnings about recordings"
EXAMPLES = 5


def tables(data: ReportData) -> list[Table]:
    """Return one row per corpus and check that was not passed."""
    columns = [
        Column("corpus", "Corpus"),
        Column("check", "Check"),
        Column("utterances", "Utterances", "", COUNT, "that do not pass the check; of rows of a table: rows"),
        Column("found", "Found", meaning="in the first of them"),
        Column("examples", "Which"),
        Column("remedy", "What settles it"),
    ]
    rows = [row for corpus in data.plan.experiment.selected("corpora") for row in _warnings(corpus)]
    caption = "What prepare found strange in rows and recordings that are used all the same."
    return [Table("Warnings", columns, rows, caption, ("warnings.csv",), data.warning)]


def _warnings(corpus: str) -> list[dict[str, Any]]:
    """Return the checks that some utterance of a corpus does not pass, by name."""
    path = layout.warnings(corpus)
    if not path.is_file():
        return []
    checks: dict[str, list[dict[str, str]]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in DictReader(file):
            checks[row["check"]].append(row)
    return [
        {
            "corpus": corpus,
            "check": check,
            "utterances": len(rows),
            "found": rows[0]["found"],
            "examples": offenders((row["utterance"] or row["audio"] for row in rows), EXAMPLES) or "the whole corpus",
            "remedy": rows[0]["remedy"],
        }
        for check, rows in checks.items()
    ]
