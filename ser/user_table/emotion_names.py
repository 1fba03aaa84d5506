"""The emotions of a user's table: the project's, those that the user declares, and their own names for either."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import yaml

from ser.emotions import NAMES
from ser.errors import SerError, unknown
from ser.user_table.cells import CellError, clean
from ser.user_table.spellings import spelling


@dataclass(frozen=True)
class EmotionNames:
    """Emotions by what may name them.

    known: by spelling. given: of the option ``labels``, by its casefolded names; loose: the same by spelling.
    """

    known: Mapping[str, str]
    given: Mapping[str, str]
    loose: Mapping[str, str]

    def knows(self, cell: str) -> bool:
        """Return whether a cleaned ``cell`` names an emotion."""
        alike = spelling(cell)
        return cell.casefold() in self.given or alike in self.loose or alike in self.known

    def of(self, cell: str) -> str | None:
        """Return the emotion that a cleaned ``cell`` names; None for an empty one, CellError for an unknown one."""
        if not cell:
            return None
        alike = spelling(cell)
        found = self.given.get(cell.casefold()) or self.loose.get(alike) or self.known.get(alike)
        if found is None:
            raise self._unknown(cell)
        return found

    def _unknown(self, cell: str) -> CellError:
        with suppress(yaml.YAMLError, ValueError, RecursionError):
            read = yaml.safe_load(cell) if len(cell) < 100 else cell
            if not isinstance(read, str | dict | list) and str(read).casefold() in self.given:
                return CellError(f"YAML reads {cell} as {read}; write it in quotes: labels: {{'{cell}': …}}")
        what, _, known = str(unknown("emotion", cell, self.known.values())).partition(" Known: ")
        hint = (
            f"known emotions: {known} Names of your own: 'options: {{labels: {{mad: angry}}}}'; emotions of your own: "
        )
        return CellError(what.rstrip("."), f"{hint}'options: {{emotions: [amused]}}'")


def emotion_names(labels: Mapping[str, str], declared: Sequence[str]) -> EmotionNames:
    """Return the names that the options ``labels`` and ``emotions`` make known.

    A name of ``labels`` is found in the cells as it is written, in any case; else by its spelling, so that YAML's 1
    finds the cells 01, 1 and 1.0. SerError for an option that contradicts itself or names an unknown emotion.
    """
    known = {spelling(name): name for name in NAMES}
    for name in declared:
        if name != clean(name) or not name or not all(letter.isalnum() or letter in " _-" for letter in name):
            raise SerError(
                f"option 'emotions', '{name}': a name consists of letters, digits, '_', '-' and spaces inside."
            )
        if known.get(spelling(name), name) != name:
            raise SerError(f"option 'emotions', '{name}': '{known[spelling(name)]}' is the same name.")
        known[spelling(name)] = name
    given: dict[str, str] = {}
    loose: dict[str, str] = {}
    doubtful = set()
    for theirs, ours in labels.items():
        if spelling(ours) not in known:
            raise SerError(
                f"option 'labels', '{theirs}: {ours}': {unknown('emotion', ours, known.values())} The option "
                f"'emotions: [{ours}]' declares an emotion of your own."
            )
        emotion = known[spelling(ours)]
        if given.setdefault(clean(theirs).casefold(), emotion) != emotion:
            other = given[clean(theirs).casefold()]
            raise SerError(f"option 'labels', '{theirs}: {ours}': the same name in another case is {other}.")
        if loose.setdefault(spelling(theirs), emotion) != emotion:
            doubtful.add(spelling(theirs))
    return EmotionNames(known, given, {name: ours for name, ours in loose.items() if name not in doubtful})
