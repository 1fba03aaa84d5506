"""The two tables of the leakage audit: fingerprints of the audio, and what the parts of a fold share."""

import pyarrow as pa

from ser.errors import offenders
from ser.tables.parquet import Contract

ALL_FOLDS = -1  # the fold number of a row over all folds together

# found and named by the protocol; found and not named, which no written table holds; named and not there; not there;
# found, which is no leak in itself; not to be known, since the corpus does not say.
STATUSES = ("declared", "undeclared", "declared, not found", "none", "noted", "unknown")

EXAMPLE = pa.struct(
    [
        ("utterance", pa.string()),  # of the part that is looked at
        ("like", pa.string()),  # an utterance that it shares the value with; null: the value is its own
        ("value", pa.string()),
    ]
)

FINGERPRINTS = Contract(
    "fingerprints",
    pa.schema(
        [
            ("utterance", pa.string()),
            ("hash", pa.string()),  # of the 16-bit samples, 32 hexadecimal digits; null: nothing but digital silence
            ("extent", pa.float32()),  # seconds over which the energy is spread
            ("vector", pa.large_binary()),  # float16, 32 steps × 16 mel bands, unit length
        ]
    ),
    key=("utterance",),
    required=("extent", "vector"),
    binary="vector",
)


def _known_status(table: pa.Table) -> str | None:
    wrong = sorted(set(table["status"].unique().to_pylist()) - set(STATUSES))
    return f"'status' holds {offenders(wrong)}; known: {', '.join(STATUSES)}" if wrong else None


AUDIT = Contract(
    "audit",
    pa.schema(
        [
            ("corpus", pa.string()),
            ("protocol", pa.string()),
            ("fold", pa.int32()),  # -1: all folds together
            ("kind", pa.string()),  # speaker, session, dialog, text, any text, audio, near audio, …
            ("part", pa.string()),  # whose utterances are looked at: test or dev
            ("seen_in", pa.string()),  # where the same is found: train or dev; for normalisation the part itself
            ("leak", pa.string()),  # the word among a protocol's leaks that declares it; "" where none is needed
            ("status", pa.string()),
            ("utterances", pa.int64()),  # of the part that share
            ("known", pa.int64()),  # of the part of which the value is known
            ("of", pa.int64()),  # all of the part
            ("share", pa.float64()),  # utterances / of, 0…1
            ("values", pa.int64()),  # different ones that are shared
            ("examples", pa.list_(EXAMPLE)),  # five at most, of different values where there are
        ]
    ),
    key=("corpus", "protocol", "fold", "kind", "part", "seen_in"),
    required=("leak", "status", "utterances", "known", "of", "share", "values", "examples"),
    rules=(_known_status,),
)
