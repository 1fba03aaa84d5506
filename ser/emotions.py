"""The names that emotions have everywhere after ``prepare``; each corpus maps its own codes to them.

Not labelled is null in the manifest; ``undecided`` is a label of its own: raters were asked and did not agree.
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
