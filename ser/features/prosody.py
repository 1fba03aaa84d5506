"""openSMILE's prosody set: 35 functionals of F0, voicing, harmonics-to-noise ratio and loudness per utterance.

The utterance's prosody in Yoon et al., "Multimodal Speech Emotion Recognition Using Audio and Text", 2018, and its
successors: mean, standard deviation, slope, centroid in time, 10th and 90th percentile and their distance, of F0 in Hz
and in semitones above 27.5 Hz, voicing probability, harmonics-to-noise ratio and loudness. Parameters as in openSMILE's
`prosodyShsViterbiLoudness`, which its authors ran. Functionals of the four voice contours ignore zeros, so that those
of F0 are over voiced frames. openSMILE ignores up to three frames at the end.
"""

from ser.features import _opensmile, _pitch
from ser.features._frames import Matrix, Signal

DTYPE = "float32"
HOP = None
DEPENDS = ("opensmile",)

FUNCTIONALS = (
    "frameMode = full; functionalsEnabled = Moments;Regression;Percentiles; Moments.amean = 1; Moments.stddev = 1; "
    "Moments.variance = 0; Moments.skewness = 0; Moments.kurtosis = 0; Regression.linregc1 = 1; "
    "Regression.linregc2 = 0; Regression.linregerrA = 0; Regression.linregerrQ = 0; Regression.qregc1 = 0; "
    "Regression.qregc2 = 0; Regression.qregc3 = 0; Regression.qregerrA = 0; Regression.qregerrQ = 0; "
    "Regression.centroid = 1; Regression.centroidUseAbsValues = 0; Regression.centroidRatioLimit = 0; "
    "Percentiles.percentile[0] = 0.1; Percentiles.percentile[1] = 0.9; Percentiles.pctlrange[0] = 0-1"
)
COMPONENTS = _pitch.COMPONENTS + _opensmile.chain(
    short=("cFramer", "wave", "frameSize = 0.02; frameStep = 0.01; frameCenterSpecial = left"),
    hamming=("cWindower", "short", "winFunc = hamming"),
    short_dft=("cTransformFFT", "hamming", "zeroPadSymmetric = 0"),
    short_magnitude=("cFFTmagphase", "short_dft", ""),
    mel=(
        "cMelspec",
        "short_magnitude",
        "htkcompatible = 0; nBands = 26; usePower = 1; lofreq = 20; hifreq = 8000; specScale = mel",
    ),
    auditory=(
        "cPlp",
        "mel",
        "htkcompatible = 0; compression = 0.33; doAud = 1; doLog = 0; doInvLog = 0; doIDFT = 0; doLP = 0; "
        "doLpToCeps = 0",
    ),
    loudness=("cVectorOperation", "auditory", f"{_pitch.WAITING}; operation = ll1"),
    smooth_loudness=("cContourSmoother", "loudness", f"{_pitch.WHOLE}; smaWin = 3"),
    of_voice=("cFunctionals", "voice", f"nonZeroFuncts = 1; {FUNCTIONALS}"),
    of_loudness=("cFunctionals", "smooth_loudness", f"nonZeroFuncts = 0; {FUNCTIONALS}"),
    functionals=("cVectorConcat", "of_voice;of_loudness", "includeSingleElementFields = 1"),
)


def dims() -> int:
    """Return the values per row."""
    return 35


def extract(signal: Signal, rate: int) -> Matrix:
    """Return the vector of the utterance, (1, 35), float32; zeros for a contour that is zero throughout.

    SerError if the rate is not 16 kHz, the signal is shorter than 60 ms, or openSMILE is not installed.
    """
    smile = _opensmile.configured(COMPONENTS, "functionals")
    return _opensmile.run(smile, signal, rate)
