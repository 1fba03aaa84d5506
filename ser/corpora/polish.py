"""Emotions in Polish speech: five speakers say six words in three emotions, 450 recordings.

Miesikowska & Swisulski (2020): Emotions in Polish speech recordings, Gdańsk University of Technology.
``m1.s_nie_5.wav``: speaker, emotion, word, take.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

CARD = Card(
    title="Emotions in Polish speech",
    licence="see the homepage",
    homepage="https://mostwiedzy.pl/en/open-research-data/emotions-in-polish-speech-recordings,11190523461146169-0",
    language="pl",
    utterances=450,
    speakers=("m1", "m2", "m3", "m4", "m5"),
    labels={"angry": 150, "neutral": 150, "sad": 150},
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<speaker>m\d)\.(?P<emotion>[ans])_(?P<word>[a-z]+)_\d",
    "m1.s_nie_5.wav",
    {"a": "angry", "n": "neutral", "s": "sad"},
    sentence="{word}",
    describe=lambda groups: {"text": groups["word"]},
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
