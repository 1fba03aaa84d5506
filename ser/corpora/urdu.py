"""URDU: 29 speakers of talk shows in four emotions, 400 recordings.

Latif, Qayyum, Usman & Qadir (2018): Cross lingual speech emotion recognition: Urdu vs. Western languages, FIT.
``Angry/SM1_F1_A01.wav``: gender and number of the speaker, number of the file, emotion. 44.1 kHz.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

MEN, WOMEN = (1, 2, 3, 4, 5, 6, 7, *range(17, 28)), range(1, 12)
SPEAKERS = tuple(sorted([*(f"SM{number}" for number in MEN), *(f"SF{number}" for number in WOMEN)]))

CARD = Card(
    title="URDU",
    licence="see the homepage",
    homepage="https://github.com/siddiquelatif/urdu-dataset",
    language="ur",
    utterances=400,
    speakers=SPEAKERS,
    labels=dict.fromkeys(("angry", "happy", "neutral", "sad"), 100),
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<speaker>S[MF]\d+)_F\d+_(?P<emotion>[A-Z])\d+",
    "Angry/SM1_F1_A01.wav",
    {"A": "angry", "H": "happy", "N": "neutral", "S": "sad"},
    describe=lambda groups: {"gender": "female" if groups["speaker"].startswith("SF") else "male"},
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
