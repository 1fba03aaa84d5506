"""The predictions of a trained network for each utterance of a part."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch import Tensor, nn

from ser import metrics
from ser.dimension_metrics import mean_ccc
from ser.errors import SerError, offenders
from ser.layers.interface import Batch
from ser.training import batch_order
from ser.training.fold_data import FoldData

Scores = tuple[float | None, float | None, float | None]  # loss, WA and UA; None where not measured
UNMEASURED: Scores = (None, None, None)
SMALLEST = 1e-12  # probability, of a loss


def answers(model: nn.Module, data: FoldData, part: str, size: int) -> NDArray[np.float32]:
    """Return what the network predicts of a part: the probabilities, or the values of the dimensions."""
    if data.scale is None:
        return probabilities(model, data, part, size)
    return data.scale.restored(scaled_values(model, data, part, size))


def measured(model: nn.Module, data: FoldData, part: str, size: int) -> dict[str, float | None]:
    """Return loss, wa and ua of a part as ``evaluate`` does, of dimensions loss and ccc; None without utterances.

    The loss of dimensions is the mean square of the differences of scaled values, and ccc the mean of their CCC.
    """
    if data.scale is None:
        return dict(zip(("loss", "wa", "ua"), evaluate(model, data, part, size), strict=True))
    rows = data.fold.rows(part)
    if data.fold.targets is None or not rows.size:
        return {"loss": None, "ccc": None}
    wanted = data.scale.scaled(data.fold.targets[rows]).astype(np.float64)
    found = scaled_values(model, data, part, size)
    return {"loss": float(np.square(found - wanted).mean()), "ccc": mean_ccc(wanted, found)}


def scaled_values(model: nn.Module, data: FoldData, part: str, size: int) -> NDArray[np.float64]:
    """Return (utterances of the part, dimensions), the mean over segments, and over heads of a model that has them."""
    heads = heads_of(model)
    return _means(lambda batch: torch.stack([head.float() for head in heads(batch)]).mean(0), model, data, part, size)


def heads_of(model: nn.Module) -> Callable[[Batch], Sequence[Tensor]]:
    """Return the model's ``heads``, the outputs that it trains apart and then joins, or its only output."""
    heads: Callable[[Batch], Sequence[Tensor]] = getattr(model, "heads", lambda batch: [model(batch)])
    return heads


def log_probabilities(model: nn.Module, data: FoldData, part: str, size: int) -> NDArray[np.float64]:
    """Return (utterances of the part, classes), natural logarithms, in the order of ``data.fold.rows(part)``.

    Without autocast: bfloat16 logits tie. An utterance in segments has the mean of its softmax over segments, or with
    ``average: logits`` the softmax of the mean of its logits, which is the geometric mean of the segments' posteriors,
    normalised. So a model that returns log posteriors, such as a mixture, needs no other rule: they differ from logits
    by a number per segment, which the softmax removes. SerError names utterances with a non-finite output. ``size``:
    examples in a batch.
    """
    if data.average == "logits":
        means = _means(lambda batch: model(batch).float(), model, data, part, size)
        return means - np.logaddexp.reduce(means, axis=1, keepdims=True)
    values, first, pieces = _outputs(lambda batch: torch.log_softmax(model(batch).float(), -1), model, data, part, size)
    return np.logaddexp.reduceat(values, first, axis=0) - np.log(pieces)[:, None]


def probabilities(model: nn.Module, data: FoldData, part: str, size: int) -> NDArray[np.float32]:
    """Return (utterances of the part, classes), each row summing to 1 unless an utterance has several labels."""
    if data.fold.protocol.target.kind == "several":
        return independent(model, data, part, size).astype(np.float32)
    return np.exp(log_probabilities(model, data, part, size)).astype(np.float32)


def independent(model: nn.Module, data: FoldData, part: str, size: int) -> NDArray[np.float64]:
    """Return (utterances of the part, classes), the sigmoids of the outputs, each 0…1: mean over segments and heads.

    With ``average: logits`` they are the sigmoids of the mean logits of the segments.
    """
    heads, of_means = heads_of(model), data.average == "logits"

    def output(batch: Batch) -> Tensor:
        each = torch.stack([head.float() for head in heads(batch)])
        return each.mean(0) if of_means else each.sigmoid().mean(0)

    means = _means(output, model, data, part, size)
    return np.asarray(expit(means)) if of_means else means


def summaries(model: nn.Module, data: FoldData, part: str, size: int) -> NDArray[np.float64]:
    """Return the model's ``summary`` of each utterance, mean over its segments: (utterances, dims).

    SerError names utterances with a value that is not finite.
    """
    summary: Callable[[Batch], Tensor] = model.summary  # type: ignore[assignment]
    return _means(lambda batch: summary(batch).float(), model, data, part, size)


def evaluate(model: nn.Module, data: FoldData, part: str, size: int) -> Scores:
    """Return loss, WA and UA on a part, each None without utterances.

    The loss is the mean −ln p(label) in nats, whatever weights, loss or sampling training has, or where the raters'
    distribution is the target −Σ v ln p / Σ v of their votes v, and where several labels are the mean over utterances
    and classes of the binary cross-entropy; WA is the share correct, UA the mean recall of the classes that occur, both
    0…1. Utterances without a class are left out.
    """
    rows, kind = data.fold.rows(part), data.fold.protocol.target.kind
    truth = data.fold.labels[rows]
    known = truth >= 0
    if not known.any():
        return UNMEASURED
    if kind == "several":
        scores = np.log(np.clip(independent(model, data, part, size), SMALLEST, 1 - SMALLEST))[known]
    else:
        scores = log_probabilities(model, data, part, size)[known]
    counts = metrics.confusion(truth[known], scores.argmax(axis=1), scores.shape[1])
    targets = None if data.fold.targets is None else data.fold.targets[rows][known].astype(np.float64)
    return _loss(scores, truth[known], targets, kind), float(metrics.wa(counts)), float(metrics.ua(counts))


def _loss(
    scores: NDArray[np.float64], truth: NDArray[np.int64], targets: NDArray[np.float64] | None, kind: str
) -> float:
    """Return the loss of log-probabilities (utterances, classes) as ``evaluate`` says."""
    if targets is None:
        return float(-scores[np.arange(len(truth)), truth].mean())
    if kind == "several":
        return float(-(targets * scores + (1 - targets) * np.log(-np.expm1(scores))).mean())
    return float(-(targets * scores).sum() / targets.sum())


def _means(
    output: Callable[[Batch], Tensor], model: nn.Module, data: FoldData, part: str, size: int
) -> NDArray[np.float64]:
    """Return the mean of ``output`` over the segments of each utterance, (utterances, dims)."""
    values, first, pieces = _outputs(output, model, data, part, size)
    means: NDArray[np.float64] = np.add.reduceat(values, first, axis=0) / pieces[:, None]
    return means


def _outputs(
    output: Callable[[Batch], Tensor], model: nn.Module, data: FoldData, part: str, size: int
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return ``output`` (examples, dims), and each utterance's first example and number of examples."""
    examples = data.examples(part)
    order = batch_order.longest_first(examples.frames, size)
    model.eval()
    with torch.inference_mode():
        found = torch.cat([output(batch) for batch, _ in data.batches(examples, order)]).double().cpu().numpy()
    values = np.empty_like(found)
    values[np.concatenate(order)] = found
    bad = np.unique(examples.utterance[~np.isfinite(values).all(axis=1)])
    if bad.size:
        named = offenders(data.fold.utterances[row] for row in bad)
        raise SerError(f"the network's output is not finite for {part} utterances {named}.")
    _, first, pieces = np.unique(examples.utterance, return_index=True, return_counts=True)  # sorted by utterance
    return values, first.astype(np.int64), pieces.astype(np.int64)
