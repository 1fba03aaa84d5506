"""EMOVO: six actors speak fourteen Italian sentences in seven emotions, 588 recordings.

Costantini, Iaderola, Paoloni & Todisco (2014): EMOVO corpus, LREC. ``f1/dis-f1-b1.wav``: emotion, speaker, sentence. 48
kHz, stereo. Texts are not in the names.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

CARD = Card(
    title="EMOVO",
    licence="see the homepage",
    homepage="http://voice.fub.it/activities/corpora/emovo/index.html",
    language="it",
    utterances=588,
    speakers=("f1", "f2", "f3", "m1", "m2", "m3"),
    labels=dict.fromkeys(("angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised"), 84),
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<emotion>[a-z]+)-(?P<speaker>[fm]\d)-(?P<text>[a-z]\d)",
    "f1/dis-f1-b1.wav",
    {
        "dis": "disgusted",
        "gio": "happy",
        "neu": "neutral",
        "pau": "fearful",
        "rab": "angry",
        "sor": "surprised",
        "tri": "sad",
    },
    sentence="{text}",
    describe=lambda groups: {"gender": "female" if groups["speaker"].startswith("f") else "male"},
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
