"""A trained system that answers for signals: features by their extractors, then the model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ser import catalog
from ser.audio import reading
from ser.audio.arrays import as_mono
from ser.audio.speech_bounds import speech_bounds
from ser.audio.voice_bounds import voice_bounds
from ser.config import extractors
from ser.config.options import uses_device, uses_name, with_options
from ser.config.schema import Feature
from ser.errors import SerError
from ser.evaluation import temperature
from ser.inference import none_rule
from ser.inference.none_rule import UnlikeError
from ser.inference.trained import Trained
from ser.inference.utterance import Answer, Prepared, TimedAttention

Signal = NDArray[np.float32]
ROUNDING = 1e-3  # seconds that resampling may take from the shortest utterance


class System:
    """A trained system. Calling it answers for one signal.

    trained: from a bundle or a run; device: auto, cpu, cuda or cuda:<n>; calibrated: whether answers have the
    probabilities that the temperature of a bundle gives; a run has none. SerError where the model, an extractor or an
    option does not exist in this version, or the weights do not fit.
    """

    def __init__(self, trained: Trained, device: str = "cpu", *, calibrated: bool = True):
        self.trained, self.classes, self.name = trained, trained.contents.classes, trained.name
        self.calibrated = calibrated
        self._device = device
        self._features = trained.features()
        if named := [name for name, entry in self._features.items() if uses_name(entry)]:
            raise SerError(
                f"{self.name} reads feature '{named[0]}', vectors of named utterances from a file, and so has no "
                "answer for other recordings."
            )
        recipe = trained.recipe()
        self._model: Any
        if catalog.model_kind(recipe.model) == "estimator":
            from ser.inference.estimator import TrainedEstimator

            self._model = TrainedEstimator(trained, recipe)
        else:
            from ser.inference.network import TrainedNetwork

            self._model = TrainedNetwork(trained, recipe, device)
        self._recogniser: Any = None

    @property
    def needs_text(self) -> bool:
        """Return whether every utterance must come with its text, because the system learned given transcripts."""
        return self.trained.needs_text

    @property
    def needs_speaker(self) -> bool:
        """Return whether every utterance must come with its speaker, whose utterances give the statistics."""
        return self.trained.by_speaker

    def __call__(
        self, signal: NDArray[Any], rate: int, *, text: str | None = None, speaker: str | None = None
    ) -> Answer:
        """Return the answer for one utterance.

        signal: (samples,) or (samples, channels), floats of −1…1 or integers of full scale; rate: Hz, 1 kHz to 1 MHz;
        text: for a system that reads given transcripts; speaker: for one that normalises by speaker, of which this
        utterance is then the only one. SerError where one of them is needed and missing, and where the signal is too
        short or holds no numbers.
        """
        read = as_mono(signal, rate, self.trained.contents.audio.channel)
        prepared = self.prepare(self.cut(read), text, speaker, none_rule.level(read))
        return self.answers([prepared])[0]

    def windows(self, signal: NDArray[Any], rate: int, seconds: float, step: float | None = None) -> list[Answer]:
        """Return the answers for windows of ``seconds`` that begin every ``step`` seconds, by default as long.

        A last window ends with the signal. A signal shorter than a window is one. Nothing is cut.
        """
        read = as_mono(signal, rate, self.trained.contents.audio.channel)
        bounds = list(window_bounds(len(read) / reading.RATE, seconds, step or seconds))
        cuts = [tuple(round(time * reading.RATE) for time in one) for one in bounds]
        found = self.answers([self.prepare(read[first:last]) for first, last in cuts])
        return [replace(one, start=start, end=end) for one, (start, end) in zip(found, bounds, strict=True)]

    def cut(self, signal: Signal) -> Signal:
        """Return ``signal`` (samples,) at 16 kHz without the silence around its speech, if the corpus was read so."""
        trim = self.trained.contents.audio.trim
        if trim == "none":
            return signal
        bounds = voice_bounds(signal) if trim == "voice" else speech_bounds(signal)
        return signal if bounds is None else np.ascontiguousarray(signal[bounds[0] : bounds[1]])

    def prepare(
        self, signal: Signal, text: str | None = None, speaker: str | None = None, level: float | None = None
    ) -> Prepared:
        """Return what the model reads of an utterance, (samples,) float32 mono at 16 kHz.

        level: dB of full scale before the trim; None: that of ``signal``. SerError where text or speaker is needed and
        missing, the signal is too short, or a value is not finite.
        """
        if self.needs_speaker and not speaker:
            raise SerError(f"{self.name} normalises by speaker, and no speaker is given.")
        shortest = self.trained.contents.audio.minimum_seconds
        if len(signal) / reading.RATE < shortest - ROUNDING:
            raise UnlikeError(f"lasts {len(signal) / reading.RATE:.3f} s, less than {shortest:g} s.", none_rule.SHORT)
        if self.trained.reads_text:
            text = self._text(signal, text)
        words = self._words(text) if self.trained.reads_words and text is not None else None
        with threadpool_limits(1):  # the order of additions, and so the last bits, depends on how many there are
            matrices = {
                name: self._matrix(name, entry, signal if extractors.transcript(entry) is None else str(text))
                for name, entry in self._features.items()
            }
        level = none_rule.level(signal) if level is None else level
        return Prepared(matrices, words, speaker, level, len(signal) / reading.RATE)

    def answers(self, utterances: Sequence[Prepared]) -> list[Answer]:
        """Return the answer for each of ``utterances``, at least one, computed together."""
        raw, contents = self.probabilities(utterances), self.trained.contents
        scaled = temperature.scaled(raw, contents.calibration.temperature) if contents.calibration else raw
        found = []
        for one, row, calibrated in zip(utterances, raw, scaled, strict=True):
            limits, values = contents.limits, calibrated if self.calibrated else row
            reason = limits.reason(one.level, one.seconds, float(calibrated.max())) if limits else None
            named = dict(zip(self.classes, map(float, values), strict=True))
            found.append(Answer(self.classes[int(row.argmax())], named, reason=reason))
        return found

    def probabilities(self, utterances: Sequence[Prepared]) -> NDArray[np.float32]:
        """Return (utterances, classes), in the order of ``classes``, each row summing to 1, not calibrated."""
        found: NDArray[np.float32] = self._model.probabilities(utterances)
        return found

    def attention(self, utterances: Sequence[Prepared]) -> list[tuple[TimedAttention, ...]]:
        """Return the attention over time to each of ``utterances``, from its start; () where the system has none."""
        if not hasattr(self._model, "attention"):
            return [()] * len(utterances)
        found: list[tuple[TimedAttention, ...]] = self._model.attention(utterances)
        return found

    def _text(self, signal: Signal, text: str | None) -> str:
        """Return the text that is given, or what the recogniser of the training recognises."""
        if text is not None:
            return text
        if self.needs_text:
            raise SerError(f"{self.name} reads given transcripts, and no text is given.")
        return str(self._loaded_recogniser().recognise(signal, reading.RATE))

    @staticmethod
    def _words(text: str) -> list[str]:
        from ser.text.tokens import tokens  # nltk: a second that systems without words save

        return tokens(text)

    def _loaded_recogniser(self) -> Any:
        if self._recogniser is None:
            transcript = self.trained.contents.transcript
            assert transcript is not None
            entry = with_options(transcript, f"{self.trained.where}: its recogniser")
            given = {"device": self._device, **entry.options} if uses_device(entry) else entry.options
            self._recogniser = entry.load().load(**given)
        return self._recogniser

    def _matrix(self, name: str, entry: Feature, source: Signal | str) -> NDArray[np.generic]:
        """Return a feature of what its extractor reads: the signal, or the text."""
        module = entry.load()
        given: Mapping[str, Any] = {"device": self._device, **entry.options} if uses_device(entry) else entry.options
        try:
            read = (source,) if isinstance(source, str) else (source, reading.RATE)
            matrix: NDArray[np.generic] = module.extract(*read, **given)
            extractors.check_matrix(module, module.dims(**entry.options), matrix)
        except SerError as error:
            raise SerError(f"feature '{name}': {error}") from error
        if not np.isfinite(matrix).all():
            raise SerError(f"feature '{name}' has values that are not finite.")
        return matrix


def ready(trained: Trained, device: str, threads: int, *, calibrated: bool = True) -> System:
    """Return the system after fixing threads and determinism of torch, which an estimator does without."""
    if catalog.model_kind(trained.contents.recipe.model) != "estimator":
        from ser.training.device import prepare

        prepare(device, threads)
    return System(trained, device, calibrated=calibrated)


def window_bounds(length: float, seconds: float, step: float) -> Iterator[tuple[float, float]]:
    """Yield start and end of each window of ``seconds`` within ``length`` seconds, every ``step`` seconds.

    A last window ends at ``length`` where something would be left over; a shorter signal is one window.
    """
    if not (seconds > 0 and step > 0):
        raise SerError(f"a window of {seconds:g} s every {step:g} s: both must be above 0.")
    number = 0
    while number * step + seconds <= length + 1e-9:
        yield number * step, number * step + seconds
        number += 1
    last = max(0.0, length - seconds)
    if number == 0 or last > (number - 1) * step:
        yield last, length
