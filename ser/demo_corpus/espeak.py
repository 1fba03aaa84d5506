"""eSpeak NG through ctypes, repeatable: the same text and voice always give the same samples.

The library carries state from one utterance to the next, and a second initialisation does not clear all of it. A
process of its own therefore initialises it once, forks a child for each utterance and seeds the child's random numbers.
It imports only the standard library and the loader: forking is safe only in a process with one thread, and numpy's BLAS
starts more.
``python -m ser.demo_corpus.espeak`` reads texts and voices from its standard input, as JSON, and writes a line of JSON
for each: the samples in base 64, and the words.
"""

import ctypes
import json
import math
import os
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

from ser.errors import SerError

RATE = 22050  # Hz, of eSpeak's own output
SYNCHRONOUS = 2  # output mode of espeak_Initialize: samples go to the callback
WORD, END = 1, 0  # event types
UTF8 = 1
PARAMETERS = {"rate": 1, "volume": 2, "pitch": 3, "range": 4}  # of a voice: numbers of espeak_SetParameter
SEED = 1
MERGED = 0.15  # seconds, at most, of a word that eSpeak merges with the next one


@dataclass(frozen=True)
class Voice:
    """A voice of eSpeak: its name, such as en-us+f2, and its parameters."""

    name: str
    rate: int = 175  # words per minute, 80…450
    volume: int = 100  # 0…200
    pitch: int = 50  # 0…100, around the voice's own
    range: int = 50  # 0…100, of the intonation


Speech = tuple[bytes, list[tuple[str, float]]]  # 16-bit little-endian mono at RATE; words and their starts in seconds


class EspeakEvent(ctypes.Structure):
    """``espeak_EVENT`` of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("position", ctypes.c_int),  # characters, from 1
        ("length", ctypes.c_int),  # characters
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


def synthesise(texts: Sequence[tuple[str, Voice]]) -> list[Speech]:
    """Return each text in its voice; SerError if eSpeak gives no speech, after its own message on standard error."""
    answer = subprocess.run(
        [sys.executable, "-m", "ser.demo_corpus.espeak"],
        input=json.dumps([(text, asdict(voice)) for text, voice in texts]).encode(),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},  # for a checkout that is not installed
        check=False,
    )
    lines = answer.stdout.splitlines()
    if len(lines) < len(texts):
        text, voice = texts[len(lines)]
        raise SerError(f"eSpeak NG gave no speech for {text!r} with {voice}; its message is printed above.")
    speech = [json.loads(line) for line in lines]
    return [(b64decode(samples), [(word, start) for word, start in words]) for samples, words in speech]


def serve() -> None:
    """Write the speech of each text on standard input, from a forked child; stop at the first without speech."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate != RATE:
        raise SerError(f"eSpeak NG did not start at {RATE} Hz; espeak_Initialize gave {rate}.")
    for text, voice in json.load(sys.stdin):
        child = os.fork()
        if child == 0:
            _run_child(library, text, Voice(**voice))
        if os.waitpid(child, 0)[1]:
            sys.exit(1)


def _run_child(library: ctypes.CDLL, text: str, voice: Voice) -> NoReturn:
    """Write the speech of ``text`` and end the process without the parent's clean-up."""
    try:
        samples, words = _synthesise(library, text, voice)
        if samples:
            print(json.dumps([b64encode(samples).decode(), words]), flush=True)
            os._exit(0)
    except Exception as error:  # a child must never return into its parent's loop
        print(f"eSpeak NG: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(1)


def _synthesise(library: ctypes.CDLL, text: str, voice: Voice) -> Speech:
    samples = bytearray()
    starts: list[tuple[int, float]] = []  # character, seconds

    def collect(wave: Any, count: int, events: Any) -> int:
        if wave and count:
            samples.extend(ctypes.string_at(wave, 2 * count))
        index = 0
        while events[index].type != END:
            event = events[index]
            if event.type == WORD:
                starts.append((event.position - 1, event.milliseconds / 1000))
            index += 1
        return 0

    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(EspeakEvent))(collect)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(voice.name.encode()):
        raise SerError(f"there is no voice '{voice.name}'.")
    for name, number in PARAMETERS.items():
        library.espeak_SetParameter(number, getattr(voice, name), 0)
    library.espeak_ng_SetRandSeed(ctypes.c_long(SEED))  # of the noise in breathy voices; by default the clock
    content = text.encode() + b"\0"
    library.espeak_Synth(content, len(content), 0, 1, 0, UTF8, None, None)
    library.espeak_Synchronize()
    return bytes(samples), _word_starts(text, starts)


def _word_starts(text: str, events: list[tuple[int, float]]) -> list[tuple[str, float]]:
    """Return each word of ``text`` and its start in seconds, from eSpeak's word ``events`` (character, seconds).

    eSpeak merges some words ("of the") into one event, whose duration they share.
    """
    words = list(re.finditer(r"[\w'-]+", text))
    begun: list[tuple[int, float]] = []  # index of the word, seconds, for words with an event
    for index, word in enumerate(words):
        times = [seconds for character, seconds in events if word.start() <= character < word.end()]
        if times:
            begun.append((index, min(times)))
    starts: dict[int, float] = dict(begun)
    for (index, start), (after, end) in zip(begun, [*begun[1:], (len(words), math.inf)], strict=True):
        step = min((end - start) / (after - index), MERGED)
        starts |= {merged: start + (merged - index) * step for merged in range(index + 1, after)}
    return [(words[index][0], starts[index]) for index in sorted(starts)]


if __name__ == "__main__":
    serve()
