"""ComParE 2016 low-level descriptors and their deltas: 65 + 65 values every 10 ms.

Loudness, energy, zero crossings, F0, voicing, jitter, shimmer, harmonics-to-noise ratio, RASTA bands, MFCC and
spectral shape (Schuller et al., "The INTERSPEECH 2016 Computational Paralinguistics Challenge", 2016), the frame-level
input of Xie et al., "Attention-Based Dense LSTM for Speech Emotion Recognition", 2019. openSMILE needs two calls for
descriptors and deltas; a configuration that includes the installed one returns both in one pass, the same bits in about
half the time. openSMILE divides the deltas of the first six descriptors (F0 to HNR) by a sum that grows with every
frame, so that they fade within an utterance; they are kept as the set defines them.
"""

from ser.features import _opensmile
from ser.features._frames import Matrix, Signal

DTYPE = "float32"
HOP = 0.01  # seconds
DEPENDS = ("opensmile",)

LEVELS = "is13_lld_nzsmo;is13_lldA_smo;is13_lldB_smo"  # of ComParE_2016_core.lld.conf.inc, in openSMILE's order
DELTAS = "is13_lld_nzsmo_de;is13_lldA_smo_de;is13_lldB_smo_de"
JOINED = _opensmile.chain(both=("cVectorConcat", f"{LEVELS};{DELTAS}", "includeSingleElementFields = 1"))


def dims() -> int:
    """Return the values per row."""
    return 130


def extract(signal: Signal, rate: int) -> Matrix:
    """Return 65 descriptors, then their 65 deltas, per frame: (frames, 130), float32, about samples / 160 − 4 frames.

    SerError if the rate is not 16 kHz, the signal is shorter than 60 ms, or openSMILE is not installed.
    """
    installed = _opensmile.configurations() / "compare" / "ComParE_2016_core.lld.conf.inc"
    smile = _opensmile.configured(f"\\{{{installed}}}\n{JOINED}", "both")
    return _opensmile.run(smile, signal, rate)
