"""The table of a system's answers for recordings that belong to no corpus."""

from dataclasses import replace

import pyarrow as pa

from ser.tables.parquet import Contract

ANSWERS = Contract(
    "answers",
    [
        ("row", pa.int64()),  # from 0, in the order of the input
        ("recording", pa.string()),  # path or name as it was given
        ("start", pa.float64()),  # seconds; null: from the beginning
        ("end", pa.float64()),  # seconds; null: to the end
        ("predicted", pa.string()),
        ("probabilities", pa.list_(pa.float32())),  # in the order of the metadata entry 'classes', a JSON list
    ],
    key=("row",),
    required=("recording", "predicted", "probabilities"),
)

ANSWERS_OR_NONE = replace(  # probabilities are NaN where a recording is silent or too short
    ANSWERS,
    columns=[*ANSWERS.columns[:-1], ("reason", pa.string()), ANSWERS.columns[-1]],  # null: the label stands
)
