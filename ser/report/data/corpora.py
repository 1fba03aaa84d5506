"""Facts of each corpus, from its manifest."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow.compute as pc

from ser import layout
from ser.tables import contracts


@dataclass(frozen=True)
class CorpusFacts:
    """A corpus as prepared. genders: speakers by gender; emotions: utterances by label; zeros and "" where unknown."""

    corpus: str
    warning: str
    languages: tuple[str, ...]
    utterances: int
    hours: float
    speakers: int
    genders: dict[str, int]
    sessions: int
    emotions: dict[str, int]


def corpus_facts(corpora: Iterable[str]) -> list[CorpusFacts]:
    """Return the facts of every corpus whose manifest exists."""
    return [_facts(corpus) for corpus in corpora if layout.manifest(corpus).is_file()]


def _facts(corpus: str) -> CorpusFacts:
    path = layout.manifest(corpus)
    columns = ["language", "seconds", "speaker", "gender", "session", "emotion"]
    rows = contracts.read(contracts.MANIFEST, path).select(columns)
    people = rows.select(["speaker", "gender"]).to_pandas().drop_duplicates()
    emotions = rows["emotion"].drop_null().value_counts().to_pylist()
    return CorpusFacts(
        corpus=corpus,
        warning=contracts.metadata(path).get("warning", ""),
        languages=tuple(sorted(rows["language"].drop_null().unique().to_pylist())),
        utterances=rows.num_rows,
        hours=(pc.sum(rows["seconds"]).as_py() or 0.0) / 3600,
        speakers=len(rows["speaker"].drop_null().unique()),
        genders=people.dropna().groupby("gender")["speaker"].nunique().to_dict(),
        sessions=len(rows["session"].drop_null().unique()),
        emotions={row["values"]: row["counts"] for row in sorted(emotions, key=lambda row: -row["counts"])},
    )
