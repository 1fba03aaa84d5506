"""nEMO: nine actors say ninety Polish sentences in six emotions, 4481 recordings.

Christop (2024): nEMO: dataset of emotional speech in Polish, LREC-COLING. ``samples/SM0_anger_12.wav``: speaker,
emotion, sentence. 24 kHz. The texts are in ``data.tsv``, which is read where it is there.
"""

from dataclasses import replace
from pathlib import Path, PurePosixPath

from ser.corpora._label_table import rows as table_rows
from ser.corpora._named_recordings import NamedRecordings
from ser.corpus import Card, Utterance

GENDERS = {
    **dict.fromkeys(("EB0", "IC0", "KD0", "MK0"), "female"),
    **dict.fromkeys(("KS0", "MP0", "SM0", "TP0", "WR0"), "male"),
}
TABLE = "data.tsv"

CARD = Card(
    title="nEMO",
    licence="CC BY-NC-SA 4.0",
    homepage="https://github.com/amu-cai/nEMO",
    language="pl",
    utterances=4481,
    speakers=tuple(sorted(GENDERS)),
    labels={"neutral": 809, "sad": 769, "angry": 749, "happy": 749, "fearful": 736, "surprised": 669},
)
RECORDINGS = NamedRecordings(
    CARD,
    r"(?P<speaker>[A-Z]{2}0)_(?P<emotion>[a-z]+)_(?P<sentence>\d{1,2})",
    "samples/SM0_anger_12.wav",
    {
        "anger": "angry",
        "fear": "fearful",
        "happiness": "happy",
        "neutral": "neutral",
        "sadness": "sad",
        "surprised": "surprised",
    },
    sentence="{sentence}",
    describe=lambda groups: {"gender": GENDERS.get(groups["speaker"])},
)
facts = RECORDINGS.facts
audio_files = RECORDINGS.audio_files
verify = RECORDINGS.verify


def sources(root: Path) -> list[Path]:
    """Return every file that the adapter reads: the recordings, and the table of the texts."""
    return [*RECORDINGS.sources(root), *(path for path in [root / TABLE] if path.is_file())]


def utterances(root: Path) -> list[Utterance]:
    """Return one row per recording, with its text where ``data.tsv`` has it; SerError for a name off the scheme."""
    table = root / TABLE
    found = table_rows(table, ("file_id", "raw_text"), separator="\t") if table.is_file() else ()
    texts = {row["file_id"]: row["raw_text"] for _, row in found}
    return [replace(row, text=texts.get(PurePosixPath(row.audio).name)) for row in RECORDINGS.utterances(root)]
