"""The answers for one recording or utterance: one for the whole, or one for each window."""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ser.inference.recordings import Request
from ser.inference.utterance import Answer, TimedAttention


@dataclass(eq=False)
class PredictedRecording:
    """What is known of ``first.name``. first: its first request; a window takes 8 bytes per number."""

    first: Request
    classes: Sequence[str]
    bounds: "array[float]" = field(default_factory=lambda: array("d"))  # start and end of each window, seconds
    values: "array[float]" = field(default_factory=lambda: array("d"))  # probabilities of each answer
    attention: list[TimedAttention] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of answers."""
        return len(self.values) // len(self.classes)

    @property
    def windowed(self) -> bool:
        """Return whether the answers are those of windows."""
        return self.first.window

    @property
    def windows(self) -> NDArray[np.float64]:
        """Return start and end of each window in seconds, (windows, 2)."""
        return np.array(self.bounds).reshape(-1, 2)

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """Return (answers, classes)."""
        return np.array(self.values).reshape(-1, len(self.classes))

    @property
    def mean(self) -> dict[str, float]:
        """Return the mean probability of each class, the largest first."""
        means = dict(zip(self.classes, self.probabilities.mean(axis=0).tolist(), strict=True))
        return dict(sorted(means.items(), key=lambda one: -one[1]))

    def counts(self) -> Counter[str]:
        """Return in how many answers each class is the most probable, zeros included."""
        winners = np.bincount(self.probabilities.argmax(axis=1), minlength=len(self.classes))
        return Counter(dict(zip(self.classes, winners.tolist(), strict=True)))

    def continued_by(self, request: Request) -> bool:
        """Return whether ``request`` is a later window of the same recording."""
        same = (request.path, request.name, request.window) == (self.first.path, self.first.name, True)
        return same and (request.start or 0.0) > self.bounds[-2]

    def add(self, request: Request, answer: Answer) -> None:
        """Add an answer."""
        if self.windowed:
            self.bounds.extend((request.start or 0.0, request.end or 0.0))
        self.values.extend(answer.probabilities[name] for name in self.classes)
        self.attention.extend(answer.attention)


def grouped(rows: Iterable[tuple[Request, Answer]], classes: Sequence[str]) -> Iterator[PredictedRecording]:
    """Yield the recording of every recording or utterance, when all of its answers are there."""
    recording: PredictedRecording | None = None
    for request, answer in rows:
        if recording is None or not recording.continued_by(request):
            if recording is not None:
                yield recording
            recording = PredictedRecording(request, classes)
        recording.add(request, answer)
    if recording is not None:
        yield recording
