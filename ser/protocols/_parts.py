"""Shared by all rules: what they take and yield, and the groups that they need."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ser.errors import SerError, offenders

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Rows = pd.DataFrame  # of the manifest, with the class in ``label``, sorted by utterance
    Parts = Iterator[NDArray[Any]]  # fold by fold, the part of each utterance: train, dev, test or NO_PART

TWO = (2, "one to test, one to train")  # for ``require``: the least number, and why
THREE = (3, "one to test, one for dev, one to train")
NO_PART = ""  # of an utterance that a fold leaves out
RANDOM = "random_folds, random_holdout and random_counts"
INSTEAD = {
    "speaker": f"protocols with the rule session_out work where sessions are known; those with {RANDOM} need neither",
    "session": "protocols with the rules speaker_out and speaker_folds work where speakers are known; "
    f"those with {RANDOM} need neither",
}


def require(kind: str, names: Sequence[str], least: int, why: str) -> None:
    """Raise SerError if the corpus has fewer than ``least`` speakers or sessions (``kind``)."""
    if not names:
        raise SerError(f"the rule needs {kind}s, and the corpus names none; {INSTEAD[kind]}.")
    if len(names) < least:
        raise SerError(
            f"the rule needs at least {least} {kind}s ({why}); "
            f"there are {len(names)}: {offenders(names)}. Ask for fewer folds in a protocol with 'base:', or for a "
            f"rule that leaves one out; {INSTEAD[kind]}."
        )


def unknown_for(kind: str, utterances: Iterable[str]) -> SerError:
    """Return the error for ``utterances`` of an unknown speaker or session (``kind``)."""
    return SerError(f"no {kind} is known for {offenders(utterances)}, which 'exclude' can leave out; {INSTEAD[kind]}.")


def at_least(option: str, value: int, least: int, why: str) -> None:
    """Raise SerError if ``value`` is below ``least``, which depends on another option."""
    if value < least:
        raise SerError(f"{option} must be at least {least} ({why}), it is {value}.")


def column(rows: "Rows", name: str) -> "pd.Series[str]":
    """Return a column without gaps; SerError names the utterances without a value."""
    values = rows[name]
    empty = rows.loc[values.isna(), "utterance"]
    if len(empty) == len(values):
        require(name, (), 1, "")
    if len(empty):
        raise unknown_for(name, empty)
    return values
