"""openSMILE functionals: statistics of low-level descriptors over an utterance, one vector each.

The published sets, as openSMILE computes them: ComParE_2016 of the INTERSPEECH paralinguistics challenges (Schuller et
al., "The INTERSPEECH 2016 Computational Paralinguistics Challenge", 2016), the usual input of a support vector machine;
GeMAPS and eGeMAPS (Eyben et al., IEEE Transactions on Affective Computing 7(2), 2016), small sets in which every
dimension has a meaning; emobase (Eyben, Wöllmer and Schuller, "openEAR — Introducing the Munich Open-Source Emotion and
Affect Recognition Toolkit", 2009), 19 functionals of 26 descriptors and their deltas.
"""

from typing import Literal

from ser.features import _opensmile
from ser.features._frames import Matrix, Signal

DTYPE = "float32"
HOP = None
DEPENDS = ("opensmile",)

FeatureSet = Literal["ComParE_2016", "GeMAPSv01b", "eGeMAPSv01b", "eGeMAPSv02", "emobase"]
DIMS = {"ComParE_2016": 6373, "GeMAPSv01b": 62, "eGeMAPSv01b": 88, "eGeMAPSv02": 88, "emobase": 988}


def dims(*, feature_set: FeatureSet) -> int:
    """Return the values per utterance."""
    return DIMS[feature_set]


def extract(signal: Signal, rate: int, *, feature_set: FeatureSet) -> Matrix:
    """Return the vector of the utterance, (1, dims), float32.

    SerError if the rate is not 16 kHz, the signal is shorter than 60 ms, or openSMILE is not installed.
    """
    return _opensmile.run(_opensmile.published(feature_set, "Functionals"), signal, rate)
