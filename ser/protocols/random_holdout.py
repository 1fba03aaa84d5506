"""A random share of the utterances is tested, the rest is trained on.

Our reading of Xie et al. 2019, who print sizes (1000 and 260 clips of eNTERFACE'05) but no rule. Utterances of one
speaker fall into all parts.
"""

from typing import TYPE_CHECKING

from ser.bounds import Count, Index
from ser.corpus import Facts
from ser.errors import SerError
from ser.protocols import _parts

if TYPE_CHECKING:
    import pandas as pd

REPEATED = True  # a fold is a draw of its own: an utterance may be tested in several or in none


def folds(facts: Facts, *, repeats: Count = 1, **_: object) -> int:  # noqa: ARG001
    """Return the number of draws."""
    return repeats


def assign(
    rows: "pd.DataFrame", *, test: int | float = 0.2, dev: int | float = 0, seed: Index = 0, repeats: Count = 1
) -> "_parts.Parts":
    """Yield the parts of each fold for ``repeats`` independent draws.

    test, dev: a number of utterances if whole, a share of all utterances if between 0 and 1; dev may be 0.
    """
    import numpy as np

    tested = _amount("test", test, len(rows))
    developed = _amount("dev", dev, len(rows)) if dev else 0
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


def _amount(option: str, amount: float, total: int) -> int:
    """Return ``amount`` as a number of utterances."""
    if isinstance(amount, int) and not isinstance(amount, bool) and amount >= 0:
        return amount
    if isinstance(amount, float) and 0 < amount < 1:
        return round(amount * total)
    raise SerError(f"{option} must be a number of utterances or a share between 0 and 1, it is {amount!r}.")
