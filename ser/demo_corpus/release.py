"""Write the planned dialogs in the layout of an IEMOCAP release, several dialogs at a time."""

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

from ser.demo_corpus.espeak import Synthesiser, synthesiser
from ser.demo_corpus.iemocap_files import (
    APPLE_DOUBLE,
    RatedUtterance,
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
    "SessionN/dialog/transcriptions/<dialog>.txt  the words of each utterance",
    "SessionN/sentences/wav/<dialog>/*.wav        16 kHz, mono, 16 bit",
    "SessionN/sentences/ForcedAlignment/<dialog>/*.wdseg  words, frames of 10 ms",
)


def write(root: Path, plan: list[Dialog], seed: int, jobs: int | None) -> None:
    """Write all dialogs below ``root`` with ``jobs`` synthesisers at a time, by default one per usable core.

    The bytes do not depend on ``jobs``: each recording and each text depends on its own name and ``seed`` alone.
    """
    save(root / "README.txt", README)
    save(root / "Documentation" / "formats.txt", FORMATS)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    count = max(1, min(jobs or cores, len(plan)))
    free: SimpleQueue[Synthesiser] = SimpleQueue()

    def one(dialog: Dialog) -> None:
        own = free.get()
        try:
            _dialog(root, dialog, own, seed)
        finally:
            free.put(own)

    with ExitStack() as stack, ThreadPoolExecutor(count) as pool:
        for _ in range(count):
            free.put(stack.enter_context(synthesiser()))
        try:
            for _ in progress(pool.map(one, plan), total=len(plan), unit="dialogs"):
                pass
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _dialog(root: Path, dialog: Dialog, own: Synthesiser, seed: int) -> None:
    """Write a dialog's recordings, labels, transcription, alignments and single ratings."""
    name = dialog.name
    session = root / f"Session{name[4]}"
    recordings = session / "sentences/wav" / name
    recordings.mkdir(parents=True)
    recorded = [record(one, own, recordings / f"{one.name}.wav", seed) for one in dialog.utterances]
    rated = rate(name, recorded, seed)
    evaluation, transcriptions = session / "dialog/EmoEvaluation", session / "dialog/transcriptions"
    save(evaluation / f"{name}.txt", labels(rated), crlf=name.startswith("Ses04") and "script" in name)
    save(transcriptions / f"{name}.txt", transcription(name, rated, seed), crlf=name.startswith("Ses02M"))
    for one in recorded:
        if not _unaligned(one.planned.name):
            save(session / "sentences/ForcedAlignment" / name / f"{one.planned.name}.wdseg", alignment(one, seed))
    _single(evaluation, name, rated)
    if name.startswith("Ses05M"):
        for path in (evaluation, transcriptions):
            (path / f"._{name}.txt").write_bytes(APPLE_DOUBLE)
        (recordings / f"._{dialog.utterances[0].name}.wav").write_bytes(APPLE_DOUBLE)


def _unaligned(utterance: str) -> bool:
    """Return whether the alignment is left out: the release lacks two of session 3, and every demo corpus some."""
    return utterance == "Ses03F_impro07_M030" or (utterance.startswith("Ses03M_impro") and utterance.endswith("_M001"))


def _single(evaluation: Path, name: str, rated: list[RatedUtterance]) -> None:
    """Write each rater's own files, which an adapter must not take for the labels."""
    for rater in sorted({judge for one in rated for judge, _, _ in one.categories}):
        own = rater[0] != "E"
        categories, dimensions = single_ratings(rated, rater)
        stem = f"{name}_{rater.lower()}"
        save(evaluation / ("Self-evaluation" if own else "Categorical") / f"{stem}_cat.txt", categories)
        if dimensions:
            save(evaluation / ("Self-evaluation" if own else "Attribute") / f"{stem}_atr.txt", dimensions)
