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
LEVEL = "voice"  # level of the contours: F0, F0 in semitones, voicing, harmonics-to-noise ratio

# Buffers of a contour that functionals read as a whole, and of one that waits for the result of the Viterbi search.
WHOLE = "writer.levelconf.growDyn = 1\nwriter.levelconf.isRb = 0\nwriter.levelconf.nT = 1000"
WAITING = "writer.levelconf.growDyn = 0\nwriter.levelconf.isRb = 1\nwriter.levelconf.nT = 200"

COMPONENTS = f"""
[componentInstances:cComponentManager]
instance[long].type = cFramer
instance[gauss].type = cWindower
instance[dft].type = cTransformFFT
instance[magnitude].type = cFFTmagphase
instance[octaves].type = cSpecScale
instance[candidates].type = cPitchShs
instance[track].type = cPitchSmootherViterbi
instance[harmonicity].type = cHarmonics
instance[strength].type = cEnergy
instance[gate].type = cValbasedSelector
instance[smooth].type = cContourSmoother

[long:cFramer]
reader.dmLevel = wave
writer.dmLevel = long
frameSize = 0.055
frameStep = 0.01
frameCenterSpecial = left

[gauss:cWindower]
reader.dmLevel = long
writer.dmLevel = gauss
winFunc = gauss
sigma = 0.4

[dft:cTransformFFT]
reader.dmLevel = gauss
writer.dmLevel = dft
zeroPadSymmetric = 0

[magnitude:cFFTmagphase]
reader.dmLevel = dft
writer.dmLevel = magnitude
writer.levelconf.nT = 200

[octaves:cSpecScale]
reader.dmLevel = magnitude
writer.dmLevel = octaves
scale = octave
interpMethod = spline
minF = 25
specSmooth = 1
specEnhance = 1
auditoryWeighting = 1

[candidates:cPitchShs]
reader.dmLevel = octaves
writer.dmLevel = candidates
minPitch = 52
maxPitch = 620
nCandidates = 4
voicingCutoff = 0.7
greedyPeakAlgo = 1
inputFieldSearch = Mag_octScale
nHarmonics = 15
compressionFactor = 0.85

[track:cPitchSmootherViterbi]
reader.dmLevel = candidates
reader2.dmLevel = candidates
writer.dmLevel = track
bufferLength = 90
F0final = 1
F0finalLog = 1
voicingFinalUnclipped = 1
wTvv = 10
wTvvd = 5
wTvuv = 10
wThr = 4
wTuu = 0
wLocal = 2
wRange = 1

[harmonicity:cHarmonics]
reader.dmLevel = magnitude;track
writer.dmLevel = harmonicity
{WAITING}
nHarmonics = 10
f0ElementName = F0final
magSpecFieldName = pcm_fftMag
computeAcfHnrLogdB = 1

[strength:cEnergy]
reader.dmLevel = gauss
writer.dmLevel = strength
writer.levelconf.nT = 200
log = 0

[gate:cValbasedSelector]
reader.dmLevel = strength;track
writer.dmLevel = gate
threshold = 0.0008
removeIdx = 1
zeroVec = 1

[smooth:cContourSmoother]
reader.dmLevel = gate;harmonicity
writer.dmLevel = {LEVEL}
{WHOLE}
smaWin = 3
noZeroSma = 1
"""


def contours(signal: Signal, window: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return F0 (Hz, 0 where unvoiced), voicing (0…1) and harmonics-to-noise ratio (dB, 0 where unvoiced).

    Each has shape (floor((samples − window) / 160) + 1,), float32, and frames with the same centres as frames of
    ``window`` samples (at most 880). ``signal``: mono at 16 kHz, at least ``window`` samples; it is padded with zeros.
    """
    smile = _opensmile.configured("voice", COMPONENTS, LEVEL)
    values = _opensmile.values(smile, np.pad(signal, (WINDOW - window) // 2), RATE)
    frames = (len(signal) - window) // HOP_SAMPLES + 1  # openSMILE adds a frame for the remainder
    f0, _, voicing, hnr = values[:frames].T
    return f0, voicing, np.where(f0 > 0, hnr, np.float32(0))


def inside(voiced: NDArray[np.bool_], reach: int = 2) -> NDArray[np.bool_]:
    """Return whether a frame and ``reach`` frames on either side are voiced: (frames,), bool.

    If so, a difference over these frames is the slope of the contour; if not, a jump between voiced and unvoiced.
    """
    padded = np.pad(voiced, reach, mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1).all(axis=1))
