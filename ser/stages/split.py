"""Stage ``split``: give every utterance of a protocol its class, and a part in every fold.

The outcome of the rule is checked against the protocol before it is written: every class occurs in train, there is a
dev part if the epoch is selected on it, and each utterance is tested once. The stage ``audit`` searches for leaks, so
that a leak that is declared later changes no fold.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import pyarrow as pa
from pydantic import Field

from ser.config.entries import DECISIVE
from ser.config.schema import Protocol
from ser.errors import SerError, offenders, unknown
from ser.jobs.job import File, Job
from ser.tables import contracts

if TYPE_CHECKING:  # a plan needs SplitJob alone
    import pandas as pd


class SplitJob(Job):
    """One protocol on one corpus."""

    corpus: str = Field(description="Name of the corpus in the configuration.")
    name: str = Field(description="Name of the protocol in the configuration.")
    protocol: Annotated[Protocol, DECISIVE] = Field(description="The protocol's entry of the configuration.")
    folds: int = Field(ge=1, description="Number of folds in the plan, from the corpus's facts.")
    manifest: File = Field(description="Manifest of the corpus.")
    out: File = Field(description="FOLDS table to write.")


def split(job: SplitJob) -> None:
    """Assign every utterance of a protocol to train, dev or test in each fold.

    SerError where the corpus lacks a column or class that the protocol needs, where the rule cannot be applied, and
    where its outcome contradicts the protocol.
    """
    from ser.checks.protocol import assigned, check_parts  # pandas, which a plan does without
    from ser.stages import _targets

    corpus, name, protocol = job.corpus, job.name, job.protocol
    where = f"protocol '{name}' on corpus '{corpus}'"
    table = contracts.read(contracts.MANIFEST, job.manifest).drop_columns(["raters", "words"]).to_pandas()
    try:
        chosen = _subset(table, protocol)
        labelled = _targets.labelled(chosen, protocol, job.manifest)
        parts = assigned(protocol.load(), labelled, **protocol.options)
        _check_folds(parts, table, labelled, job.folds)
        rows = check_parts(parts, labelled, protocol)
    except SerError as error:
        raise SerError(f"{where}: {error}") from error
    notes = {
        "corpus": corpus,
        "name": name,
        "protocol": protocol.canonical(),
        "digest": protocol.digest(),
        "classes": json.dumps(_targets.classes(labelled, protocol)),
        "tested": "drawn" if getattr(protocol.load(), "REPEATED", False) else "once",
        "warning": contracts.metadata(job.manifest).get("warning", ""),
    }
    columns = rows.assign(label=rows["label"].where(rows["tested"] & (rows["label"] != _targets.NO_CLASS), None))
    columns = columns[contracts.FOLDS.schema.names]
    table_of = pa.Table.from_pandas(columns, contracts.FOLDS.schema, preserve_index=False)
    contracts.write(contracts.FOLDS, table_of, job.out, notes)
    _report(where, table, chosen, labelled, rows)


def _subset(table: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Return the utterances that have an accepted value in every column of the protocol's subset."""
    chosen = table
    text = [column for column in table.columns if contracts.MANIFEST.schema.field(column).type == pa.string()]
    for column, accepted in protocol.subset.items():
        if column not in text:
            raise unknown("subset column", column, text)
        found = sorted(table[column].dropna().unique())
        if not found:
            filled = [known for known in text if table[known].notna().any()]
            raise SerError(
                f"it takes only {column} {' or '.join(accepted)}, but the corpus has no value in column "
                f"'{column}'; it has values in {', '.join(filled)}."
            )
        chosen = chosen[chosen[column].isin(accepted)]
        if chosen.empty:
            raise SerError(f"no utterance has {column} {' or '.join(accepted)}; the corpus has {offenders(found)}.")
    return chosen


def _check_folds(assigned: pd.DataFrame, table: pd.DataFrame, labelled: pd.DataFrame, folds: int) -> None:
    """Raise SerError unless the rule made the planned number of folds."""
    made = sorted(assigned["fold"].unique())
    if made != list(range(folds)):
        gone = _without_utterance(table, labelled)
        without = f"; without an utterance under this protocol: {offenders(gone)}" if gone else ""
        raise SerError(
            f"the rule made {len(made)} folds, the plan has {folds}{without}. Folds are planned before the audio is "
            "read: name the utterances that excluded.csv lists in 'exclude' of the corpus, and plan again."
        )


def _without_utterance(table: pd.DataFrame, labelled: pd.DataFrame) -> list[str]:
    """Return the speakers and sessions of the corpus of which no utterance is labelled, such as "speaker s3"."""
    return [
        f"{column} {value}"
        for column in ("speaker", "session")
        for value in sorted(set(table[column].dropna()) - set(labelled[column].dropna()))
    ]


def _report(where: str, table: pd.DataFrame, chosen: pd.DataFrame, labelled: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Print how many utterances are used, which are not, and the size of every part."""
    import pandas as pd

    print(f"{where}: {len(labelled)} of {len(table)} utterances", file=sys.stderr)
    outside = chosen.loc[~chosen["utterance"].isin(labelled["utterance"]), "emotion"].fillna("not labelled")
    unused = [f"{emotion} {count}" for emotion, count in outside.value_counts().items()]
    if len(chosen) < len(table):
        unused.insert(0, f"outside the subset {len(table) - len(chosen)}")
    if unused:
        print(f"not used: {', '.join(unused)}", file=sys.stderr)
    if open_ones := int((~labelled["tested"]).sum()):
        print(f"without a majority, in train alone: {open_ones}", file=sys.stderr)
    if untested := _without_utterance(table, labelled):
        print(f"in no part, for want of an utterance under this protocol: {offenders(untested)}", file=sys.stderr)
    named = rows["label"].where(rows["tested"], "without a majority")
    sizes = pd.crosstab(rows["fold"], [rows["part"], named])
    for fold, counts in sizes.iterrows():
        for part in (name for name in contracts.PARTS if name in counts.index.get_level_values(0)):
            of_part = ", ".join(f"{label} {count}" for label, count in counts[part].items() if label)
            print(f"fold {fold} {part}: {counts[part].sum()}{f' ({of_part})' if of_part else ''}", file=sys.stderr)
