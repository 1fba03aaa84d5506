"""Two-step networks on spectrograms: our readings of the two-step predictor of Satt et al. 2017.

Of the paper we had only its name and two numbers: it loses 1.5 points of WA and gains 2.6 of UA. Improvised speech is
half neutral, so both readings and the control replace some neutral predictions.

The rules read the posteriors of a first network, (utterances, classes). The cascades also read those of a second step,
(utterances, classes), with ``NONE`` in the column of neutral.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ser import metrics
from ser.bounds import Count, Share
from ser.errors import SerError
from ser.layers.interface import BackEnd, Batch, Labels, Shape, Vectors
from ser.models import spectrogram_crnn

Rule = Literal["cascade_a", "cascade_b", "prior"]
NONE = -1.0  # no posterior; a mean over segments leaves it as it is
MARGIN = 1e-6  # by which the prediction leads, in nats: enough to survive a softmax in float32
SMALLEST = 1e-30  # lower bound of a posterior in a logarithm
STRENGTHS = np.linspace(0.0, 2.0, 41)
Array = NDArray[np.float64]
Predictions = NDArray[np.int64]


def build(
    shape: Shape,
    classes: int,
    *,
    rule: Rule = "cascade_a",
    neutral: str = "neutral",
    recurrent: spectrogram_crnn.Reader = "both",
    cells: Count = 128,
    dense: Count = 64,
    map_dropout: Share = 0.25,
    dropout: Share = 0.5,
) -> nn.Module:
    """Return the networks for segments of fixed length: frames (batch, time, bins) -> (batch, classes).

    rule: "cascade_a" has a network of all classes and, where that predicts ``neutral``, one network for each other
    class against it; "cascade_b" has one for neutral against the rest and one for the rest; "prior" is the control, a
    network of all classes whose posteriors are weighted by the inverse priors. The others are options of each network,
    see ``spectrogram_crnn``. SerError if the classes lack ``neutral`` or are fewer than three.
    """
    shape.frame_dims()
    shape.fixed_length()
    if rule != "prior" and (neutral not in shape.classes or classes < 3):
        raise SerError(
            f"option neutral is '{neutral}' with the classes {', '.join(shape.classes) or 'unknown'}; "
            "it must be one of at least three."
        )
    central = None if rule == "prior" else shape.classes.index(neutral)
    outputs = tasks(rule, classes, central)
    network = partial(
        spectrogram_crnn.build, recurrent=recurrent, cells=cells, dense=dense, map_dropout=map_dropout, dropout=dropout
    )
    networks: list[nn.Module] = [network(shape, max(wanted) + 1) for wanted in outputs]
    return TwoStep(networks, outputs, rule, central)


def tasks(rule: Rule, classes: int, neutral: int | None) -> list[list[int]]:
    """Return the output of each class in every network, −1 for a class that the network does not have.

    In networks of two outputs the last is the class against "neutral", or all the others.
    """
    everything = list(range(classes))
    others = [k for k in everything if k != neutral]
    if rule == "cascade_b":
        return [[int(k != neutral) for k in everything], [others.index(k) if k in others else -1 for k in everything]]
    pairs = [[0 if k == neutral else 1 if k == other else -1 for k in everything] for other in others]
    return [everything, *(pairs if rule == "cascade_a" else [])]


def back_end(classes: int, *, rule: Rule = "cascade_a", **_: object) -> BackEnd:
    """Return the learner of ``rule``, from the output of ``summary``."""
    return PriorControl(classes) if rule == "prior" else Cascade(rule, classes)


def restored_back_end(
    weights: Mapping[str, NDArray[Any]], classes: int, *, rule: Rule = "cascade_a", **_: object
) -> BackEnd:
    """Return the learner of ``rule`` with the fitted numbers that its ``weights`` returned."""
    if rule == "prior":
        control = PriorControl(classes)
        control.alpha, control.prior = float(weights["alpha"][0]), weights["prior"]
        return control
    cascade = Cascade(rule, classes)
    cascade.tau = float(weights["tau"][0])
    return cascade


class TwoStep(nn.Module):
    """Networks of the same kind for different classifications of the same segment.

    outputs: (networks, classes) int64, see ``tasks``. The networks are trained independently, but on the same batches
    and to the same epoch, selected by the output of ``forward``.
    """

    outputs: Tensor

    def __init__(self, networks: list[nn.Module], outputs: list[list[int]], rule: Rule, neutral: int | None):
        super().__init__()
        self.networks, self.rule, self.neutral = nn.ModuleList(networks), rule, neutral
        self.others = [k for k in range(len(outputs[0])) if k != neutral]
        self.register_buffer("outputs", torch.tensor(outputs), persistent=False)

    def _log_posteriors(self, number: int, batch: Batch) -> Tensor:
        return self.networks[number](batch).float().log_softmax(-1)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, bins) -> ln posterior of the classes (batch, classes), without the rule."""
        first = self._log_posteriors(0, batch)
        if self.rule != "cascade_b":
            return first
        rest = self._log_posteriors(1, batch)
        joined = rest.new_zeros(len(rest), len(self.others) + 1)
        joined[:, self.others] = first[:, 1:] + rest  # ln p(other) + ln p(k | other)
        joined[:, self.neutral] = first[:, 0]
        return joined

    def loss(self, batch: Batch, labels: Tensor, weights: Tensor | None) -> Tensor:
        """Return the sum of the networks' cross-entropies, each over the segments of its classes."""
        total = batch.frames.new_zeros(())
        for network, outputs in zip(self.networks, self.outputs, strict=True):
            wanted = outputs[labels]
            own = (wanted >= 0).nonzero().squeeze(1)
            if not len(own):
                continue
            cost = F.cross_entropy(network(Batch(batch.frames[own])).float(), wanted[own], reduction="none")
            weight = torch.ones_like(cost) if weights is None else weights[labels[own]]
            total = total + (cost * weight).sum() / weight.sum()
        return total

    def summary(self, batch: Batch) -> Tensor:
        """Return posteriors (batch, classes), for the cascades joined with the second step's (batch, 2 · classes).

        The second step has p(k | k or neutral) in "cascade_a", p(k | not neutral) in "cascade_b", −1 at neutral.
        """
        first = self.forward(batch).exp()
        if self.rule == "prior":
            return first
        second = torch.full_like(first, NONE)
        if self.rule == "cascade_b":
            second[:, self.others] = self._log_posteriors(1, batch).exp()
        else:
            pairs = [self._log_posteriors(number, batch)[:, 1] for number in range(1, len(self.networks))]
            second[:, self.others] = torch.stack(pairs, dim=1).exp()
        return torch.cat([first, second], dim=1)


def challenged(posteriors: Array, challenges: Array, tau: float) -> Predictions:
    """Rule "cascade_a": where the first network predicts neutral, another class may replace it.

    posteriors: (utterances, classes); challenges: (utterances, classes), of each class against neutral. The class with
    the largest challenge is predicted if that is above ``tau``. Other predictions do not change.
    """
    first, best = posteriors.argmax(1), challenges.argmax(1)
    neutral = first == challenges.argmin(1)
    return np.where(neutral & (challenges.max(1) > tau), best, first)


def gated(posteriors: Array, others: Array, tau: float) -> Predictions:
    """Rule "cascade_b": neutral if its posterior is above ``tau``, else the best of the ``others``.

    posteriors, others: (utterances, classes), the second among the classes that are not neutral.
    """
    neutral = others.argmin(1)
    is_neutral = posteriors[np.arange(len(posteriors)), neutral] > tau
    return np.where(is_neutral, neutral, others.argmax(1))


DECISIONS = {"cascade_a": challenged, "cascade_b": gated}


def unweighted(predicted: Predictions, truth: Predictions, classes: int) -> float:
    """Return the unweighted average recall, 0…1."""
    return float(metrics.ua(metrics.confusion(truth, predicted, classes)))


def best_threshold(values: Array, score: Callable[[float], float]) -> tuple[float, float]:
    """Return the threshold in 0…1 with the best ``score``, and that score.

    ``score`` must depend only on which of ``values`` (0…1) are above the threshold, so that it is constant between two
    of them. The threshold is the middle of the widest best interval; ties go to the highest.
    """
    edges = np.unique(np.concatenate([[0.0, 1.0], values]))
    scores = np.array([score(edge) for edge in edges])
    top = float(scores.max())
    best = np.concatenate([[False], scores == top, [False]])
    first, after = np.flatnonzero(best[1:] & ~best[:-1]), np.flatnonzero(best[:-1] & ~best[1:])
    low, high = edges[first], np.append(edges, edges[-1])[after]
    widest = len(low) - 1 - int(np.argmax((high - low)[::-1]))
    middle = (low[widest] + high[widest]) / 2
    return float(low[widest] if middle >= high[widest] else middle), top


def led_by(posteriors: Array, predictions: Predictions) -> Array:
    """Return ln posteriors (utterances, classes) in which the class of ``predictions`` is the largest.

    Where another class has the largest posterior, the two are exchanged; the lead is at least ``MARGIN``.
    """
    scores, row = np.log(np.maximum(posteriors, SMALLEST)), np.arange(len(posteriors))
    top = scores.argmax(1)
    scores[row, top], scores[row, predictions] = scores[row, predictions], scores[row, top]
    lead = scores[row, predictions].copy()
    scores[row, predictions] = -np.inf
    scores[row, predictions] = np.maximum(lead, scores.max(1) + MARGIN)
    return scores


class Cascade:
    """A rule with one threshold, selected by UA on the dev part, or on train where there is none."""

    def __init__(self, rule: Literal["cascade_a", "cascade_b"], classes: int):
        self.rule, self.classes, self.tau = rule, classes, 0.5

    def fit(self, vectors: Vectors, labels: Labels) -> list[str]:
        """Select the threshold on (utterances, 2 · classes); return it as a remark."""
        part = "dev" if "dev" in vectors else "train"
        first, second = np.hsplit(vectors[part], 2)
        truth, decide = labels[part], DECISIONS[self.rule]
        if self.rule == "cascade_a":
            values = second[first.argmax(1) == second.argmin(1)].max(1, initial=0.0)
        else:
            values = first[np.arange(len(first)), second.argmin(1)]
        self.tau, best = best_threshold(values, lambda tau: unweighted(decide(first, second, tau), truth, self.classes))
        alone = unweighted(first.argmax(1), truth, self.classes)
        gain = f"{100 * best:.1f} %, {100 * alone:.1f} % without the rule"
        remark = f"{self.rule}: tau = {self.tau:.4g}, chosen by UA on {part} ({gain})"
        return [remark if part == "dev" else f"{remark}: no dev part, and posteriors on train are too confident"]

    def scores(self, vectors: Array) -> Array:
        """Return ln posteriors (utterances, classes), exchanged where the rule changes the prediction."""
        first, second = np.hsplit(vectors, 2)
        return led_by(first, DECISIONS[self.rule](first, second, self.tau))

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return the threshold."""
        return {"tau": np.array([self.tau])}


class PriorControl:
    """ln posterior − alpha · ln share of the class in train: one number and no second step (Menon et al. 2021).

    alpha is selected by UA on the dev part, ties going to the smallest; without a dev part it is 1. A class that train
    lacks counts once.
    """

    def __init__(self, classes: int):
        self.alpha, self.prior = 1.0, np.full(classes, 1 / classes)

    def fit(self, vectors: Vectors, labels: Labels) -> list[str]:
        """Fit on (utterances, classes); return the selection as a remark."""
        counts = np.bincount(labels["train"], minlength=len(self.prior))
        self.prior = np.maximum(counts, 1) / len(labels["train"])
        if "dev" not in vectors:
            return ["prior: no dev part, so alpha = 1, not tuned"]
        truth = labels["dev"]
        classes = len(self.prior)
        found = [unweighted(self._adjusted(vectors["dev"], alpha).argmax(1), truth, classes) for alpha in STRENGTHS]
        self.alpha = float(STRENGTHS[int(np.argmax(found))])
        gain = f"{100 * max(found):.1f} %, {100 * found[0]:.1f} % without the rule"
        return [f"prior: alpha = {self.alpha:g}, chosen by UA on dev ({gain})"]

    def scores(self, vectors: Array) -> Array:
        """Return the adjusted ln posteriors (utterances, classes)."""
        return self._adjusted(vectors, self.alpha)

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return alpha and the shares of the classes."""
        return {"alpha": np.array([self.alpha]), "prior": self.prior}

    def _adjusted(self, posteriors: Array, alpha: float) -> Array:
        return np.log(np.maximum(posteriors, SMALLEST)) - alpha * np.log(self.prior)
