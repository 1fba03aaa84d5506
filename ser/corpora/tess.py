"""TESS: two women say 200 words in a carrier phrase in seven emotions, 2800 recordings.

Pichora-Fuller & Dupuis (2020): Toronto emotional speech set (TESS). ``OAF_back_angry.wav``: speaker, word, emotion; ps
is pleasant surprise. 24.4 kHz, one file 96 kHz.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

CARD = Card(
    title="TESS",
    licence="CC BY-NC-ND 4.0",
    homepage="https://tspace.library.utoronto.ca/handle/1807/24487",
    language="en",
    utterances=2800,
    speakers=("OAF", "YAF"),
    labels=dict.fromkeys(("angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised"), 400),
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<speaker>[OY]A)F?_(?P<word>[a-z]+)_(?P<emotion>[a-z]+)",
    "OAF_back_angry.wav",
    {
        "angry": "angry",
        "disgust": "disgusted",
        "fear": "fearful",
        "happy": "happy",
        "neutral": "neutral",
        "ps": "surprised",
        "sad": "sad",
    },
    sentence="{word}",
    speaker="{speaker}F",  # OA_bite_neutral.wav lacks the F
    describe=lambda groups: {
        "gender": "female",
        "text": f"Say the word {groups['word']}.",
    },
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
