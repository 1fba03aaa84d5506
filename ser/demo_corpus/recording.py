"""From a planned utterance to its WAV file: synthesised, resampled to 16 kHz, padded with silence, with faint noise."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from ser.demo_corpus.espeak import RATE as ESPEAK_RATE
from ser.demo_corpus.espeak import Synthesiser
from ser.demo_corpus.scenario import PlannedUtterance

RATE = 16000  # Hz
SILENCE = 0.12  # seconds before and after the speech
FLOOR = 3e-4  # standard deviation of the noise, of full scale 1: about -70 dB
LEVEL = 0.7  # eSpeak's loudest voices nearly clip


@dataclass(frozen=True)
class RecordedUtterance:
    """An utterance with its length and its words (text, start), both in seconds from the beginning of its file."""

    planned: PlannedUtterance
    seconds: float
    words: tuple[tuple[str, float], ...]


def record(planned: PlannedUtterance, synthesiser: Synthesiser, path: Path, seed: int) -> RecordedUtterance:
    """Write ``planned`` to ``path`` as 16-bit mono WAV at 16 kHz; the same arguments give the same bytes."""
    speech = synthesiser.synthesise(planned.text, planned.voice)
    original = np.frombuffer(speech.samples, dtype="<i2").astype(np.float32) / 32768
    resampled = soxr.resample(original, ESPEAK_RATE, RATE)
    signal = np.pad(resampled * LEVEL, round(SILENCE * RATE))
    digest = hashlib.blake2b(f"{seed}/{planned.name}".encode(), digest_size=8).digest()
    noise = np.random.default_rng(int.from_bytes(digest, "big")).standard_normal(len(signal), dtype=np.float32)
    samples = np.clip(np.rint((signal + FLOOR * noise) * 32767), -32768, 32767).astype("<i2")
    soundfile.write(path, samples, RATE, "PCM_16")
    words = tuple((word, start + SILENCE) for word, start in speech.words)
    return RecordedUtterance(planned, len(samples) / RATE, words)
