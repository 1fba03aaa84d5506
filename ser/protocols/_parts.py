"""What all rules share: a fixed order of utterances, the groups a rule needs, and the table it returns."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ser.errors import SerError, offenders

if TYPE_CHECKING:
    import pandas as pd

RANDOM = "random_folds, random_holdout and random_counts"
INSTEAD = {
    "speaker": f"protocols with the rule session_out work where sessions are known; those with {RANDOM} need neither",
    "session": "protocols with the rules speaker_out and speaker_folds work where speakers are known; "
    f"those with {RANDOM} need neither",
}


def require(rule: str, kind: str, names: Sequence[str], least: int, why: str) -> None:
    """Raise SerError if there are fewer than ``least`` speakers or sessions (``kind``) for ``rule``."""
    if not names:
        raise SerError(f"protocol rule {rule} needs {kind}s, and the corpus names none; {INSTEAD[kind]}.")
    if len(names) < least:
        raise SerError(
            f"protocol rule {rule} needs at least {least} {kind}s ({why}); "
            f"there are {len(names)}: {offenders(names)}. Ask for fewer folds in a protocol with 'base:', or for a "
            f"rule that leaves one out; {INSTEAD[kind]}."
        )


def choice(rule: str, option: str, value: str, known: Sequence[str]) -> None:
    """Raise SerError if ``value`` is not one of the words that ``option`` takes."""
    if value not in known:
        raise SerError(f"protocol rule {rule}: {option} is '{value}'; known: {', '.join(known)}.")


def at_least(rule: str, option: str, value: int, least: int) -> None:
    """Raise SerError if ``value`` is not a whole number from ``least`` on."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SerError(f"protocol rule {rule}: {option} must be a whole number of at least {least}, it is {value!r}.")


def ordered(manifest: "pd.DataFrame") -> "pd.DataFrame":
    """Return ``manifest`` by utterance name: a draw must not depend on the order of a table's rows."""
    return manifest.sort_values("utterance", ignore_index=True)


def column(manifest: "pd.DataFrame", name: str, rule: str) -> "pd.Series[str]":
    """Return a column that every utterance must fill; SerError names the utterances without a value."""
    values = manifest[name]
    empty = manifest.loc[values.isna(), "utterance"]
    if len(empty) == len(values):
        require(rule, name, (), 1, "")
    if len(empty):
        raise SerError(f"protocol rule {rule}: no {name} is known for {offenders(empty)}; {INSTEAD[name]}.")
    return values


def table(utterances: Iterable[str], parts: Sequence[Sequence[str]]) -> "pd.DataFrame":
    """Return the rows (utterance, fold, part): ``parts[fold]`` holds the part of each of ``utterances``."""
    import pandas as pd

    names = list(utterances)
    frames = [pd.DataFrame({"utterance": names, "fold": fold, "part": part}) for fold, part in enumerate(parts)]
    return pd.concat(frames, ignore_index=True)
