"""ASVP-ESD: emotional speech, cries, laughs and other sounds from films and the web, 13964 recordings.

Landry, He, Yan & Li (2020): ASVP-ESD: a dataset and its benchmark for emotion recognition using both speech and
non-speech utterances. ``Audio/actor_12/03-01-06-01-02-12-02-01-01-16.wav``: modality, channel (01 speech, 02 other
sounds), emotion, intensity, source, actor, age, and more. 8824 recordings are no speech: ``subset: {style: [speech]}``
takes the others. The actor is that of the name, from which the folder differs in 187 recordings; odd ones are female,
and babies (age 04) have none here. Code 13 is breath; one recording has the code 17, which is not documented. Languages
are not read, since fields are missing in many names. The count is that of the fold lists of EmoBox.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

BABY = "04"
CARD = Card(
    title="ASVP-ESD",
    licence="see the homepage",
    homepage="https://zenodo.org/records/5573185",
    language=None,
    utterances=13964,
    speakers=tuple(sorted(str(actor) for actor in (*range(129), 150, 200))),
    labels={
        "sad": 2694,
        "happy": 1868,
        "neutral": 1598,
        "surprised": 1586,
        "angry": 1453,
        "fearful": 1180,
        "disgusted": 899,
        "pained": 834,
        "bored": 548,
        "excited": 401,
        "disappointed": 365,
        "pleased": 365,
        "breathing": 172,
        "other": 1,
    },
    emotions=("breathing", "disappointed", "pained", "pleased"),
)
RECORDINGS = NamedRecordings(
    CARD,
    r"03-(?P<channel>0[12])-(?P<emotion>\d\d)-(?P<level>\d+)-\d+-0*(?P<speaker>\d+)-(?P<age>\d+)-[\d -]+",
    "Audio/actor_12/03-01-06-01-02-12-02-01-01-16.wav",
    {
        "01": "bored",
        "02": "neutral",
        "03": "happy",
        "04": "sad",
        "05": "angry",
        "06": "fearful",
        "07": "disgusted",
        "08": "surprised",
        "09": "excited",
        "10": "pleased",
        "11": "pained",
        "12": "disappointed",
        "13": "breathing",
        "17": "other",
    },
    describe=lambda groups: {
        "gender": None if groups["age"] == BABY else "female" if int(groups["speaker"]) % 2 else "male",
        "intensity": {"01": "normal", "02": "strong"}.get(groups["level"]),
        "style": {"01": "speech", "02": "other sounds"}[groups["channel"]],
    },
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
