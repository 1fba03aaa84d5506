"""Extreme learning machines: a fixed projection or a kernel, then least squares in closed form.

What Han et al. 2014 and Lee & Tashev 2015 train on an utterance's frame posteriors. Both machines standardise their
inputs on the train part and learn targets of +1 for the class and −1 for the others.
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import linalg
from scipy.spatial.distance import cdist
from scipy.special import expit
from torch import Tensor

from ser import metrics
from ser.layers.interface import BackEnd, Labels, Vectors
from ser.layers.statistics import maximum, mean

Kind = Literal["kernel", "random", "none"]
Array = NDArray[np.float64]
PRESENT = 0.2  # posterior above which a frame counts for a class
COSTS = tuple(2.0**power for power in range(-4, 11))
GAMMAS = tuple(2.0**power for power in range(-8, 4))
RIDGE = 1e-6
CONSTANT = 1e-6  # sd below this share of |mean| is rounding, not variation


def described(posteriors: Tensor, mask: Tensor) -> Tensor:
    """Return the input of a machine: (batch, time, outputs), (batch, time) -> (batch, 4 · outputs).

    Over the frames where ``mask``: maxima of all outputs, minima, means, and the shares of frames above 0.2. Han et al.
    2014, Section 3.3.
    """
    above = (posteriors > PRESENT).to(posteriors.dtype)
    parts = maximum(posteriors, mask), -maximum(-posteriors, mask), mean(posteriors, mask), mean(above, mask)
    return torch.cat(parts, dim=-1)


def back_end(classes: int, *, machine: Kind = "kernel", nodes: int = 120, seed: int = 0, **_: object) -> BackEnd | None:
    """Return the back end of a model: a "kernel" machine, a "random" one of ``nodes``, or None for "none"."""
    if machine == "kernel":
        return KernelMachine(classes)
    return RandomMachine(classes, nodes=nodes, seed=seed) if machine == "random" else None


def restored_back_end(
    weights: Mapping[str, NDArray[Any]], classes: int, *, machine: Kind = "kernel", **_: object
) -> BackEnd:
    """Return the back end with the fitted numbers that ``weights`` of a "kernel" or "random" machine returned."""
    end = KernelMachine(classes) if machine == "kernel" else RandomMachine(classes)
    end.held = dict(weights)
    return end


class KernelMachine:
    """k(x, X) (K + I/C)⁻¹ T with k(a, b) = exp(−γ · ‖a − b‖²): Huang et al. 2012, Equation 25.

    C and γ of ``costs`` and ``gammas`` are selected by UA on the dev part; ties go to the smaller γ, then the smaller
    C, which is smoother. Without a dev part C = 1 and γ = 1 / (dims · variance).
    """

    def __init__(self, classes: int, *, costs: tuple[float, ...] = COSTS, gammas: tuple[float, ...] = GAMMAS):
        self.classes, self.costs, self.gammas = classes, costs, gammas
        self.held: dict[str, NDArray[Any]] = {}

    def fit(self, vectors: Vectors, labels: Labels) -> list[str]:
        """Fit on part ``train``, with C and γ selected on ``dev``; return the selection as a remark."""
        centre, scale = _moments(vectors["train"])
        x, wanted = (vectors["train"] - centre) / scale, _targets(labels["train"], self.classes)
        if "dev" in vectors:
            cost, gamma, ua = self._chosen(x, wanted, (vectors["dev"] - centre) / scale, labels["dev"])
            remark = f"kernel ELM: C = {cost:g}, gamma = {gamma:g}, chosen by UA on dev ({100 * ua:.1f} %)"
        else:
            cost, gamma = 1.0, 1.0 / (x.shape[1] * (x.var() or 1.0))
            remark = f"kernel ELM: no dev part, so C = 1 and gamma = 1 / (dims · variance) = {gamma:.3g}, not tuned"
        solution = _solved(np.exp(-gamma * cdist(x, x, "sqeuclidean")), 1 / cost, wanted)
        self.held = {"centre": centre, "scale": scale, "examples": x, "solution": solution}
        self.held |= {"gamma": np.array(gamma), "cost": np.array(cost)}
        return [remark]

    def _chosen(self, x: Array, wanted: Array, dev: Array, truth: NDArray[np.int64]) -> tuple[float, float, float]:
        """Return C, γ and their dev UA."""
        within, across = cdist(x, x, "sqeuclidean"), cdist(dev, x, "sqeuclidean")
        found = (0.0, 0.0, -1.0)
        for gamma in sorted(self.gammas):
            kernel, seen = np.exp(-gamma * within), np.exp(-gamma * across)
            for cost in sorted(self.costs):
                scores = seen @ _solved(kernel, 1 / cost, wanted)
                ua = float(metrics.ua(metrics.confusion(truth, scores.argmax(1), self.classes)))
                found = (cost, gamma, ua) if ua > found[2] else found
        return found

    def scores(self, vectors: Array) -> Array:
        """Return (utterances, classes)."""
        x = (vectors - self.held["centre"]) / self.held["scale"]
        return np.exp(-self.held["gamma"] * cdist(x, self.held["examples"], "sqeuclidean")) @ self.held["solution"]

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return centre, scale (dims,), examples (train, dims), solution (train, classes), gamma and cost."""
        return dict(self.held)


class RandomMachine:
    """sigmoid(x W) (HᵀH + λI)⁻¹ HᵀT with W drawn from U[−1, 1] and no bias: Han et al. 2014, Section 3.3.

    ``seed`` fixes W, independently of the seed of the run; λ = 1e-6 only stabilises the inverse.
    """

    def __init__(self, classes: int, *, nodes: int = 120, seed: int = 0):
        self.classes, self.nodes, self.seed = classes, nodes, seed
        self.held: dict[str, NDArray[Any]] = {}

    def fit(self, vectors: Vectors, labels: Labels) -> list[str]:
        """Fit on part ``train``; nothing is selected on ``dev``."""
        centre, scale = _moments(vectors["train"])
        drawn = np.random.default_rng(self.seed).uniform(-1.0, 1.0, (len(centre), self.nodes))
        hidden = expit((vectors["train"] - centre) / scale @ drawn)
        output = _solved(hidden.T @ hidden, RIDGE, hidden.T @ _targets(labels["train"], self.classes))
        self.held = {"centre": centre, "scale": scale, "input": drawn, "output": output}
        return []

    def scores(self, vectors: Array) -> Array:
        """Return (utterances, classes)."""
        return expit((vectors - self.held["centre"]) / self.held["scale"] @ self.held["input"]) @ self.held["output"]

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return centre, scale (dims,), input (dims, nodes) and output (nodes, classes)."""
        return dict(self.held)


def _moments(vectors: Array) -> tuple[Array, Array]:
    """Return mean and sd of each dimension; a constant one has sd 1."""
    centre, scale = vectors.mean(0), vectors.std(0)
    return centre, np.where(scale <= CONSTANT * np.abs(centre), 1.0, scale)


def _targets(labels: NDArray[np.int64], classes: int) -> Array:
    """Return (utterances, classes), +1 at the label and −1 elsewhere."""
    return 2.0 * np.eye(classes)[labels] - 1.0


def _solved(square: Array, ridge: float, wanted: Array) -> Array:
    """Return (square + ridge · I)⁻¹ wanted, by Cholesky."""
    raised = square + ridge * np.eye(len(square))
    return linalg.solve(raised, wanted, assume_a="pos", overwrite_a=True, check_finite=False)
