"""EmoDB 1: ten actors speak ten German sentences in seven emotions, 535 recordings.

Burkhardt, Paeschke, Rolfes, Sendlmeier & Weiss (2005): A database of German emotional speech, Interspeech.
``03a01Fa.wav``: speaker, sentence, emotion, version. 16 kHz. Version 2 has 816 recordings and is not read.
"""

from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card

GENDERS = {
    **dict.fromkeys(("03", "10", "11", "12", "15"), "male"),
    **dict.fromkeys(("08", "09", "13", "14", "16"), "female"),
}
SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}

CARD = Card(
    title="EmoDB",
    licence="see the homepage",
    homepage="https://zenodo.org/records/7447302",
    language="de",
    utterances=535,
    speakers=tuple(sorted(GENDERS)),
    labels={"angry": 127, "bored": 81, "neutral": 79, "happy": 71, "fearful": 69, "sad": 62, "disgusted": 46},
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<speaker>\d\d)(?P<text>[ab]\d\d)(?P<emotion>[A-Z])[a-z]?",
    "wav/03a01Fa.wav",
    {"W": "angry", "L": "bored", "E": "disgusted", "A": "fearful", "F": "happy", "T": "sad", "N": "neutral"},
    sentence="{text}",
    describe=lambda groups: {"gender": GENDERS.get(groups["speaker"]), "text": SENTENCES.get(groups["text"])},
)
facts = RECORDINGS.facts
sources = RECORDINGS.sources
audio_files = RECORDINGS.audio_files
utterances = RECORDINGS.utterances
verify = RECORDINGS.verify
