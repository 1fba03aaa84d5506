"""F0, voicing, jitter, shimmer, harmonics-to-noise ratio, energy, zero crossings and 14 cepstra with deltas, 10 ms.

Cho et al., "Deep Neural Networks for Emotion Recognition Combining Audio and Transcripts", 2018, name F0, shimmer,
jitter and MFCC without a list. Our default: the 22 descriptors of ComParE 2016 of these families and of loudness, with
HTK's regression deltas. openSMILE's own deltas are not used: those of the first six fade within an utterance (see
`compare_lld`).
"""

import numpy as np

from ser.features import _htk, _opensmile, _pitch
from ser.features._frames import Matrix, Signal

DTYPE = "float32"
HOP = 0.01  # seconds
DEPENDS = ("numpy", "opensmile")

DESCRIPTORS = (
    *("F0final_sma", "voicingFinalUnclipped_sma", "jitterLocal_sma", "jitterDDP_sma", "shimmerLocal_sma", "logHNR_sma"),
    *("pcm_RMSenergy_sma", "pcm_zcr_sma"),
    *(f"mfcc_sma[{order}]" for order in range(1, 15)),
)
VOICE = [0, 2, 3, 4, 5]  # 0 where unvoiced


def dims() -> int:
    """Return the values per row."""
    return 2 * len(DESCRIPTORS)


def extract(signal: Signal, rate: int) -> Matrix:
    """Return the 22 ``DESCRIPTORS``, then their deltas, per frame: (frames, 44), float32.

    About samples / 160 − 4 frames. The deltas of F0, jitter, shimmer and harmonics-to-noise ratio are 0 unless five
    frames are voiced.
    SerError if the rate is not 16 kHz, the signal is shorter than 60 ms, or openSMILE is not installed.
    """
    smile = _opensmile.published("ComParE_2016", "LowLevelDescriptors")
    columns = [smile.feature_names.index(name) for name in DESCRIPTORS]
    static = _opensmile.run(smile, signal, rate)[:, columns]
    slope = _htk.deltas(static)
    slope[:, VOICE] *= _pitch.inside(static[:, 0] > 0)[:, None]
    return np.concatenate([static, slope], axis=1)
