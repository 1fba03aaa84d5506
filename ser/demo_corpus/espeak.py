"""eSpeak NG through ctypes, repeatable: the same text and voice always give the same samples.

The library carries state from one utterance to the next, and a second initialisation does not clear all of it. A
process of its own therefore initialises it once, forks a child for each utterance and seeds the child's random numbers.
It imports only the standard library and the loader: forking is safe only in a process with one thread, and numpy's BLAS
starts more.
``python -m ser.demo_corpus.espeak`` reads requests from its standard input and answers on its standard output.
"""

import ctypes
import json
import math
import os
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from ser.errors import SerError

RATE = 22050  # Hz, of eSpeak's own output
SYNCHRONOUS = 2  # output mode of espeak_Initialize: samples go to the callback
WORD, END = 1, 0  # event types
UTF8 = 1
PARAMETERS = {"rate": 1, "volume": 2, "pitch": 3, "range": 4}  # of a voice: numbers of espeak_SetParameter
SEED = 1
NONE = b'[[], ""]\n'  # the answer where eSpeak fails
MERGED = 0.15  # seconds, at most, of a word that eSpeak merges with the next one


@dataclass(frozen=True)
class Voice:
    """A voice of eSpeak: its name, such as en-us+f2, and its parameters."""

    name: str
    rate: int = 175  # words per minute, 80…450
    volume: int = 100  # 0…200
    pitch: int = 50  # 0…100, around the voice's own
    range: int = 50  # 0…100, of the intonation


@dataclass(frozen=True)
class SynthesisedSpeech:
    """Samples, 16-bit little-endian mono at RATE, and each word's text and start in seconds."""

    samples: bytes
    words: tuple[tuple[str, float], ...]


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


class Synthesiser:
    """A running eSpeak process, for one thread at a time."""

    def __init__(self, process: "subprocess.Popen[bytes]"):
        self.process = process

    def synthesise(self, text: str, voice: Voice) -> SynthesisedSpeech:
        """Return ``text`` in ``voice``; SerError if eSpeak gives no speech, after its own message on standard error."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        request = json.dumps({"text": text, "voice": asdict(voice)})
        try:
            self.process.stdin.write(request.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise SerError("eSpeak NG stopped; its message is printed above.") from error
        words, samples = json.loads(self.process.stdout.readline() or NONE)
        if not samples:
            raise SerError(f"eSpeak NG gave no speech for {text!r} with {voice}; its message is printed above.")
        return SynthesisedSpeech(b64decode(samples), tuple((word, start) for word, start in words))


@contextmanager
def synthesiser() -> Iterator[Synthesiser]:
    """Start an eSpeak process and stop it at the end of the block."""
    package = str(Path(__file__).parents[2])  # for a checkout that is not installed
    path = os.pathsep.join(part for part in (package, os.environ.get("PYTHONPATH", "")) if part)
    process = subprocess.Popen(
        [sys.executable, "-m", "ser.demo_corpus.espeak"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    with process:  # closes the pipes, which ends the loop over requests
        yield Synthesiser(process)


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer each request with a line of JSON from a forked child: the words and the samples in base 64."""
    library = _initialise()
    for line in requests:
        child = os.fork()
        if child == 0:
            _run_child(library, json.loads(line), answers)
        if os.waitpid(child, 0)[1]:
            answers.write(NONE)
            answers.flush()


def _run_child(library: ctypes.CDLL, request: dict[str, Any], answers: IO[bytes]) -> None:
    """Write the speech of a request to ``answers`` and end the process without the parent's clean-up."""
    try:
        speech = _synthesise(library, request["text"], Voice(**request["voice"]))
        answers.write(json.dumps([speech.words, b64encode(speech.samples).decode()]).encode() + b"\n")
        answers.flush()
        os._exit(0)
    except Exception as error:  # a child must never return into its parent's loop
        print(f"eSpeak NG: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(1)


def _initialise() -> ctypes.CDLL:
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate != RATE:
        raise SerError(f"eSpeak NG did not start at {RATE} Hz; espeak_Initialize gave {rate}.")
    return library


def _synthesise(library: ctypes.CDLL, text: str, voice: Voice) -> SynthesisedSpeech:
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
    return SynthesisedSpeech(bytes(samples), _word_starts(text, starts))


def _word_starts(text: str, events: list[tuple[int, float]]) -> tuple[tuple[str, float], ...]:
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
    return tuple((words[index][0], starts[index]) for index in sorted(starts))


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
