"""ShEMO: 87 speakers of Persian radio plays in six emotions, 2838 of the 3000 recordings.

Mohamad Nezami, Jamshid Lou & Karami (2019): ShEMO: a large-scale validated database for Persian speech emotion
detection, Language Resources and Evaluation 53. ``female/F09S02.wav``: speaker, emotion, number. 44.1 kHz. The count is
that of the fold lists of EmoBox.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

SPEAKERS = (*(f"F{number:02d}" for number in range(1, 32)), *(f"M{number:02d}" for number in range(1, 57)))
CARD = Card(
    title="ShEMO",
    licence="see the homepage",
    homepage="https://github.com/mansourehk/ShEMO",
    language="fa",
    utterances=2838,
    speakers=SPEAKERS,
    labels={"angry": 1034, "neutral": 1018, "sad": 360, "surprised": 199, "happy": 198, "fearful": 29},
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<speaker>[FM]\d\d)(?P<emotion>[A-Z])\d\d",
    "female/F09S02.wav",
    {"A": "angry", "F": "fearful", "H": "happy", "N": "neutral", "S": "sad", "W": "surprised"},
    describe=lambda groups: {"gender": "female" if groups["speaker"].startswith("F") else "male"},
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
