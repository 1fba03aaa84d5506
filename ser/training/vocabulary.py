"""The vocabulary of a fold: the words of its train part, each with its row in the table of word vectors."""

from collections import Counter
from collections.abc import Sequence

from ser.config.schema import Words
from ser.errors import SerError

PADDING, UNKNOWN = 0, 1  # rows of the table; words follow


def learned(sentences: Sequence[Sequence[str]], words: Words) -> tuple[str, ...]:
    """Return the words of the train part's ``sentences``, most frequent first, equal counts by the alphabet.

    Words that occur less often than ``words.minimum`` are left out. SerError where none is left.
    """
    counts = Counter(word for sentence in sentences for word in sentence)
    found = tuple(
        word for word, count in sorted(counts.items(), key=lambda it: (-it[1], it[0])) if count >= words.minimum
    )
    if not found:
        raise SerError(
            f"inputs.words: no transcript '{words.transcript}' of the train part has a word"
            f"{f' that occurs {words.minimum} times' if words.minimum > 1 else ''}; a system with words cannot learn."
        )
    return found


def rows(sentence: Sequence[str], row_of: dict[str, int]) -> list[int]:
    """Return the row of each word; other words, and an empty sentence, are the unknown word."""
    return [row_of.get(word, UNKNOWN) for word in sentence] or [UNKNOWN]
