"""What the utterances of a protocol are trained on: their class, their raters' votes, or values of dimensions."""

import sys
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from ser.config.schema import Protocol
from ser.errors import SerError, offenders
from ser.evaluation import agreement
from ser.preparation import ratings
from ser.preparation.fold_counts import check_classes, check_speakers, class_of
from ser.tables import contracts

NO_CLASS = ""  # in the column ``label`` where a rule groups utterances that have no class


def labelled(chosen: pd.DataFrame, protocol: Protocol, manifest: Path) -> pd.DataFrame:
    """Return the rows of ``chosen`` that the protocol uses, with the columns label, tested and targets.

    label: the class by which a rule may group, of an utterance without a majority that with most votes, NO_CLASS for
    dimensions; tested: whether it may be in dev or test; targets: (classes,) or (dimensions,), None where the target is
    the label. SerError where the corpus lacks what the target needs.
    """
    kind = protocol.target.kind
    dimensions = protocol.target.dimensions
    found = _rated(chosen, dimensions, manifest) if dimensions else _classified(chosen, protocol)
    if kind in ("distribution", "several"):
        found = _voted(found, chosen, protocol, manifest)
    check_speakers(protocol, found.loc[found["speaker"].isna(), "utterance"].tolist())
    return found


def classes(found: pd.DataFrame, protocol: Protocol) -> list[str]:
    """Return the classes in the order of the protocol, sorted where it takes all; none for dimensions."""
    if protocol.target.kind == "dimensions":
        return []
    return sorted(set(found["label"])) if protocol.labels == "all" else list(protocol.labels)


def _classified(chosen: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Return the utterances whose emotion the protocol asks for."""
    label_of = class_of(protocol.labels, sorted(chosen["emotion"].dropna().unique()))
    found = chosen.assign(label=chosen["emotion"].map(label_of), tested=True, targets=None).dropna(subset="label")
    check_classes(label_of, found["emotion"].unique(), chosen["emotion"].dropna().unique(), protocol)
    return found


def _rated(chosen: pd.DataFrame, dimensions: tuple[str, ...], manifest: Path) -> pd.DataFrame:
    """Return the utterances that are rated in every dimension."""
    values = chosen[list(dimensions)].astype(float)
    ratings.checked(values.to_numpy(), dimensions, ratings.noted_scale(contracts.metadata(manifest)))
    rated = values.notna().all(axis=1)
    targets = list(values[rated].to_numpy(np.float32))
    return chosen[rated].assign(label=NO_CLASS, tested=True, targets=pd.Series(targets, chosen.index[rated]))


def _voted(found: pd.DataFrame, chosen: pd.DataFrame, protocol: Protocol, manifest: Path) -> pd.DataFrame:
    """Return ``found`` with its raters' votes, and, where the protocol trains on them, those without a majority."""
    target, names = protocol.target, classes(found, protocol)
    raters = contracts.read(contracts.MANIFEST, manifest).select(["utterance", "raters"]).to_pandas()
    raters = raters[raters["utterance"].isin(chosen["utterance"])]
    merged = None if protocol.labels == "all" else protocol.labels
    votes = agreement.votes(raters, merged, without=agreement.themselves(manifest))
    counts = votes.pivot_table(index="utterance", columns="answer", values="share", aggfunc="sum", fill_value=0.0)
    inside = counts.reindex(columns=names, fill_value=0.0)
    inside = inside[inside.sum(axis=1) > 0]
    found = _with_votes(found, counts.index if target.kind == "several" else inside.index, target.kind)
    no_majority = chosen["emotion"].isna() | (chosen["emotion"] == "undecided")
    unclear = chosen[no_majority & chosen["utterance"].isin(inside.index)]
    if target.without_majority == "leave_out":
        print(f"without a majority, left out: {len(unclear)}", file=sys.stderr)
    else:
        most = inside.loc[unclear["utterance"]].idxmax(axis=1)
        found = pd.concat([found, unclear.assign(label=most.to_numpy(), tested=False, targets=None)])
    if target.kind == "several":
        values = agreement.label_sets(votes, names, target.threshold).loc[found["utterance"]].to_numpy()
    else:
        values = inside.loc[found["utterance"]].to_numpy()
        values = values / values.sum(axis=1, keepdims=True) if target.votes == "shares" else values
    return found.assign(targets=pd.Series(list(values.astype(np.float32)), found.index))


def _with_votes(found: pd.DataFrame, voted: Collection[str], kind: str) -> pd.DataFrame:
    """Return the utterances that are in ``voted``; SerError where most are not, and print how many."""
    has = found["utterance"].isin(voted)
    lacking = found.loc[~has, "utterance"].tolist()
    if len(lacking) > len(found) / 2:
        raise SerError(
            f"target.kind '{kind}' needs raters, and of {len(found)} utterances {len(lacking)} have none who chose a "
            f"class: {offenders(lacking)}."
        )
    if lacking:
        print(f"no rater chose a class, left out: {len(lacking)} ({offenders(lacking)})", file=sys.stderr)
    return found[has]
