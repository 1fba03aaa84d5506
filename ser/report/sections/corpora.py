"""Language, size, speakers and labels of each corpus."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ser import layout
from ser.report.data.experiment import ReportData
from ser.report.formats import COUNT, Format
from ser.report.sections._columns import csv_only
from ser.report.table import Column, Table
from ser.tables import contracts

TITLE = "Corpora"
HOURS = Format(lambda value: f"{value:.2f}", lambda value: round(value, 4))
READ = ["language", "seconds", "cut_before", "cut_after", "speaker", "gender", "session", "emotion"]


def tables(data: ReportData) -> list[Table]:
    """Return one row per corpus, all of its utterances, those included that no protocol selects."""
    columns = [
        Column("corpus", "Corpus"),
        Column("languages", "Language"),
        Column("hours", "Hours", "", HOURS),
        Column("trim", "Silence cut", meaning="trim: speech of a corpus; seconds before and after the speech, mean"),
        Column("utterances", "Utterances", "", COUNT),
        Column("speakers", "Speakers", "", COUNT),
        *(Column(f"{gender}_speakers", "", f"genders.{gender}", COUNT) for gender in ("female", "male")),
        Column("", "Genders", "named_genders", meaning="of the speakers"),
        Column("sessions", "Sessions", "", COUNT),
        Column("emotions", "Labels"),
        *csv_only("note"),
    ]
    caption, corpora = "All utterances of each corpus.", data.plan.experiment.selected("corpora")
    rows = [_facts(corpus) for corpus in corpora if layout.manifest(corpus).is_file()]
    return [Table("As prepared", columns, rows, caption, ("manifest.parquet",), data.warning)]


def _facts(corpus: str) -> dict[str, Any]:
    """Return a corpus as prepared, by name of column. genders: speakers by gender; None where a number is unknown."""
    path = layout.manifest(corpus)
    rows = contracts.read(contracts.MANIFEST, path).select(READ)
    people = rows.select(["speaker", "gender"]).to_pandas().drop_duplicates()
    genders = people.dropna().groupby("gender")["speaker"].nunique().to_dict()
    notes = contracts.metadata(path)
    emotions = sorted(rows["emotion"].drop_null().value_counts().to_pylist(), key=lambda row: -row["counts"])
    return {
        "corpus": corpus,
        "note": notes.get("warning", ""),
        "trim": _trim(notes.get("trim", "none"), rows),
        "languages": ", ".join(sorted(rows["language"].drop_null().unique().to_pylist())) or "unknown",
        "utterances": rows.num_rows,
        "hours": (pc.sum(rows["seconds"]).as_py() or 0.0) / 3600,
        "speakers": len(rows["speaker"].drop_null().unique()) or None,
        "genders": genders,
        "named_genders": ", ".join(f"{count} {gender}" for gender, count in genders.items()) or "unknown",
        "sessions": len(rows["session"].drop_null().unique()) or None,
        "emotions": ", ".join("{values} {counts}".format(**row) for row in emotions),
    }


def _trim(trim: str, rows: pa.Table) -> str:
    """Return what a corpus's key ``trim`` cut, as text; "none" where it was not set."""
    if trim == "none":
        return trim
    before, after = (pc.mean(rows[name]).as_py() for name in ("cut_before", "cut_after"))
    whole = rows["cut_before"].null_count
    cut = [] if before is None else [f"{before:.2f} s before, {after:.2f} s after"]
    return ", ".join([f"trim: {trim}", *cut, *([f"no speech found in {whole}"] if whole else [])])
