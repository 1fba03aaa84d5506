"""What was said, made comparable: two transcripts of the same words give the same text."""

import re
import unicodedata

MARK = re.compile(r"\[[^\]]*\]")  # [LAUGHTER], [BREATHING]: nothing that is said
APOSTROPHE = re.compile(r"[’‘ʼ`]")
APART = re.compile(r"(?<!\w)'|'(?!\w)|[^\w']|_")  # all but letters, digits and the apostrophe inside a word


def normalised(text: str) -> str:
    """Return the words of ``text`` in lower case with single blanks, without marks in brackets and punctuation.

    A hyphen parts words; an apostrophe inside a word stays. "" where nothing was said.
    """
    plain = APOSTROPHE.sub("'", MARK.sub(" ", unicodedata.normalize("NFKC", text))).casefold()
    return " ".join(APART.sub(" ", plain).split())
