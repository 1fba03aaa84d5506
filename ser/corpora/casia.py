"""CASIA: four actors speak fifty Mandarin sentences in six emotions, 1200 recordings.

Institute of Automation, Chinese Academy of Sciences: the free part of the CASIA Chinese emotional corpus.
``liuchanhg/neutral/236.wav``: speaker, emotion, sentence. 16 kHz. Texts are not in the names.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

CARD = Card(
    title="CASIA",
    licence="see the homepage",
    homepage="https://aistudio.baidu.com/aistudio/datasetdetail/209512",
    language="zh",
    utterances=1200,
    speakers=("liuchanhg", "wangzhe", "zhaoquanyin", "zhaozuoxiang"),
    labels=dict.fromkeys(("angry", "fearful", "happy", "neutral", "sad", "surprised"), 200),
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<speaker>[a-z]+)/(?P<emotion>[a-z]+)/(?P<text>\d+)",
    "liuchanhg/neutral/236.wav",
    {
        "angry": "angry",
        "fear": "fearful",
        "happy": "happy",
        "neutral": "neutral",
        "sad": "sad",
        "surprise": "surprised",
    },
    sentence="{text}",
    utterance="{speaker}-{emotion}-{text}",
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
