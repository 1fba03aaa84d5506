"""MSP-IMPROV: twelve actors in six sessions of two, read, improvised and natural turns, 8438 recordings.

Busso, Parthasarathy, Burmania, AbdelWahab, Sadoughi & Mower Provost (2017): MSP-IMPROV: an acted corpus of dyadic
interactions to study emotion perception, IEEE Transactions on Affective Computing 8(1). Labels are in
``Evalution.txt``, as the release spells it: a block per turn, whose first line has the label of the plurality and the
mean activation, valence and dominance from 1 to 5; X is no agreement. ``UTD-IMPROV-S01A-F01-S-FM01.avi`` there is
``session1/S01A/S/MSP-IMPROV-S01A-F01-S-FM01.wav``: sentence with its emotion, gender and session, and the setting: R
read, S and T improvised, P natural, between the takes. The speaker is not read: no public document tells which letter
names the one of the two actors of a session who utters a turn. Leave sessions out, with ``dev: session``.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from ser.audio.formats import SUFFIXES
from ser.corpora._label_table import rating
from ser.corpus import Card, Facts, Utterance, differences, facts_of
from ser.emotions import NAMES
from ser.errors import SerError, unknown
from ser.files.listing import recordings

TABLES = ("Evalution.txt", "Evaluation.txt")
HEAD = re.compile(r"UTD-IMPROV-(?P<dialog>S\d\d[AHNS]-[FM](?P<session>0[1-6])-(?P<setting>[RSTP]))-[FM]{2}\d+")
EMOTIONS = {"A": "angry", "H": "happy", "N": "neutral", "O": "other", "S": "sad", "X": "undecided"}
STYLES = {"P": "natural", "R": "scripted", "S": "improvised", "T": "improvised"}
COUNTS = {"natural": 2785, "scripted": 620, "improvised": 4381 + 652}

CARD = Card(
    title="MSP-IMPROV",
    licence="research, after a signed agreement",
    homepage="https://ecs.utdallas.edu/research/researchlabs/msp-lab/MSP-Improv.html",
    language="en",
    utterances=8438,
    sessions=tuple(f"session{number}" for number in range(1, 7)),
    scale=(1, 5),
)


def facts(root: Path | None, *, allow_subset: bool = False) -> Facts:
    """Return the card's figures; with ``allow_subset`` those of the labels below ``root``."""
    known = tuple(name for name in NAMES if name in EMOTIONS.values())
    if allow_subset and root is not None and root.is_dir():
        return facts_of(utterances(root), known)
    return Facts(8438, (), CARD.sessions, known)


def sources(root: Path) -> list[Path]:
    """Return the file of the labels and the recordings."""
    return [_table(root), *(root / audio for audio in audio_files(root))]


def audio_files(root: Path) -> list[str]:
    """Return all recordings whose name begins with MSP-IMPROV, relative to ``root``, sorted."""
    found = recordings(root, SUFFIXES, links=True)
    return [audio for audio in found if PurePosixPath(audio).name.startswith("MSP-IMPROV-")]


def utterances(root: Path) -> list[Utterance]:
    """Return one row per turn of the labels; SerError with file and line at a name, label or rating that is wrong."""
    audio = {PurePosixPath(path).stem: path for path in audio_files(root)}
    table = _table(root)
    rows = [_utterance(line, f"{table}:{number}", audio) for number, line in _heads(table)]
    if not rows:
        raise SerError(f"{table}: has no line such as 'UTD-IMPROV-S01A-F01-S-FM01.avi; N; A:3.0; V:3.5; D:3.0;'.")
    return rows


def _heads(table: Path) -> Iterator[tuple[int, str]]:
    """Yield number and text of the first line of every block; the other lines are of single listeners."""
    for number, line in enumerate(table.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        if line.startswith("UTD-IMPROV-"):
            yield number, line


def _utterance(line: str, where: str, audio: dict[str, str]) -> Utterance:
    name, *cells = (cell.strip() for cell in line.split(";"))
    match = HEAD.fullmatch(name.rpartition(".")[0])
    if match is None or not cells:
        raise SerError(f"{where}: '{name}' is not named as UTD-IMPROV-S01A-F01-S-FM01.avi is, or has no label.")
    if cells[0] not in EMOTIONS:
        raise SerError(f"{where}: {unknown('code of an emotion', cells[0], EMOTIONS)}")
    means = dict(cell.split(":", 1) for cell in cells[1:] if ":" in cell)
    stem = f"MSP-{match[0].removeprefix('UTD-')}"
    sentence, _, setting = match["dialog"].split("-")
    return Utterance(
        utterance=stem,
        audio=audio.get(stem, f"session{int(match['session'])}/{sentence}/{setting}/{stem}.wav"),
        where=where,
        emotion=EMOTIONS[cells[0]],
        session=f"session{int(match['session'])}",
        dialog=match["dialog"],
        activation=rating(means.get("A", ""), where),
        valence=rating(means.get("V", ""), where),
        dominance=rating(means.get("D", ""), where),
        style=STYLES[match["setting"]],
        language="en",
    )


def verify(rows: Sequence[Utterance]) -> list[str]:
    """Return the differences from the published number of turns of each setting, in sentences."""
    return differences(COUNTS, (str(row.style) for row in rows))


def _table(root: Path) -> Path:
    found = (path for name in TABLES for path in (root / name, *sorted(root.glob(f"*/{name}"))) if path.is_file())
    table = next(found, None)
    if table is None:
        raise SerError(f"{root}: has no {TABLES[0]}, here or in a folder of it; is this MSP-IMPROV?")
    return table
