"""eSpeak NG through ctypes, made repeatable: the same text and voice always give the same samples.

The synthesiser carries state from one utterance to the next, and initialising it anew does not clear all of it. So a
process of its own initialises it once and forks a child per utterance, whose random numbers it seeds. It imports
nothing but the standard library and the loader: forking is safe only while a process has one thread, which numpy's
BLAS would not leave it.
``python -m ser.demo_corpus.espeak`` reads requests from its standard input and answers on its standard output.
"""

import ctypes
import json
import math
import os
import re
import struct
import subprocess
import sys
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
RATE_PARAMETER, VOLUME_PARAMETER, PITCH_PARAMETER, RANGE_PARAMETER = 1, 2, 3, 4
SEED = 1
UNTOLD = 0.15  # seconds of a word said as one with the next, at most
LENGTHS = struct.Struct("<II")  # bytes of the words, bytes of the samples


@dataclass(frozen=True)
class Voice:
    """How a sentence is said. ``name`` is a voice of eSpeak such as en-us+f2; the rest are its parameters."""

    name: str
    rate: int = 175  # words per minute, 80…450
    volume: int = 100  # 0…200
    pitch: int = 50  # 0…100, around the voice's own
    range: int = 50  # 0…100, of the intonation


@dataclass(frozen=True)
class Speech:
    """What eSpeak gave: 16-bit little-endian mono ``samples`` at RATE, and each word's text and start in seconds."""

    samples: bytes
    words: tuple[tuple[str, float], ...]


class Event(ctypes.Structure):
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


class Speaker:
    """A running synthesiser; ``say`` may be called again and again, by one thread at a time."""

    def __init__(self, process: "subprocess.Popen[bytes]"):
        self.process = process

    def say(self, text: str, voice: Voice) -> Speech:
        """Return ``text`` as ``voice`` says it; SerError with eSpeak's own message where it cannot."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        request = json.dumps({"text": text, "voice": asdict(voice)})
        try:
            self.process.stdin.write(request.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise SerError("eSpeak NG stopped; its message stands above.") from error
        answer = _answer(self.process.stdout)
        if answer is None or not answer[1]:
            raise SerError(f"eSpeak NG gave no speech for {text!r} with {voice}; its message stands above.")
        return Speech(answer[1], tuple((word, start) for word, start in json.loads(answer[0])))


@contextmanager
def speaker() -> Iterator[Speaker]:
    """Start a synthesiser and stop it at the end of the block."""
    package = str(Path(__file__).parents[2])  # also where ser runs from a checkout that is not installed
    path = os.pathsep.join(part for part in (package, os.environ.get("PYTHONPATH", "")) if part)
    process = subprocess.Popen(
        [sys.executable, "-m", "ser.demo_corpus.espeak"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    with process:  # closes the pipes, upon which the other end runs out of requests
        yield Speaker(process)


def _answer(stream: IO[bytes]) -> tuple[bytes, bytes] | None:
    """Return the words and samples that a child wrote, or None where it wrote less than it announced."""
    head = stream.read(LENGTHS.size)
    if len(head) < LENGTHS.size:
        return None
    words, samples = (stream.read(length) for length in LENGTHS.unpack(head))
    return words, samples


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer each request by a forked child: ``LENGTHS``, the words as JSON, the samples."""
    library = _initialise()
    for line in requests:
        request = json.loads(line)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            _be_child(library, request, writer)
        os.close(writer)
        with open(reader, "rb") as pipe:
            answer = _answer(pipe)
        os.waitpid(child, 0)
        words, samples = answer or (b"[]", b"")
        answers.write(LENGTHS.pack(len(words), len(samples)) + words + samples)
        answers.flush()


def _be_child(library: ctypes.CDLL, request: dict[str, Any], writer: int) -> None:
    """Say the request, write it to ``writer`` and end the process without the parent's clean-up."""
    code = 1
    try:
        speech = _synthesise(library, request["text"], Voice(**request["voice"]))
        words = json.dumps(speech.words).encode()
        with open(writer, "wb") as pipe:
            pipe.write(LENGTHS.pack(len(words), len(speech.samples)) + words + speech.samples)
        code = 0
    except Exception as error:  # whatever it is, a child must not return into its parent's loop
        print(f"eSpeak NG: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(code)


def _initialise() -> ctypes.CDLL:
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate != RATE:
        raise SerError(f"eSpeak NG did not start at {RATE} Hz; espeak_Initialize gave {rate}.")
    return library


def _synthesise(library: ctypes.CDLL, text: str, voice: Voice) -> Speech:
    samples = bytearray()
    places: list[tuple[int, float]] = []  # character, seconds

    def collect(wave: Any, count: int, events: Any) -> int:
        if wave and count:
            samples.extend(ctypes.string_at(wave, 2 * count))
        index = 0
        while events[index].type != END:
            event = events[index]
            if event.type == WORD:
                places.append((event.position - 1, event.milliseconds / 1000))
            index += 1
        return 0

    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.POINTER(Event))(collect)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(voice.name.encode()):
        raise SerError(f"there is no voice '{voice.name}'.")
    parameters = (
        (RATE_PARAMETER, voice.rate),
        (VOLUME_PARAMETER, voice.volume),
        (PITCH_PARAMETER, voice.pitch),
        (RANGE_PARAMETER, voice.range),
    )
    for parameter, value in parameters:
        library.espeak_SetParameter(parameter, value, 0)
    library.espeak_ng_SetRandSeed(ctypes.c_long(SEED))  # the noise of breathy voices; else it is the clock's
    content = text.encode() + b"\0"
    library.espeak_Synth(content, len(content), 0, 1, 0, UTF8, None, None)
    library.espeak_Synchronize()
    return Speech(bytes(samples), _words(text, places))


def _words(text: str, places: list[tuple[int, float]]) -> tuple[tuple[str, float], ...]:
    """Return each word of ``text`` and its start; eSpeak says some as one (of the), which then share its time."""
    words = list(re.finditer(r"[\w'-]+", text))
    begun: list[tuple[int, float]] = []  # word, seconds, where eSpeak told it
    for index, word in enumerate(words):
        times = [seconds for character, seconds in places if word.start() <= character < word.end()]
        if times:
            begun.append((index, min(times)))
    starts: dict[int, float] = dict(begun)
    for (index, start), (after, end) in zip(begun, [*begun[1:], (len(words), math.inf)], strict=True):
        step = min((end - start) / (after - index), UNTOLD)
        starts |= {merged: start + (merged - index) * step for merged in range(index + 1, after)}
    return tuple((words[index][0], starts[index]) for index in sorted(starts))


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
