"""Scaling, normalisation by statistics over train part, speaker, corpus or utterance, and μ-law companding."""

import math
from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ser.config.recipe import View
from ser.errors import SerError, offenders
from ser.training.feature_shards import FoldMatrices
from ser.training.fold import Fold

TINY = 1e-8  # added before the logarithm, as the schema promises
CONSTANT = 1e-7  # sd below this share of |mean| is rounding of float32, not variation
MU = 255.0  # of the μ-law

Floats = NDArray[np.float32]


def floor(view: View, matrix: NDArray[np.floating]) -> np.float32:
    """Return the level to which ``scale`` raises an utterance's magnitudes (frames, dims), below their maximum.

    ``floor_db`` of the view: 20 dB are a factor of ten, since magnitudes are amplitudes. The maximum is over all
    frames, those of the utterance's statistics, before limit, length and segments. 0 where the view has no floor.
    """
    return np.float32(0.0 if view.floor_db is None else float(matrix.max()) * 10 ** (-view.floor_db / 20))


def scale(view: View, x: Tensor, floors: Tensor) -> Tensor:
    """Return ``x`` on the view's scale, in place; ``floors``: those of ``floor``, which broadcast to x."""
    if view.scale == "none":
        return x
    if view.floor_db is not None:
        torch.maximum(x, floors, out=x)
    return x.add_(TINY).log_()


def fit(view: View, matrices: FoldMatrices, fold: Fold) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return mean, sd (groups, dims or 1) and the group of each utterance (utterances,) for a view that normalises.

    One utterance at a time is in memory besides the result. ``statistics`` views have the groups of the protocol's
    ``normalisation``: one over all frames of the train part, or one per speaker or per member of a joined corpus, over
    its own utterances, whatever their part. Disturbed copies are part of train, and groups of their own of a
    speaker or member. In ``utterance`` views each utterance is a group. Statistics are those after scaling and before
    limit. A constant dimension has sd 1. SerError names utterances without speaker or member.
    """
    scope = fold.protocol.normalisation
    if view.normalise != "statistics":
        group = np.arange(len(fold.utterances), dtype=np.int64)
    elif scope == "train":
        group = np.zeros(len(fold.utterances), dtype=np.int64)
    else:
        owners = fold.owners(scope)
        nameless = [name for name, owner in zip(fold.utterances, owners, strict=True) if not owner]
        if nameless:
            raise SerError(f"normalisation per {scope} needs the {scope} of {offenders(nameless)}.")
        group = np.unique(np.array(owners, dtype=np.str_), return_inverse=True)[1].astype(np.int64)
    rows = fold.rows("train") if (view.normalise, scope) == ("statistics", "train") else np.arange(len(group))
    ordered = rows[np.argsort(group[rows], kind="stable")]
    members = np.split(ordered, np.flatnonzero(np.diff(group[ordered])) + 1)
    shape = len(members), 1 if view.normalise == "utterance_global" else matrices.values.shape[1]
    mean, sd = np.empty(shape, np.float32), np.empty(shape, np.float32)
    for row, one in enumerate(members):
        mean[row], sd[row] = _moments(view, (matrices[int(member)].astype(np.float32) for member in one))
    return mean, sd, group


def _moments(view: View, matrices: Iterable[Floats]) -> tuple[Floats, Floats]:
    """Return mean and population sd over the frames of all ``matrices``, which it scales in place, merged in float64.

    Chan, Golub and LeVeque (1979), "Updating formulae and a pairwise algorithm for computing sample variances",
    eq. 2.1: no difference of large sums, so that a constant dimension is recognised as constant.
    """
    count, mean, squares = 0, np.zeros(1), np.zeros(1)
    for matrix in matrices:
        x = scale(view, torch.from_numpy(matrix), torch.tensor(floor(view, matrix))).numpy()
        if view.normalise == "utterance_global":
            x = x.reshape(-1, 1)
        more = len(x)
        own = x.mean(axis=0, dtype=np.float64)
        spread = np.square(x - own).sum(axis=0, dtype=np.float64)
        step = own - mean
        squares = squares + spread + np.square(step) * (count * more / (count + more))
        mean = mean + step * (more / (count + more))
        count += more
    sd = np.sqrt(squares / count)
    sd = np.where(sd <= CONSTANT * np.abs(mean), 1.0, sd)
    return mean.astype(np.float32), sd.astype(np.float32)


def padding(kind: str) -> float:
    """Return the value of padding after ``compand``: the lowest level of the scale, 0 where nothing is companded."""
    return -1.0 if kind in ("minmax_mulaw", "literal_mulaw") else 0.0


def compand(x: Tensor, real: Tensor, kind: str) -> Tensor:
    """Return ``x`` (batch, time, dims) mapped to [-1, 1] and μ-law companded, example by example.

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
