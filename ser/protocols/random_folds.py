"""Random folds over utterances: fold i is tested, fold i + 1 is the dev part, the rest is trained on.

Ten folds give the 8:1:1 of Peng et al. 2021. Utterances of one speaker fall into all parts.
"""

from ser.bounds import Count, Index
from ser.corpus import Facts
from ser.errors import SerError
from ser.protocols import _parts


def folds(facts: Facts, *, folds: Count = 10, dev: bool = True, **_: object) -> int:
    """Return the number of folds; SerError if the corpus has fewer utterances."""
    _parts.at_least("folds", folds, 3 if dev else 2, "one to test, one to train" + ", one for dev" * dev)
    if facts.utterances < folds:
        raise SerError(f"{folds} folds need as many utterances; there are {facts.utterances}.")
    return folds


def assign(
    rows: "_parts.Rows", *, folds: Count = 10, seed: Index = 0, dev: bool = True, stratified: bool = False
) -> "_parts.Parts":
    """Yield the parts of each fold; fold sizes differ by at most one.

    stratified: every fold gets the same share of each class, to within one utterance; the papers do not say so.
    """
    import numpy as np

    order = np.random.default_rng(seed).permutation(len(rows))
    if stratified:
        order = order[np.argsort(rows["label"].to_numpy(dtype=str)[order], kind="stable")]
    group = np.empty(len(rows), dtype=int)
    group[order] = np.arange(len(rows)) % folds
    for fold in range(folds):
        part = np.where(group == fold, "test", "train")
        if dev:
            part = np.where(group == (fold + 1) % folds, "dev", part)
        yield part
