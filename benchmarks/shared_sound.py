"""Parts of recordings that are found by their sound: how many of cut and coded copies, and how many false ones.

Run: python benchmarks/shared_sound.py FOLDER [--recordings 10] [--others 40]

FOLDER holds recordings of speech, such as RAVDESS. From evenly chosen ones, parts of 0.7 and 1.2 s are cut out of the
speech and coded; a part is found if its place is right to 20 ms. Others, evenly chosen, are compared with each other.
Prints how many are found of how many.
"""

import argparse
import io
from itertools import combinations
from pathlib import Path

import numpy as np
import soundfile
import soxr
from spent import row

from ser.audio import reading
from ser.audio.formats import SUFFIXES
from ser.audio.speech_bounds import speech_bounds
from ser.audio.statistics import Signal
from ser.evaluation.tracks import alignments, track
from ser.files.listing import recordings

RATE = reading.RATE
SECONDS = (0.7, 1.2)
EXACT = 0.02  # seconds
WORST = 0.99  # of libsndfile's compression levels, 0…1
CODINGS: dict[str, tuple[str, str, float | None]] = {
    "uncompressed": ("WAV", "PCM_16", None),
    "µ-law": ("WAV", "ULAW", None),
    "ADPCM": ("WAV", "IMA_ADPCM", None),
    "MP3": ("MP3", "MPEG_LAYER_III", None),
    "Vorbis": ("OGG", "VORBIS", None),
    "Opus": ("OGG", "OPUS", None),
    "MP3, lowest quality": ("MP3", "MPEG_LAYER_III", WORST),
    "Vorbis, lowest quality": ("OGG", "VORBIS", WORST),
}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recordings", type=int, default=10)
    parser.add_argument("--others", type=int, default=40)
    arguments = parser.parse_args()
    files = recordings(arguments.folder, SUFFIXES, links=True)
    chosen = [reading.load(arguments.folder / name) for name in evenly(files, arguments.recordings)]
    parts = [(whole, *part(whole, seconds, seed)) for seed, whole in enumerate(chosen) for seconds in SECONDS]
    row("part", "found", "of")
    row(":--", "--:", "--:")
    for name, coding in CODINGS.items():
        row(name, sum(found(whole, start, coded(cut, *coding)) for whole, start, cut in parts), len(parts))
    narrow = [(whole, start, soxr.resample(soxr.resample(cut, RATE, 8000), 8000, RATE)) for whole, start, cut in parts]
    row("by way of 8 kHz", sum(found(*one) for one in narrow), len(narrow))
    others = [track(reading.load(arguments.folder / name)) for name in evenly(files, arguments.others)]
    shared = alignments(others, range(len(others)), [0.0] * len(others))
    pairs = {(one.recording, one.other) for one in shared}
    row("different recordings, pairs", len(pairs), len([*combinations(others, 2)]))


def evenly(files: list[str], count: int) -> list[str]:
    """Return ``count`` of the ``files`` at equal distances."""
    return [files[i] for i in np.linspace(0, len(files) - 1, count).astype(int)]


def part(whole: Signal, seconds: float, seed: int) -> tuple[float, Signal]:
    """Return where a part of the speech begins, in seconds, and the part: cut at any sample, at random."""
    first, last = speech_bounds(whole) or (0, len(whole))
    length = min(round(seconds * RATE), last - first)
    start = int(np.random.default_rng(seed).integers(first, last - length + 1))
    return start / RATE, whole[start : start + length]


def coded(signal: Signal, container: str, codec: str, level: float | None) -> Signal:
    """Return ``signal`` written and read by libsndfile."""
    file = io.BytesIO()
    soundfile.write(file, signal, RATE, format=container, subtype=codec, compression_level=level)
    file.seek(0)
    return soundfile.read(file, dtype="float32")[0]


def found(whole: Signal, start: float, cut: Signal) -> bool:
    """Return whether the part is found where it was cut from."""
    places = alignments([track(whole), track(cut)], [0, 1], [0.0, 0.0])
    return any(abs(-place.offset - start) <= EXACT for place in places)


if __name__ == "__main__":
    main()
