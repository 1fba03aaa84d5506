"""Train a scikit-learn estimator on one vector per utterance and predict the test part."""

import sys
import time
import warnings
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from threadpoolctl import threadpool_limits

from ser.errors import SerError
from ser.jobs import tracking
from ser.training.epoch_selection import Epoch
from ser.training.fold_data import FoldData
from ser.training.task import Outcome, TrainingTask, softmax


def train(task: TrainingTask, data: FoldData) -> Outcome:
    """Fit on the train part and predict the test part. The history has one epoch.

    Only a module with a function ``fit`` reads the dev part, to choose an option; the scores of its choice are in the
    history. Scalers belong to the estimator, so that they are fitted on what it is fitted on.
    """
    fold, module, recipe = data.fold, task.module, task.recipe
    several = fold.protocol.target.kind == "several"
    estimator = set_seed(module.build(len(fold.outputs), **recipe.options), task.seed)
    tracking.start([])
    with threadpool_limits(task.threads), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        parts = [part for part in ("train", "dev") if fold.rows(part).size]
        vectors = {part: _matrix(data, part) for part in parts}
        labels, votes = {part: _truth(data, part) for part in parts}, _votes(data, parts)
        began = time.monotonic()  # the fits alone
        chosen, notes = fit(module, estimator, vectors, labels, fold.protocol.selection, **votes)
        seconds = time.monotonic() - began
        for one in chosen.get("tried", ()):
            print("on dev:", ", ".join(f"{name} {value:.4g}" for name, value in one.items()), flush=True)
        scores = np.asarray(module.scores(estimator, _matrix(data, "test")), dtype=np.float64)
    of_dev = {f"dev_{name.lower()}": chosen[name] for name in ("WA", "UA", "CCC", "loss") if name in chosen}
    history = [Epoch(epoch=1, step=1, seconds=seconds, **of_dev)]
    of_classes = {} if data.scale is not None else {"dev_wa": None, "dev_ua": None}
    tracking.epoch({"epoch": 1, "step": 1, "seconds": seconds, **of_classes, **of_dev})
    wanted = fold.rows("test").size, len(fold.outputs)
    if scores.shape != wanted or not np.isfinite(scores).all():
        raise SerError(
            f"the model '{recipe.model}' gave scores of shape {scores.shape}; {wanted} and finite are needed."
        )
    if data.scale is None:
        function = "sigmoid of each of" if several else "softmax over"
        notes = [f"probabilities are the {function} the estimator's scores, not calibrated", *notes]
    for text in dict.fromkeys(f"{warning.category.__name__}: {warning.message}" for warning in caught):
        print(text, file=sys.stderr, flush=True)
        notes.append(text)
    weights = {name: torch.from_numpy(np.array(value)) for name, value in module.weights(estimator).items()}
    parameters = sum(value.numel() for value in weights.values())
    if data.scale is not None:
        weights |= {name: torch.from_numpy(value) for name, value in data.scale.weights().items()}
    probabilities = expit(scores).astype(np.float32) if several else softmax(scores)
    answers = probabilities if data.scale is None else data.scale.restored(scores)
    return Outcome(answers, history, weights, parameters, best_epoch=1, resumes=0, notes=notes, chosen=chosen)


def fit(
    module: ModuleType,
    estimator: Any,
    vectors: Mapping[str, NDArray[np.float64]],
    labels: Mapping[str, NDArray[Any]],
    selection: str,
    **votes: Any,
) -> tuple[Mapping[str, Any], list[str]]:
    """Fit on the vectors (utterances, dims) and labels, or targets, of the parts; return the choice on dev, and notes.

    selection: of the protocol. votes: where raters' votes are learned, the arguments ``votes`` and ``several`` of the
    module's ``fit``. A module without a function ``fit`` has an estimator of scikit-learn, fitted on train.
    """
    if hasattr(module, "fit"):
        chosen, notes = module.fit(estimator, vectors, labels, selection, **votes)
        return chosen, notes
    estimator.fit(vectors["train"], labels["train"])
    return {}, []


def _truth(data: FoldData, part: str) -> NDArray[Any]:
    """Return the labels (utterances,) of a part, -1 without a class, or (utterances, outputs) of scaled dimensions."""
    rows, targets = data.fold.rows(part), data.fold.targets
    if targets is None or data.scale is None:
        return data.fold.labels[rows]
    return data.scale.scaled(targets[rows])


def _votes(data: FoldData, parts: Sequence[str]) -> dict[str, Any]:
    """Return what ``fit`` needs besides labels where raters' votes are learned: (utterances, classes) by part."""
    fold = data.fold
    if fold.targets is None or data.scale is not None:
        return {}
    votes = {part: fold.targets[fold.rows(part)] for part in parts}
    return {"votes": votes, "several": fold.protocol.target.kind == "several"}


def _matrix(data: FoldData, part: str) -> NDArray[np.float64]:
    """Return the part's vectors (utterances, dims) under the recipe's view."""
    feature = data.features["vector"]
    rows = torch.from_numpy(data.fold.rows(part)).to(feature.values.device)
    return feature.vectors(rows).double().cpu().numpy()


def set_seed(estimator: Any, seed: int) -> Any:
    """Set every ``random_state`` of an estimator of scikit-learn to ``seed`` and return it; others have none."""
    if not hasattr(estimator, "get_params"):
        return estimator
    states = {name: seed for name in estimator.get_params(deep=True) if name.split("__")[-1] == "random_state"}
    return estimator.set_params(**states)
