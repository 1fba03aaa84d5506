"""What is measured of each recording, and the rules by which a measure becomes a warning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from ser.audio.reading import RATE, Inspection
from ser.audio.speech_bounds import silence
from ser.audio.statistics import ABOVE_FULL_SCALE, Signal, clipped

CLIPPED = 1e-3  # share of samples
OFFSET = 1e-2  # of full scale
LEAST_OFFSET = 1e-3  # of full scale; above this, an offset is also one where it exceeds the level of the sound
OUTLYING, LEAST_CORPUS = 30.0, 5  # dB from the corpus's median; utterances of a corpus that has one
SILENT_CHANNEL = 1e-6  # power relative to that of the loudest channel: 60 dB
UNLIKE = 0.2  # correlation of two channels
SPEECH_BAND, LEAST_IN_BAND = (100.0, 4000.0), 0.25  # Hz; share of the power
SILENCE_SHARE = 0.25  # of the seconds of a corpus
WINDOW = 512  # samples of a spectrum
LOWEST = -120.0  # dB, of digital silence

Warned = tuple[str, str, str]  # utterance ("" for the whole corpus), name of the check, what was found


@dataclass(frozen=True)
class Measures:
    """What one utterance sounds like, before the trim.

    peak: largest absolute sample of any channel; full scale is 1. clipped: share of samples at a limit, 0…1. offset:
    the largest mean of a channel, of full scale. level: of the channel or mix that is read, at 16 kHz, in dB of full
    scale, without the offset. silent_channels: how many are 60 dB below the loudest. correlation: the lowest of two
    channels that sound, -1…1; None where there are no two. speech_band: share of the power between 100 Hz and 4 kHz.
    silence_before, silence_after: seconds before and after the speech; None where no speech is found.
    """

    peak: float
    clipped: float
    offset: float
    level: float
    silent_channels: int
    correlation: float | None
    speech_band: float
    silence_before: float | None
    silence_after: float | None


def measure(recording: Inspection, signal: Signal, read: Signal) -> Measures:
    """Return the measures of a recording without a fault.

    signal: its samples, (frames, channels); read: what the pipeline reads of it, mono at 16 kHz, (samples,).
    """
    about = recording.statistics
    assert about is not None
    before, after = silence(read) or (None, None)
    return Measures(
        peak=about.peak,
        clipped=clipped(signal, about),
        offset=float(about.mean[np.abs(about.mean).argmax()]),
        level=float(max(LOWEST, 10 * np.log10(max(float(read.var(dtype=np.float64)), 1e-20)))),
        silent_channels=int((about.power < SILENT_CHANNEL * about.power.max()).sum()),
        correlation=about.correlation,
        speech_band=_share_in_band(read),
        silence_before=before,
        silence_after=after,
    )


def warnings_of(found: Mapping[str, Measures], seconds: Sequence[float], trim: str) -> list[Warned]:
    """Return the warnings about the utterances of a corpus, by name, and about the whole.

    seconds: their lengths before the trim, in the same order; trim: the corpus's key.
    """
    middle = median(one.level for one in found.values()) if len(found) >= LEAST_CORPUS else None
    each = [(name, kind, text) for name, one in found.items() for kind, text in _strange(one, middle)]
    around = [(one.silence_before, one.silence_after) for one in found.values()]
    known = [(before, after) for before, after in around if before is not None and after is not None]
    share = sum(map(sum, known)) / sum(seconds) if seconds else 0.0
    if trim == "none" and share >= SILENCE_SHARE:
        before, after = (median(side) for side in zip(*known, strict=True))
        medians = f"{before:.2f} s before and {after:.2f} s after the speech (medians)"
        each.append(("", "silence", f"{100 * share:.0f} % of the sound is silence: {medians}"))
    return each


def _strange(one: Measures, middle: float | None) -> list[tuple[str, str]]:
    """Return the checks that an utterance does not pass, with what was found. middle: the corpus's median level."""
    found = []
    if one.clipped > CLIPPED:
        found.append(("clipped", f"{100 * one.clipped:.1f} % of its samples stand at a limit"))
    offset, sound = abs(one.offset), 10 ** (one.level / 20)
    if offset > OFFSET * max(1.0, one.peak) or offset > max(LEAST_OFFSET, sound):
        found.append(("offset", f"its mean is {one.offset:.3g}, where 1 is full scale"))
    if one.peak > ABOVE_FULL_SCALE:
        integers = "; integers stored as floats? Divide by 32768" if 1e2 < one.peak < 4e4 else ""
        found.append(("above-full-scale", f"its samples reach {one.peak:.5g}, where 1 is full scale{integers}"))
    if middle is not None and abs(one.level - middle) > OUTLYING:
        found.append(("level", f"its level of {one.level:.0f} dB is {one.level - middle:+.0f} dB from the median"))
    if one.silent_channels:
        found.append(("silent-channel", f"channels without sound: {one.silent_channels}"))
    if one.correlation is not None and one.correlation < UNLIKE:
        found.append(("unlike-channels", f"two of its channels have a correlation of {one.correlation:.2f}"))
    if one.speech_band < LEAST_IN_BAND:
        found.append(("speech-band", f"{100 * one.speech_band:.0f} % of its power is between 100 Hz and 4 kHz"))
    if one.silence_before is None:
        found.append(("no-speech", "no speech is found in it"))
    return found


def _share_in_band(read: Signal) -> float:
    """Return the share of the power of a mono signal at 16 kHz, without its offset, that lies in the speech band."""
    from scipy.fft import rfft

    centred = read - read.mean(dtype=np.float64).astype(np.float32)
    padded = np.pad(centred, (0, -len(centred) % WINDOW)).reshape(-1, WINDOW)
    power = np.zeros(WINDOW // 2 + 1)
    for begin in range(0, len(padded), 1000):
        spectra = rfft(padded[begin : begin + 1000] * np.hanning(WINDOW).astype(np.float32), axis=1)
        power += np.square(np.abs(spectra)).sum(axis=0)
    power[0] = 0.0  # what a slow drift leaves
    hertz = np.arange(len(power)) * RATE / WINDOW
    inside = (hertz >= SPEECH_BAND[0]) & (hertz <= SPEECH_BAND[1])
    return float(power[inside].sum() / power.sum()) if power.any() else 0.0
