"""What the recordings of each corpus sound like, what is strange about them and their rows, and what settles it."""

import math
from collections import defaultdict
from csv import DictReader  # "import csv" would define section.csv, the function of its file
from typing import Any

from ser import layout
from ser.errors import offenders
from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT, Format
from ser.report.table import Column, Table
from ser.tables import contracts
from ser.tables.measures import MEASURES

TITLE = "Recordings"
EXAMPLES = 5
DECIBELS = Format(lambda value: f"{value:.0f}", lambda value: round(value, 2))
SECONDS = Format(lambda value: f"{value:.2f}", lambda value: round(value, 4))


def tables(data: ReportData) -> list[Table]:
    """Return a table of the sound of each corpus, and one of the checks that were not passed."""
    return [_sound(data), _not_passed(data)]


def _sound(data: ReportData) -> Table:
    """Return one row per corpus: medians over its utterances, before the trim."""
    columns = [
        Column("corpus", "Corpus"),
        Column("level", "Level", "", DECIBELS, "median, dB of full scale"),
        *(
            Column(f"level_{name}", name.capitalize(), "", DECIBELS, f"level of the {name} utterance, dB of full scale")
            for name in ("quietest", "loudest")
        ),
        Column("silence_before", "Silence before", "", SECONDS, "the speech, median, seconds"),
        Column("silence_after", "Silence after", "", SECONDS, "the speech, median, seconds"),
    ]
    corpora = data.plan.experiment.selected("corpora")
    rows = [_medians(corpus) for corpus in corpora if layout.measures(corpus).is_file()]
    return Table("Sound", columns, rows, "Before the trim.", ("measures.parquet",), data.warning)


def _medians(corpus: str) -> dict[str, Any]:
    found = contracts.read(MEASURES, layout.measures(corpus)).to_pandas()
    medians = found[["level", "silence_before", "silence_after"]].median()
    rows = {name: None if math.isnan(value) else float(value) for name, value in medians.items()}
    levels = found["level"]
    return {"corpus": corpus, **rows, "level_quietest": float(levels.min()), "level_loudest": float(levels.max())}


def _not_passed(data: ReportData) -> Table:
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
    return Table("Warnings", columns, rows, caption, ("warnings.csv",), data.warning)


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
