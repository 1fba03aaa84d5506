"""How a system looks at a feature: scale, normalise, limit, length, segments, compand, in this order.

Statistics are fitted here and nowhere else. Scaling, normalisation and companding are applied to each batch, so that
the feature itself stays on the device once, as it was stored.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ser.config.schema import View
from ser.errors import SerError, offenders
from ser.training.data import Matrices
from ser.training.fold import Fold

FLOOR = 1e-8  # added before the logarithm, as the schema promises
MU = 255.0
CONSTANT = 1e-7  # sd below this share of |mean| is rounding of float32, not variation


@dataclass(frozen=True)
class Statistics:
    """mean, sd: (groups, dims) or (groups, 1) float32; group: (utterances,) int64, the row that an utterance uses."""

    mean: NDArray[np.float32]
    sd: NDArray[np.float32]
    group: NDArray[np.int64]


def check(view: View, modality: str, matrices: Matrices) -> None:
    """Raise SerError where the view cannot be taken of this feature as this modality (frames or vector)."""
    where = f"inputs.{modality} ({view.feature})"
    if modality == "vector":
        if matrices.values.shape[0] != len(matrices.offsets) - 1:
            raise SerError(f"{where}: the feature has several frames per utterance; a vector has one.")
        if view.limit or view.length or view.segments:
            raise SerError(f"{where}: limit, length and segments are for frames; a vector has none.")
        if view.normalise == "utterance":
            raise SerError(f"{where}: 'normalise: utterance' makes every vector zero; use statistics.")
    if view.length and view.segments:
        raise SerError(f"{where}: length and segments exclude each other; use limit to shorten what is cut.")
    if view.compand in ("max_mulaw", "literal_mulaw") and (view.scale, view.normalise) != ("none", "none"):
        raise SerError(f"{where}: 'compand: {view.compand}' is for magnitudes: scale and normalise must be none.")


def fit(view: View, matrices: Matrices, fold: Fold, scope: str) -> Statistics | None:
    """Return the statistics that the view normalises by, or None where it does not normalise.

    ``statistics`` views: one group over all frames of the train part (scope ``train``), or one group per speaker over
    that speaker's own utterances, whatever their part (scope ``speaker``). ``utterance`` views: each its own group.
    Taken after scaling and before limit. A constant dimension has sd 1. SerError names utterances without a speaker.
    """
    if view.normalise == "none":
        return None
    if view.normalise != "statistics":
        group = np.arange(len(fold.utterances), dtype=np.int64)
        members = [[row] for row in group.tolist()]
    elif scope == "train":
        group = np.zeros(len(fold.utterances), dtype=np.int64)
        members = [fold.rows("train").tolist()]
    else:
        nameless = [name for name, who in zip(fold.utterances, fold.speakers, strict=True) if not who]
        if nameless:
            raise SerError(f"normalisation per speaker needs the speaker of {offenders(nameless)}.")
        speakers, inverse = np.unique(np.array(fold.speakers, dtype=np.str_), return_inverse=True)
        group = inverse.astype(np.int64)
        members = [np.flatnonzero(group == k).tolist() for k in range(len(speakers))]
    fitted = [_moments(view, matrices, rows) for rows in members]
    return Statistics(np.stack([mean for mean, _ in fitted]), np.stack([sd for _, sd in fitted]), group)


def _moments(view: View, matrices: Matrices, rows: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return mean and population sd over the frames of ``rows``, merged utterance by utterance in float64.

    Chan, Golub and LeVeque (1979), "Updating formulae and a pairwise algorithm for computing sample variances",
    eq. 2.1: no difference of large sums, so that a constant dimension is seen to be constant.
    """
    count, mean, squares = 0, np.zeros(1), np.zeros(1)
    for row in rows:
        matrix = matrices.of(row)
        if view.scale == "log":
            matrix = _log(matrix)
        if view.normalise == "utterance_global":
            matrix = matrix.reshape(-1, 1)
        more = len(matrix)
        own = matrix.mean(axis=0, dtype=np.float64)
        spread = np.square(matrix - own).sum(axis=0, dtype=np.float64)
        step = own - mean
        squares = squares + spread + np.square(step) * (count * more / (count + more))
        mean = mean + step * (more / (count + more))
        count += more
    sd = np.sqrt(squares / count)
    sd = np.where(sd <= CONSTANT * np.abs(mean), 1.0, sd)
    return mean.astype(np.float32), sd.astype(np.float32)


def _log(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    logarithm: NDArray[np.float32] = torch.log(torch.from_numpy(matrix) + FLOOR).numpy()
    return logarithm


def starts(frames: int, length: int, hop: int) -> NDArray[np.int64]:
    """Return where the segments of an utterance of ``frames`` begin: every ``hop``, as far as whole ones fit.

    A last segment, aligned to the utterance's end, is added where they leave a tail; a shorter utterance has one.
    """
    regular = np.arange(0, max(frames - length, 0) + 1, hop, dtype=np.int64)
    tail = frames - length
    return np.append(regular, tail) if regular[-1] < tail else regular


def transform(x: Tensor, view: View, mean: Tensor | None, sd: Tensor | None) -> Tensor:
    """Return ``x`` (batch, time, dims) or (batch, dims), scaled and normalised, in float32; ``x`` may be overwritten.

    mean, sd: (batch, dims) or (batch, 1), the statistics of each utterance; None where the view does not normalise.
    """
    x = x.float()
    if view.scale == "log":
        x = x.add_(FLOOR).log_()
    if mean is None or sd is None:
        return x
    if x.dim() == 3:
        mean, sd = mean.unsqueeze(1), sd.unsqueeze(1)
    return x.sub_(mean).div_(sd)


def silence(kind: str) -> float:
    """Return what padding holds after ``compand``: the lowest level of the scale, and 0 where nothing is companded."""
    return -1.0 if kind in ("minmax_mulaw", "literal_mulaw") else 0.0


def compand(x: Tensor, real: Tensor, kind: str) -> Tensor:
    """Return ``x`` (batch, time, dims) mapped to [-1, 1] and mu-law companded, example by example.

    ``real`` (batch, time) marks the frames that the extrema are taken from: padding is not part of the signal. An
    example without range becomes -1. Li et al. (2018), section 2: sgn(x) · ln(1 + 255·|x|) / ln 256.
    """
    if kind == "none":
        return x
    inside = real.unsqueeze(-1)
    high = x.masked_fill(~inside, -torch.inf).amax((1, 2), keepdim=True)
    if kind == "minmax_mulaw":
        low = x.masked_fill(~inside, torch.inf).amin((1, 2), keepdim=True)
        span = high - low
        x = 2 * (x - low) / torch.where(span > 0, span, 1.0) - 1
    else:
        x = x / torch.where(high > 0, high, 1.0)
        x = 2 * x - 1 if kind == "literal_mulaw" else x
    return torch.sign(x) * torch.log1p(MU * x.abs()) / math.log1p(MU)
