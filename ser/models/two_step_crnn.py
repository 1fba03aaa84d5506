"""Two-step networks on spectrograms: our readings of the two-step predictor of Satt et al. 2017.

Of the paper we had only its name and two numbers: it loses 1.5 points of WA and gains 2.6 of UA. Improvised speech is
half neutral, so both readings and the control replace some neutral predictions.
"""

from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ser.bounds import Count, Share
from ser.errors import SerError
from ser.layers.back_end_classifier import BackEnd
from ser.layers.batch import Batch, Shape
from ser.layers.two_step_rules import NONE, Cascade, PriorControl, Rule
from ser.models import spectrogram_crnn


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
    networks = [network(shape, max(wanted) + 1) for wanted in outputs]
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
        logits: Tensor = self.networks[number](batch)
        return logits.float().log_softmax(-1)

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, bins) -> ln posterior of the classes (batch, classes), without the rule."""
        first = self._log_posteriors(0, batch)
        return self._joined(first, self._log_posteriors(1, batch)) if self.rule == "cascade_b" else first

    def _joined(self, gate: Tensor, rest: Tensor) -> Tensor:
        """Return ln p(neutral) and ln p(other) + ln p(k | other) in the order of the classes."""
        joined = rest.new_zeros(len(rest), len(self.others) + 1)
        joined[:, self.others] = gate[:, 1:] + rest
        joined[:, self.neutral] = gate[:, 0]
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
