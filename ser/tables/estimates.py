"""The table of a run that estimates dimensions, such as valence, in place of a class."""

import pyarrow as pa

from ser.tables.contracts import RUN
from ser.tables.parquet import Contract

# In a run's folder under the name of the PREDICTIONS. Metadata: 'dimensions', the names in the order of both lists as
# a JSON list; 'digest' and 'tested' as those of PREDICTIONS.
ESTIMATES = Contract(
    "estimates",
    [
        *RUN,
        ("utterance", pa.string()),
        ("speaker", pa.string()),
        ("target", pa.list_(pa.float32())),  # as rated, on the corpus's own scale
        ("predicted", pa.list_(pa.float32())),  # on the same scale; values may lie outside it
    ],
    key=("utterance",),
    required=("target", "predicted"),
    filled=True,
)
