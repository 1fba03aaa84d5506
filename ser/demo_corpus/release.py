"""Write the planned dialogs as a release of IEMOCAP's layout, several at a time."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

from ser.demo_corpus.espeak import Speaker, speaker
from ser.demo_corpus.iemocap_files import (
    APPLE_DOUBLE,
    Rated,
    alignment,
    labels,
    rate,
    save,
    single_ratings,
    transcription,
)
from ser.demo_corpus.recording import record
from ser.demo_corpus.scenario import Dialog
from ser.jobs.progress import progress

README = (
    "A synthetic corpus in the layout of IEMOCAP.",
    "The voices are eSpeak NG's, the sentences come from a grammar, the ratings from a random generator.",
    "Nothing that is measured on it says anything about emotion or about people.",
)
FORMATS = (
    "SessionN/dialog/EmoEvaluation/<dialog>.txt   labels",
    "SessionN/dialog/transcriptions/<dialog>.txt  what was said",
    "SessionN/sentences/wav/<dialog>/*.wav        16 kHz, mono, 16 bit",
    "SessionN/sentences/ForcedAlignment/<dialog>/*.wdseg  words, frames of 10 ms",
)


def write(root: Path, plan: list[Dialog], seed: int, jobs: int | None) -> None:
    """Write all dialogs below ``root``; ``jobs`` synthesisers run at once, by default one per usable core.

    The bytes do not depend on ``jobs``: each recording and each text follows from its own name and ``seed`` alone.
    """
    save(root / "README.txt", README)
    save(root / "Documentation" / "formats.txt", FORMATS)
    count = max(1, min(jobs or _cores(), len(plan)))
    free: SimpleQueue[Speaker] = SimpleQueue()

    def one(dialog: Dialog) -> None:
        mine = free.get()
        try:
            _dialog(root, dialog, mine, seed)
        finally:
            free.put(mine)

    with ExitStack() as stack, ThreadPoolExecutor(count) as pool:
        for _ in range(count):
            free.put(stack.enter_context(speaker()))
        try:
            for _ in progress(pool.map(one, plan), total=len(plan), unit="dialogs"):
                pass
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _dialog(root: Path, dialog: Dialog, voices: Speaker, seed: int) -> None:
    """Record a dialog's turns, and write its labels, transcription, alignments and single ratings."""
    name = dialog.name
    session = root / f"Session{name[4]}"
    recordings = session / "sentences/wav" / name
    recordings.mkdir(parents=True)
    rated = rate(name, [record(turn, voices, recordings / f"{turn.name}.wav", seed) for turn in dialog.turns], seed)
    evaluation, spoken = session / "dialog/EmoEvaluation", session / "dialog/transcriptions"
    save(evaluation / f"{name}.txt", labels(rated), crlf=name.startswith("Ses04") and "script" in name)
    save(spoken / f"{name}.txt", transcription(name, rated, seed), crlf=name.startswith("Ses02M"))
    for turn in rated:
        one = turn.recorded
        if not _unaligned(one.turn.name):
            save(session / "sentences/ForcedAlignment" / name / f"{one.turn.name}.wdseg", alignment(one, seed))
    _single(evaluation, name, rated)
    if name.startswith("Ses05M"):
        for path in (evaluation, spoken):
            (path / f"._{name}.txt").write_bytes(APPLE_DOUBLE)
        (recordings / f"._{dialog.turns[0].name}.wav").write_bytes(APPLE_DOUBLE)


def _unaligned(utterance: str) -> bool:
    """Tell whether the alignment is missing, as two of session 3 are in the release; any demo lacks some."""
    return utterance == "Ses03F_impro07_M030" or (utterance.startswith("Ses03M_impro") and utterance.endswith("_M001"))


def _single(evaluation: Path, name: str, rated: list[Rated]) -> None:
    """Write each rater's own files, which a reader of labels must not take for them."""
    for rater in sorted({judge for turn in rated for judge, _, _ in turn.categories}):
        own = rater[0] != "E"
        categories, dimensions = single_ratings(rated, rater)
        stem = f"{name}_{rater.lower()}"
        save(evaluation / ("Self-evaluation" if own else "Categorical") / f"{stem}_cat.txt", categories)
        if dimensions:
            save(evaluation / ("Self-evaluation" if own else "Attribute") / f"{stem}_atr.txt", dimensions)
