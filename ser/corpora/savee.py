"""SAVEE: four men speak TIMIT sentences in seven emotions, 480 recordings.

Jackson & Haq (2014): Surrey audio-visual expressed emotion (SAVEE) database, University of Surrey. ``DC/a01.wav`` or
``DC_a01.wav``: speaker, emotion, number of the sentence. 44.1 kHz. Texts are not in the names.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

CARD = Card(
    title="SAVEE",
    licence="research, after registration",
    homepage="http://kahlan.eps.surrey.ac.uk/savee/",
    language="en",
    utterances=480,
    speakers=("DC", "JE", "JK", "KL"),
    labels={"neutral": 120, "angry": 60, "disgusted": 60, "fearful": 60, "happy": 60, "sad": 60, "surprised": 60},
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<speaker>DC|JE|JK|KL)[/_](?P<emotion>[a-z]+)(?P<number>\d\d)",
    "DC/a01.wav",
    {"a": "angry", "d": "disgusted", "f": "fearful", "h": "happy", "n": "neutral", "sa": "sad", "su": "surprised"},
    sentence="{emotion}{number}",
    utterance="{speaker}_{emotion}{number}",
    describe=lambda _: {"gender": "male"},
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
