"""The answers of a system for many recordings, batch by batch: one that cannot be used stops no other."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ser.audio.reading import RATE
from ser.errors import SerError
from ser.inference import recordings
from ser.inference.none_rule import NONE, UnlikeError
from ser.inference.recordings import Request
from ser.inference.system import System
from ser.inference.utterance import Answer, Prepared

MOST = 64  # utterances in a batch
SECONDS = 300.0  # of sound in a batch, at most one utterance more: what is in memory at a time


@dataclass(frozen=True)
class Windows:
    """Sliding windows of ``seconds``, one every ``step`` seconds."""

    seconds: float
    step: float


@dataclass
class Failures:
    """What could not be used, by file and reason."""

    found: dict[tuple[str, str], list[Request]] = field(default_factory=lambda: defaultdict(list))

    def add(self, request: Request, error: SerError) -> None:
        """Keep the reason why a request has no answer."""
        self.found[request.name, str(error).rstrip(".")].append(request)

    def lines(self) -> list[str]:
        """Return a line per file and reason."""
        return [
            f"{those[0]}: {reason}" if len(those) == 1 else f"{name}: {reason} ({len(those)} parts, {those[0]} first)"
            for (name, reason), those in self.found.items()
        ]


@dataclass(frozen=True, eq=False)
class Pending:
    """A request that waits for its batch, or is answered. begin: seconds into the recording; seconds: its length."""

    request: Request
    prepared: Prepared | Answer
    begin: float
    seconds: float


def check(system: System, wanted: Sequence[Request], windows: Windows | None = None) -> None:
    """Raise SerError where the system needs more than the sound and nothing of it is given, before long work."""
    if not wanted:
        raise SerError("there is nothing to predict: no recording was given.")
    if windows is not None and not (windows.seconds > 0 and windows.step > 0):
        raise SerError(f"a window of {windows.seconds:g} s every {windows.step:g} s: both must be above 0.")
    if system.needs_text and windows is not None:
        raise SerError(
            f"{system.name} reads given transcripts, and a window has no text of its own; leave --window out."
        )
    if system.needs_text and not any(one.text for one in wanted):
        raise SerError(
            f"{system.name} reads given transcripts: give the text with --text, or a CSV with the columns path,text."
        )
    if system.needs_speaker and not any(one.speaker for one in wanted):
        raise SerError(
            f"{system.name} normalises by the statistics of each speaker: name the speaker with --speaker, or give a "
            "CSV with the columns path,speaker."
        )


def predict(
    system: System,
    wanted: Iterable[Request],
    failures: Failures,
    windows: Windows | None = None,
    *,
    attention: int = 0,
    unlike: bool = False,
) -> Iterator[tuple[Request, Answer]]:
    """Yield every request, or every window of it, with its answer, in order; what cannot be used is in ``failures``.

    No more than a batch is in memory. Where the statistics are a speaker's, a batch has all requests of a speaker, and
    speakers come in the order of their first request. attention: of how many answers, the first, the attention over
    time is computed too. unlike: what is silent or too short has an answer too, with a reason and without probabilities
    (NaN).
    """
    batch: list[Pending] = []
    seconds, speaker = 0.0, None
    for request in _in_parts(_by_speaker(wanted) if system.needs_speaker else wanted, failures, windows):
        full = len(batch) >= MOST or seconds >= SECONDS
        if batch and (request.speaker != speaker if system.needs_speaker else full):
            yield from _answered(system, batch, attention)
            attention = max(0, attention - len(batch))
            batch, seconds = [], 0.0
        try:
            signal, begin, level = recordings.sound(request, system.trained.contents.audio)
            prepared = system.prepare(signal, request.text, request.speaker, level)
            batch.append(Pending(request, prepared, begin, len(signal) / RATE))
        except SerError as error:
            if unlike and isinstance(error, UnlikeError):
                answer = Answer(NONE, dict.fromkeys(system.classes, math.nan), reason=error.reason)
                batch.append(Pending(request, answer, 0.0, 0.0))
            else:
                failures.add(request, error)
            continue
        seconds, speaker = seconds + len(signal) / RATE, request.speaker
    if batch:
        yield from _answered(system, batch, attention)


def _answered(system: System, batch: list[Pending], attention: int) -> Iterator[tuple[Request, Answer]]:
    prepared = [one.prepared for one in batch if isinstance(one.prepared, Prepared)]
    attended = iter(system.attention(prepared[:attention]) if attention and prepared else ())
    answers = iter(system.answers(prepared) if prepared else ())
    for one in batch:
        if isinstance(one.prepared, Answer):
            answer = one.prepared
        else:
            over_time = tuple(found.within(one.begin, one.seconds) for found in next(attended, ()))
            answer = replace(next(answers), attention=over_time)
        yield one.request, replace(answer, start=one.request.start, end=one.request.end)


def _in_parts(wanted: Iterable[Request], failures: Failures, windows: Windows | None) -> Iterator[Request]:
    for request in wanted:
        if windows is None:
            yield request
            continue
        try:
            yield from recordings.windows(request, windows.seconds, windows.step)
        except SerError as error:
            failures.add(request, SerError(str(error).removeprefix(f"{request.path}: ")))


def _by_speaker(wanted: Iterable[Request]) -> Iterator[Request]:
    groups: dict[str | None, list[Request]] = defaultdict(list)
    for request in wanted:
        groups[request.speaker].append(request)
    for those in groups.values():
        yield from those
