"""Tests that a trained system should pass on a corpus: correctness, calibration, fairness, robustness, consistency.

Each test compares a number with a limit that is stated here. The interval of the number, for other speakers, decides:
passed where all of it is on the right side of the limit, failed where none of it is, else undecided. A number without
an interval decides by itself. The tests are ours; Derington et al. 2023 (Testing speech emotion recognition machine
learning models) have more, on recordings that they do not publish.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ser import layout
from ser.config.disturbances import Disturbance
from ser.errors import SerError, offenders
from ser.evaluation import comparison, intervals, subgroups, temperature
from ser.evaluation.calibration import calibration_error, reliability
from ser.evaluation.intervals import Estimate
from ser.files.atomic import write_text
from ser.inference import dev_part, disturbed
from ser.inference.system import Signal, System
from ser.inference.trained import Trained
from ser.layout import FOR_USE
from ser.tables import contracts

MOST_PREDICTED = 2.0  # how often a class may be predicted, of how often it occurs
MOST_ERROR = 0.10  # expected calibration error
MOST_GAP = 0.10  # of UA, between the best and the worst group
MOST_LOSS = 0.05  # of UA, under a mild condition
LEAST_AGREEMENT = 0.90  # share of utterances whose answer stays after a change that should change none
MILD = {
    "white_noise": 20.0,
    "babble": 20.0,
    "reverberation": 0.3,
    "telephone": 3400.0,
    "microphone": 10.0,
    "mp3": 16.0,
    "opus": 16.0,
    "clipping": 1.0,
}
UNNOTICED = (("gain", -6.0), ("gain", 6.0), ("shift", 0.05), ("start_missing", 5.0), ("end_missing", 5.0))


@dataclass(frozen=True)
class Finding:
    """One test. value with low and high, its 95 % interval, NaN without one; it should be at least, or most, limit."""

    kind: str
    test: str
    value: float
    low: float
    high: float
    limit: float
    at_least: bool = True

    @property
    def verdict(self) -> str:
        """Passed, failed or undecided."""
        low, high = (self.value, self.value) if isnan(self.low) else (self.low, self.high)
        side = 1 if self.at_least else -1
        ends = sorted((side * (low - self.limit), side * (high - self.limit)))
        return "passed" if ends[0] >= 0 else "failed" if ends[1] < 0 else "undecided"


@dataclass(frozen=True, eq=False)
class Assessed:
    """The utterances of a corpus that a system is assessed on. rows: utterance, speaker, label; pool: for babble."""

    corpus: str
    rows: pd.DataFrame
    audio: Mapping[str, Signal]
    pool: Mapping[str, str]


def utterances(trained: Trained, corpus: str) -> Assessed:
    """Return the utterances of a prepared corpus that have a class of the system, with their audio.

    Of the corpus that the system was trained on it is the test part of a run. SerError where the corpus is not
    prepared, none of its utterances has a class, or its speakers may have been trained on, also as members of a joined
    corpus.
    """
    manifest = layout.manifest(corpus)
    if not manifest.is_file():
        raise SerError(f"{manifest} does not exist: prepare the corpus with an experiment that reads it.")
    labels = subgroups.labels_of(trained.contents.protocol.labels, trained.contents.classes)
    merged = {emotion: name for name, emotions in labels.items() for emotion in emotions}
    rows = contracts.select(manifest, ["utterance", "speaker", "emotion"]).to_pandas()
    rows["label"] = rows["emotion"].map(merged)
    rows = rows[rows["label"].notna()].sort_values("utterance", ignore_index=True)
    if (tested := _test_part(trained, corpus)) is not None:
        rows = rows[rows["utterance"].isin(tested)].reset_index(drop=True)
    if rows.empty:
        raise SerError(f"no utterance of {corpus} has one of the classes {', '.join(labels)}.")
    pool = disturbed.pool_of(manifest, Disturbance("babble", ()))
    audio = disturbed.audio_of(layout.audio(corpus), None, {*rows["utterance"], *pool})
    return Assessed(corpus, rows.drop(columns="emotion"), audio, pool)


def findings(system: System, given: Assessed, seed: int = 0) -> Iterator[Finding]:
    """Yield every test of ``system``: 17, and one per attribute that tells groups of utterances apart."""
    if system.needs_text:
        raise SerError(f"{system.name} reads given transcripts, and so cannot be assessed by sound alone.")
    classes = system.classes
    clean, probabilities = _predicted(system, given, None)
    tally = intervals.tally(clean, classes)
    yield from _correctness(clean, classes)
    fitted = system.trained.contents.calibration
    scaled = temperature.scaled(probabilities, fitted.temperature) if fitted else probabilities
    truth = np.array([classes.index(name) for name in clean["label"]])
    error = calibration_error(reliability(scaled, truth))
    yield Finding("calibration", "expected calibration error", error, nan, nan, MOST_ERROR, at_least=False)
    yield from _fairness(system, given, clean)
    for condition, strength in MILD.items():
        rows, _ = _predicted(system, given, Disturbance(condition, (strength,), seed))
        found = intervals.estimate(comparison.difference(intervals.tally(rows, classes), tally), "UA")
        yield _finding("robustness", f"UA, {condition} {strength:g} less undisturbed", found, -MOST_LOSS)
    for condition, strength in UNNOTICED:
        rows, _ = _predicted(system, given, Disturbance(condition, (strength,), seed))
        same = intervals.tally(rows.assign(label=clean["predicted"]), classes)
        found = intervals.estimate(same, "WA")
        yield _finding("consistency", f"same answer, {condition} {strength:g}", found, LEAST_AGREEMENT)


def _correctness(clean: pd.DataFrame, classes: Sequence[str]) -> Iterator[Finding]:
    chance = 1 / len(classes)
    yield _finding("correctness", "UA above chance", intervals.estimate(intervals.tally(clean, classes), "UA"), chance)
    recalls = {
        str(name): intervals.estimate(intervals.tally(rows, classes), "WA") for name, rows in clean.groupby("label")
    }
    worst = min(recalls, key=lambda name: recalls[name].value)
    yield _finding("correctness", f"lowest recall ({worst}) above chance", recalls[worst], chance)
    shares = (clean["predicted"].value_counts() / clean["label"].value_counts()).reindex(clean["predicted"].unique())
    most, often = max(shares.fillna(np.inf).items(), key=lambda one: float(one[1]))  # never true: infinitely often
    text = f"predicted over true, {most}"
    yield Finding("correctness", text, float(often), nan, nan, MOST_PREDICTED, at_least=False)


def _fairness(system: System, given: Assessed, clean: pd.DataFrame) -> Iterator[Finding]:
    labels = subgroups.labels_of(system.trained.contents.protocol.labels, system.classes)
    named = subgroups.attributes(layout.manifest(given.corpus), set(clean["utterance"]), labels)
    for one in subgroups.largest(subgroups.groups(clean, named, system.classes)):
        if one.gap is not None:
            text = f"UA by {one.attribute}, {one.name} less {one.best}"
            yield _finding("fairness", text, one.gap, -MOST_GAP)


def _finding(kind: str, test: str, found: Estimate, limit: float) -> Finding:
    return Finding(kind, test, found.value, found.low, found.high, limit)


def _test_part(trained: Trained, corpus: str) -> set[str] | None:
    """Return the utterances that a run tested of its own corpus; None for another corpus."""
    run = trained.contents.run
    own = str(run["corpus"])
    if own != corpus:
        if shared := sorted(_members(own) & _members(corpus)):
            raise SerError(
                f"{trained.where} was trained on {own}, which has utterances of {offenders(shared)}, as {corpus} has: "
                f"name another corpus, or {own} with the folder of a run, whose test part is then taken."
            )
        return None
    if trained.alone or run["fold"] == FOR_USE:
        raise SerError(
            f"{trained.where} was trained on speakers of {corpus}: name another corpus, or the folder of a run, whose "
            "test part is then taken."
        )
    fold = dev_part.read_fold(trained)
    return {fold.utterances[row] for row in fold.rows("test")}


def _members(corpus: str) -> set[str]:
    """Return the corpora that a corpus joins, as far as its manifest is there, and itself."""
    manifest = layout.manifest(corpus)
    joins = contracts.metadata(manifest).get("joins", "{}") if manifest.is_file() else "{}"
    return {corpus, *json.loads(joins)}


def _predicted(
    system: System, given: Assessed, disturbance: Disturbance | None
) -> tuple[pd.DataFrame, NDArray[np.float32]]:
    """Return the rows with ``predicted``, seed and fold, and the probabilities, (rows, classes), not calibrated."""
    speakers = [None if pd.isna(one) else str(one) for one in given.rows["speaker"]]
    found = np.zeros((len(given.rows), len(system.classes)), np.float32)
    for batch in disturbed.batches(speakers, range(len(speakers)), by_speaker=system.needs_speaker):
        prepared = []
        for at in batch:
            name, speaker = given.rows["utterance"][at], speakers[at]
            signal = given.audio[name]
            if disturbance is None:
                prepared.append(system.prepare(signal, speaker=speaker))
                continue
            (strength,) = disturbance.strengths
            others = [given.audio[one] for one, of in given.pool.items() if of != speaker]
            signal = disturbed.disturbed(signal, name, disturbance, strength, others)
            prepared.append(disturbed.prepared_of(system, signal, speaker, f"{name}, {strength:g}", disturbance))
        found[batch] = system.probabilities(prepared)
    predicted = [system.classes[row] for row in found.argmax(axis=1)]
    return given.rows.assign(predicted=predicted, seed=0, fold=0), found


def write(found: Sequence[Finding], out: Path) -> None:
    """Write the tests as CSV, one row each; an unknown limit of an interval is empty."""
    rows = [{**vars(one), "verdict": one.verdict} for one in found]
    write_text(out, pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"))
