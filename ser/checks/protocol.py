"""The contract of a protocol rule: folds of a small corpus, and what every protocol's folds must keep.

The stage ``split`` applies the rule and checks the parts of a real corpus with ``assigned`` and ``check_parts``.
"""

from inspect import signature
from types import ModuleType
from typing import Any

import pandas as pd

from ser.config.schema import Protocol
from ser.corpus import Facts
from ser.emotions import NAMES
from ser.errors import SerError, offenders, require
from ser.preparation.fold_counts import class_of, one_owner
from ser.protocols._parts import NO_PART
from ser.tables.contracts import PARTS

GROUPS = ("speaker", "session", "dialog")  # train and test must not share these unless the protocol declares it
SESSIONS, GENDERS, STYLES = ("S1", "S2", "S3", "S4", "S5"), ("female", "male"), ("improvised", "scripted")


def labelled(protocol: Protocol) -> pd.DataFrame:
    """Return the utterances of the synthetic corpus in the protocol's subset, with their class in ``label``."""
    table = corpus()
    for column, accepted in protocol.subset.items():
        table = table[table[column].isin(accepted)]
    if protocol.target.dimensions:
        return table.assign(label="")
    return table.assign(label=table["emotion"].map(class_of(protocol.labels, NAMES))).dropna(subset="label")


def assigned(rule: ModuleType, manifest: pd.DataFrame, **options: object) -> pd.DataFrame:
    """Return what ``rule`` yields as a table (utterance, fold, part); SerError unless a fold has a part per utterance.

    The rule counts its folds first, which checks that there are enough speakers or sessions. It gets the rows by
    utterance name: a draw must not depend on their order.
    """
    rows = manifest.sort_values("utterance", ignore_index=True)
    rule.folds(facts(rows), **options)
    tables = []
    for fold, part in enumerate(rule.assign(rows, **options)):
        if len(part) != len(rows):
            raise SerError(f"fold {fold} has {len(part)} parts for {len(rows)} utterances.")
        table = pd.DataFrame({"utterance": rows["utterance"], "fold": fold, "part": part})
        tables.append(table[table["part"] != NO_PART])
    if not tables:
        raise SerError("the rule yields no fold.")
    return pd.concat(tables, ignore_index=True)


def folds(protocol: Protocol) -> pd.DataFrame:
    """Return the table (utterance, fold, part) that the rule makes of the synthetic corpus."""
    return assigned(protocol.load(), labelled(protocol), **protocol.options)


def corpus() -> pd.DataFrame:
    """Return a manifest: ten speakers in five sessions say every emotion in both styles, two to a dialog."""
    rows = [
        {
            "utterance": f"{session}{gender[0]}-{style}-{emotion}-{number}",
            "speaker": f"{session}{gender[0].upper()}",
            "session": session,
            "dialog": f"{session}-{style}",
            "gender": gender,
            "emotion": emotion,
            "style": style,
            "text": f"This is sentence {number}.",
        }
        for session in SESSIONS
        for gender in GENDERS
        for style in STYLES
        for emotion in NAMES
        for number in range(4)
    ]
    return pd.DataFrame(rows).sample(frac=1.0, random_state=3, ignore_index=True)


def facts(table: pd.DataFrame) -> Facts:
    """Return the facts of a manifest, which may lack columns."""
    columns = table.reindex(columns=["speaker", "session", "emotion"])
    return Facts(len(table), *(tuple(sorted(values.dropna().unique())) for _, values in columns.items()))


def check_parts(assigned: pd.DataFrame, labelled: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Return ``assigned`` with the columns of ``labelled``, sorted by fold and utterance.

    Utterances that may not be tested, by the column ``tested`` of ``labelled``, stay in train alone. SerError unless
    each of the others has at most one part in a fold (exactly one without the rule's ``PARTIAL``) and is tested in
    exactly one fold (but for its ``REPEATED``); every fold tests something, trains on every class and has the dev part
    that the selection needs.
    """
    if others := sorted(set(assigned["part"]) - set(PARTS)):
        raise SerError(f"unknown parts {offenders(others)}; a part is train, dev or test.")
    every = labelled.assign(tested=labelled.get("tested", True), targets=labelled.get("targets"))
    columns = ["utterance", "label", "tested", "targets", *GROUPS]
    rows = assigned.merge(every[columns], on="utterance").sort_values(["fold", "utterance"])
    rows = rows[rows["tested"] | (rows["part"] == "train")]
    sure = rows[rows["tested"]]
    labelled = every[every["tested"]]
    _check_classes(sure, protocol)
    tested = rows.loc[rows["part"] == "test", "utterance"].value_counts()
    repeated, partial = (getattr(protocol.load(), name, False) for name in ("REPEATED", "PARTIAL"))
    if not repeated and (twice := sorted(tested.index[tested > 1])):
        raise SerError(f"tested in more than one fold: {offenders(twice)}.")
    if not repeated and (never := sorted(set(labelled["utterance"]) - set(tested.index))):
        raise SerError(f"tested in no fold: {offenders(never)}.")
    few = sure["fold"].value_counts() < len(labelled)
    if few.any() and not partial:
        raise SerError(f"fold {offenders(few.index[few])} leaves utterances out; declare PARTIAL = True.")
    return rows


def _check_classes(rows: pd.DataFrame, protocol: Protocol) -> None:
    classes = set(rows["label"])
    for fold, group in rows.groupby("fold"):
        parts = set(group["part"])
        if "test" not in parts:
            raise SerError(f"fold {fold} has no test part.")
        if protocol.selection != "last" and protocol.selected_on not in parts:
            raise SerError(
                f"selection {protocol.selection} needs a dev part and fold {fold} has none; "
                "give the rule one or use selection: last."
            )
        if untrained := sorted(classes - set(group.loc[group["part"] == "train", "label"])):
            raise SerError(
                f"the train part of {_fold_text(protocol, fold)} has no utterance of class {offenders(untrained)}. "
                f"{_untrained_because(rows, protocol, group, untrained)}"
            )


def _fold_text(protocol: Protocol, fold: Any) -> str:
    """Return ``fold 0``, with its name where folds have names: ``fold 0 (a → b)``."""
    name = protocol.fold_name(fold)
    return f"fold {fold} ({name})" if name else f"fold {fold}"


def _untrained_because(rows: pd.DataFrame, protocol: Protocol, group: pd.DataFrame, untrained: list[str]) -> str:
    """Return why classes cannot be trained in a fold, the rows ``group``, and what helps.

    Their speakers may all be in dev; a class may belong to one speaker or session alone.
    """
    dev = group[(group["part"] == "dev") & group["label"].isin(untrained)]
    drawn = "dev_speakers" in signature(protocol.load().assign).parameters
    if drawn and set(dev["label"]) == set(untrained) and dev["speaker"].notna().all():
        return (
            f"Those that could train are in dev, of {offenders(sorted(dev['speaker'].unique()))}: set dev_speakers of "
            "the rule lower, to 0 with 'selection: last', or seed to another number."
        )
    for column in ("speaker", "session"):
        if column not in protocol.leaks and rows[column].notna().all():
            having = {str(label): set(values) for label, values in rows.groupby("label")[column]}
            if reason := one_owner(having, column):
                return f"{reason[0].upper()}{reason[1:]}"
    return "A class that is too rare can be left out by a protocol with 'base:' and 'labels:' that name the others."


def _check_leaks(rows: pd.DataFrame, protocol: Protocol) -> None:
    if protocol.selected_on == "test" and "test selection" not in protocol.leaks:
        raise SerError("it selects on the test part, and its leaks do not name 'test selection'.")
    for fold, group in rows.groupby("fold"):
        part = dict(iter(group.groupby("part")))
        pairs = [("train", "test", column, column) for column in GROUPS]
        if protocol.selected_on == "dev":
            pairs += [("dev", "test", "speaker", "speaker"), ("train", "dev", "speaker", "dev speaker")]
        for one, other, column, leak in pairs:
            if leak in protocol.leaks or not {one, other} <= part.keys():
                continue
            if shared := sorted(set(part[one][column].dropna()) & set(part[other][column].dropna())):
                raise SerError(
                    f"fold {fold} has {column} {offenders(shared)} in both {one} and {other}, "
                    f"and the protocol's leaks do not name '{leak}'."
                )


def folds_are_counted(protocol: Protocol) -> None:
    """The rule makes as many folds as it counts from the corpus's facts."""
    counted = protocol.load().folds(facts(labelled(protocol)), **protocol.options)
    made = sorted(int(fold) for fold in folds(protocol)["fold"].unique())
    require(made == list(range(counted)), f"it counts {counted} and makes {offenders(made)}")


def parts_keep_the_protocol(protocol: Protocol) -> None:
    """Each utterance is tested once, and parts share no group that the protocol does not declare."""
    _check_leaks(check_parts(folds(protocol), labelled(protocol), protocol), protocol)


def folds_are_repeated(protocol: Protocol) -> None:
    """A second call gives the same folds."""
    require(folds(protocol).equals(folds(protocol)), "a second call gives other folds")


CHECKS = (folds_are_counted, parts_keep_the_protocol, folds_are_repeated)
