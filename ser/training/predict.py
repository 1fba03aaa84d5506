"""What a trained network says of each utterance of a part."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ser.errors import SerError, offenders
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
    examples = material.examples(part)
    order = buckets.by_length(examples.frames, size)
    model.eval()
    outputs = []
    with torch.inference_mode():
        for batch, _ in material.batches(examples, order):
            outputs.append(torch.log_softmax(model(batch).float(), dim=-1))
    scores = np.empty((len(examples.utterance), len(material.fold.classes)))
    scores[np.concatenate(order)] = torch.cat(outputs).cpu().numpy()
    bad = np.unique(examples.utterance[~np.isfinite(scores).all(axis=1)])
    if bad.size:
        named = offenders(material.fold.utterances[row] for row in bad)
        raise SerError(f"the network's output is not finite for {part} utterances {named}.")
    _, first, pieces = np.unique(
        examples.utterance, return_index=True, return_counts=True
    )  # rows of one are neighbours
    summed: NDArray[np.float64] = np.logaddexp.reduceat(scores, first, axis=0)
    return summed - np.log(pieces)[:, None]


def probabilities(model: nn.Module, material: Material, part: str, size: int) -> NDArray[np.float32]:
    """Return (utterances of the part, classes), each row summing to 1."""
    return np.exp(log_probabilities(model, material, part, size)).astype(np.float32)


def evaluate(model: nn.Module, material: Material, part: str, size: int) -> Scores:
    """Return loss, WA and UA on a part. The loss is unweighted, whatever the class weights of training."""
    truth = material.fold.labels[material.fold.rows(part)]
    scores = log_probabilities(model, material, part, size)
    said = scores.argmax(axis=1)
    right = said == truth
    ua = np.mean([right[truth == label].mean() for label in np.unique(truth)])
    return Scores(float(-scores[np.arange(len(truth)), truth].mean()), float(right.mean()), float(ua))
