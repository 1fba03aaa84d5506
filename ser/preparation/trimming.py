"""What the key ``trim`` of a corpus changes of an utterance: its bounds, its length and the times of its words."""

from dataclasses import dataclass, replace

from ser.audio import reading
from ser.audio.measures import Measures
from ser.audio.speech_bounds import speech_bounds
from ser.audio.statistics import Signal
from ser.audio.voice_bounds import voice_bounds
from ser.corpus import Utterance, Word


@dataclass(frozen=True)
class Inspected:
    """An utterance with the properties of its recording; both are those of the kept part.

    cut: seconds that were cut before and after the speech; None where nothing was to be cut or no speech was found.
    """

    row: Utterance
    recording: reading.Inspection
    measures: Measures | None = None  # of the whole part, before the trim; None of a recording with a fault
    checksum: str = ""
    cut: tuple[float, float] | None = None


def trimmed(signal: Signal, found: Inspected, trim: str, minimum_seconds: float) -> Inspected:
    """Return an utterance without the silence around its speech; the fault ``short`` where little is left.

    signal: the utterance as mono at 16 kHz, (samples,); trim: speech or voice. Start and end are on samples of the
    recording. An utterance in which no speech is found stays as it is.
    """
    row, recording, rate = found.row, found.recording, found.recording.rate
    bounds = voice_bounds(signal) if trim == "voice" else speech_bounds(signal)
    if bounds is None:
        return found
    origin, frames = round((row.start or 0.0) * rate), round(recording.seconds * rate)
    first, last = (min(frames, round(bound * rate / reading.RATE)) for bound in bounds)
    last = frames if bounds[1] == len(signal) else last
    start = (origin + first) / rate if first else row.start
    end = (origin + last) / rate if last < frames else row.end
    before, seconds = first / rate, (last - first) / rate
    words = tuple(Word(word.word, *_inside(word, before, seconds)) for word in row.words)
    recording = replace(recording, seconds=seconds)
    if seconds < minimum_seconds:
        fault = f"lasts {seconds:.3f} s without the silence around the speech, less than {minimum_seconds:g} s"
        recording = replace(recording, fault=fault, kind="short")
    cut = before, (frames - last) / rate
    return replace(found, row=replace(row, start=start, end=end, words=words), recording=recording, cut=cut)


def _inside(word: Word, before: float, seconds: float) -> tuple[float, float]:
    """Return start and end of a word of an alignment from the kept part's start, inside of the kept part."""
    start, end = (min(max(time - before, 0.0), seconds) for time in (word.start, word.end))
    return start, end
