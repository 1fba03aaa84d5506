"""Oréau 2: 32 speakers say French sentences in seven emotions, 434 recordings.

Kerkeni et al. (2020): French emotional speech database Oréau, Zenodo. ``sessc/07a01Ca.wav``: speaker, sentence,
emotion, version. Texts and genders are not in the names.
"""

from ser.corpora._named_recordings import FRENCH, NamedRecordings
from ser.corpus import Card

ABSENT = {15, 17, 34, 35}  # numbers that no speaker has
SPEAKERS = tuple(f"{speaker:02d}" for speaker in range(7, 43) if speaker not in ABSENT)

CARD = Card(
    title="Oréau",
    licence="see the homepage",
    homepage="https://zenodo.org/records/4405783",
    language="fr",
    utterances=434,
    speakers=SPEAKERS,
    labels={"neutral": 70, "angry": 67, "disgusted": 67, "happy": 62, "surprised": 62, "sad": 55, "fearful": 51},
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<speaker>\d\d)(?P<text>[a-z]\d\d)(?P<emotion>[A-Z])[a-z]",
    "m/sessc/07a01Ca.wav",
    FRENCH,
    sentence="{text}",
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
