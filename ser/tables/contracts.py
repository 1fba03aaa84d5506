"""Every table that stages exchange: columns, types, key and rules.

Binary columns (``samples``, ``matrix``) hold little-endian arrays; their shapes and types are in further columns.
"""

import pyarrow as pa

from ser.tables.parquet import Contract, metadata, read, row_groups, select, write

__all__ = ["Contract", "metadata", "read", "row_groups", "select", "write"]

FROM_SCRATCH = "word vectors learned from scratch"  # begins the note of a run without the recipe's word vectors
TRAINED_HERE = "trained by this pipeline"  # begins the provenance of weights trained on the corpus's own speakers
PARTS = ("train", "dev", "test")
ALL_FOLDS = -1  # the fold number of a row over all folds together; where rows have a seed, of that seed

# The outcome of a check, in this order: found and declared by the protocol; found and not declared, which no written
# table holds; declared and not found; not found; found, but no leak; unknown, since the corpus does not say.
STATUSES = ("declared", "undeclared", "declared, not found", "none", "noted", "unknown")

RATER = pa.struct([("rater", pa.string()), ("emotions", pa.list_(pa.string()))])
SYSTEM = [("corpus", pa.string()), ("protocol", pa.string()), ("system", pa.string())]
RUN = [*SYSTEM, ("seed", pa.int32()), ("fold", pa.int32())]  # fold -1: all folds of the seed together
EXAMPLE = pa.struct([(name, pa.string()) for name in ("utterance", "like", "value")])  # like: of the other part
DIFFERENCE = [
    ("difference", pa.float64()),  # points, -100…100; of dimensions in the metric's own unit; NaN: not defined
    *((name, pa.float64()) for name in ("low", "high")),  # 95 % interval; null where the clusters give none
    ("p", pa.float64()),  # two-sided; NaN where the difference is not defined
    ("p_holm", pa.float64()),  # corrected over a family
    ("folds", pa.list_(pa.int32())),  # that the two have in common and are compared on
    ("clusters", pa.int32()),
    ("detectable", pa.float64()),  # null where no difference could reach p = .05
    ("method", pa.string()),  # of the interval and the test, as text
]
WORD = pa.struct([("word", pa.string()), ("start", pa.float64()), ("end", pa.float64())])

MANIFEST = Contract(
    "manifest",
    [
        ("utterance", pa.string()),  # unique name, also in every later table
        ("audio", pa.string()),  # file, relative to the corpus root
        ("start", pa.float64()),  # seconds into the file, of the kept part; null: from its beginning
        ("end", pa.float64()),  # seconds; null: to its end
        ("seconds", pa.float64()),  # length of the kept part
        ("cut_before", pa.float64()),  # seconds that the corpus's key 'trim' cut; null: none, or no speech was found
        ("cut_after", pa.float64()),  # the metadata entry 'trim' holds the key
        ("rate", pa.int32()),  # Hz, of the file as released
        ("channels", pa.int32()),
        ("checksum", pa.string()),  # blake2b of the file's bytes, 32 hexadecimal digits
        ("speaker", pa.string()),
        ("session", pa.string()),
        ("dialog", pa.string()),
        ("gender", pa.string()),  # female, male
        ("emotion", pa.string()),  # the corpus's label, a name of ser.emotions or a declared one; null: not labelled
        ("raters", pa.list_(RATER)),  # the labels of each annotator
        ("valence", pa.float32()),
        ("activation", pa.float32()),
        ("dominance", pa.float32()),
        ("style", pa.string()),  # improvised, scripted
        ("intensity", pa.string()),  # normal, strong
        ("language", pa.string()),
        ("text", pa.string()),  # transcript; "" is a legal one, null: none given
        ("words", pa.list_(WORD)),  # forced alignment, seconds from the start of the kept part
        ("shard", pa.int32()),  # the audio and feature file that holds this utterance
    ],
    key=("utterance",),
    required=("audio", "seconds", "rate", "channels", "checksum", "shard"),
    filled=True,
    positive=("seconds", "rate", "channels"),
    allowed={"gender": ("female", "male")},
)

# What audio is cut from: a changed label leaves this table, and so audio and features, as they are.
RECORDINGS = Contract(
    "recordings",
    [MANIFEST.schema.field(name) for name in ("utterance", "audio", "start", "end", "checksum", "speaker", "shard")],
    key=("utterance",),
    required=("audio", "checksum", "shard"),
    filled=True,
)

AUDIO = Contract(
    "audio",
    [
        ("utterance", pa.string()),
        ("rate", pa.int32()),  # Hz; 16000
        ("frames", pa.int64()),  # samples
        ("samples", pa.large_binary()),  # float32 mono, -1…1
    ],
    key=("utterance",),
    required=("rate", "frames", "samples"),
    arrays={"samples": ("frames",)},
)

FEATURES = Contract(
    "features",
    [
        ("utterance", pa.string()),
        ("frames", pa.int32()),  # 1 for a vector per utterance
        ("dims", pa.int32()),
        ("dtype", pa.string()),  # numpy name, little-endian
        ("matrix", pa.large_binary()),  # frames × dims, row by row
    ],
    key=("utterance",),
    required=("frames", "dims", "dtype", "matrix"),
    positive=("frames", "dims"),
    allowed={"dtype": ("float16", "float32")},
    arrays={"matrix": ("frames", "dims")},
)

TRANSCRIPTS = Contract(
    "transcripts",
    [
        ("utterance", pa.string()),
        ("text", pa.string()),  # as released or as recognised; "" is a legal transcript
        ("words", pa.list_(pa.string())),  # the text's tokens, lower case
        ("reference", pa.string()),  # the corpus's own transcript, "" where it has none
    ],
    key=("utterance",),
    required=("text", "words", "reference"),
)

EMBEDDING = Contract(
    "embedding", [("word", pa.string()), ("vector", pa.list_(pa.float32()))], key=("word",), required=("vector",)
)

FOLDS = Contract(
    "folds",
    [
        ("utterance", pa.string()),
        ("fold", pa.int32()),
        ("part", pa.string()),
        ("label", pa.string()),  # the protocol's class, after merges; null: raters without a majority, dimensions
        ("speaker", pa.string()),
        ("targets", pa.list_(pa.float32())),  # votes by class, or values of dimensions; null: the target is the label
    ],
    key=("utterance", "fold"),
    required=("part",),
    filled=True,
    allowed={"part": PARTS},
    present={"part": "test"},
)

PREDICTIONS = Contract(
    "predictions",
    [
        *RUN,
        ("utterance", pa.string()),
        ("speaker", pa.string()),
        ("label", pa.string()),
        ("predicted", pa.string()),
        # By the metadata entry 'classes', a JSON list; the sum is 1, unless the entry 'probabilities' is 'independent'.
        ("probabilities", pa.list_(pa.float32())),
    ],
    key=("utterance",),
    required=("label", "predicted", "probabilities"),
    filled=True,
)

HISTORY = Contract(
    "history",
    [
        ("epoch", pa.int32()),  # from 1
        ("step", pa.int64()),  # optimiser steps so far
        ("seconds", pa.float64()),  # of this epoch, evaluation included
        ("learning_rate", pa.float64()),
        ("train_loss", pa.float64()),
        ("dev_loss", pa.float64()),  # null where the protocol has no dev part
        ("dev_wa", pa.float64()),  # 0…1
        ("dev_ua", pa.float64()),
        ("test_wa", pa.float64()),  # null unless the protocol draws curves; never used for model selection
        ("test_ua", pa.float64()),
        ("dev_ccc", pa.float64()),  # -1…1, mean over the dimensions; null for classes
    ],
    key=("epoch",),
)

ATTENTION = Contract(
    "attention",
    [
        ("utterance", pa.string()),  # of the test part
        ("attention", pa.string()),  # the model's name for it, such as timestep or hop 2
        ("axis", pa.string()),  # frames, words: what the weights are over
        ("start", pa.float64()),  # middle of the first position: seconds, or words, counted from 1
        ("step", pa.float64()),  # from one middle to the next: seconds, or words
        ("weights", pa.list_(pa.float32())),  # one per position, sum 1
    ],
    key=("utterance", "attention"),
    required=("axis", "start", "step", "weights"),
    positive=("step",),
    allowed={"axis": ("frames", "words")},
)

SCORES = Contract(
    "scores",
    [
        *RUN,
        ("fold_name", pa.string()),  # "a + b → c": trained on and tested; "" where the protocol's folds have no names
        ("metric", pa.string()),  # of experiment.metrics, or recall; of dimensions their mean, or CCC valence, …
        ("label", pa.string()),  # the class of a recall; "" for a metric
        ("value", pa.float64()),  # 0…1; CCC and Pearson −1…1, MAE in points of the scale; NaN: not defined
        ("utterances", pa.int64()),  # that the value was computed on
    ],
    key=("corpus", "protocol", "system", "seed", "fold", "metric", "label"),
    required=("fold_name", "value", "utterances"),
    filled=True,
)

CONFUSIONS = Contract(
    "confusions",
    [
        *RUN,
        ("label", pa.string()),  # true class
        ("predicted", pa.string()),
        ("utterances", pa.int64()),
    ],
    key=("corpus", "protocol", "system", "seed", "fold", "label", "predicted"),
    required=("utterances",),
)

INTERVALS = Contract(
    "intervals",
    [
        *SYSTEM,
        ("metric", pa.string()),  # as in SCORES, without recall
        ("value", pa.float64()),  # as in SCORES, all folds of a seed pooled, mean over seeds
        *((name, pa.float64()) for name in ("low", "high")),  # 95 % interval; null where the clusters give none
        ("clusters", pa.int32()),
        ("cluster_kind", pa.string()),  # speaker; utterance where speakers are unknown
        ("method", pa.string()),  # of the interval, as text
        ("seeds", pa.int32()),
        ("seed_sd", pa.float64()),  # between seeds, of the pooled value; null for one seed
        ("fold_sd", pa.float64()),  # between folds, of the mean over seeds; null for one fold
    ],
    key=("corpus", "protocol", "system", "metric"),
    required=("value", "clusters", "cluster_kind", "method", "seeds"),
    filled=True,
    allowed={"cluster_kind": ("speaker", "utterance")},
)

COMPARISONS = Contract(
    "comparisons",
    [
        *SYSTEM,
        ("other", pa.string()),
        ("metric", pa.string()),  # as in SCORES, without recall
        *DIFFERENCE,  # system - other; Holm over metrics and pairs of one family (see the stage compare)
    ],
    key=("corpus", "protocol", "system", "other", "metric"),
    required=("difference", "p", "p_holm", "folds", "clusters", "method"),
)

CONTRASTS = Contract(
    "contrasts",
    [
        *SYSTEM[:2],
        *((name, pa.string()) for name in ("contrast", "better", "than", "than_corpus", "than_protocol")),
        ("metric", pa.string()),  # as in SCORES, without recall
        *((name, pa.float64()) for name in ("better_value", "than_value")),  # on the folds of this row
        *DIFFERENCE,  # better - than; Holm over the contrasts declared for the corpus and protocol, per metric
    ],
    key=("corpus", "protocol", "contrast", "metric"),
    required=("better", "than", "better_value", "than_value", *COMPARISONS.required),
)

FINGERPRINTS = Contract(
    "fingerprints",
    [
        ("utterance", pa.string()),
        ("hash", pa.string()),  # of the 16-bit samples, 32 hexadecimal digits; null: nothing but digital silence
        ("extent", pa.float32()),  # seconds over which the energy is spread
        ("vector", pa.large_binary()),  # float16, 32 steps × 16 mel bands, unit length
        ("track", pa.large_binary()),  # uint32 per 8 ms, to find a part of the recording in another
    ],
    key=("utterance",),
    required=("extent", "vector", "track"),
)

AUDIT = Contract(
    "audit",
    [
        ("corpus", pa.string()),
        ("protocol", pa.string()),
        ("fold", pa.int32()),  # -1: all folds together
        ("kind", pa.string()),  # speaker, session, dialog, text, any text, audio, near audio, overlap, …
        ("part", pa.string()),  # whose utterances are checked: test or dev
        ("seen_in", pa.string()),  # the other part: train or dev; the part itself where that decides
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
