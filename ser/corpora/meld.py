"""MELD: dialogs of the television series Friends in seven emotions, 13706 utterances in train, dev and test.

Poria, Hazarika, Majumder, Naik, Cambria & Mihalcea (2019): MELD: a multimodal multi-party dataset for emotion
recognition in conversations, ACL. Labels, speakers and texts are in ``train_sent_emo.csv``, ``dev_sent_emo.csv`` and
``test_sent_emo.csv``; films are ``train_splits/dia0_utt0.mp4``, ``dev_splits_complete/…`` and
``output_repeated_splits_test/…``, where dialogs are numbered anew in each part. Recordings that were cut from the films
may have another suffix. Two of the 13708 rows have no film that can be used: ``dia125_utt3`` of train is broken, and
``dia110_utt7`` of dev is absent. The session is the episode: speakers and episodes are in several parts.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from ser.audio.formats import SUFFIXES
from ser.corpora._label_table import rows as table_rows
from ser.corpus import Card, Facts, Utterance, differences, facts_of
from ser.errors import SerError, offenders, unknown
from ser.files.listing import recordings

FOLDERS = {"train_splits": "train", "dev_splits_complete": "dev", "output_repeated_splits_test": "test"}
COLUMNS = ("Utterance", "Speaker", "Emotion", "Dialogue_ID", "Utterance_ID", "Season", "Episode")
WITHOUT_FILM = ("train_dia125_utt3", "dev_dia110_utt7")
EMOTIONS = {
    "anger": "angry",
    "disgust": "disgusted",
    "fear": "fearful",
    "joy": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprise": "surprised",
}
GENDERS = {
    **dict.fromkeys(("Monica", "Phoebe", "Rachel"), "female"),
    **dict.fromkeys(("Chandler", "Joey", "Ross"), "male"),
}
PARTS = {"train": 9988, "dev": 1108, "test": 2610}

CARD = Card(
    title="MELD",
    licence="GPL 3 for the labels; the films are of a television series",
    homepage="https://affective-meld.github.io",
    language="en",
    utterances=13706,
    labels={
        "neutral": 6434,
        "happy": 2308,
        "surprised": 1636,
        "angry": 1607,
        "sad": 1002,
        "disgusted": 361,
        "fearful": 358,
    },
)


def facts(root: Path | None, *, allow_subset: bool = False) -> Facts:
    """Return the facts of the tables below ``root``; without a root the card's, without speakers."""
    del allow_subset
    if root is None or not root.is_dir():
        return Facts(sum(CARD.labels.values()), (), (), tuple(CARD.labels))
    return facts_of(utterances(root), CARD.labels)


def sources(root: Path) -> list[Path]:
    """Return every file that the adapter reads: the tables and the films."""
    return [*official_files(root), *(root / audio for audio in audio_files(root))]


def audio_files(root: Path) -> list[str]:
    """Return the films, or the recordings cut from them, that a row names, relative to ``root``, sorted."""
    named = {name for name, _, _ in _rows(root)}
    return sorted(audio for name, audio in _films(root) if name in named)


def left_out(root: Path) -> dict[str, str]:
    """Return the other recordings below ``root``, and why they are not taken."""
    taken = set(audio_files(root))
    found = (audio for audio in recordings(root, SUFFIXES, links=True) if audio not in taken)
    return dict.fromkeys(found, "is not one of the utterances of the tables, or is known to be broken")


def utterances(root: Path) -> list[Utterance]:
    """Return one row per row of the three tables; SerError for an unknown emotion and for two films of one row."""
    films = _films(root)
    times = Counter(name for name, _ in films)
    if twice := [audio for name, audio in films if times[name] > 1]:
        raise SerError(f"{root}: several recordings of one utterance of MELD: {offenders(twice)}.")
    audio = dict(films)
    folders = {part: folder for folder, part in FOLDERS.items()}
    return [
        Utterance(
            utterance=name,
            audio=audio.get(name, f"{folders[part]}/{name.removeprefix(f'{part}_')}.mp4"),
            where=where,
            emotion=_emotion(row["Emotion"], where),
            speaker=row["Speaker"] or None,
            session=f"S{row['Season']:0>2}E{row['Episode']:0>2}",
            dialog=name.rpartition("_")[0],
            gender=GENDERS.get(row["Speaker"]),
            language="en",
            text=row["Utterance"],
        )
        for name, where, row in _rows(root)
        for part in [name.partition("_")[0]]
    ]


def _emotion(label: str, where: str) -> str:
    if label not in EMOTIONS:
        raise SerError(f"{where}: {unknown('emotion', label, EMOTIONS)}")
    return EMOTIONS[label]


def _rows(root: Path) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield name, file with line, and cells of every utterance that has a film."""
    for path, part in zip(official_files(root), PARTS, strict=True):
        for where, row in table_rows(path, COLUMNS):
            name = f"{part}_dia{row['Dialogue_ID']}_utt{row['Utterance_ID']}"
            if name not in WITHOUT_FILM:
                yield name, where, dict(row)


def _films(root: Path) -> list[tuple[str, str]]:
    """Return name and path of every recording in a folder of one of the parts."""
    paths = [PurePosixPath(audio) for audio in recordings(root, SUFFIXES, links=True)]
    return [(f"{FOLDERS[path.parent.name]}_{path.stem}", str(path)) for path in paths if path.parent.name in FOLDERS]


def verify(rows: Sequence[Utterance]) -> list[str]:
    """Return the differences between ``rows`` and the card: utterances of each part and label."""
    found = [str(name) for row in rows for name in (row.utterance.partition("_")[0], row.emotion)]
    return differences({**PARTS, **CARD.labels}, found)


def official_files(root: Path) -> list[Path]:
    """Return the three tables, of ``root`` or of a folder in it; SerError where one is missing."""
    found = []
    for part in PARTS:
        name = f"{part}_sent_emo.csv"
        paths = [path for path in (root / name, *sorted(root.glob(f"*/{name}"))) if path.is_file()]
        if not paths:
            raise SerError(f"{root}: has no table {name}, here or in a folder of it; is this MELD?")
        found.append(paths[0])
    return found


def official(root: Path) -> Iterator[tuple[str, str]]:
    """Yield utterance and part of the official split: train, dev or test."""
    for name, _, _ in _rows(root):
        yield name, name.partition("_")[0]
