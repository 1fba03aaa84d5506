"""The emotions of the manifest; each corpus adapter maps its own codes to them, and may declare others.

An utterance without a label has null. ``undecided`` is a label: the raters did not agree.
"""

NAMES = (
    "angry",
    "happy",
    "excited",
    "sad",
    "neutral",
    "calm",
    "frustrated",
    "fearful",
    "disgusted",
    "surprised",
    "bored",
    "other",
    "undecided",
)

UNCLEAR = ("other", "undecided")  # never a class of their own when a protocol asks for "all" labels
