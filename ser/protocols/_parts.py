"""Shared by all rules: a fixed order of utterances, the groups that a rule needs, and the table that it returns."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ser.errors import SerError, offenders

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

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


def at_least(option: str, value: int, least: int, why: str) -> None:
    """Raise SerError if ``value`` is below ``least``, which depends on another option."""
    if value < least:
        raise SerError(f"{option} must be at least {least} ({why}), it is {value}.")


def ordered(manifest: "pd.DataFrame") -> "pd.DataFrame":
    """Return ``manifest`` by utterance name: a draw must not depend on the order of a table's rows."""
    return manifest.sort_values("utterance", ignore_index=True)


def column(manifest: "pd.DataFrame", name: str) -> "pd.Series[str]":
    """Return a column without gaps; SerError names the utterances without a value."""
    values = manifest[name]
    empty = manifest.loc[values.isna(), "utterance"]
    if len(empty) == len(values):
        require(name, (), 1, "")
    if len(empty):
        raise SerError(f"no {name} is known for {offenders(empty)}; {INSTEAD[name]}.")
    return values


def table(utterances: "pd.Series[str]", parts: "Iterable[NDArray[Any]]") -> "pd.DataFrame":
    """Return the rows (utterance, fold, part): ``parts`` holds, fold by fold, the part of each of ``utterances``."""
    import pandas as pd

    frames = [pd.DataFrame({"utterance": utterances, "fold": fold, "part": part}) for fold, part in enumerate(parts)]
    rows = pd.concat(frames, ignore_index=True)
    return rows[rows["part"] != NO_PART].reset_index(drop=True)
