"""A synthetic corpus in the layout of IEMOCAP, so that the pipeline runs without a licence.

Ten eSpeak NG voices in five sessions read generated sentences. The label shifts pitch, intonation, rate and loudness,
with overlapping distributions. With 10039 utterances its counts per session, label, style and, over the four usual
classes, speaker are IEMOCAP's own. The same options give the same bytes.
"""

from collections.abc import Sequence
from pathlib import Path

from ser.corpora import iemocap
from ser.corpora._emoevaluation import CODES, SCALE
from ser.corpus import Card, Facts, Utterance, differences
from ser.demo_corpus.code_counts import SESSIONS, SPEAKERS, counts
from ser.errors import SerError, offenders

STYLES = {"impro": "improvised", "script": "scripted"}

CARD = Card(
    title="Demo (synthetic speech)",
    licence="made by eSpeak NG from generated sentences; free of rights",
    homepage="https://github.com/espeak-ng/espeak-ng",
    language="en",
    utterances=None,  # an option decides it
    speakers=SPEAKERS,
    sessions=SESSIONS,
    scale=SCALE,
    warning="The demo corpus is synthetic speech with made-up labels: its scores say nothing about emotion.",
)


def facts(root: Path | None, *, utterances: int = 300, **_: object) -> Facts:  # noqa: ARG001
    """Return the figures of the corpus that the options describe; nothing is read, so ``root`` need not exist yet."""
    planned = _labels(utterances)
    emotions = tuple(emotion for emotion in CODES.values() if any(f" {emotion} " in name for name in planned))
    return Facts(utterances, SPEAKERS, SESSIONS, emotions)


def sources(root: Path, *, utterances: int = 300, seed: int = 0) -> list[Path]:
    """Return every file that the adapter reads, sorted."""
    del utterances, seed
    return iemocap.sources(root)


def audio_files(root: Path, **_: object) -> list[str]:
    """Return every recording, relative to ``root``, sorted."""
    return iemocap.audio_files(root)


def utterances(root: Path, **_: object) -> list[Utterance]:
    """Return all utterances; they are read as those of IEMOCAP are."""
    return iemocap.utterances(root)


def verify(rows: Sequence[Utterance], *, utterances: int = 300, **_: object) -> list[str]:
    """Return how ``rows`` differ from the plan, per speaker, label and style; none if they agree."""
    planned = _labels(utterances)
    found = [f"{row.speaker} {row.emotion} {row.style}" for row in rows]
    differing = differences(planned, found)
    if strangers := [row.utterance for row, name in zip(rows, found, strict=True) if name not in planned]:
        differing.append(f"{len(strangers)} utterances are not in the plan: {offenders(strangers)}")
    return differing


def release(root: Path, *, utterances: int = 300, seed: int = 0, jobs: int | None = None) -> None:
    """Write the corpus into the empty folder ``root``: 40 to 10039 utterances, the latter some 12 hours of speech.

    From 150 utterances on every label occurs, and each speaker has each of the five main labels in both styles.
    ``jobs`` dialogs are written at once, by default one per usable core; the files do not depend on it.
    """
    from ser.demo_corpus.release import write
    from ser.demo_corpus.scenario import dialogs

    plan = dialogs(utterances, seed)
    root.mkdir(parents=True, exist_ok=True)
    if there := sorted(path.name for path in root.iterdir()):
        raise SerError(
            f"{root} is not empty; it contains {offenders(there)}; the demo corpus is written into a new folder."
        )
    write(root, plan, seed, jobs)


def _labels(utterances: int) -> dict[str, int]:
    """Return the planned utterances per speaker, emotion and style, separated by spaces, without the empty ones."""
    return {
        f"{speaker} {CODES[code]} {STYLES[style]}": count
        for (speaker, style, code), count in counts(utterances).items()
        if count
    }
