"""CREMA-D: 91 actors speak twelve sentences in six emotions, 7442 recordings.

Cao, Cooper, Keutmann, Gur, Nenkova & Verma (2014): CREMA-D, IEEE Transactions on Affective Computing 5(4).
``1001_DFA_ANG_XX.wav``: actor, sentence, intended emotion, intensity. 16 kHz. ``1076_MTI_SAD_XX`` is silent. Labels are
what the actors intended. What raters perceived is in ``finishedResponses.csv``, a row per answer; where it is at the
root, those who were given the voice without the face are the raters.
"""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from ser.corpora import _label_table
from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card, Utterance
from ser.errors import SerError, unknown

LEVELS = {"LO": "low", "MD": "medium", "HI": "high"}
TABLE, VOICE = "finishedResponses.csv", "1"  # answers of the raters; the voice alone, of three types of query
COLUMNS = ("localid", "queryType", "clipName", "respEmo")
ANSWERS = {"A": "angry", "D": "disgusted", "F": "fearful", "H": "happy", "N": "neutral", "S": "sad"}
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
audio_files = RECORDINGS.audio_files
verify = RECORDINGS.verify


def sources(root: Path) -> list[Path]:
    """Return the recordings, and the table of the raters where it is there."""
    table = root / TABLE
    return [*([table] if table.is_file() else []), *RECORDINGS.sources(root)]


def utterances(root: Path) -> list[Utterance]:
    """Return one row per recording, with its raters; SerError as ``NamedRecordings``, or for an unknown answer."""
    given = _answers(root / TABLE) if (root / TABLE).is_file() else {}
    rows = RECORDINGS.utterances(root)
    return [replace(row, raters=tuple(given.get(row.utterance, {}).items())) for row in rows]


def _answers(table: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the emotions that each rater named, by utterance and rater."""
    found: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for where, row in _label_table.rows(table, COLUMNS):
        if row["queryType"] != VOICE:
            continue
        if row["respEmo"] not in ANSWERS:
            raise SerError(f"{where}: {unknown('code of an emotion', row['respEmo'], ANSWERS)}")
        of_rater = found[row["clipName"]]
        emotion = ANSWERS[row["respEmo"]]
        of_rater[row["localid"]] = tuple(dict.fromkeys((*of_rater.get(row["localid"], ()), emotion)))
    return found
