"""Which emotion of which member becomes which emotion of a joined corpus and which class of a protocol, counted."""

import json
from collections import Counter
from typing import Any

from ser import layout
from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT
from ser.report.sections._columns import csv_only
from ser.report.table import Column, Table
from ser.tables import contracts

TITLE = "Label maps"
TARGET = "classes"
LEAD = (
    "Every emotion of the members of a joined corpus: its name there, its name here, and how many utterances have it."
)


def tables(data: ReportData) -> list[Table]:
    """Return one row per joined corpus, member and emotion of the member."""
    columns = [
        Column("corpus", "Corpus"),
        Column("member", "Member"),
        Column("theirs", "Emotion there"),
        Column("ours", "Emotion here", meaning="by the label map under joins"),
        Column("classes", "Class", meaning="of each protocol; – where it is of no class and not used"),
        Column("utterances", "Utterances", "", COUNT, "of the member as prepared"),
        *csv_only("note"),
    ]
    corpora = [name for name in data.plan.experiment.selected("corpora") if layout.manifest(name).is_file()]
    rows = [row for corpus in corpora for row in _rows(data, corpus)]
    return [Table("Emotions of the members", columns, rows, "", ("manifest.parquet",), data.warning)]


def _rows(data: ReportData, corpus: str) -> list[dict[str, Any]]:
    """Return the rows of a joined corpus, by name of column; none for a corpus that joins no others."""
    joins: dict[str, dict[str, str]] = json.loads(contracts.metadata(layout.manifest(corpus)).get("joins", "{}"))
    found = []
    for member, labels in joins.items():
        column = contracts.select(layout.manifest(member), ["emotion"])["emotion"].drop_null()
        emotions: list[str] = column.to_pylist()
        for emotion, count in Counter(emotions).most_common():
            ours = labels.get(emotion, emotion)
            row = {"corpus": corpus, "member": member, "theirs": emotion, "ours": ours, "utterances": count}
            found.append({**row, "classes": _classes(data, corpus, ours), "note": data.warnings.get(corpus, "")})
    return found


def _classes(data: ReportData, corpus: str, emotion: str) -> str:
    """Return the class of an emotion: once where all protocols agree, else of each protocol."""
    classes: dict[str, str] = {}
    for result in (one for one in data.results if one.corpus == corpus):
        merged = (name for name, emotions in result.labels.items() if emotion in emotions)
        classes[result.protocol] = next(merged, "–")
    if len(set(classes.values())) == 1:
        return next(iter(classes.values()))
    return "; ".join(f"{protocol}: {name}" for protocol, name in classes.items())
