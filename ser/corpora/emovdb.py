"""EmoV-DB: two women and two men read sentences of CMU Arctic in five styles of emotion, 6887 recordings.

Adigwe, Tits, El Haddad, Ostadabbas & Dutoit (2018): The emotional voices database, arXiv:1806.09514.
``bea_Amused/amused_1-28_0011.wav``: speaker, emotion, sheet of sentences, sentence; words are written in either case,
and the sheet also with ``_``. The man Josh reads in three of the styles. Made for synthesis: a sentence is read by
several speakers and in several styles. The count is that of the fold lists of EmoBox.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

GENDERS = {"bea": "female", "jenie": "female", "josh": "male", "sam": "male"}

CARD = Card(
    title="EmoV-DB",
    licence="non-commercial purposes, see the homepage",
    homepage="https://github.com/numediart/EmoV-DB",
    language="en",
    utterances=6887,
    speakers=tuple(GENDERS),
    labels={"sleepy": 1720, "neutral": 1566, "amused": 1315, "angry": 1267, "disgusted": 1019},
    emotions=("amused", "sleepy"),
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<speaker>bea|jenie|josh|sam)_(?P<emotion>[A-Z][a-z]+)/[A-Za-z]+_\d+[-_]\d+_(?P<sentence>\d{4})",
    "bea_Amused/amused_1-28_0011.wav",
    {"Amused": "amused", "Angry": "angry", "Disgusted": "disgusted", "Neutral": "neutral", "Sleepy": "sleepy"},
    sentence="{sentence}",
    utterance="{speaker}_{emotion}_{sentence}",
    describe=lambda groups: {"gender": GENDERS[groups["speaker"]]},
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
