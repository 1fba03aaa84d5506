"""A random share of the utterances is tested, the rest is trained on.

Our reading of Xie et al. 2019, who print sizes (1000 and 260 clips of eNTERFACE'05) but no rule. Utterances of one
speaker fall into all parts.
"""

from ser.bounds import Count, Index, Share
from ser.corpus import Facts
from ser.errors import SerError
from ser.protocols import _parts

REPEATED = True  # a fold is a draw of its own: an utterance may be tested in several or in none


def folds(facts: Facts, *, repeats: Count = 1, **_: object) -> int:  # noqa: ARG001
    """Return the number of draws."""
    return repeats


def assign(
    rows: "_parts.Rows", *, test: Count | Share = 0.2, dev: Index | Share = 0, seed: Index = 0, repeats: Count = 1
) -> "_parts.Parts":
    """Yield the parts of each fold for ``repeats`` independent draws.

    test, dev: a whole number is a number of utterances, a fraction below 1 a share of all; dev may be 0.
    """
    import numpy as np

    tested, developed = (one if isinstance(one, int) else round(one * len(rows)) for one in (test, dev))
    if tested < 1 or tested + developed >= len(rows):
        raise SerError(
            f"test {test} and dev {dev} give {tested} and {developed} of {len(rows)} utterances; "
            "the test part and the train part need at least one each."
        )
    for repeat in range(repeats):
        order = np.random.default_rng([seed, repeat]).permutation(len(rows))
        part = np.full(len(rows), "train", dtype=object)
        part[order[:tested]] = "test"
        part[order[tested : tested + developed]] = "dev"
        yield part
