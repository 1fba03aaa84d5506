"""Agreement of a corpus's raters, with which a system's accuracy can be compared.

A rater may give several labels, and utterances may have different raters and numbers of raters. Unless stated otherwise
each of a rater's labels has an equal share of that rater, as if one of them were drawn. Labels that a protocol merges
are merged first, and a rater who gave two of them gave one; labels outside a protocol's classes keep their name.

Labels are votes of a few raters, and other raters would have given some others: no system reaches 100 %. The accuracy
of one that knew how people in general hear each utterance lies between that of a single rater (``single_rater``) and
that of the raters without one of them (``ceiling``), which is too high, because these raters gave the label. Percent,
20,000 utterances whose true shares are drawn (Dirichlet) and labelled by the majority of N raters, if there is one:

    raters, classes, parameter    3, 4, 0.3   3, 4, 1   5, 4, 0.3   5, 4, 1   9, 10, 0.3
    a single rater                   71.7       49.3       74.3       59.5       48.7
    who knows the true shares        80.7       65.5       84.9       71.6       73.6
    the raters without one           81.9       74.8       92.1       89.4       93.1
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from statsmodels.stats.inter_rater import fleiss_kappa

from ser.corpus import within
from ser.errors import SerError
from ser.evaluation.temperature import LEAST
from ser.metrics import Floats, ua, wa
from ser.tables import contracts

# Raters who judge themselves, by corpus adapter: IEMOCAP's actors. Regular expressions, the argument ``without``.
THEMSELVES: Final[Mapping[str, str]] = {"iemocap": r"[FM]\d", "demo": r"[FM]\d"}

EXACT: Final = 1e-9  # of a share of raters: a third is at least the threshold 0.3333333333


@dataclass(frozen=True)
class Agreement:
    """Fleiss' kappa (…1; 0: as by chance) of ``utterances`` with ``raters`` raters each.

    left_out: utterances with another number of raters. NaN where all raters always gave the same label.
    """

    kappa: float
    utterances: int
    raters: int
    left_out: int


@dataclass(frozen=True)
class Ceiling:
    """WA and UA, 0…1, of raters' answers against the labels of ``utterances``."""

    wa: float
    ua: float
    utterances: int


@dataclass(frozen=True)
class SoftLabelScores:
    """Predictions compared with the distribution of the raters' labels.

    cross_entropy: mean of -Σ share · ln probability, nats; entropy: its lower bound, of the raters' shares themselves;
    any_rater: share of utterances whose predicted class some rater chose; utterances: how many were compared; left_out:
    those with no rater's label among the classes.
    """

    cross_entropy: float
    entropy: float
    any_rater: float
    utterances: int
    left_out: int


def themselves(manifest: Path) -> str:
    """Return the raters of a corpus who judge themselves as a regular expression; "" for none.

    Those of a joined corpus are named by the manifests of its members, next to its own folder.
    """
    notes = contracts.metadata(manifest)
    found = [THEMSELVES.get(notes.get("adapter", manifest.parent.name), "")]
    for member in json.loads(notes.get("joins", "{}")):
        if of_member := themselves(manifest.parents[1] / member / manifest.name):
            found.append(f"{re.escape(within(member, ''))}(?:{of_member})")
    return "|".join(filter(None, found))


def votes(
    manifest: pd.DataFrame, classes: Mapping[str, Collection[str]] | None = None, *, without: str = ""
) -> pd.DataFrame:
    """Return utterance, rater, answer, share: one row per label of a rater of an utterance, in the order given.

    manifest: rows of MANIFEST. classes: class -> emotions merged into it. without: a regular expression
    of raters to leave out, such as ``[FM]\\\\d`` for IEMOCAP's actors, who rate themselves. SerError where no utterance
    has a rater's label.
    """
    merged = {emotion: name for name, emotions in (classes or {}).items() for emotion in emotions}
    given = [
        (utterance, entry["rater"], merged.get(emotion, emotion))
        for utterance, raters in zip(manifest["utterance"], manifest["raters"], strict=True)
        for entry in (() if raters is None else raters)
        for emotion in (() if entry["emotions"] is None else entry["emotions"])
    ]
    table = pd.DataFrame(given, columns=["utterance", "rater", "answer"], dtype=object).drop_duplicates()
    if without:
        table = table.loc[~table["rater"].str.fullmatch(without)]
    if table.empty:
        raise SerError("no utterance has a rater's label: agreement needs the column 'raters' of the manifest.")
    table["share"] = 1 / table.groupby(["utterance", "rater"])["answer"].transform("size")
    return table.reset_index(drop=True)


def fleiss(votes: pd.DataFrame) -> Agreement:
    """Return Fleiss' (1971) kappa over the utterances that have the commonest number of raters, two at least.

    Kappa takes one label per rater: of several the first counts. SerError without an utterance of two raters.
    """
    first = votes.drop_duplicates(["utterance", "rater"])
    counts = pd.crosstab(first["utterance"], first["answer"])
    raters = counts.sum(axis=1)
    if raters.max() < 2:
        raise SerError("agreement needs two raters of an utterance at least, and every utterance has one.")
    common = int(raters[raters > 1].mode().max())
    chosen = counts.loc[raters == common].to_numpy()
    with np.errstate(invalid="ignore"):
        kappa = float(fleiss_kappa(chosen, method="fleiss"))
    return Agreement(kappa, len(chosen), common, len(counts) - len(chosen))


def shares_of_label(votes: pd.DataFrame, labels: "pd.Series[str]") -> "pd.Series[float]":
    """Return the share of an utterance's raters who gave its label, 0…1, by utterance; without those of one rater.

    labels: the label of each utterance, by its name; one without a label is left out.
    """
    labels = labels.dropna()
    raters = votes.groupby("utterance")["rater"].nunique()
    agree = votes[votes["answer"] == votes["utterance"].map(labels)].groupby("utterance")["share"].sum()
    raters = raters[(raters > 1) & raters.index.isin(labels.index)]
    return agree.reindex(raters.index, fill_value=0.0) / raters


def single_rater(
    votes: pd.DataFrame, classes: Sequence[str] | None = None, *, leave_one_out: bool = True
) -> pd.DataFrame:
    """Return rater, WA, UA and judgements of every rater against the majority, and of all together as rater "".

    The majority of an utterance is the label that more raters chose than any other, each of a rater's labels counting
    in full, as in the labels of the releases; an utterance without one is left out. leave_one_out: the majority of the
    other raters only; otherwise it includes the rater, which raises the values. classes: only utterances whose majority
    is one of these; a rater's label outside them is wrong. Values are in 0…1.
    """
    judgement, judges = pd.factorize(pd.MultiIndex.from_frame(votes[["utterance", "rater"]]))
    answer, answers = pd.factorize(votes["answer"], sort=True)
    named = np.zeros((len(judges), len(answers)))
    named[judgement, answer] = 1
    utterance, utterances = pd.factorize(judges.get_level_values(0))
    every = np.zeros((len(utterances), len(answers)))
    np.add.at(every, utterance, named)
    counted = every[utterance] - named * leave_one_out
    top = counted.max(1)
    truth = counted.argmax(1)
    judged = (top > 0) & ((counted == top[:, None]).sum(1) == 1)
    if classes is not None:
        judged &= np.isin(answers[truth], list(classes))
    if not judged.any():
        raise SerError("no rater can be judged: no utterance has a majority of raters among the classes.")
    raters, truth = judges.get_level_values(1)[judged], truth[judged]
    shares = named[judged] / named[judged].sum(1, keepdims=True)
    rows = []
    for rater in ("", *sorted(raters.unique())):
        mine = raters == rater if rater else np.ones(len(truth), bool)
        counts = np.zeros((len(answers), len(answers)))
        np.add.at(counts, truth[mine], shares[mine])
        rows.append((rater, float(wa(counts)), float(ua(counts)), int(mine.sum())))
    return pd.DataFrame(rows, columns=["rater", "WA", "UA", "judgements"])


def ceiling(votes: pd.DataFrame, labels: "pd.Series[str]", *, without_one: bool) -> Ceiling:
    """Return how well the most frequent answer of an utterance's raters agrees with its label.

    Of equally frequent answers one is drawn, so that each counts in part; each of a rater's labels counts in full.
    without_one: every rater is left out once, and the mean taken; utterances with one rater are left out. labels: the
    label of each utterance, by its name. SerError where no labelled utterance has raters enough.
    """
    votes = votes[votes["utterance"].isin(labels.dropna().index)]
    judgement, judges = pd.factorize(pd.MultiIndex.from_frame(votes[["utterance", "rater"]]))
    answers = pd.Index(sorted({*votes["answer"], *labels.dropna()}))
    named = np.zeros((len(judges), len(answers)))
    named[judgement, answers.get_indexer(pd.Index(votes["answer"]))] = 1
    utterance, utterances = pd.factorize(judges.get_level_values(0))
    counted = np.zeros((len(utterances), len(answers)))
    np.add.at(counted, utterance, named)
    weight = np.ones(len(counted))
    if without_one:
        counted, weight = counted[utterance] - named, 1 / np.bincount(utterance)[utterance]
    else:
        utterance = np.arange(len(counted))
    judged = counted.max(1, initial=0) > 0
    if not judged.any():
        raise SerError("no labelled utterance has raters enough to compare their answer with its label.")
    best = (counted == counted.max(1, keepdims=True))[judged]
    truth = answers.get_indexer(pd.Index(labels[utterances[utterance[judged]]]))
    counts = np.zeros((len(answers), len(answers)))
    np.add.at(counts, truth, weight[judged, None] * best / best.sum(1, keepdims=True))
    return Ceiling(float(wa(counts)), float(ua(counts)), len(np.unique(utterance[judged])))


def soft_labels(votes: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Return each utterance's distribution of the raters' labels over ``classes``, rows summing to 1.

    Shares of other labels are left out, and so is an utterance with nothing else.
    """
    shares = votes.pivot_table(index="utterance", columns="answer", values="share", aggfunc="sum", fill_value=0.0)
    inside = shares.reindex(columns=list(classes), fill_value=0.0)
    inside = inside.loc[inside.sum(axis=1) > 0]
    return inside.div(inside.sum(axis=1), axis=0)


def label_sets(votes: pd.DataFrame, classes: Sequence[str], threshold: float) -> pd.DataFrame:
    """Return 1 for each class that at least ``threshold`` of an utterance's raters chose, else 0, by utterance.

    threshold: 0…1. A rater who chose several labels counts in full for each of them.
    """
    raters = votes.groupby("utterance")["rater"].nunique()
    chose = pd.crosstab(votes["utterance"], votes["answer"]).reindex(columns=list(classes), fill_value=0)
    return (chose.div(raters, axis=0) >= threshold - EXACT).astype(np.float32)


def against_soft(
    votes: pd.DataFrame, utterances: Sequence[str], probabilities: Floats, classes: Sequence[str]
) -> SoftLabelScores:
    """Return how well ``probabilities`` (utterances, classes) agree with the raters' labels.

    The predicted class is the most probable one. SerError where no utterance has a rater's label among the classes.
    """
    labels = soft_labels(votes, classes)
    row = labels.index.get_indexer(pd.Index(utterances))
    if not (row >= 0).any():
        raise SerError(f"no predicted utterance has a rater's label among {', '.join(classes)}.")
    share, given = labels.to_numpy()[row[row >= 0]], np.asarray(probabilities, dtype=np.float64)[row >= 0]
    log_share = np.log(share, out=np.zeros_like(share), where=share > 0)
    return SoftLabelScores(
        cross_entropy=float(-(share * np.log(np.maximum(given, LEAST))).sum(1).mean()),
        entropy=float(-(share * log_share).sum(1).mean()),
        any_rater=float((share[np.arange(len(given)), given.argmax(1)] > 0).mean()),
        utterances=len(given),
        left_out=int((row < 0).sum()),
    )
