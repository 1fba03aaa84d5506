"""Folds of whole speakers, alike in utterances and gender: for corpora with too many speakers to leave each one out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ser.corpus import Facts
from ser.protocols import _parts

if TYPE_CHECKING:
    import pandas as pd

RULE = "speaker_folds"


def folds(facts: Facts, *, folds: int = 6, dev_speakers: int = 2, **_: object) -> int:
    """Return the number of folds; SerError if there are fewer speakers."""
    _require(facts.speakers, folds, dev_speakers)
    return folds


def assign(manifest: "pd.DataFrame", *, folds: int = 6, dev_speakers: int = 2, seed: int = 0) -> "pd.DataFrame":
    """Return (utterance, fold, part); fold i tests the i-th group of speakers.

    dev_speakers: the dev part is so many speakers of the next group (all of it where it is smaller), women and men in
    turn; 0 leaves no dev part. seed: which of several equally good groupings.
    """
    import numpy as np

    rows = _parts.ordered(manifest)
    speaker = _parts.column(rows, "speaker", RULE)
    _require(sorted(speaker.unique()), folds, dev_speakers)
    groups, gender = _groups(rows, folds, seed)
    parts = []
    for fold in range(folds):
        following = groups[(fold + 1) % folds]
        developed = _in_turn(following, gender, fold)[:dev_speakers]
        part = np.where(speaker.isin(groups[fold]), "test", "train")
        parts.append(np.where(speaker.isin(developed), "dev", part).tolist())
    return _parts.table(rows["utterance"], parts)


def _groups(rows: "pd.DataFrame", count: int, seed: int) -> tuple[list[list[str]], dict[str, str]]:
    """Return ``count`` groups of speakers and each speaker's gender ("" where it is not known).

    Greedy, the most talkative first: each speaker joins the group with the fewest of that gender, then the fewest
    speakers, then the fewest utterances.
    """
    import numpy as np

    said = {str(name): int(size) for name, size in rows["speaker"].value_counts().items()}
    gender = {str(name): str(value) for name, value in rows.groupby("speaker")["gender"].first().fillna("").items()}
    shuffled = np.random.default_rng(seed).permutation(sorted(said)).tolist()
    groups: list[list[str]] = [[] for _ in range(count)]

    def burden(index: int, name: str) -> tuple[int, int, int, int]:
        alike = sum(gender[other] == gender[name] for other in groups[index])
        return alike, len(groups[index]), sum(said[other] for other in groups[index]), index

    for name in sorted(shuffled, key=lambda name: (gender[name], -said[name])):
        best = min(range(count), key=lambda index: burden(index, name))
        groups[best].append(name)
    return groups, gender


def _in_turn(names: Sequence[str], gender: dict[str, str], fold: int) -> list[str]:
    """Return ``names`` with the genders in turn; which gender comes first alternates over the folds."""
    genders = sorted({gender[name] for name in names})
    first = fold % len(genders)
    rank = {value: place for place, value in enumerate(genders[first:] + genders[:first])}
    seen: dict[str, int] = {}
    places = {}
    for name in sorted(names):
        places[name] = (seen.get(gender[name], 0), rank[gender[name]])
        seen[gender[name]] = seen.get(gender[name], 0) + 1
    return sorted(names, key=lambda name: places[name])


def _require(speakers: Sequence[str], folds: int, dev_speakers: int) -> None:
    _parts.at_least(RULE, "dev_speakers", dev_speakers, 0)
    _parts.at_least(RULE, "folds", folds, 2)
    _parts.require(RULE, "speaker", speakers, max(folds, 3 if dev_speakers else 2), f"{folds} folds of whole speakers")
