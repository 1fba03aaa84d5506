"""eNTERFACE'05: 43 subjects react to six short stories with five sentences each, 1287 clips with picture and sound.

Martin, Kotsia, Macq & Pitas (2006): The eNTERFACE'05 audio-visual emotion database, ICDE Workshops. Labels are the
folders, ``subject N/<emotion>/sentence M/sN_<code>_M.avi``. File names cannot be trusted: those of subject 11 say s12,
16 of subject 3 begin with s_3, one is ``s16_su_3avi.avi``. Sentences 1 and 2 of subject 2's anger are swapped. Subject
6 was never cut into clips. Subject 23 has 27 of them, all others 30, which makes 1260 clips of 42 whole subjects.
Recorded at 48 kHz; genders are not published. WAV and FLAC files of the same names are read instead of the films;
where both exist, the film is read.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from ser.corpora._named_recordings import rows_of
from ser.corpus import Card, Facts, Source, Utterance, differences, facts_of
from ser.errors import offenders
from ser.files.listing import recordings

EMOTIONS = {
    "anger": "angry",
    "disgust": "disgusted",
    "fear": "fearful",
    "happiness": "happy",
    "sadness": "sad",
    "surprise": "surprised",
}
# None: with "him (her)" or "he (she)", and it is not known which speaker has which
SENTENCES: dict[str, tuple[str | None, ...]] = {
    "anger": (
        "What? No, no, no, listen! I need this money!",
        "I don't care about your coffee! Please serve me!",
        "I can have you fired you know!",
        "Is your coffee more important than my money?",
        "You're getting paid to work, not drink coffee!",
    ),
    "disgust": (
        "That's horrible! I'll never eat noodles again.",
        "Something is moving inside my plate.",
        "Aaaaah a cockroach!",
        "Eeeek, this is disgusting!",
        "That's gross!",
    ),
    "fear": (
        "Oh my god, there is someone in the house!",
        "Someone is climbing up the stairs.",
        "Please don't kill me...",
        "I'm not alone! Go away!",
        "I have nothing to give you! Please don't hurt me!",
    ),
    "happiness": (
        "That's great, I'm rich now!",
        "I won: this is great! I'm so happy!",
        "Wahoo... This is so great.",
        "I'm so lucky!",
        "I'm so excited!",
    ),
    "sadness": (
        "Life won't be the same now.",
        "Oh no, tell me this is not true, please!",
        "Everything was so perfect! I just don't understand!",
        None,
        None,
    ),
    "surprise": (
        "You have never told me that!",
        "I didn't expect that!",
        "Wahoo, I would never have believed this!",
        "I never saw that coming!",
        "Oh my God, that's so weird!",
    ),
}
SUFFIXES = (".avi", ".flac", ".wav")  # of a clip that is there in several, the first is read
SUBJECTS = {number: 27 if number == 23 else 30 for number in range(1, 45) if number != 6}  # number: clips
SPEAKERS = {number: f"subject_{number:02d}" for number in SUBJECTS}
TOP = "enterface database"  # folder around the whole release
CLIP = re.compile(
    rf"(?:{TOP}/)?subject (?P<subject>\d+)/(?P<emotion>{'|'.join(EMOTIONS)})/sentence (?P<sentence>[1-5])/"
    r"s_?(?P<number>\d+)_(?P<code>[a-z]{2})_(?P<ending>[1-5])(?:avi)?",
    re.IGNORECASE | re.ASCII,  # without ASCII a long s is an s
)
FOLDER = re.compile(r"subject \d+", re.IGNORECASE)
STEM = re.compile(rf"s_?\d+_(?:{'|'.join(name[:2] for name in EMOTIONS)})(?:_[1-5](?:avi)?)?", re.IGNORECASE | re.ASCII)
SUBJECT = re.compile(rf"(?:{TOP}/)?subject \d+/", re.IGNORECASE)
SESSION = re.compile(rf"(?:{TOP}/)?subject 6/(?:{'|'.join(EMOTIONS)})/s_?6_[a-z]{{2}}", re.IGNORECASE | re.ASCII)
NAMES = frozenset(  # of the clips; which three of subject 23's happiness are missing is not published
    f"s{subject}_{emotion[:2]}_{sentence}"
    for subject in SUBJECTS
    for emotion in EMOTIONS
    for sentence in range(1, 6)
    if (subject, emotion) != (23, "happiness")
)

CARD = Card(
    title="eNTERFACE'05",
    licence="MIT",
    homepage="https://enterface.net/enterface05/emotion.html",
    language="en",
    utterances=1287,
    speakers=tuple(SPEAKERS.values()),
    labels={emotion: 212 if emotion == "happy" else 215 for emotion in EMOTIONS.values()},
    # No checksum is published. Where the server's certificate is refused, a browser gets the archive.
    source=Source(url="http://www.enterface.net/enterface05/docs/results/databases/project2_database.zip", md5=()),
    warning="Each emotion has five sentences of its own, so that the words alone give it away.",
)


def facts(root: Path | None, *, allow_subset: bool = False, complete: bool = False) -> Facts:
    """Return the card's figures; with ``allow_subset`` those of the files below ``root``, if there are any yet.

    ``complete``, here and below: only the 42 subjects with all 30 clips, 1260 in all.
    """
    if allow_subset and root is not None and root.is_dir():
        return facts_of(utterances(root, complete=complete), CARD.labels)
    clips = _clips(complete)
    return Facts(sum(clips.values()), tuple(SPEAKERS[number] for number in clips), (), tuple(CARD.labels))


def sources(root: Path, *, complete: bool = False) -> list[Path]:
    """Return every file that the adapter reads, sorted: the clips, and those left out."""
    del complete
    return [root / audio for audio in _recordings(root)]


def audio_files(root: Path, *, complete: bool = False) -> list[str]:
    """Return all clips in the subjects' folders, relative to ``root``, sorted; each in one format."""
    out = left_out(root, complete=complete)
    return [audio for audio in _recordings(root) if audio not in out]


def left_out(root: Path, *, complete: bool = False) -> dict[str, str]:
    """Return the recordings that are not taken, relative to ``root``, and why."""
    reasons = {}
    for audio in _recordings(root):
        clip = CLIP.fullmatch(_stem(audio))
        if SESSION.fullmatch(_stem(audio)):
            reasons[audio] = "is a whole session, not cut into sentences"
        elif complete and clip and int(clip["subject"]) in SUBJECTS.keys() - _clips(complete).keys():
            reasons[audio] = f"its subject has {SUBJECTS[int(clip['subject'])]} of the 30 clips"
    return reasons


def utterances(root: Path, *, complete: bool = False) -> list[Utterance]:
    """Return one row per clip; SerError naming the files whose folder or name is not of the scheme."""
    found, folders = audio_files(root, complete=complete), "'subject 1' to 'subject 44'"
    return rows_of(found, _row, root, CARD.title, folders, "subject N/<emotion>/sentence M/sN_<code>_M.avi")


def _clips(complete: bool) -> dict[int, int]:
    """Return subject: clips."""
    return {number: count for number, count in SUBJECTS.items() if count == 30 or not complete}


def _recordings(root: Path) -> list[str]:
    """Return every recording below the subjects' folders, relative to ``root``, sorted; each in one format."""
    below = [audio for audio in recordings(root, SUFFIXES, links=True) if SUBJECT.match(audio)]
    by_format = sorted(below, key=lambda audio: SUFFIXES.index(Path(audio).suffix.lower()), reverse=True)
    return sorted({_stem(audio): audio for audio in by_format}.values())


def _stem(audio: str) -> str:
    return audio.rpartition(".")[0]


def _row(audio: str) -> Utterance | None:
    """Return the row of a clip, or None if folders and name are not of the scheme, or do not agree."""
    match = CLIP.fullmatch(_stem(audio))
    if match is None:
        return None
    subject, emotion, sentence = int(match["subject"]), match["emotion"].lower(), int(match["sentence"])
    spoken = 3 - sentence if (subject, emotion) == (2, "anger") and sentence < 3 else sentence
    if (
        subject not in SUBJECTS
        or int(match["number"]) not in {subject, 12 if subject == 11 else subject}
        or match["code"].lower() != emotion[:2]
        or int(match["ending"]) not in {sentence, spoken}
    ):
        return None
    return Utterance(
        utterance=f"s{subject}_{emotion[:2]}_{sentence}",
        audio=audio,
        where=audio,
        emotion=EMOTIONS[emotion],
        speaker=SPEAKERS[subject],
        language="en",
        text=SENTENCES[emotion][spoken - 1],
    )


def verify(rows: Sequence[Utterance], *, complete: bool = False) -> list[str]:
    """Return the differences between ``rows`` and the card: utterances, labels, speakers; none for the whole corpus."""
    clips = {SPEAKERS[number]: count for number, count in _clips(complete).items()}
    names = {name for name in NAMES if SPEAKERS[int(name[1:].partition("_")[0])] in clips}
    missing = sorted(names - {row.utterance for row in rows})
    of = sum(clips.values())
    absent = [f"{len(missing)} of {of} recordings are not there: {offenders(missing)}"] if missing else []
    expected = {**(dict.fromkeys(CARD.labels, 210) if complete else CARD.labels), **clips}
    return absent + differences(expected, (str(name) for row in rows for name in (row.emotion, row.speaker)))
