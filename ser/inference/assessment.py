"""The tests of ``ser/evaluation/model_tests.py`` on a prepared corpus, which a trained system predicts for them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ser import layout
from ser.config.disturbances import Disturbance
from ser.errors import SerError, offenders
from ser.evaluation import model_tests, subgroups, temperature
from ser.evaluation.model_tests import Finding
from ser.files.atomic import write_text
from ser.inference import dev_part, disturbed, trained_run
from ser.inference.system import Signal, System
from ser.inference.trained import Trained
from ser.layout import FOR_USE
from ser.preparation import disturbing
from ser.tables import contracts


@dataclass(frozen=True, eq=False)
class Assessed:
    """The utterances of a corpus that a system is assessed on.

    rows: utterance, speaker, label; pool: utterances for babble, with their speakers, drawn by the seed, of which all
    noise is.
    """

    corpus: str
    rows: pd.DataFrame
    audio: Mapping[str, Signal]
    pool: Mapping[str, str]
    seed: int = 0


def utterances(trained: Trained, corpus: str, seed: int = 0) -> Assessed:
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
    pool = disturbed.pool_of(manifest, Disturbance("babble", (), seed))
    audio = disturbing.audio_of(layout.audio(corpus), None, {*rows["utterance"], *pool})
    return Assessed(corpus, rows.drop(columns="emotion"), audio, pool, seed)


def findings(system: System, given: Assessed) -> Iterator[Finding]:
    """Yield every test of ``system``. SerError where it needs more than the sound."""
    if system.needs_text:
        raise SerError(f"{system.name} reads given transcripts, and so cannot be assessed by sound alone.")
    contents, classes = system.trained.contents, system.classes
    clean, probabilities = _predicted(system, given, None)
    fitted = contents.calibration
    scaled = temperature.scaled(probabilities, fitted.temperature) if fitted else probabilities
    error = model_tests.calibration_error_of(clean, scaled, classes)
    labels = subgroups.labels_of(contents.protocol.labels, classes)
    named = subgroups.attributes(layout.manifest(given.corpus), set(clean["utterance"]), labels)

    def disturbed_rows(condition: str, strength: float) -> pd.DataFrame:
        return _predicted(system, given, Disturbance(condition, (strength,), given.seed))[0]

    groups = subgroups.groups(clean, named, classes)
    yield from model_tests.findings(clean, classes, error, groups, disturbed_rows)


def _test_part(trained: Trained, corpus: str) -> set[str] | None:
    """Return the utterances that a run tested of its own corpus; None for another corpus."""
    run = trained.contents.run
    own = str(run["corpus"])
    if own != corpus:
        trained_on = {own, *trained.contents.members, *trained_run.members(layout.manifest(own))}
        if shared := sorted(trained_on & {corpus, *trained_run.members(layout.manifest(corpus))}):
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
            signal = disturbing.disturbed(signal, name, disturbance, strength, others)
            prepared.append(disturbed.prepared_of(system, signal, speaker, f"{name}, {strength:g}", disturbance))
        found[batch] = system.probabilities(prepared)
    predicted = [system.classes[row] for row in found.argmax(axis=1)]
    return given.rows.assign(predicted=predicted, seed=0, fold=0), found


def write(found: Sequence[Finding], out: Path) -> None:
    """Write the tests as CSV, one row each; an unknown limit of an interval is empty."""
    rows = [{**vars(one), "verdict": one.verdict} for one in found]
    write_text(out, pd.DataFrame(rows).to_csv(index=False, lineterminator="\n"))
