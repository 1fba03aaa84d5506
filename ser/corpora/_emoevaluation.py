"""The three text formats of an IEMOCAP dialog: EmoEvaluation (labels), transcriptions (text), wdseg (alignment).

EmoEvaluation is a block per turn. Its head is ``[start - end] TAB turn TAB code TAB [V, A, D]``; lines ``C-E2:`` give
a rater's categories and ``A-E2:`` a rater's dimensions, of which the head holds the mean. Raters ``F1`` and ``M1`` are
the actors judging themselves.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ser.corpus import Utterance, Word
from ser.errors import SerError, unknown

CODES = {
    "ang": "angry",
    "hap": "happy",
    "exc": "excited",
    "sad": "sad",
    "neu": "neutral",
    "fru": "frustrated",
    "fea": "fearful",
    "sur": "surprised",
    "dis": "disgusted",
    "oth": "other",
    "xxx": "undecided",  # no two raters agree
}
CATEGORIES = {  # of a rater; others are kept, in lower case
    "anger": "angry",
    "happiness": "happy",
    "excited": "excited",
    "sadness": "sad",
    "neutral": "neutral",
    "neutral state": "neutral",
    "frustration": "frustrated",
    "fear": "fearful",
    "surprise": "surprised",
    "disgust": "disgusted",
    "other": "other",
}
HEAD = re.compile(
    r"\[(\d+(?:\.\d+)?) - (\d+(?:\.\d+)?)\]\s+(\S+)\s+(\S+)\s+\[\s*([^\s,]*)\s*,\s*([^\s,]*)\s*,\s*([^\s,]*)\s*\]\s*"
)
RATING = re.compile(r"([CA])-([A-Z]+\d+):\s*([^(]*)(\(.*)?")
TIMED = re.compile(r"(\S+) \[\s*\d+(?:\.\d+)?\s*-\s*\d+(?:\.\d+)?\s*\]:\s*(.*)")
ALIGNED = re.compile(r"\s*(\d{1,9})\s+(\d{1,9})\s+(-?\d+(?:\.\d+)?)\s+(\S+)\s*")
UNSPOKEN = re.compile(r"</?\w+>|\+\+.*\+\+")  # <s>, </s>, <sil>, ++LAUGHTER++
VARIANT = re.compile(r"\(\d+\)$")  # which of a word's pronunciations was aligned
SCALE = (1.0, 5.0)  # of a rating
RATERS = 1000  # of one turn, at most
FRAME = 0.01  # seconds of one frame of an alignment


def lines(path: Path) -> list[str]:
    """Return a file's lines without line ends of any system; text that is not UTF-8 is read as Latin-1."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def turns(path: Path) -> Iterator[Utterance]:
    """Yield the utterance of each block of an EmoEvaluation file: name, file and line, emotion, raters, mean ratings.

    SerError with file and line at a block that is malformed.
    """
    turn: Utterance | None = None
    open_comment = False
    for number, line in enumerate(lines(path), start=1):
        where = f"{path}:{number}"
        if line.startswith("["):
            if turn is not None:
                yield turn
            turn, open_comment = _head(line, where), False
        elif rating := RATING.fullmatch(line):
            if turn is None:
                raise SerError(f"{where}: a rater's line precedes the first turn: {line!r}.")
            if len(turn.raters) == RATERS:
                raise SerError(f"{where}: a turn with more than {RATERS} raters; are the turns' own lines missing?")
            if rating[1] == "C":
                labels = (label.strip().lower() for label in rating[3].split(";"))
                categories = tuple(CATEGORIES.get(label, label) for label in labels if label)
                turn = replace(turn, raters=(*turn.raters, (rating[2], categories)))
            open_comment = rating[4] is not None and ")" not in rating[4]
        elif line.strip() and not line.startswith("%"):
            if not open_comment:
                raise SerError(f"{where}: is neither a turn '[start - end]…' nor a rater's line 'C-E2:…': {line!r}.")
            open_comment = ")" not in line
    if turn is not None:
        yield turn


def _head(line: str, where: str) -> Utterance:
    match = HEAD.fullmatch(line)
    if match is None:
        raise SerError(
            f"{where}: a turn must read '[start - end] TAB name TAB label TAB [valence, activation, dominance]', "
            f"but this reads {line!r}."
        )
    code = match[4]
    if code not in CODES:
        raise SerError(f"{where}: {unknown('emotion code', code, CODES)}")
    valence, activation, dominance = (_rated(text, where) for text in match.group(5, 6, 7))
    return Utterance(match[3], "", where, CODES[code], valence=valence, activation=activation, dominance=dominance)


def _rated(text: str, where: str) -> float | None:
    """Return a mean rating; None where there is none: empty, ``nan``, or outside the scale, as 0 is without raters."""
    if text.lower() in ("", "nan"):
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise SerError(f"{where}: a dimension must be a number, but this is {text!r}.")
    return value if SCALE[0] <= value <= SCALE[1] else None


def texts(path: Path) -> dict[str, str]:
    """Return the text of each timed turn of a transcription; lines without times name no utterance."""
    found = (TIMED.fullmatch(line) for line in lines(path))
    return {match[1]: match[2].strip() for match in found if match is not None}


def words(path: Path) -> tuple[Word, ...]:
    """Return the words of an alignment in seconds, without silences and noises; none where there is no file.

    An end frame belongs to its word, so a word ends one frame after it begins at the earliest.
    """
    if not path.is_file():
        return ()
    found = []
    for number, line in enumerate(lines(path), start=1):
        match = ALIGNED.fullmatch(line)
        if match is not None and not UNSPOKEN.fullmatch(match[4]):
            start, end = int(match[1]) * FRAME, (int(match[2]) + 1) * FRAME
            found.append(Word(VARIANT.sub("", match[4]), round(start, 2), round(end, 2)))
        elif match is None and line.strip() and not line.split()[0].startswith(("SFrm", "Total")):
            raise SerError(
                f"{path}:{number}: an alignment row is start frame, end frame, score and word, but this reads "
                f"{line!r}. Without the file the utterance has no words and is read all the same."
            )
    return tuple(found)
