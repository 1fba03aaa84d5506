"""Record the planned dialogs and write them in the layout of an IEMOCAP release, several dialogs at a time."""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import soundfile

from ser.audio.reading import RATE, resample
from ser.demo_corpus import espeak, iemocap_files
from ser.demo_corpus.scenario import PlannedUtterance
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
# The release lacks two alignments of session 3; by the second pattern every demo corpus lacks some.
UNALIGNED = re.compile(r"Ses03F_impro07_M030|Ses03M_impro.*_M001")
SILENCE = 0.12  # seconds before and after the speech
FLOOR = 3e-4  # standard deviation of the noise, of full scale 1: about -70 dB
LEVEL = 0.7  # eSpeak's loudest voices nearly clip


def write(root: Path, plan: Mapping[str, Sequence[PlannedUtterance]], seed: int, jobs: int | None) -> None:
    """Write all dialogs below ``root``, ``jobs`` at a time, by default one per usable core.

    The bytes do not depend on ``jobs``: each recording and each text depends on its own name and ``seed`` alone.
    """
    iemocap_files.save(root / "README.txt", README)
    iemocap_files.save(root / "Documentation" / "formats.txt", FORMATS)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with ThreadPoolExecutor(max(1, min(jobs or cores, len(plan)))) as pool:
        written = pool.map(lambda name: _dialog(root, name, plan[name], seed), plan)
        try:
            for _ in progress(written, total=len(plan), unit="dialogs"):
                pass
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _dialog(root: Path, name: str, utterances: Sequence[PlannedUtterance], seed: int) -> None:
    """Write a dialog's recordings, labels, transcription, alignments and single ratings."""
    session = root / f"Session{name[4]}"
    recordings = session / "sentences/wav" / name
    recordings.mkdir(parents=True)
    seconds = []
    speech = espeak.synthesise([(one.text, one.voice) for one in utterances])
    for one, (samples, words) in zip(utterances, speech, strict=True):
        seconds.append(_record(samples, recordings / f"{one.name}.wav", seed))
        if not UNALIGNED.fullmatch(one.name):
            begun = [(word, start + SILENCE) for word, start in words]
            aligned = iemocap_files.alignment(one.name, seconds[-1], begun, seed)
            iemocap_files.save(session / "sentences/ForcedAlignment" / name / f"{one.name}.wdseg", aligned)
    rated = iemocap_files.rate(name, utterances, seconds, seed)
    evaluation, transcriptions = session / "dialog/EmoEvaluation", session / "dialog/transcriptions"
    windows = name.startswith("Ses04") and "script" in name  # line ends, as in the release
    iemocap_files.save(evaluation / f"{name}.txt", iemocap_files.labels(rated), crlf=windows)
    transcription = iemocap_files.transcription(name, rated, seed)
    iemocap_files.save(transcriptions / f"{name}.txt", transcription, crlf=name.startswith("Ses02M"))
    for file, lines in iemocap_files.single_ratings(name, rated).items():
        iemocap_files.save(evaluation / file, lines)
    if name.startswith("Ses05M"):
        for path in (evaluation / f"._{name}.txt", transcriptions / f"._{name}.txt"):
            path.write_bytes(iemocap_files.APPLE_DOUBLE)
        (recordings / f"._{utterances[0].name}.wav").write_bytes(iemocap_files.APPLE_DOUBLE)


def _record(speech: bytes, path: Path, seed: int) -> float:
    """Write eSpeak's ``speech`` to ``path`` as 16-bit mono WAV at 16 kHz, with silence and noise; return its seconds.

    The noise depends on the file's name and ``seed``.
    """
    original = np.frombuffer(speech, dtype="<i2").astype(np.float32) / np.float32(32768)
    signal = np.pad(resample(original, espeak.RATE) * LEVEL, round(SILENCE * RATE))
    digest = hashlib.blake2b(f"{seed}/{path.stem}".encode(), digest_size=8).digest()
    noise = np.random.default_rng(int.from_bytes(digest, "big")).standard_normal(len(signal), dtype=np.float32)
    samples = np.clip(np.rint((signal + FLOOR * noise) * 32767), -32768, 32767).astype("<i2")
    soundfile.write(path, samples, RATE, "PCM_16")
    return len(samples) / RATE
