"""CaFE: twelve actors speak six French sentences in seven emotions and two intensities, 936 recordings.

Gournay, Lahaie & Lefebvre (2018): A Canadian French emotional speech dataset, ACM MMSys. ``12-S-1-1.wav``: speaker,
emotion, intensity (1 mild, 2 strong), sentence. Released at 48 and 192 kHz: give the folder of one of them as the root.
"""

from ser.corpora._named_recordings import FRENCH, NamedRecordings
from ser.corpus import Card

LEVELS = {"1": "normal", "2": "strong"}

CARD = Card(
    title="CaFE",
    licence="CC BY-NC-SA 4.0",
    homepage="https://zenodo.org/records/1478765",
    language="fr",
    utterances=936,
    speakers=tuple(f"{speaker:02d}" for speaker in range(1, 13)),
    labels={
        "angry": 144,
        "disgusted": 144,
        "fearful": 144,
        "happy": 144,
        "sad": 144,
        "surprised": 144,
        "neutral": 72,
    },
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<speaker>\d\d)-(?P<emotion>[A-Z])-(?P<level>[12])-(?P<text>\d)",
    "CaFE_48k/Surprise/Faible/12-S-1-1.wav",
    FRENCH,
    sentence="{text}",
    describe=lambda groups: {"intensity": None if groups["emotion"] == "N" else LEVELS[groups["level"]]},
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
