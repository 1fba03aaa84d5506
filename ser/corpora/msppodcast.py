"""MSP-Podcast: turns of podcasts, rated by at least five listeners, in a size that grows from release to release.

Lotfian & Busso (2019): Building naturalistic emotionally balanced speech corpus by retrieving emotional speech from
existing podcast recordings, IEEE Transactions on Affective Computing 10(4). ``Labels/labels_consensus.csv`` has a row
per recording of ``Audios``: label of the plurality, mean activation, valence and dominance from 1 to 7, speaker, gender
and set. X is no agreement. A speaker can be unknown, and the sets test1 and test2 share speakers. The labels of test
set 3 are not public: its recordings have no row. The session is the podcast, the first number of a name.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from ser.audio.formats import SUFFIXES
from ser.corpora._label_table import rating
from ser.corpora._label_table import rows as table_rows
from ser.corpus import Card, Facts, Utterance, facts_of
from ser.emotions import NAMES
from ser.errors import SerError, unknown
from ser.files.listing import recordings

EMOTIONS = {
    "A": "angry",
    "C": "contemptuous",
    "D": "disgusted",
    "F": "fearful",
    "H": "happy",
    "N": "neutral",
    "O": "other",
    "S": "sad",
    "U": "surprised",
    "X": "undecided",
}
COLUMNS = ("FileName", "EmoClass", "EmoAct", "EmoVal", "EmoDom", "SpkrID", "Gender", "Split_Set")
TABLES = ("Labels/labels_consensus.csv", "labels_consensus.csv", "Labels/labels_concensus.csv")  # older releases
PARTS = {"train": "train", "development": "dev", "validation": "dev"}  # and test1, test2
GENDERS = {"Female": "female", "Male": "male"}
NAME = re.compile(r"MSP-PODCAST_(\d{4})_\d+(?:_\d+)?")

CARD = Card(
    title="MSP-Podcast",
    licence="research, after a signed agreement",
    homepage="https://ecs.utdallas.edu/research/researchlabs/msp-lab/MSP-Podcast.html",
    language="en",
    utterances=None,  # 151654 in release 1.11, 207136 recordings in 1.12
    emotions=("contemptuous",),
    scale=(1, 7),
)


def facts(root: Path | None, *, allow_subset: bool = False) -> Facts:
    """Return the facts of the table of labels; none without a root."""
    del allow_subset
    return facts_of([] if root is None else utterances(root), (*NAMES, *CARD.emotions))


def sources(root: Path) -> list[Path]:
    """Return the table of labels and the recordings that it names."""
    return [*official_files(root), *(root / audio for audio in audio_files(root))]


def audio_files(root: Path) -> list[str]:
    """Return the recordings that a row names, relative to ``root``, sorted."""
    named = {row["FileName"] for _, row in _rows(root)}
    return [audio for audio in recordings(root, SUFFIXES, links=True) if PurePosixPath(audio).name in named]


def left_out(root: Path) -> dict[str, str]:
    """Return the recordings without a row, such as those of test set 3, whose labels are not public."""
    taken = set(audio_files(root))
    found = (audio for audio in recordings(root, SUFFIXES, links=True) if audio not in taken)
    return dict.fromkeys(found, "has no row in the table of labels")


def utterances(root: Path) -> list[Utterance]:
    """Return one row per row of the table; SerError with file and line at a name, label or rating that is wrong."""
    audio = {PurePosixPath(path).name: path for path in recordings(root, SUFFIXES, links=True)}
    return [_utterance(row, audio.get(row["FileName"], f"Audios/{row['FileName']}"), at) for at, row in _rows(root)]


def _utterance(row: dict[str, str], audio: str, where: str) -> Utterance:
    stem = row["FileName"].rpartition(".")[0]
    match = NAME.fullmatch(stem)
    if match is None:
        raise SerError(f"{where}: '{row['FileName']}' is not named as MSP-PODCAST_0001_0008.wav is.")
    if row["EmoClass"] not in EMOTIONS:
        raise SerError(f"{where}: {unknown('code of an emotion', row['EmoClass'], EMOTIONS)}")
    return Utterance(
        utterance=stem,
        audio=audio,
        where=where,
        emotion=EMOTIONS[row["EmoClass"]],
        speaker=None if row["SpkrID"].casefold() in ("", "unknown") else row["SpkrID"],
        session=match[1],
        gender=GENDERS.get(row["Gender"]),
        valence=rating(row["EmoVal"], where),
        activation=rating(row["EmoAct"], where),
        dominance=rating(row["EmoDom"], where),
        language="en",
    )


def _rows(root: Path) -> Iterator[tuple[str, dict[str, str]]]:
    for where, row in table_rows(official_files(root)[0], COLUMNS):
        yield where, dict(row)


def verify(rows: Sequence[Utterance]) -> list[str]:  # noqa: ARG001
    """Return no differences: every release has another size."""
    return []


def official_files(root: Path) -> list[Path]:
    """Return the table of labels; SerError where there is none."""
    found = [root / name for name in TABLES if (root / name).is_file()]
    if not found:
        raise SerError(f"{root}: has no {TABLES[0]}; is this MSP-Podcast? It is read before anything runs.")
    return found[:1]


def official(root: Path) -> Iterator[tuple[str, str]]:
    """Yield utterance and set: train, dev, test1, test2 and so on; SerError for another word."""
    for where, row in _rows(root):
        word = row["Split_Set"].casefold()
        if word not in PARTS and not re.fullmatch(r"test\d?", word):
            raise SerError(f"{where}: {unknown('set', row['Split_Set'], ['Train', 'Development', 'Test1', 'Test2'])}")
        yield row["FileName"].rpartition(".")[0], PARTS.get(word, word)
