"""IEMOCAP: ten actors in five sessions of two, improvised and scripted dialogs, 10039 labelled utterances.

Busso et al. (2008): IEMOCAP: Interactive emotional dyadic motion capture database, Language Resources and Evaluation
42(4). The speaker of ``Ses01F_impro01_M011`` is Ses01M: the letter of the last field. The one after the session's
number says who wore the motion-capture markers, and taking it for the speaker mislabels 2750 of the 5531 utterances of
the usual four classes. Recordings are 16 kHz mono; labels are in ``dialog/EmoEvaluation``.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from ser.corpora._emoevaluation import CODES, SCALE, texts, turns, words
from ser.corpus import Card, Facts, Source, Utterance, differences
from ser.errors import SerError, offenders

SESSIONS = ("Ses01", "Ses02", "Ses03", "Ses04", "Ses05")
SPEAKERS = tuple(session + letter for session in SESSIONS for letter in "FM")
FOLDERS = tuple(f"Session{number}" for number in range(1, 6))
NAME = re.compile(r"((Ses0[1-5])[FM]_(impro|script)(?:(?<=impro)0\d[ab]?|(?<=script)0\d_\db?))_([FM])(?:\d{3}|XX\d)")
FOLDER = re.compile("|".join(FOLDERS))
STEM = NAME
UNLABELLED = re.compile(r"_[FM]XX\d$")  # turns without ratings

PER_SESSION = {
    "angry": (229, 137, 240, 327, 170),
    "excited": (143, 210, 151, 238, 299),
    "happy": (135, 117, 135, 65, 143),
    "neutral": (384, 362, 320, 258, 384),
    "sad": (194, 197, 305, 143, 245),
    "frustrated": (280, 325, 382, 481, 381),
    "undecided": (415, 436, 572, 564, 520),
}
SESSION_TOTALS = (1819, 1811, 2136, 2103, 2170)
FOUR_CLASSES = ("angry", "happy", "excited", "neutral", "sad")  # happy with excited: 5531 utterances
FOUR_NAMED = f"{', '.join(FOUR_CLASSES[:-1])} and {FOUR_CLASSES[-1]}"  # in messages
SPEAKER_TOTALS = (528, 557, 481, 542, 522, 629, 528, 503, 590, 651)  # of the four classes
STYLES = {"improvised": 4784, "scripted": 5255}

CARD = Card(
    title="IEMOCAP",
    licence="USC SAIL's research licence; each user asks for the recordings, which may not be passed on",
    homepage="https://sail.usc.edu/iemocap/",
    language="en",
    utterances=10039,
    speakers=SPEAKERS,
    sessions=SESSIONS,
    scale=SCALE,
    labels={
        **{emotion: sum(counts) for emotion, counts in PER_SESSION.items()},
        "surprised": 107,
        "fearful": 40,
        "other": 3,
        "disgusted": 2,
    },
    source=Source(  # the full release, and the one without video; a licensee names the file that they were given
        url="", md5=("521be1e5eec425ae21fdc27c763ca813", "6f2e6ecb72dd45a9af6b801ee999cb5a")
    ),
)


def facts(root: Path | None, *, allow_subset: bool = False) -> Facts:
    """Return the card's figures; with ``allow_subset`` those of the recordings below ``root``, if it is there yet."""
    known = tuple(CODES.values())
    if not allow_subset or root is None or not root.is_dir():
        return Facts(sum(CARD.labels.values()), SPEAKERS, SESSIONS, known)
    names = [NAME.fullmatch(Path(audio).stem) for audio in audio_files(root)]
    speakers = sorted({match[2] + match[4] for match in names if match})
    sessions = sorted({match[2] for match in names if match})
    return Facts(len(names), tuple(speakers), tuple(sessions), known)


def sources(root: Path) -> list[Path]:
    """Return every file that the adapter reads, sorted: labels, transcriptions, alignments, recordings."""
    release = _release(root)
    patterns = (
        "dialog/EmoEvaluation/*.txt",
        "dialog/transcriptions/*.txt",
        "sentences/ForcedAlignment/*/*.wdseg",
        "sentences/wav/*/*.wav",
    )
    return sorted(chain.from_iterable(_files(release, pattern) for pattern in patterns))


def audio_files(root: Path) -> list[str]:
    """Return every recording that ought to have a label, relative to ``root``, sorted."""
    found = _files(_release(root), "sentences/wav/*/*.wav")
    return sorted(file.relative_to(root).as_posix() for file in found if not UNLABELLED.search(file.stem))


def left_out(root: Path) -> dict[str, str]:
    """Return the recordings of sessions in a folder of ``root`` that is not the release, and why they are not taken."""
    release = _release(root)
    inside = (folder for folder in sorted(root.iterdir()) if folder.name.startswith("IEMOCAP"))
    others = (folder for folder in inside if folder.is_dir() and not folder.samefile(release))
    found = (file for folder in others for file in _files(folder, "sentences/wav/*/*.wav"))
    reason = f"is in another release than {release}, which is taken"
    return {file.relative_to(root).as_posix(): reason for file in sorted(found)}


def utterances(root: Path) -> list[Utterance]:
    """Return all labelled utterances in order of session, dialog file and time.

    SerError with file and line at a folder that is not the release, a malformed label line or alignment, an unknown
    label code, or a name that is not of the scheme.
    """
    release = _release(root)
    labels = sorted(_files(release, "dialog/EmoEvaluation/*.txt"))
    if not labels:
        raise SerError(f"{release}: has session folders, but no labels Session*/dialog/EmoEvaluation/*.txt in them.")
    rows: list[Utterance] = []
    for path in labels:
        texts_of: dict[str, dict[str, str]] = {}
        labelled = (turn for turn in turns(path) if not UNLABELLED.search(turn.utterance))
        rows += [_utterance(root, path, turn, texts_of) for turn in labelled]
    return rows


def _utterance(root: Path, path: Path, turn: Utterance, texts_of: dict[str, dict[str, str]]) -> Utterance:
    """Return the row of ``turn`` from the label file ``path``; ``texts_of`` caches transcriptions."""
    session = path.parents[2]
    match = NAME.fullmatch(turn.utterance)
    if match is None or match[2] != f"Ses0{session.name[-1]}":
        raise SerError(
            f"{turn.where}: '{turn.utterance}' does not name an utterance of {session.name}; names look like "
            f"Ses0{session.name[-1]}F_impro01_F000 or Ses0{session.name[-1]}M_script01_1_M012."
        )
    dialog, name, style, letter = match.groups()
    if dialog not in texts_of:
        transcription = session / "dialog/transcriptions" / f"{dialog}.txt"
        texts_of[dialog] = texts(transcription) if transcription.is_file() else {}
    return replace(
        turn,
        audio=(session / "sentences/wav" / dialog / f"{turn.utterance}.wav").relative_to(root).as_posix(),
        speaker=name + letter,
        session=name,
        dialog=dialog,
        gender={"F": "female", "M": "male"}[letter],
        style={"impro": "improvised", "script": "scripted"}[style],
        language="en",
        text=texts_of[dialog].get(turn.utterance),
        words=words(session / "sentences/ForcedAlignment" / dialog / f"{turn.utterance}.wdseg"),
    )


def verify(rows: Sequence[Utterance]) -> list[str]:
    """Return how ``rows`` differ from the published counts per session, label, speaker and style, in sentences."""
    expected = dict(zip(SESSIONS, SESSION_TOTALS, strict=True))
    for emotion, counts in PER_SESSION.items():
        expected |= {f"{session} {emotion}": count for session, count in zip(SESSIONS, counts, strict=True)}
    expected |= CARD.labels
    expected |= {f"{FOUR_NAMED} {name}": count for name, count in zip(SPEAKERS, SPEAKER_TOTALS, strict=True)}
    found = [f"{FOUR_NAMED} {row.speaker}" for row in rows if row.emotion in FOUR_CLASSES]
    for row in rows:
        found += [str(row.session), f"{row.session} {row.emotion}", str(row.emotion), str(row.style)]
    differing = differences(expected | STYLES, found)
    if silent := [row.utterance for row in rows if row.text is None]:
        differing.append(f"{len(silent)} utterances have no transcription: {offenders(silent)}")
    return differing


def _release(root: Path | None) -> Path:
    """Return the folder that holds Session1 to Session5: ``root``, or a folder in it whose name begins with IEMOCAP."""
    if root is None or not root.is_dir():
        raise SerError(f"the root of IEMOCAP, {root}, is not a folder; give the folder with Session1 to Session5.")
    inside = sorted(path.name for path in root.iterdir() if not path.name.startswith("."))
    for name in ("", *(name for name in inside if name.startswith("IEMOCAP"))):
        if any((root / name / folder).is_dir() for folder in FOLDERS):
            return root / name
    raise SerError(
        f"{root} is not a release of IEMOCAP: expected the folders {', '.join(FOLDERS)}, here or in "
        f"IEMOCAP_full_release, found {offenders(inside) or 'nothing'}."
    )


def _files(release: Path, pattern: str) -> list[Path]:
    """Return the sessions' files of a pattern without those whose name begins with a dot (AppleDouble leftovers)."""
    return [
        path
        for folder in FOLDERS
        for path in (release / folder).glob(pattern)
        if not path.name.startswith(".") and not path.parent.name.startswith(".")
    ]
