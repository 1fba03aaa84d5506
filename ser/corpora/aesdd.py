"""AESDD: six actors speak twenty Greek sentences in five emotions, 604 recordings.

Vryzas, Kotsakis, Liatsou, Dimoulas & Kalliris (2018): Speech emotion recognition for performance interaction, Journal
of the Audio Engineering Society 66(6). ``anger/a03 (4).wav``: emotion, sentence, speaker; some sentences have further
takes, a and b. The paper has five speakers, the release a sixth. 44.1 kHz. Texts and genders are not in the names.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

CARD = Card(
    title="AESDD",
    licence="see the homepage",
    homepage="http://m3c.web.auth.gr/research/aesdd-speech-emotion-recognition/",
    language="el",
    utterances=604,
    speakers=tuple("123456"),
    labels={"sad": 122, "disgusted": 122, "angry": 121, "fearful": 120, "happy": 119},
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<emotion>[a-z])(?P<text>\d\d) \(0?(?P<speaker>\d)\)(?P<take>[ab]?)",
    "anger/a03 (4).wav",
    {"a": "angry", "d": "disgusted", "f": "fearful", "h": "happy", "s": "sad"},
    sentence="{text}",
    utterance="{emotion}{text}-{speaker}{take}",
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
