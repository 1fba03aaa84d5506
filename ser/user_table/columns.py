"""The header of a user's table: which of the known columns each of its columns is."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from ser.corpus import DIMENSIONS, LISTED, Fault
from ser.errors import SerError, offenders, unknown
from ser.user_table.cells import clean
from ser.user_table.file import TableFile

REQUIRED = ("path", "emotion")
NAMES = ("speaker", "session", "dialog", "language")  # columns of names, whose spellings are compared
TIMES = ("start", "end")
COLUMNS = (*REQUIRED, "utterance", *NAMES, "gender", "text", *TIMES, *DIMENSIONS)
RATER = re.compile(r"rater_.+")  # a column with the labels of one rater
ALIASES = {"file": "path", "arousal": "activation"}  # audformat and nkululeko
OTHER_NAMES = {  # of columns without which segments would be whole files, and speakers unknown
    **dict.fromkeys(("begin", "onset", "from", "tmin", "xmin"), "start"),
    **dict.fromkeys(("stop", "offset", "to", "until", "tmax", "xmax"), "end"),
    **dict.fromkeys(("spk", "spkr", "subject", "actor", "participant", "person"), "speaker"),
}
LENGTHS = ("duration", "dur", "length", "len")
UNITS = r"m(illi)?s(ec(ond)?s?)?|frames?|samples?"
PREFIX = re.compile(r"^(seg|segment|utt|utterance|clip|chunk|time|t)[ _.-]+")  # segment_start
SUFFIX = re.compile(rf"([ _.-]*[\[(]?(ids?|name|nr|no|number|time|s|secs?|seconds|{UNITS})[\])]?)+$")  # start_time (s)
IN_UNITS = re.compile(rf"[ _.-]*[\[(]?({UNITS})[\])]?$")
INDEX = re.compile(r"(unnamed: \d+(_level_\d+)?)?")  # what pandas calls the column of its index


def meanings(table: TableFile, renamed: Mapping[str, str | None], *, rated: bool = False) -> list[str | None]:
    """Return the column that each cell of a row belongs to; None for one that is not used.

    renamed: the option ``columns``. rated: whether another table has labels of raters. SerError naming everything that
    is wrong with the header.
    """
    header = [name.casefold() for name in table.header]
    given = {clean(theirs).casefold(): ours for theirs, ours in renamed.items()}
    wrong = [f"option 'columns': {unknown('column', name, header)}" for name in given if name not in header]
    wrong += [
        f"option 'columns', '{theirs}': {unknown('column', ours, COLUMNS)}"
        for theirs, ours in given.items()
        if ours is not None and ours not in COLUMNS and not RATER.fullmatch(ours)
    ]
    present = {*header, *given.values()}
    aliases = {theirs: ours for theirs, ours in ALIASES.items() if ours not in present}
    meant = [given[name] if name in given else _meant(name, aliases) for name in header]
    absent = [name for name in COLUMNS if name not in meant]
    for name in (name for name, ours in zip(header, meant, strict=True) if ours is None and name not in given):
        without = f"'options: {{columns: {{{name}: null}}}}' leaves it out."
        near = _similar(name, absent)
        if near in TIMES and IN_UNITS.search(name):
            wrong.append(
                f"column '{name}' is not in seconds. Write a column '{near}' in seconds, or as 1500 ms; {without}"
            )
        elif near:
            says = f"'options: {{columns: {{{name}: {near}}}}}' says so"
            wrong.append(f"unknown column '{name}'. Did you mean '{near}'? {says}, {without}")
        elif "start" in meant and "end" in absent and SUFFIX.sub("", name) in LENGTHS:
            wrong.append(
                f"column '{name}' next to 'start', without 'end': each row would reach to the end of its recording. "
                f"Write a column 'end'; {without}"
            )
    used = [name for name in meant if name]
    wrong += [f"column '{name}' occurs twice." for name in dict.fromkeys(used) if used.count(name) > 1]
    if lacking := [
        name for name in REQUIRED if name in absent and (name != "emotion" or not (rated or labelled(used)))
    ]:
        found = offenders(filter(None, header), LISTED)
        wrong.append(
            f"there is no column {' and '.join(map(repr, lacking))}; found: {found}. The first line names the columns. "
            f"If one has another name: 'options: {{columns: {{<its name>: {lacking[0]}}}}}'."
        )
    if wrong:
        raise SerError(f"{table.path}:1: {' '.join(wrong)}")
    return meant


def labelled(names: Iterable[str]) -> bool:
    """Return whether some of the columns say what an utterance is rated as, without a column ``emotion``."""
    return any(ALIASES.get(name, name) in DIMENSIONS or RATER.fullmatch(name) for name in names)


def _meant(name: str, aliases: Mapping[str, str]) -> str | None:
    return name if name in COLUMNS or RATER.fullmatch(name) else aliases.get(name)


def _similar(name: str, absent: list[str]) -> str | None:
    """Return the one of the ``absent`` columns that an unknown column probably is."""
    plain = SUFFIX.sub("", PREFIX.sub("", name))
    for one in (plain, OTHER_NAMES.get(plain), OTHER_NAMES.get(name)):
        if one in absent:
            return one
    return next(iter(get_close_matches(name, absent, n=1, cutoff=0.81)), None)


def unused(table: TableFile, meant: list[str | None]) -> list[Fault]:
    """Return a warning that names the columns that are not used, but for an index; none where all are."""
    names = [name for name, ours in zip(table.header, meant, strict=True) if ours is None]
    others = [name for name in names if not INDEX.fullmatch(name.casefold())]
    reason = f"these columns are not used: {offenders(others, LISTED)}"
    return [Fault("unused-column", reason, f"{table.path}:1")] if others else []
