"""Hashes of the data that the runs were trained on."""

import hashlib
from collections.abc import Sequence

from ser import layout
from ser.report.data.experiment import ReportData
from ser.report.data.runs import RunRecord
from ser.report.sections._columns import code
from ser.report.table import Column, Table

TITLE = "Data"
LEAD = "BLAKE2b of the manifests as they are, and of the features and words as the runs recorded them."


def tables(data: ReportData) -> list[Table]:
    """Return one row per corpus, source and hash; a source has several where protocols use other utterances."""
    columns = [
        Column("corpus", "Corpus", lambda row: row[0]),
        Column("what", "Source", lambda row: row[1]),
        Column("blake2b", "BLAKE2b", lambda row: row[2], html=lambda row: code(row[2])),
    ]
    source = ("manifest.parquet", "run.json of every run")
    return [Table("Sources", columns, _sources(data.records), "", source, folded=True)]


def _sources(records: Sequence[RunRecord]) -> list[tuple[str, str, str]]:
    found = {
        (record.run.corpus, name if name == "words" else f"feature {name}", digest)
        for record in records
        for name, digest in record.data.items()
        if name != "folds"
    }
    for corpus in {record.run.corpus for record in records}:
        path = layout.manifest(corpus)
        if path.is_file():
            found.add((corpus, " manifest.parquet", hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()))
    return [(corpus, source.strip(), digest) for corpus, source, digest in sorted(found)]
