"""Normalised transcripts: the same words give the same text."""

import re
import unicodedata

MARK = re.compile(r"\[[^\]]*\]")  # [LAUGHTER], [BREATHING]: no words
APOSTROPHE = re.compile(r"[’‘ʼ`]")
SEPARATOR = re.compile(r"(?<!\w)'|'(?!\w)|[^\w']|_")  # all but letters, digits and the apostrophe inside a word


def normalised(text: str) -> str:
    """Return the words of ``text`` in lower case with single spaces, without marks in brackets and punctuation.

    A hyphen separates words; an apostrophe inside a word stays. "" if there are no words.
    """
    plain = APOSTROPHE.sub("'", MARK.sub(" ", unicodedata.normalize("NFKC", text))).casefold()
    return " ".join(SEPARATOR.sub(" ", plain).split())
