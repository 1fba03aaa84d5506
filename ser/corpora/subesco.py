"""SUBESCO: twenty actors speak ten Bangla sentences in seven emotions, five takes each, 7000 recordings.

Sultana, Rahman, Selim & Iqbal (2021): SUST Bangla emotional speech corpus (SUBESCO), PLoS ONE 16(4): e0250173.
``F_02_MONIKA_S_2_SURPRISE_3.wav``: gender, number and name of the speaker, sentence, emotion, take. 48 kHz. One name
ends with a bracket.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

CARD = Card(
    title="SUBESCO",
    licence="CC BY 4.0",
    homepage="https://zenodo.org/records/4526477",
    language="bn",
    utterances=7000,
    speakers=tuple(f"{gender}_{number:02d}" for gender in "FM" for number in range(1, 11)),
    labels=dict.fromkeys(("angry", "disgusted", "fearful", "happy", "neutral", "sad", "surprised"), 1000),
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<speaker>[FM]_\d\d)_[A-Z]+_S_(?P<text>\d+)_(?P<emotion>[A-Z]+)_(?P<take>\d)\]?",
    "F_02_MONIKA_S_2_SURPRISE_3.wav",
    {
        "ANGRY": "angry",
        "DISGUST": "disgusted",
        "FEAR": "fearful",
        "HAPPY": "happy",
        "NEUTRAL": "neutral",
        "SAD": "sad",
        "SURPRISE": "surprised",
    },
    sentence="{text}",
    utterance="{speaker}_{text}_{emotion}_{take}",
    describe=lambda groups: {"gender": "female" if groups["speaker"].startswith("F") else "male"},
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
