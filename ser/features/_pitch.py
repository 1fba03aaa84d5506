"""The voice contours of openSMILE's prosody set: F0, voicing and harmonics-to-noise ratio every 10 ms.

Subharmonic summation over 55 ms Gaussian frames, candidates joined by a Viterbi search, all contours set to zero in
nearly silent frames, then smoothed over three frames, without the zeros of unvoiced frames. The parameters are those of
openSMILE's `prosodyShsViterbiLoudness`, which its Python package does not include.
"""

import numpy as np
from numpy.typing import NDArray

from ser.features import _opensmile
from ser.features._frames import HOP_SAMPLES, RATE, Signal

WINDOW = 880  # samples, 55 ms

# Buffers of a contour that functionals read as a whole, and of one that waits for the result of the Viterbi search.
WHOLE = "writer.levelconf.growDyn = 1; writer.levelconf.isRb = 0; writer.levelconf.nT = 1000"
WAITING = "writer.levelconf.growDyn = 0; writer.levelconf.isRb = 1; writer.levelconf.nT = 200"
RECENT = "writer.levelconf.nT = 200"

COMPONENTS = _opensmile.chain(
    long=("cFramer", "wave", "frameSize = 0.055; frameStep = 0.01; frameCenterSpecial = left"),
    gauss=("cWindower", "long", "winFunc = gauss; sigma = 0.4"),
    dft=("cTransformFFT", "gauss", "zeroPadSymmetric = 0"),
    magnitude=("cFFTmagphase", "dft", RECENT),
    octaves=(
        "cSpecScale",
        "magnitude",
        "scale = octave; interpMethod = spline; minF = 25; specSmooth = 1; specEnhance = 1; auditoryWeighting = 1",
    ),
    candidates=(
        "cPitchShs",
        "octaves",
        "minPitch = 52; maxPitch = 620; nCandidates = 4; voicingCutoff = 0.7; greedyPeakAlgo = 1; "
        "inputFieldSearch = Mag_octScale; nHarmonics = 15; compressionFactor = 0.85",
    ),
    track=(
        "cPitchSmootherViterbi",
        "candidates",
        "reader2.dmLevel = candidates; bufferLength = 90; F0final = 1; F0finalLog = 1; voicingFinalUnclipped = 1; "
        "wTvv = 10; wTvvd = 5; wTvuv = 10; wThr = 4; wTuu = 0; wLocal = 2; wRange = 1",
    ),
    harmonicity=(
        "cHarmonics",
        "magnitude;track",
        f"{WAITING}; nHarmonics = 10; f0ElementName = F0final; magSpecFieldName = pcm_fftMag; computeAcfHnrLogdB = 1",
    ),
    strength=("cEnergy", "gauss", f"{RECENT}; log = 0"),
    gate=("cValbasedSelector", "strength;track", "threshold = 0.0008; removeIdx = 1; zeroVec = 1"),
    voice=("cContourSmoother", "gate;harmonicity", f"{WHOLE}; smaWin = 3; noZeroSma = 1"),
)  # voice: F0, F0 in semitones, voicing, harmonics-to-noise ratio


def contours(signal: Signal, window: int) -> tuple[Signal, Signal, Signal]:
    """Return F0 (Hz, 0 where unvoiced), voicing (0…1) and harmonics-to-noise ratio (dB, 0 where unvoiced).

    Each has shape (floor((samples − window) / 160) + 1,), float32, and frames with the same centres as frames of
    ``window`` samples (at most 880). ``signal``: mono at 16 kHz, at least ``window`` samples; it is padded with zeros.
    """
    smile = _opensmile.configured(COMPONENTS, "voice")
    values = _opensmile.run(smile, np.pad(signal, (WINDOW - window) // 2), RATE, minimum=WINDOW)
    frames = (len(signal) - window) // HOP_SAMPLES + 1  # openSMILE adds a frame for the remainder
    f0, _, voicing, hnr = values[:frames].T
    return f0, voicing, np.where(f0 > 0, hnr, np.float32(0))


def inside(voiced: NDArray[np.bool_], reach: int = 2) -> NDArray[np.bool_]:
    """Return whether a frame and ``reach`` frames on either side are voiced: (frames,), bool.

    If so, a difference over these frames is the slope of the contour; if not, a jump between voiced and unvoiced.
    """
    padded = np.pad(voiced, reach, mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).all(axis=1))
