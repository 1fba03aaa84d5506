"""TurEV-DB: six amateur actors say Turkish words in four emotions, 1735 recordings.

Canpolat, Ormanoğlu & Zeyrek (2020): Turkish emotion voice database (TurEV-DB), SLTU-CCURL.
``Sound Source/Angry/1984_kz_kirgin.wav``: speaker, emotion, word. One word is numbered.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

CARD = Card(
    title="TurEV-DB",
    licence="see the homepage",
    homepage="https://github.com/Xeonen/TurEV-DB",
    language="tr",
    utterances=1735,
    speakers=("1157", "1234", "1358", "1984", "6783", "7895"),
    labels={"angry": 487, "sad": 483, "calm": 408, "happy": 357},
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<speaker>\d{4})_(?P<emotion>[a-z]+)_(?P<word>[a-z]+)\d?",
    "Sound Source/Angry/1984_kz_kirgin.wav",
    {"hl": "sad", "kz": "angry", "mt": "happy", "sk": "calm"},
    sentence="{word}",
    describe=lambda groups: {"text": groups["word"]},
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
