"""How many folds a protocol has on a corpus, known before the audio is read.

Counted are the utterances that the settings of the corpus, the labels and the subset of the protocol leave. A speaker
or session that has none of them is in no part, and so gets no fold.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from ser.config.schema import Corpus, Protocol
from ser.corpus import Facts, Utterance, facts_of
from ser.emotions import NAMES, UNCLEAR
from ser.errors import SerError, offenders, unknown
from ser.preparation.accepted_rows import accepted_rows, unwanted_names
from ser.protocols._parts import unknown_for

MANY = 100  # folds from which a protocol with a fold per speaker is remarked on
ROWS_DECIDE = ("speaker_out", "session_out")  # rules whose number of folds no option sets


def remaining(settings: Corpus, root: Path | None) -> list[Utterance] | None:
    """Return the rows that ``exclude`` and ``allow`` leave; None where the facts of the corpus say all that is known.

    Rows are known before the audio is read in a folder of the user's, of a corpus whose card does not say how complete
    the folder is. A recording that is not there is left out where ``missing-audio`` is allowed.
    """
    if root is None or settings.root is None:
        return None
    if settings.load().CARD.utterances is not None and "subset" not in settings.allow and not settings.exclude:
        return None
    rows, _ = accepted_rows(settings, root)
    unwanted, any_audio = unwanted_names(settings), "missing-audio" not in settings.allow
    return [row for row in rows if row.utterance not in unwanted and (any_audio or os.path.isfile(root / row.audio))]


def fold_count(protocol: Protocol, facts: Facts, rows: Sequence[Utterance] | None = None) -> int:
    """Return the number of folds of a protocol on a corpus with these facts, and these rows where they are known.

    SerError, with what can be done, where the protocol cannot be filled: a class without an utterance, too few speakers
    or sessions for the rule, or a class that only one of those has that the rule keeps apart.
    """
    if rows is None:
        if facts.emotions and protocol.target.kind != "dimensions":
            check_classes(class_of(protocol.labels, facts.emotions), facts.emotions, facts.emotions, protocol)
        return int(protocol.load().folds(facts, **protocol.options))
    of_class = labelled(protocol, rows)
    chosen = [row for row, _ in of_class]
    try:
        emotions = sorted({row.emotion for row in chosen if row.emotion})
        count = int(protocol.load().folds(facts_of(chosen, emotions), **protocol.options))
    except SerError as error:
        gone = sorted({row.speaker for row in rows if row.speaker} - {row.speaker for row in chosen})
        left_out = f" Without an utterance of these classes: speaker {offenders(gone)}." if gone else ""
        raise SerError(f"{error}{left_out}") from error
    if protocol.target.kind != "dimensions":
        _check_spread(protocol, of_class)
    return count


def labelled(protocol: Protocol, rows: Iterable[Utterance]) -> list[tuple[Utterance, str]]:
    """Return the rows in the protocol's subset that have one of its classes, and the class.

    SerError for a subset or class without a row, and rows without a speaker where the protocol normalises by speaker.
    """
    chosen = list(rows)
    for column, accepted in protocol.subset.items():
        chosen = [row for row in chosen if _accepts(row, column, accepted)]
        if not chosen:
            raise SerError(f"it takes only {column} {' or '.join(accepted)}, which no utterance has.")
    if dimensions := protocol.target.dimensions:
        rated = [row for row in chosen if all(getattr(row, name) is not None for name in dimensions)]
        if not rated:
            raise SerError(f"no utterance has a rating of {' and '.join(dimensions)}.")
        check_speakers(protocol, [row.utterance for row in rated if not row.speaker])
        return [(row, "") for row in rated]
    emotions = sorted({row.emotion for row in chosen if row.emotion})
    label_of = class_of(protocol.labels, emotions)
    check_classes(label_of, emotions, emotions, protocol)
    found = [(row, label_of[row.emotion]) for row in chosen if row.emotion in label_of]
    check_speakers(protocol, [row.utterance for row, _ in found if not row.speaker])
    return found


def check_speakers(protocol: Protocol, unknown_of: Sequence[str]) -> None:
    """Raise SerError for utterances without a known speaker under a protocol that normalises by speaker."""
    if protocol.normalisation == "speaker" and unknown_of:
        raise SerError(f"normalisation by speaker needs speakers; none is known for {offenders(unknown_of)}.")


def advice(corpus: str, name: str, protocol: Protocol, folds: int) -> str:
    """Return a sentence where a protocol has so many folds that folds of several speakers are meant; else ""."""
    if folds < MANY or protocol.rule not in ROWS_DECIDE:
        return ""
    return (
        f"protocol '{name}' on corpus '{corpus}' has {folds} folds, and each system and seed is trained {folds} times. "
        "'speaker-folds-4' and 'speaker-folds-all' test every speaker in six folds, none of them trained on; another "
        "number: {base: speaker-folds-4, options: {folds: 10}}."
    )


def _accepts(row: Utterance, column: str, accepted: Iterable[str]) -> bool:
    return not hasattr(row, column) or getattr(row, column) in set(accepted)  # the stage checks the column


def class_of(labels: Mapping[str, Sequence[str]] | Literal["all"], emotions: Iterable[str]) -> dict[str, str]:
    """Return the class of each emotion; with "all", each of ``emotions`` but unclear ones is a class of its own.

    SerError for an emotion that is neither one of ``emotions`` nor of the project, or is in two classes.
    """
    if labels == "all":
        return {emotion: emotion for emotion in emotions if emotion not in UNCLEAR}
    classes: dict[str, str] = {}
    known = {*NAMES, *emotions}
    for label, merged in labels.items():
        for emotion in merged:
            if emotion not in known:
                raise SerError(f"class '{label}': {unknown('emotion', emotion, known)}")
            if emotion in classes:
                raise SerError(f"emotion '{emotion}' is in the classes {classes[emotion]} and {label}.")
            classes[emotion] = label
    return classes


def check_classes(
    label_of: Mapping[str, str], labelled: Iterable[str], emotions: Iterable[str], protocol: Protocol
) -> None:
    """Raise SerError unless each class has an utterance, and there are two.

    label_of: emotion: class; labelled: emotions of the utterances that have a class; emotions: of all in the subset.
    """
    found = ", ".join(sorted(emotions)) or "no labels"
    present = {label_of[emotion] for emotion in labelled if emotion in label_of}
    if missing := sorted(set(label_of.values()) - present):
        scope = " in this subset" if protocol.subset else ""
        raise SerError(
            f"the protocol asks for label {' and '.join(missing)}; the corpus has {found}{scope}. Take a protocol with "
            "'labels: all', or one of your own with 'base:' and 'labels:' that name emotions of the corpus."
        )
    if len(present) < 2:
        raise SerError(f"at least two classes are needed; the corpus has {found}.")


def _check_spread(protocol: Protocol, of_class: Sequence[tuple[Utterance, str]]) -> None:
    """Raise SerError for a class of only one speaker or session where the rule trains without the tested one."""
    group = getattr(protocol.load(), "APART", None)
    if group is None:
        return
    if unknown_of := [row.utterance for row, _ in of_class if getattr(row, group) is None]:
        raise unknown_for(group, unknown_of)
    having: dict[str, set[str]] = {}
    for row, label in of_class:
        having.setdefault(label, set()).add(getattr(row, group))
    if reason := one_owner(having, group):
        raise SerError(reason)


def one_owner(having: Mapping[str, Collection[str]], group: str) -> str:
    """Return which classes only one speaker or session (``group``) has, and what helps; "" if there are none.

    having: class: speakers or sessions. To leave such classes out helps only where two others are left.
    """
    alone = {label: next(iter(values)) for label, values in sorted(having.items()) if len(values) == 1}
    several = sorted(having.keys() - alone.keys())
    listed = offenders((f"{label} (of {value})" for label, value in alone.items()), 10)
    if not alone:
        return ""
    if len(several) > 1:
        return (
            f"only one {group} has the class {listed}: the fold that tests that {group} cannot train on the class. "
            "Leave the class out with a protocol of your own with 'base:' and 'labels:' that name the others, or "
            f"record it from another {group}."
        )
    which = f"every class but {several[0]}" if several else "every class"
    return (
        f"{which} belongs to one {group} alone: {listed}. Emotion and {group} cannot be separated in this corpus; no "
        f"rule that tests a {group} without training on it can be applied, and with folds that share {group}s the "
        f"scores would measure who it is. Record each class from several {group}s."
    )
