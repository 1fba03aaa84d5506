"""Speaker embedding of an utterance: 256 dimensions, from a recurrent network that was trained on other people.

Wan et al. (2018), "Generalized end-to-end loss for speaker verification", with the weights of Resemblyzer 0.1.4
(Apache-2.0). The utterance is made as loud as −30 dB below full scale if it is softer, and cut into pieces of 1.6 s,
0.77 s apart; the mean of their embeddings is scaled to length 1. That is Resemblyzer's `embed_utterance` of its
`normalize_volume`; its cut of silences, which is another program's, is left out (see `trim` of a corpus).
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ser.errors import SerError
from ser.features._frames import Matrix, Signal, hann, powers, require
from ser.features._torch import computing_device, inference
from ser.features.mfcc import mel_filters
from ser.files import published

if TYPE_CHECKING:
    from ser.layers.ge2e import SpeakerLSTM

DTYPE = "float32"
HOP = None
DEPENDS = ("torch",)

PACKAGE, FILE = "resemblyzer", "pretrained.pt"
SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
MELS, WINDOW, HOP_SAMPLES = 40, 400, 160
PIECE, STEP = 160, 77  # frames of a piece, and between two
COVERED = 0.75  # share of the last piece that the utterance must fill
LEVEL = 10 ** (-30 / 20)  # rms


def dims(**_: object) -> int:
    """Return the values of the vector."""
    return 256


def files(*, weights: str | None = None, **_: object) -> list[Path]:
    """Return the file of the weights; SerError if there is none."""
    return [_path(weights)]


def provenance(*, weights: str | None = None, **_: object) -> str:
    """Return one line on the weights, for tables and run cards."""
    path = _path(weights)
    return (
        f"GE2E speaker encoder, {path.name} SHA-256 {published.sha256(path)}, licence apache-2.0, other people's voices"
    )


def extract(
    signal: Signal, rate: int, *, weights: str | None = None, device: Literal["auto", "cpu", "cuda"] = "auto"
) -> Matrix:
    """Return the embedding of the utterance, (1, 256), float32, between 0 and 1, of length 1.

    weights: path of Resemblyzer's `pretrained.pt`; by default that of the installed package, which is not imported.
    SerError if the rate is not 16 kHz, the signal is empty, or the file is another.
    """
    import torch

    require(signal, rate, minimum=1)
    level = float(np.sqrt(np.mean(np.square(signal, dtype=np.float64))))
    gain = np.float32(max(1.0, LEVEL / level) if level else 1.0)
    path = _path(weights)
    on = computing_device(device)
    model = _model(path, on, path.stat().st_mtime_ns)
    with inference():
        found = model(torch.from_numpy(pieces(signal * gain)).to(on)).cpu().numpy()
    mean = found.mean(axis=0)
    vector: Matrix = (mean / max(float(np.linalg.norm(mean)), 1e-12))[None].astype(np.float32)
    return vector


def pieces(signal: Signal) -> Matrix:
    """Return the mel powers of the pieces of a signal: (pieces, 160, 40), float32; zeros after its end."""
    frames = -(-(len(signal) + 1) // HOP_SAMPLES)
    starts = list(range(0, max(1, frames - PIECE + STEP + 1), STEP))
    if len(starts) > 1 and (len(signal) - starts[-1] * HOP_SAMPLES) / (PIECE * HOP_SAMPLES) < COVERED:
        starts.pop()
    padded = np.pad(signal, (0, max(0, (starts[-1] + PIECE) * HOP_SAMPLES - len(signal))))
    centred = np.pad(padded, WINDOW // 2).astype(np.float32)
    mel = powers(centred, hann(WINDOW), WINDOW, mel_filters(MELS, WINDOW), HOP_SAMPLES)
    return np.stack([mel[start : start + PIECE] for start in starts]).astype(np.float32)


def _path(weights: str | None) -> Path:
    """Return the file of the weights: the one named, or that of the installed package."""
    if weights is not None:
        path = Path(weights).expanduser()
        if not path.is_file():
            raise SerError(f"{path} does not exist; give Resemblyzer's {FILE}, or install the package for it.")
        return path
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise SerError(
            f"the feature ge2e needs the weights in the package {PACKAGE}: pip install --no-deps resemblyzer==0.1.4, "
            f"or name its {FILE} as 'weights'."
        )
    return Path(found.origin).parent / FILE


@cache
def _model(path: Path, device: str, _changed: int) -> "SpeakerLSTM":
    """Return the network in evaluation mode on ``device``; no code in the file is executed."""
    import torch

    from ser.layers.ge2e import SpeakerLSTM

    published.obtained(str(path), SHA256, path.parent, "GE2E weights")
    state = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
    model = SpeakerLSTM()
    model.load_state_dict({name: value for name, value in state.items() if name.split(".")[0] in ("lstm", "linear")})
    return model.eval().to(device)
