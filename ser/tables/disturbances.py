"""The table of what a run's system predicts for its test utterances under one condition."""

import pyarrow as pa

from ser.tables.contracts import RUN
from ser.tables.parquet import Contract

DISTURBED = Contract(
    "disturbed",
    [
        *RUN,
        ("condition", pa.string()),  # module in ser/conditions
        ("strength", pa.float64()),  # in the unit of the condition
        ("utterance", pa.string()),
        ("speaker", pa.string()),
        ("label", pa.string()),
        ("predicted", pa.string()),
        ("probabilities", pa.list_(pa.float32())),  # in the order of the metadata entry 'classes', a JSON list
    ],
    key=("strength", "utterance"),
    required=("condition", "label", "predicted", "probabilities"),
    filled=True,
)
