"""The two tables of the leakage audit: audio fingerprints, and what the parts of a fold share."""

import pyarrow as pa

from ser.tables.parquet import Contract

ALL_FOLDS = -1  # the fold number of a row over all folds together

# found and declared by the protocol; found and not declared, which no written table holds; declared and not found; not
# found; found, but not a leak; unknown, since the corpus does not say.
STATUSES = ("declared", "undeclared", "declared, not found", "none", "noted", "unknown")

EXAMPLE = pa.struct(
    [
        ("utterance", pa.string()),  # of the checked part
        ("like", pa.string()),  # an utterance of the other part with the same value; null: normalisation
        ("value", pa.string()),
    ]
)

FINGERPRINTS = Contract(
    "fingerprints",
    [
        ("utterance", pa.string()),
        ("hash", pa.string()),  # of the 16-bit samples, 32 hexadecimal digits; null: nothing but digital silence
        ("extent", pa.float32()),  # seconds over which the energy is spread
        ("vector", pa.large_binary()),  # float16, 32 steps × 16 mel bands, unit length
    ],
    key=("utterance",),
    required=("extent", "vector"),
)


AUDIT = Contract(
    "audit",
    [
        ("corpus", pa.string()),
        ("protocol", pa.string()),
        ("fold", pa.int32()),  # -1: all folds together
        ("kind", pa.string()),  # speaker, session, dialog, text, any text, audio, near audio, …
        ("part", pa.string()),  # whose utterances are checked: test or dev
        ("seen_in", pa.string()),  # the other part: train or dev; for normalisation the part itself
        ("leak", pa.string()),  # the entry of a protocol's leaks that declares it; "" where none is needed
        ("status", pa.string()),
        ("utterances", pa.int64()),  # of the part that share
        ("known", pa.int64()),  # utterances of the part with a known value
        ("of", pa.int64()),  # all of the part
        ("share", pa.float64()),  # utterances / of, 0…1
        ("values", pa.int64()),  # different ones that are shared
        ("examples", pa.list_(EXAMPLE)),  # five at most, of different values where there are
    ],
    key=("corpus", "protocol", "fold", "kind", "part", "seen_in"),
    required=("leak", "status", "utterances", "known", "of", "share", "values", "examples"),
    allowed={"status": STATUSES},
)
