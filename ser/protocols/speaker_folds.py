"""Folds of whole speakers, balanced in utterances and gender, for corpora with many speakers."""

from collections.abc import Sequence
from itertools import zip_longest

from ser.bounds import Count, Index
from ser.corpus import Facts
from ser.protocols import _parts

APART = "speaker"  # what is tested is never trained on


def folds(facts: Facts, *, folds: Count = 6, dev_speakers: Index = 2, **_: object) -> int:
    """Return the number of folds; SerError if there are fewer speakers."""
    _parts.at_least("folds", folds, 2, "one to test, one to train")
    _parts.require("speaker", facts.speakers, max(folds, 3 if dev_speakers else 2), f"{folds} folds of whole speakers")
    return folds


def assign(rows: "_parts.Rows", *, folds: Count = 6, dev_speakers: Index = 2, seed: Index = 0) -> "_parts.Parts":
    """Yield the parts of each fold; fold i tests the i-th group of speakers.

    dev_speakers: speakers of the next group in the dev part (all of a smaller group), alternating women and men; 0
    leaves no dev part. seed: which of several equally good groupings.
    """
    import numpy as np

    speaker = _parts.column(rows, "speaker")
    groups, gender = _groups(rows, folds, seed)
    for fold in range(folds):
        following = groups[(fold + 1) % folds]
        developed = _alternating(following, gender, fold)[:dev_speakers]
        part = np.where(speaker.isin(groups[fold]), "test", "train")
        yield np.where(speaker.isin(developed), "dev", part)


def _groups(rows: "_parts.Rows", count: int, seed: int) -> tuple[list[list[str]], dict[str, str]]:
    """Return ``count`` groups of speakers and each speaker's gender ("" where it is not known).

    Greedy, the speaker with the most utterances first: each speaker joins the group with the fewest of that gender,
    then the fewest speakers, then the fewest utterances.
    """
    import numpy as np

    utterances = {str(name): int(size) for name, size in rows["speaker"].value_counts().items()}
    gender = {str(name): str(value) for name, value in rows.groupby("speaker")["gender"].first().fillna("").items()}
    shuffled = np.random.default_rng(seed).permutation(sorted(utterances)).tolist()
    groups: list[list[str]] = [[] for _ in range(count)]
    for name in sorted(shuffled, key=lambda name: (gender[name], -utterances[name])):
        alike = [sum(gender[other] == gender[name] for other in group) for group in groups]
        sizes = [sum(utterances[other] for other in group) for group in groups]
        best = min(range(count), key=lambda index: (alike[index], len(groups[index]), sizes[index]))
        groups[best].append(name)
    return groups, gender


def _alternating(names: Sequence[str], gender: dict[str, str], fold: int) -> list[str]:
    """Return ``names`` with alternating genders; the first gender alternates over the folds."""
    genders = sorted({gender[name] for name in names})
    first = fold % len(genders)
    alike = [sorted(name for name in names if gender[name] == value) for value in genders[first:] + genders[:first]]
    return [name for turn in zip_longest(*alike) for name in turn if name is not None]
