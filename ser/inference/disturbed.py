"""The test utterances of a run under a condition, as its system predicts them.

What is disturbed is the audio that its features were extracted from: 16 kHz, mono, cut as the corpus says.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from ser import catalog, layout
from ser.config.disturbances import Disturbance
from ser.errors import SerError
from ser.inference import dev_part, trained_run
from ser.inference.dev_part import MOST
from ser.inference.system import Signal, System
from ser.inference.utterance import Prepared
from ser.preparation.disturbing import audio_of, disturbed
from ser.tables import contracts
from ser.training.fold import Fold

POOL = 96  # utterances from which others than an utterance's own speaker are drawn
FEWEST = 3  # speakers of a corpus, where a condition needs others


def predictions(system: System, disturbance: Disturbance, shards: int | None) -> Iterator[dict[str, Any]]:
    """Yield the rows of a DISTURBED table: every test utterance of the system's run at every strength.

    shards: of the corpus's audio; None: all there are. SerError where the folds are no longer those of the training,
    audio is missing, or the condition needs other speakers and there are too few.
    """
    trained = system.trained
    run, data = trained.contents.run, trained_run.project(trained.weights.parent)
    found = dev_part.read_fold(trained)
    rows = _rows(found, by_speaker=trained.by_speaker)
    module = catalog.load("conditions", disturbance.condition)
    corpus = str(run["corpus"])
    pool = pool_of(data / layout.manifest(corpus), disturbance) if getattr(module, "OTHERS", False) else {}
    names = {found.utterances[row] for row in rows} | set(pool)
    audio = audio_of(data / layout.audio(corpus), shards, names)
    for strength in disturbance.strengths:
        for batch in batches(found.speakers, rows, by_speaker=trained.by_speaker):
            prepared = []
            for row in batch:
                name = found.utterances[row]
                others = [audio[one] for one, speaker in pool.items() if speaker != found.speakers[row]]
                signal = disturbed(audio[name], name, disturbance, strength, others)
                prepared.append(prepared_of(system, signal, found.speakers[row], f"{name}, {strength:g}", disturbance))
            for row, values in zip(batch, system.probabilities(prepared), strict=True):
                if found.parts[row] == "test":
                    yield {
                        **run,
                        "condition": disturbance.condition,
                        "strength": strength,
                        "utterance": found.utterances[row],
                        "speaker": found.speakers[row],
                        "label": system.classes[int(found.labels[row])],
                        "predicted": system.classes[int(values.argmax())],
                        "probabilities": values.tolist(),
                    }


def _rows(found: Fold, *, by_speaker: bool) -> list[int]:
    """Return the utterances to predict: the test part; where a speaker gives the statistics, all of its speakers."""
    test = [int(row) for row in found.rows("test")]
    if not by_speaker:
        return test
    speakers = {found.speakers[row] for row in test}
    return [row for row, speaker in enumerate(found.speakers) if speaker in speakers]


def batches(speakers: Sequence[str | None], rows: Sequence[int], *, by_speaker: bool) -> Iterator[list[int]]:
    """Yield some of ``rows`` at a time, with ``by_speaker`` all those of a speaker. speakers: of every row."""
    groups: dict[object, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        groups[speakers[row] if by_speaker else at // MOST].append(row)
    yield from groups.values()


def prepared_of(system: System, signal: Signal, speaker: str | None, where: str, disturbance: Disturbance) -> Prepared:
    """Return what the system reads of a disturbed signal; SerError that names condition and utterance, ``where``."""
    try:
        return system.prepare(signal, speaker=speaker)
    except SerError as error:
        raise SerError(
            f"condition '{disturbance.condition}', utterance {where}: {error} Name milder strengths."
        ) from error


def pool_of(manifest: Path, disturbance: Disturbance) -> Mapping[str, str]:
    """Return utterances of a corpus and their speakers, drawn by the seed: the same for all of its runs."""
    table = contracts.select(manifest, ["utterance", "speaker"])
    known = table.filter(pc.is_valid(table["speaker"])).sort_by("utterance")
    needed = f"condition '{disturbance.condition}' needs the voices of others"
    if pc.count_distinct(known["speaker"]).as_py() < FEWEST:
        raise SerError(f"{needed}, and {manifest} names fewer than {FEWEST} speakers.")
    random = np.random.default_rng(disturbance.seed)
    drawn = sorted(random.choice(known.num_rows, min(POOL, known.num_rows), replace=False).tolist())
    found = {row["utterance"]: row["speaker"] for row in known.take(drawn).to_pylist()}
    if len(set(found.values())) < 2:
        raise SerError(f"{needed}, and {POOL} utterances drawn from {manifest} are of one speaker; set another seed.")
    return found
