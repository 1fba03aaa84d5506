"""Leave one value of a column out: another corpus, language, gender or recording condition is tested than trained on.

The members of a corpus that joins others are its corpora. A fold has a name, such as "ravdess + emodb → nemo".
"""

import sys
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal

from ser.bounds import Index
from ser.corpus import Facts, member_of
from ser.errors import SerError, offenders
from ser.protocols import _parts

if TYPE_CHECKING:
    import pandas as pd

REPEATED = True  # with train: each, an utterance is tested once for every other value; with test, some are never tested
PARTIAL = True  # utterances of other values have no part
By = Literal["corpus", "language", "gender", "style", "intensity", "session", "dialog"]
Train = Literal["others", "each"]


def directions(
    *, values: Sequence[str], test: Sequence[str] = (), train: Train = "others", **_: object
) -> list[tuple[tuple[str, ...], str]]:
    """Return the values that each fold trains on, and the one that it tests; options as in ``assign``."""
    if len(set(values)) < max(2, len(values)):
        raise SerError(f"values must be two or more that differ; they are {offenders(values) or 'none'}.")
    if strange := [value for value in test if value not in values]:
        raise SerError(f"test names {offenders(strange)}, which is none of the values {offenders(values)}.")
    found: list[tuple[tuple[str, ...], str]] = []
    for tested in test or values:
        others = tuple(value for value in values if value != tested)
        found += [(others, tested)] if train == "others" else [((other,), tested) for other in others]
    return found


def folds(facts: Facts, **options: object) -> int:  # noqa: ARG001
    """Return the number of folds, which the options decide."""
    return len(directions(**options))  # type: ignore[arg-type]


def assign(
    rows: "_parts.Rows",
    *,
    by: By,
    values: Sequence[str],
    test: Sequence[str] = (),
    train: Train = "others",
    dev_speakers: Index = 2,
    seed: Index = 0,
) -> "_parts.Parts":
    """Yield the parts of each fold, in the order of ``directions``.

    by: corpus, the member of a corpus that joins others, or a column of the manifest. values: those that are trained on
    or tested; utterances of others have no part. test: those that are tested; all if none is named. train: all others
    together, or each of them in a fold of its own. dev_speakers: how many speakers of each value that is trained on
    become the dev part, drawn by ``seed``, women and men in turn; 0 leaves none. SerError for a value that no
    utterance has, and for a fold of which train or test lacks a class.
    """
    import numpy as np

    column = _column(rows, by)
    if missing := [value for value in values if value not in set(column.dropna())]:
        known = offenders(sorted(column.dropna().unique())) or "none"
        hint = "; only a corpus with the key 'joins' has corpora" if by == "corpus" and known == "none" else ""
        raise SerError(f"no utterance of these classes has {by} {offenders(missing)}; known: {known}{hint}.")
    for fold, (trained, tested) in enumerate(directions(values=values, test=test, train=train)):
        _check_classes(rows, column, by, trained, tested)
        sides = [column.isin(trained).to_numpy(), (column == tested).to_numpy()]
        part = np.select(sides, ["train", "test"], default=_parts.NO_PART)
        for value in trained if dev_speakers else ():
            own = (column == value).to_numpy()
            part[own & rows["speaker"].isin(_drawn(rows[own], by, value, dev_speakers, seed + fold)).to_numpy()] = "dev"
        if unused := int((part == _parts.NO_PART).sum()):
            print(f"{' + '.join(trained)} → {tested}: {unused} of {len(rows)} utterances in no part", file=sys.stderr)
        yield part


def _column(rows: "_parts.Rows", by: str) -> "pd.Series[str]":
    """Return the value of each utterance, null where it has none."""
    if by == "corpus":
        members = rows["utterance"].map(member_of)
        return members.where(members != "")
    return rows[by] if by in rows else rows["utterance"].map(lambda _: None)


def _check_classes(rows: "_parts.Rows", column: "pd.Series[str]", by: str, trained: Sequence[str], tested: str) -> None:
    """Raise SerError unless train and test of a fold have every class of the protocol."""
    classes = set(rows["label"])
    own = {value: set(rows.loc[column == value, "label"]) for value in (*trained, tested)}
    sides = {" + ".join(trained): set().union(*(own[value] for value in trained)), tested: own[tested]}
    for side, present in sides.items():
        if lacking := sorted(classes - present):
            common = sorted(set.intersection(*own.values()))
            advice = (
                f"Take these under 'labels' of the protocol: {offenders(common, 20)}"
                if len(common) > 1
                else f"They share {common[0] if common else 'no class'}, and a protocol needs two classes that all have"
            )
            renaming = "; a label map under 'joins' of the corpus renames emotions" if by == "corpus" else ""
            name = f"{' + '.join(trained)} → {tested}"
            raise SerError(f"fold {name}: {by} {side} has no utterance of {offenders(lacking)}. {advice}{renaming}.")


def _drawn(rows: "_parts.Rows", by: str, value: str, count: int, seed: int) -> list[str]:
    """Return ``count`` speakers of ``rows``, those of one value, women and men in turn."""
    import numpy as np

    if unknown_of := rows.loc[rows["speaker"].isna(), "utterance"].tolist():
        raise SerError(
            f"no speaker is known for {offenders(unknown_of)}; without a dev part (dev_speakers: 0, selection: last) "
            "none is needed."
        )
    gender = {str(name): str(one) for name, one in rows.groupby("speaker")["gender"].first().fillna("").items()}
    if len(gender) <= count:
        raise SerError(
            f"{by} {value} has {len(gender)} speaker{'s' * (len(gender) != 1)}: too few for {count} in dev and one in "
            "train. Set dev_speakers lower, or to 0 with 'selection: last'."
        )
    names = np.random.default_rng(seed).permutation(sorted(gender)).tolist()
    first = gender[names[0]]
    genders = sorted(set(gender.values()), key=lambda one: (one != first, one))
    alike = ([name for name in names if gender[name] == one] for one in genders)
    return [name for turn in zip_longest(*alike) for name in turn if name is not None][:count]
