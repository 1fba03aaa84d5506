"""ESD: ten speakers of Mandarin and ten of English say 350 sentences in five emotions, 35000 recordings.

Zhou, Sisman, Liu & Li (2022): Emotional voice conversion: theory, databases and ESD, Speech Communication 137.
``0001/Angry/0001_000351.wav``: speaker, emotion, number; older releases have folders train, evaluation and test in
between. Speakers 0001 to 0010 speak Mandarin, the others English. 16 kHz. Texts are in a table of each speaker, which
is not read.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

CARD = Card(
    title="ESD",
    licence="research, after a signed agreement",
    homepage="https://hltsingapore.github.io/ESD/",
    language=None,
    utterances=35000,
    speakers=tuple(f"{speaker:04d}" for speaker in range(1, 21)),
    labels=dict.fromkeys(("angry", "happy", "neutral", "sad", "surprised"), 7000),
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<emotion>[A-Z][a-z]+)/(?:(?:train|evaluation|test)/)?(?P<speaker>\d{4})_\d{6}",
    "0001/Angry/0001_000351.wav",
    {"Angry": "angry", "Happy": "happy", "Neutral": "neutral", "Sad": "sad", "Surprise": "surprised"},
    describe=lambda groups: {"language": "zh" if int(groups["speaker"]) <= 10 else "en"},
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
