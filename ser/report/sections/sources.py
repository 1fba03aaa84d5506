"""Checksums and digests of the data that the runs were trained on."""

from collections.abc import Sequence

from ser import layout
from ser.files.checksums import checksum
from ser.report.data.experiment import ReportData
from ser.report.data.runs import RunRecord
from ser.report.sections._columns import code
from ser.report.table import Column, Table

TITLE = "Data"
LEAD = "Checksums of the manifests on disk now, and digests of the features and words that the runs recorded."


def tables(data: ReportData) -> list[Table]:
    """Return a row per corpus, source and digest; a source has several where protocols use different utterances."""
    columns = [
        Column("corpus", "Corpus", lambda row: row[0]),
        Column("what", "Source", lambda row: row[1]),
        Column("blake2b", "BLAKE2b", lambda row: row[2], html=lambda row: code(row[2])),
    ]
    files = ("manifest.parquet", "run.json of every run")
    return [Table("Sources", columns, _digests(data.records), source=files, folded=True)]


def _digests(records: Sequence[RunRecord]) -> list[tuple[str, str, str]]:
    found = {
        (record.run.corpus, name if name == "words" else f"feature {name}", digest)
        for record in records
        for name, digest in record.data.items()
        if name != "folds"  # they have a table of their own
    }
    manifests = {corpus: layout.manifest(corpus) for corpus in {record.run.corpus for record in records}}
    found |= {(corpus, path.name, checksum(path)) for corpus, path in manifests.items() if path.is_file()}
    return sorted(found, key=lambda row: (row[0], row[1] != "manifest.parquet", row[1:]))
