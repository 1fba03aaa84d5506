"""Whisper through faster-whisper: a model in CTranslate2's format, from a folder or the Hugging Face hub.

Radford et al. (2023), "Robust speech recognition via large-scale weak supervision". Greedy or beam search without
sampling, each utterance separately, no voice activity detection: the same recording gives the same text.
"""

from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ser.bounds import Count
from ser.errors import SerError, unknown
from ser.files.checksums import checksum

DEPENDS = ("faster-whisper", "ctranslate2")
RATE = 16000  # Hz, of every Whisper model
WEIGHTS, NEEDED = "model.bin", ("model.bin", "tokenizer.json")


class Whisper:
    """A loaded model. ``provenance``: versions, model, device, number format."""

    def __init__(self, model: Any, provenance: str, language: str | None, beam_size: int):
        self.model, self.provenance = model, provenance
        self.language, self.beam_size = language, beam_size

    def recognise(self, signal: NDArray[np.float32], rate: int) -> str:
        """Return the words in ``signal``, (samples,), −1…1 at 16 kHz; "" if the model recognises none."""
        if rate != RATE:
            raise SerError(f"faster_whisper is defined at {RATE} Hz, this signal has {rate} Hz.")
        segments, _ = self.model.transcribe(
            signal,
            language=self.language,
            beam_size=self.beam_size,
            temperature=0.0,
            condition_on_previous_text=False,
            vad_filter=False,
        )
        return "".join(segment.text for segment in segments).strip()


def load(
    *,
    model: str,
    revision: str | None = None,
    language: str | None = "en",
    beam_size: Count = 5,
    compute_type: str | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> Whisper:
    """Return the recogniser.

    model: folder of a converted model, or its name on the hub, such as ``large-v3``; revision: of a model on the hub;
    language: ISO code, null to detect it in each utterance; beam_size: 1 is greedy; compute_type: CTranslate2's number
    format, by default int8 on the CPU and float16 on a GPU. SerError if there is no such model, if it cannot be loaded,
    or if it does not know the language.
    """
    import ctranslate2
    from faster_whisper import WhisperModel

    folder, name = _folder(model, revision)
    if device == "auto":
        device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
    kind = compute_type or ("int8" if device == "cpu" else "float16")
    try:
        loaded = WhisperModel(str(folder), device=device, compute_type=kind)
    except (RuntimeError, ValueError, OSError) as error:
        raise SerError(f"the Whisper model '{model}' cannot be loaded on {device} as {kind}: {error}") from error
    if language is not None and language not in loaded.supported_languages:
        raise unknown(f"language of the Whisper model '{model}'", language, loaded.supported_languages)
    versions = f"faster-whisper {version('faster-whisper')}, CTranslate2 {version('ctranslate2')}"
    return Whisper(loaded, f"{versions}, model {name}, {device} {kind}", language, beam_size)


def files(*, model: str, **_: object) -> list[Path]:
    """Return the local files that a transcript depends on: none for a model from the hub."""
    folder = Path(model).expanduser()
    return [folder / WEIGHTS] if folder.is_dir() else []


def _folder(model: str, revision: str | None) -> tuple[Path, str]:
    """Return the folder of ``model``, downloaded from the hub if it is no folder, and its name with a checksum."""
    folder = Path(model).expanduser()
    if folder.is_dir():
        missing = [name for name in NEEDED if not (folder / name).is_file()]
        if missing:
            raise SerError(
                f"{folder} is not a Whisper model in CTranslate2's format: it lacks {' and '.join(missing)}."
            )
        return folder, f"{folder.resolve().name} (blake2b {checksum(folder / WEIGHTS)[:12]})"
    from faster_whisper.utils import download_model

    try:
        found = Path(download_model(model, revision=revision))
    except Exception as error:  # the hub's client and its HTTP library raise many unrelated types
        reason = str(error).strip().partition("\n")[0]
        raise SerError(
            f"the Whisper model '{model}' is neither a folder nor available from the hub ({reason}). Give the folder "
            "of a model in CTranslate2's format as 'model', or run once with access to huggingface.co."
        ) from error
    return found, f"{model} (hub revision {found.name[:12]})"
