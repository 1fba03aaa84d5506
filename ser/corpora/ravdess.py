"""RAVDESS, the speech part: 24 actors speak two sentences in eight emotions, 1440 recordings.

Livingstone & Russo (2018): The Ryerson Audio-Visual Database of Emotional Speech and Song, PLoS ONE 13(5): e0196391.
Labels are the file names, ``Actor_AA/03-01-EE-II-SS-RR-AA.wav``: emotion, intensity, statement, repetition, actor. Odd
actors are men, even ones women; neutral has no strong intensity. 48 kHz, five files stereo; FLAC copies are read too.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from ser.corpora._named_recordings import rows_of
from ser.corpus import Card, Facts, Source, Utterance, differences, facts_of
from ser.errors import SerError, offenders
from ser.files.listing import recordings

EMOTIONS = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgusted",
    "08": "surprised",
}
INTENSITIES = {"01": "normal", "02": "strong"}
STATEMENTS = {"01": "Kids are talking by the door", "02": "Dogs are sitting by the door"}
ACTORS = tuple(f"{actor:02d}" for actor in range(1, 25))
PATTERN = re.compile(r"03-01-(\d\d)-(\d\d)-(\d\d)-\d\d-(\d\d)")  # 03: audio only, 01: speech
FOLDER = re.compile(r"Actor_\d\d")
STEM = PATTERN
NAMES = frozenset(
    f"03-01-{emotion}-{intensity}-{statement}-{repetition}-{actor}"
    for emotion in EMOTIONS
    for intensity in (("01",) if EMOTIONS[emotion] == "neutral" else INTENSITIES)
    for statement in STATEMENTS
    for repetition in ("01", "02")
    for actor in ACTORS
)
SUFFIXES = (".wav", ".flac")
IN_FOLDER = re.compile(r"Actor_[^/]*/[^/]*")

CARD = Card(
    title="RAVDESS speech",
    licence="CC BY-NC-SA 4.0",
    homepage="https://zenodo.org/records/1188976",
    language="en",
    utterances=1440,
    speakers=tuple(f"Actor_{actor}" for actor in ACTORS),
    labels={emotion: 96 if emotion == "neutral" else 192 for emotion in EMOTIONS.values()},
    source=Source(
        url="https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip",
        md5=("bc696df654c87fed845eb13823edef8a",),
        size=208_468_073,
    ),
)


def facts(root: Path | None, *, allow_subset: bool = False) -> Facts:
    """Return the card's figures; with ``allow_subset`` those of the files below ``root``, if there are any yet."""
    if allow_subset and root is not None and root.is_dir():
        return facts_of(utterances(root), CARD.labels)
    return Facts(1440, CARD.speakers, (), tuple(CARD.labels))


def sources(root: Path) -> list[Path]:
    """Return every file that the adapter reads: the recordings."""
    return [root / audio for audio in audio_files(root)]


def audio_files(root: Path) -> list[str]:
    """Return all recordings in the actors' folders, relative to ``root``, sorted."""
    return [audio for audio in recordings(root, SUFFIXES, links=True) if IN_FOLDER.fullmatch(audio)]


def left_out(root: Path) -> dict[str, str]:
    """Return the recordings elsewhere below ``root``, relative to it, and why they are not taken."""
    found = recordings(root, SUFFIXES, links=True)
    taken = {os.path.basename(audio) for audio in found if IN_FOLDER.fullmatch(audio)}
    reasons = ("is not in one of the folders Actor_01 to Actor_24 of the root", "is a second copy of one that is taken")
    return {audio: reasons[os.path.basename(audio) in taken] for audio in found if not IN_FOLDER.fullmatch(audio)}


def utterances(root: Path) -> list[Utterance]:
    """Return one row per recording; SerError naming the files whose name is not of the scheme."""
    corpus, folders, found = "the speech part of RAVDESS", "Actor_01 to Actor_24", audio_files(root)
    inner = sorted({audio.rpartition("/Actor_")[0] for audio in left_out(root)} - {""})
    if inner and not found:
        raise SerError(f"{root}: folders {folders} are in {offenders(inner)}, not here; give that folder as the root.")
    return rows_of(found, _row, root, corpus, folders, "Actor_AA/03-01-EE-II-SS-RR-AA.wav")


def _row(audio: str) -> Utterance | None:
    """Return the row of a recording, or None if its name is not one of the 1440."""
    folder, _, name = audio.partition("/")
    stem = name.rpartition(".")[0]
    match = PATTERN.fullmatch(stem)
    if match is None or stem not in NAMES or folder != f"Actor_{match[4]}":
        return None
    emotion, intensity, statement, actor = match.groups()
    return Utterance(
        utterance=stem,
        audio=audio,
        where=audio,
        emotion=EMOTIONS[emotion],
        speaker=folder,
        gender="male" if int(actor) % 2 else "female",
        intensity=INTENSITIES[intensity],
        language="en",
        text=STATEMENTS[statement],
    )


def verify(rows: Sequence[Utterance]) -> list[str]:
    """Return the differences between ``rows`` and the card: utterances, labels, speakers; none for the whole corpus."""
    missing = sorted(NAMES - {row.utterance for row in rows})
    absent = [f"{len(missing)} of 1440 recordings are not there: {offenders(missing)}"] if missing else []
    expected = {**CARD.labels, **dict.fromkeys(CARD.speakers, 60)}
    return absent + differences(expected, (str(name) for row in rows for name in (row.emotion, row.speaker)))
