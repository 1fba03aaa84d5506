"""The attention that systems recorded to one utterance, with its signal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ser import layout
from ser.errors import SerError, offenders
from ser.layout import Run
from ser.tables import contracts
from ser.tables.estimates import ESTIMATES

FILE = "attention.parquet"


@dataclass(frozen=True, eq=False)
class RunAttention:
    """One run on the utterance. weights: its rows of the ATTENTION table; probability: of ``predicted``.

    Where the target is dimensions, label and prediction are their values as text, and the probability is None.
    """

    run: Run
    label: str
    predicted: str
    probability: float | None
    weights: tuple[Mapping[str, Any], ...]

    def over(self, axis: str) -> list[Mapping[str, Any]]:
        """Return the attention over "frames" or "words"."""
        return [row for row in self.weights if row["axis"] == axis]


@dataclass(frozen=True, eq=False)
class RecordedAttention:
    """The utterance: signal (samples,) at 16 kHz, and one run of each system of one protocol that attends to it."""

    utterance: str
    signal: NDArray[np.float32]
    runs: tuple[RunAttention, ...]


def read(runs: Sequence[Run], utterance: str | None = None) -> RecordedAttention | None:
    """Return the attention to ``utterance`` under the protocol where most systems recorded it; None without any.

    Without a name it is the first, by name, of the utterances that most systems of a protocol recorded. Of several
    seeds or folds of a system the first counts. SerError for a name that no run recorded, or without audio.
    """
    recorded: dict[tuple[str, str], dict[str, dict[str, Run]]] = {}
    for run in runs:
        table = contracts.read(contracts.ATTENTION, run.folder / FILE)
        for name in dict.fromkeys(table["utterance"].to_pylist()):
            recorded.setdefault((run.corpus, run.protocol), {}).setdefault(name, {}).setdefault(run.system, run)
    names = sorted({name for utterances in recorded.values() for name in utterances})
    if not names:
        return None
    if utterance not in (None, *names):
        unrecorded = f"experiment.utterance: no run recorded its attention to '{utterance}'"
        raise SerError(f"{unrecorded}; recorded: {offenders(names)}.")
    choices = [
        (systems, name)
        for utterances in recorded.values()
        for name, systems in sorted(utterances.items())
        if utterance in (None, name)
    ]
    systems, name = max(choices, key=lambda choice: len(choice[0]))  # the first of equals
    first = next(iter(systems.values()))
    return RecordedAttention(name, _signal(first.corpus, name), tuple(_run(run, name) for run in systems.values()))


def _row(table: pa.Table, utterance: str, where: object) -> dict[str, Any]:
    rows: list[dict[str, Any]] = table.filter(pc.equal(table["utterance"], utterance)).to_pylist()
    if not rows:
        raise SerError(f"{where} lacks utterance {utterance}, which runs were tested on; run again what is older.")
    return rows[0]


def _run(run: Run, utterance: str) -> RunAttention:
    table = contracts.read(contracts.ATTENTION, run.folder / FILE)
    rows = table.filter(pc.equal(table["utterance"], utterance)).to_pylist()
    return RunAttention(run, *_prediction(run.folder / "predictions.parquet", utterance), tuple(rows))


def _prediction(path: Path, utterance: str) -> tuple[str, str, float | None]:
    """Return target and prediction as text, and the probability of a class."""
    if "dimensions" in contracts.metadata(path):
        row = _row(contracts.read(ESTIMATES, path), utterance, path)
        rated, predicted = (", ".join(f"{value:.2f}" for value in row[side]) for side in ("target", "predicted"))
        return rated, predicted, None
    row = _row(contracts.read(contracts.PREDICTIONS, path), utterance, path)
    return row["label"], row["predicted"], max(row["probabilities"])


def _signal(corpus: str, utterance: str) -> NDArray[np.float32]:
    manifest = layout.manifest(corpus)
    shard = _row(contracts.read(contracts.MANIFEST, manifest), utterance, manifest)["shard"]
    path = layout.audio(corpus) / f"{shard}.parquet"
    return np.frombuffer(_row(contracts.read(contracts.AUDIO, path), utterance, path)["samples"], dtype="<f4")
