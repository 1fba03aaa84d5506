"""The sums of one system under two protocols on the utterances that both tested, where the target is dimensions."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ser import dimension_metrics
from ser.evaluation import intervals
from ser.evaluation.intervals import Tally
from ser.evaluation.predictions import Predictions
from ser.metrics import Floats


def pair(less: Predictions, more: Predictions, seeds: Sequence[int]) -> tuple[Tally | None, int]:
    """Return ``more`` less ``less`` by speaker, and how many utterances both tested in each of their seeds.

    seeds: those that count; empty: all of both. The tally is None without a common utterance. An utterance that a seed
    tests several times counts once, as the mean of its sums.
    """
    both = [one.rows[one.rows["seed"].isin(seeds)] if seeds else one.rows for one in (more, less)]
    common = set.intersection(*(set(of_seed["utterance"]) for rows in both for _, of_seed in rows.groupby("seed")))
    if not common:
        return None, 0
    both = [rows[rows["utterance"].isin(common)] for rows in both]
    known = both[0]["speaker"].notna().all() and both[0]["speaker"].nunique() > 1
    kind = "speaker" if known else "utterance"
    clusters = pd.Index(sorted(set(both[0][kind])))
    centre = intervals.centre(both[0], less.dimensions)
    sides = [_sums(rows, clusters.get_indexer(pd.Index(rows[kind])), centre, less.dimensions) for rows in both]
    found = Tally("", sides[0], kind, tuple(clusters), None, other=sides[1], dimensions=less.dimensions)
    return found, len(common)


def mean(pairs: Sequence[Tally]) -> Tally:
    """Return the systems of ``pairs`` as one tally: its value is the mean of theirs, as that of seeds is."""
    first = pairs[0]
    sides = (np.concatenate([getattr(one, side) for one in pairs], axis=1) for side in ("counts", "other"))
    return Tally("", next(sides), first.kind, first.clusters, None, other=next(sides), dimensions=first.dimensions)


def _sums(rows: pd.DataFrame, cluster: NDArray[np.int64], centre: Floats, dimensions: Sequence[str]) -> Floats:
    """Return the sums, (clusters, seeds, dimensions, ``SUMS``)."""
    seed, seeds = pd.factorize(rows["seed"], sort=True)
    times = rows.groupby(["seed", "utterance"])["fold"].transform("size").to_numpy()
    each = dimension_metrics.sums(*intervals.sides(rows, dimensions), centre) / times[:, None, None]
    added = np.zeros((int(cluster.max()) + 1, len(seeds), *each.shape[1:]))
    np.add.at(added, (cluster, seed), each)
    return added
