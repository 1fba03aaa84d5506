"""From a planned turn to its recording: spoken, resampled to 16 kHz, with silence around it and a faint noise floor."""

import hashlib
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

from ser.demo_corpus.espeak import RATE as SPOKEN_RATE
from ser.demo_corpus.espeak import Speaker
from ser.demo_corpus.scenario import Turn

RATE = 16000  # Hz
SILENCE = 0.12  # seconds before and after the speech
FLOOR = 3e-4  # standard deviation of the noise, of full scale 1: about -70 dB
LEVEL = 0.7  # eSpeak's loudest voices nearly clip


@dataclass(frozen=True)
class Recorded:
    """A turn with its length and its words (text, start), both in seconds from the beginning of its file."""

    turn: Turn
    seconds: float
    words: tuple[tuple[str, float], ...]


def record(turn: Turn, speaker: Speaker, path: Path, seed: int) -> Recorded:
    """Write ``turn`` to ``path`` as 16-bit mono WAV at 16 kHz, the same bytes for the same turn and seed."""
    speech = speaker.say(turn.text, turn.voice)
    spoken = np.frombuffer(speech.samples, dtype="<i2").astype(np.float32) / 32768
    heard = soxr.resample(spoken, SPOKEN_RATE, RATE)
    signal = np.pad(heard * LEVEL, round(SILENCE * RATE))
    digest = hashlib.blake2b(f"{seed}/{turn.name}".encode(), digest_size=8).digest()
    noise = np.random.default_rng(int.from_bytes(digest, "big")).standard_normal(len(signal), dtype=np.float32)
    samples = np.clip(np.rint((signal + FLOOR * noise) * 32767), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    words = tuple((word, start + SILENCE) for word, start in speech.words)
    return Recorded(turn, len(samples) / RATE, words)
