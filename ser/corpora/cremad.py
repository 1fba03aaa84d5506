"""CREMA-D: 91 actors speak twelve sentences in six emotions, 7442 recordings.

Cao, Cooper, Keutmann, Gur, Nenkova & Verma (2014): CREMA-D, IEEE Transactions on Affective Computing 5(4).
``1001_DFA_ANG_XX.wav``: actor, sentence, intended emotion, intensity. 16 kHz. ``1076_MTI_SAD_XX`` is silent. Labels are
what the actors intended; what raters perceived is in a table of the release and is not read.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

LEVELS = {"LO": "low", "MD": "medium", "HI": "high"}
SENTENCES = {
    "IEO": "It's eleven o'clock.",
    "TIE": "That is exactly what happened.",
    "IOM": "I'm on my way to the meeting.",
    "IWW": "I wonder what this is about.",
    "TAI": "The airplane is almost full.",
    "MTI": "Maybe tomorrow it will be cold.",
    "IWL": "I would like a new alarm clock.",
    "ITH": "I think I have a doctor's appointment.",
    "DFA": "Don't forget a jacket.",
    "ITS": "I think I've seen this before.",
    "TSI": "The surface is slick.",
    "WSI": "We'll stop in a couple of minutes.",
}

CARD = Card(
    title="CREMA-D",
    licence="ODbL 1.0",
    homepage="https://github.com/CheyneyComputerScience/CREMA-D",
    language="en",
    utterances=7442,
    speakers=tuple(str(actor) for actor in range(1001, 1092)),
    labels={"angry": 1271, "disgusted": 1271, "fearful": 1271, "happy": 1271, "sad": 1271, "neutral": 1087},
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<speaker>\d{4})_(?P<text>[A-Z]{3})_(?P<emotion>[A-Z]{3})_(?P<level>LO|MD|HI|XX|X)",
    "AudioWAV/1001_DFA_ANG_XX.wav",
    {"ANG": "angry", "DIS": "disgusted", "FEA": "fearful", "HAP": "happy", "NEU": "neutral", "SAD": "sad"},
    sentence="{text}",
    describe=lambda groups: {"text": SENTENCES.get(groups["text"]), "intensity": LEVELS.get(groups["level"])},
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
