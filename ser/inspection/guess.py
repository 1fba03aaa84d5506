"""A first table for recordings that have none: emotion and speaker as far as folders and file names tell."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from ser.emotions import NAMES

WORDS = {  # besides the names of ser.emotions
    "anger": "angry",
    "ang": "angry",
    "happiness": "happy",
    "hap": "happy",
    "joy": "happy",
    "sadness": "sad",
    "neu": "neutral",
    "calmness": "calm",
    "fear": "fearful",
    "fea": "fearful",
    "afraid": "fearful",
    "disgust": "disgusted",
    "dis": "disgusted",
    "surprise": "surprised",
    "excitement": "excited",
    "exc": "excited",
    "frustration": "frustrated",
    "fru": "frustrated",
    "boredom": "bored",
} | {name: name for name in NAMES}
PARTS = re.compile(r"[A-Za-zÀ-ɏ]+|\d+")
SPEAKERS = re.compile(r"(?:spk|speaker|actor|subject|subj|person|p|s|id)[_\- ]?\d+[a-z]?", re.IGNORECASE)
NO_SPEAKER = re.compile(
    r"(?:train(?:ing)?|dev|valid(?:ation)?|val|eval|test|wavs?|audio|session|ses|part|day|take)[_\- ]?\d*",
    re.IGNORECASE,
)


def guessed(files: Sequence[str]) -> list[tuple[str, str, str]]:
    """Return path, emotion and speaker of each of ``files``, relative paths; '' for what the path does not tell.

    An emotion is the only name of one in the path. A speaker is a part of the path such as ``spk07``; where there is
    none, the folder directly below the root, if there are several and none of them names an emotion, a part or a
    session.
    """
    tops = Counter(PurePosixPath(file).parts[0] for file in files if "/" in file)
    by_folder = len(tops) > 1 and not any(_emotions(top) or NO_SPEAKER.fullmatch(top) for top in tops)
    return [(file, _emotion(file), _speaker(file, by_folder)) for file in files]


def _emotions(text: str) -> set[str]:
    return {WORDS[word.casefold()] for word in PARTS.findall(text) if word.casefold() in WORDS}


def _emotion(file: str) -> str:
    found = _emotions(str(PurePosixPath(file).with_suffix("")))
    return found.pop() if len(found) == 1 else ""


def _speaker(file: str, by_folder: bool) -> str:
    parts = PurePosixPath(file).with_suffix("").parts
    for part in (*parts[:-1], *parts[-1].replace("-", "_").split("_")):
        if SPEAKERS.fullmatch(part):
            return part
    return parts[0] if by_folder and len(parts) > 1 else ""
