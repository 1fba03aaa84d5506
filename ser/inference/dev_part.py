"""What a trained system predicts for the dev part of its run: what its temperature and its limits are fitted on."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ser import layout
from ser.errors import SerError
from ser.inference import trained_run
from ser.inference.system import System
from ser.inference.trained import Trained
from ser.inference.utterance import Prepared
from ser.layout import FOR_USE
from ser.tables import contracts
from ser.text import transcripts
from ser.training import feature_shards, fold, use_fold
from ser.training.feature_shards import FoldMatrices
from ser.training.fold import Fold

MOST = 64  # utterances in a batch, where they need not be those of a speaker


@dataclass(frozen=True, eq=False)
class Predicted:
    """probabilities: (utterances, classes), as the system gives them; truth: index of the true class, (utterances,)."""

    probabilities: NDArray[np.float32]
    truth: NDArray[np.int64]


def predicted(trained: Trained) -> Predicted:
    """Return what the system of a run predicts for its dev part, from the stored features or from what the run stored.

    SerError where there is no dev part, where the system was fitted on it too, and where folds, features or transcripts
    of the project are missing or not those of the training.
    """
    folder = trained.weights.parent
    card = trained_run.record(folder)
    if card.get("chosen", {}).get("refit") == "train+dev":
        raise SerError("the estimator is fitted on the dev part too, so that nothing is left to measure it on.")
    if trained.contents.protocol.selected_on == "test":
        raise SerError("the protocol selects on the test part, so that the dev part says nothing about the system.")
    if (stored := folder / layout.DEV_PREDICTIONS).is_file():
        return of_table(contracts.read(contracts.PREDICTIONS, stored), trained.contents.classes)
    found = read_fold(trained)
    dev = found.rows("dev")
    if not dev.size:
        raise SerError("the run has no dev part.")
    rows, system = dev, System(trained)
    if trained.by_speaker:  # whose statistics are those of all utterances of a speaker
        speakers = {found.speakers[row] for row in dev}
        rows = np.array([row for row, name in enumerate(found.speakers) if name in speakers], np.int64)
    results: dict[int, NDArray[np.float32]] = {}
    for batch, prepared in _batches(trained, found, rows, card["features"]):
        results |= dict(zip(batch, system.probabilities(prepared), strict=True))
    return Predicted(np.stack([results[int(row)] for row in dev]), found.labels[dev])


def of_table(table: pa.Table, classes: tuple[str, ...]) -> Predicted:
    """Return the rows of a PREDICTIONS table."""
    probabilities = pc.list_flatten(table["probabilities"]).to_numpy().reshape(-1, len(classes))
    return Predicted(probabilities, np.array([classes.index(name) for name in table["label"].to_pylist()], np.int64))


def read_fold(trained: Trained) -> Fold:
    """Return the fold of a run; SerError where the folds table of the project no longer has it."""
    run, folder = trained.contents.run, trained.weights.parent
    path = trained_run.project(folder) / layout.folds(str(run["corpus"]), str(run["protocol"]))
    found = use_fold.read(path) if run["fold"] == FOR_USE else fold.read(path, int(run["fold"]))
    if found.digest() != trained_run.record(folder)["data"]["folds"]:
        raise SerError(f"{path} is not what the run was trained on; train it again.")
    return found


def _batches(
    trained: Trained, found: Fold, rows: NDArray[np.int64], notes: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[list[int], list[Prepared]]]:
    """Yield some of ``rows`` with what the model reads of them. notes: of each feature, when the run read it."""
    run, names = trained.contents.run, [found.utterances[row] for row in rows]
    data = trained_run.project(trained.weights.parent)
    matrices: dict[str, FoldMatrices] = {}
    for feature in trained.contents.features:
        folder = data / layout.features(str(run["corpus"]), feature)
        matrices[feature] = feature_shards.read(feature, folder, names)
        if dict(matrices[feature].notes) != dict(notes[feature]):
            raise SerError(f"feature '{feature}' has been extracted anew since the training.")
    words = None
    if (read := trained.contents.recipe.inputs.words) is not None:
        table = transcripts.read(data / layout.transcripts(str(run["corpus"]), read.transcript), None)
        words = dict(zip(table["utterance"].to_pylist(), table["words"].to_pylist(), strict=True))
    prepared = [
        Prepared(
            {feature: every[at] for feature, every in matrices.items()},
            None if words is None else words.get(name, []),
            found.speakers[rows[at]],
        )
        for at, name in enumerate(names)
    ]
    groups: dict[object, list[int]] = defaultdict(list)
    for at in range(len(rows)):
        groups[prepared[at].speaker if trained.by_speaker else at // MOST].append(at)
    for those in groups.values():
        yield [int(rows[at]) for at in those], [prepared[at] for at in those]
