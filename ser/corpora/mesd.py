"""MESD: women, men and children say Mexican Spanish words in six emotions, 862 recordings.

Duville, Alonso-Valerdi & Ibarra-Zarate (2021): The Mexican emotional speech database (MESD), EMBC.
``Anger_F_A_abajo.wav``: emotion, kind of voice (female, male, child), list of words, word. 48 kHz. The eleven speakers
are not named, so that no protocol can hold them out; do not read random folds of it as results for new speakers.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

CARD = Card(
    title="MESD",
    licence="CC BY 4.0",
    homepage="https://data.mendeley.com/datasets/cy34mh68j9",
    language="es",
    utterances=862,
    speakers=(),
    labels={"disgusted": 144, "fearful": 144, "happy": 144, "sad": 144, "angry": 143, "neutral": 143},
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<emotion>[A-Z][a-z]+)_(?P<voice>[FMC])_[AB]_(?P<word>\w+)",
    "Anger_F_A_abajo.wav",
    {
        "Anger": "angry",
        "Disgust": "disgusted",
        "Fear": "fearful",
        "Happiness": "happy",
        "Neutral": "neutral",
        "Sadness": "sad",
    },
    sentence="{word}",
    describe=lambda groups: {
        "gender": {"F": "female", "M": "male"}.get(groups["voice"]),
        "text": groups["word"].replace("_", " "),
    },
    speaker="",
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
