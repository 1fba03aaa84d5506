"""One random split over utterances with the printed number of utterances of each class in each part.

Cao et al. 2019, table 1, print such counts (4470/531/530 utterances). Utterances of one speaker fall into all parts.
"""

from collections.abc import Mapping

from ser.bounds import Count, Index
from ser.errors import SerError, offenders
from ser.protocols import _parts, random_holdout

REPEATED = True  # a fold is a draw of its own: an utterance may be tested in several or in none
folds = random_holdout.folds


def assign(
    rows: "_parts.Rows",
    *,
    train: Mapping[str, int],
    dev: Mapping[str, int],
    test: Mapping[str, int],
    seed: Index = 0,
    scale: bool = False,
    repeats: Count = 1,
) -> "_parts.Parts":
    """Yield the parts of each fold for ``repeats`` independent draws.

    train, dev, test: class -> utterances. Where a class has more or fewer utterances than the three counts together,
    ``scale`` shares it out in the same ratio (largest remainder); without it that is an error.
    """
    import numpy as np

    found = {str(label): int(size) for label, size in rows["label"].value_counts().items()}
    wanted = {"train": train, "dev": dev, "test": test}
    shares = _shares(wanted, found, scale)
    for repeat in range(repeats):
        generator = np.random.default_rng([seed, repeat])
        part = np.empty(len(rows), dtype=object)
        for label in sorted(found):
            members = generator.permutation(np.flatnonzero(rows["label"] == label))
            part[members] = np.repeat(list(wanted), shares[label])
        yield part


def _shares(wanted: Mapping[str, Mapping[str, int]], found: Mapping[str, int], scale: bool) -> dict[str, list[int]]:
    """Return for every class how many utterances go to train, dev and test."""
    classes = {label for counts in wanted.values() for label in counts}
    if classes != set(found):
        raise SerError(f"counts are given for {', '.join(sorted(classes))}, the corpus has {', '.join(sorted(found))}.")
    shares = {label: [int(counts.get(label, 0)) for counts in wanted.values()] for label in sorted(found)}
    wrong = [
        f"{label} {' + '.join(map(str, counts))} = {sum(counts)} wanted, {found[label]} found"
        for label, counts in shares.items()
        if sum(counts) != found[label]
    ]
    if wrong and not scale:
        raise SerError(
            f"the class counts do not fit the corpus: {offenders(wrong)}; "
            "set 'scale: true' to share the classes out in the same ratio."
        )
    return {label: largest_remainder(counts, found[label]) for label, counts in shares.items()}


def largest_remainder(counts: list[int], total: int) -> list[int]:
    """Return ``total`` shared out in the ratio of ``counts``; the largest remainders round up, earlier ones first."""
    weight = sum(counts)
    if weight <= 0 or min(counts) < 0:
        raise SerError(f"counts must not be negative and not all 0, they are {counts}.")
    whole = [count * total // weight for count in counts]
    by_remainder = sorted(range(len(counts)), key=lambda index: (-(counts[index] * total % weight), index))
    for index in by_remainder[: total - sum(whole)]:
        whole[index] += 1
    return whole
