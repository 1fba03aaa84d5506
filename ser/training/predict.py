"""What a trained network says of each utterance of a part."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ser import metrics
from ser.errors import SerError, offenders
from ser.layers.batch import Batch
from ser.training import buckets
from ser.training.material import Material


@dataclass(frozen=True)
class Scores:
    """dev_loss: mean −ln p(label) in nats; wa: share correct; ua: mean recall of the classes that occur; 0…1."""

    loss: float
    wa: float
    ua: float


def log_probabilities(model: nn.Module, material: Material, part: str, size: int) -> NDArray[np.float64]:
    """Return (utterances of the part, classes), natural logarithms, in the order of ``material.fold.rows(part)``.

    Without autocast: bfloat16 logits tie. An utterance in segments has the mean of its softmax over segments. SerError
    names utterances with a non-finite output.
    """
    scores, first, pieces = _over(
        lambda batch: torch.log_softmax(model(batch).float(), -1), model, material, part, size
    )
    summed: NDArray[np.float64] = np.logaddexp.reduceat(scores, first, axis=0)
    return summed - np.log(pieces)[:, None]


def summaries(model: nn.Module, material: Material, part: str, size: int) -> NDArray[np.float64]:
    """Return what the model's ``summary`` says of each utterance, mean over its segments: (utterances, dims).

    SerError names utterances with a value that is not finite.
    """
    summary: Callable[[Batch], Tensor] = model.summary  # type: ignore[assignment]
    values, first, pieces = _over(lambda batch: summary(batch).float(), model, material, part, size)
    summed: NDArray[np.float64] = np.add.reduceat(values, first, axis=0)
    return summed / pieces[:, None]


def _over(
    say: Callable[[Batch], Tensor], model: nn.Module, material: Material, part: str, size: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return ``say`` of every example (examples, dims), and per utterance its first example and how many it has."""
    examples = material.examples(part)
    order = buckets.by_length(examples.frames, size)
    model.eval()
    with torch.inference_mode():
        said = torch.cat([say(batch) for batch, _ in material.batches(examples, order)]).double().cpu().numpy()
    values = np.empty_like(said)
    values[np.concatenate(order)] = said
    bad = np.unique(examples.utterance[~np.isfinite(values).all(axis=1)])
    if bad.size:
        named = offenders(material.fold.utterances[row] for row in bad)
        raise SerError(f"the network's output is not finite for {part} utterances {named}.")
    _, first, pieces = np.unique(
        examples.utterance, return_index=True, return_counts=True
    )  # rows of one are neighbours
    return values, first.astype(np.int64), pieces.astype(np.int64)


def probabilities(model: nn.Module, material: Material, part: str, size: int) -> NDArray[np.float32]:
    """Return (utterances of the part, classes), each row summing to 1."""
    return np.exp(log_probabilities(model, material, part, size)).astype(np.float32)


def evaluate(model: nn.Module, material: Material, part: str, size: int) -> Scores:
    """Return loss, WA and UA on a part. The loss is unweighted, whatever the class weights of training."""
    truth = material.fold.labels[material.fold.rows(part)]
    scores = log_probabilities(model, material, part, size)
    counts = metrics.confusion(truth, scores.argmax(axis=1), scores.shape[1])
    loss = float(-scores[np.arange(len(truth)), truth].mean())
    return Scores(loss, float(metrics.wa(counts)), float(metrics.ua(counts)))
