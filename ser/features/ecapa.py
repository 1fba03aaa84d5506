"""Speaker embedding of an utterance: 192 dimensions, from SpeechBrain's ECAPA-TDNN, trained on VoxCeleb 1 and 2.

Desplanques et al., Interspeech 2020. The weights are the file `embedding_model.ckpt` of spkrec-ecapa-voxceleb. The
embedding is the affine output; its length is not normalised.
"""

from functools import cache
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError
from ser.features import _weights
from ser.features._frames import Signal, require
from ser.features._torch import computing_device, inference
from ser.files import published

if TYPE_CHECKING:
    from ser.layers.ecapa import EcapaTdnn

DTYPE = "float32"
HOP = None
DEPENDS = ("torch",)
WHAT = "ECAPA-TDNN weights"


def dims(**_: object) -> int:
    """Return the values per row."""
    return 192


def files(*, weights: str, sha256: str | None = None, **_: object) -> list[Path]:
    """Return the file of the weights; none of an address, whose SHA-256 must be given."""
    return _weights.local_files(weights, sha256, WHAT)


def extract(
    signal: Signal,
    rate: int,
    *,
    weights: str,
    sha256: str | None = None,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> NDArray[np.float32]:
    """Return the embedding of the whole utterance, (1, 192), float32; the same for any gain.

    weights: path or address of a `.ckpt` or `.safetensors` file; sha256: that it must have, required of an address.
    SerError if the rate is not 16 kHz, the signal is shorter than 40 ms, or the file is another or does not hold this
    network.
    """
    import torch

    from ser.layers.ecapa import MINIMUM, centred_log_mel

    require(signal, rate, minimum=MINIMUM)
    path = _file(weights, sha256)[0]
    on = computing_device(device)
    model = _model(path, on, path.stat().st_mtime_ns)
    with inference():
        wave = torch.from_numpy(np.array(signal, dtype=np.float32)).to(on)
        embedding: NDArray[np.float32] = model(centred_log_mel(wave[None])).cpu().numpy()
    return embedding


def provenance(*, weights: str, sha256: str | None = None, **_: object) -> str:
    """Return one line on where ``weights`` come from, for tables and run cards."""
    path, digest = _file(weights, sha256)
    return f"SpeechBrain-format file {path.name} of ECAPA-TDNN, SHA-256 {digest}"


def _file(weights: str, sha256: str | None) -> tuple[Path, str]:
    """Return the file of the weights, downloaded if it is an address, and its SHA-256; SerError if there is none."""
    return published.obtained(str(_weights.located(weights, sha256, WHAT)), None, _weights.DOWNLOADED, WHAT)


@cache
def _model(weights: Path, device: str, _changed: int) -> "EcapaTdnn":
    """Return the network with ``weights``, in evaluation mode, on ``device``; no code in the file is executed."""
    import torch
    from safetensors.torch import load_file

    from ser.layers.ecapa import EcapaTdnn

    try:
        if weights.suffix == ".safetensors":
            found = load_file(weights)
        else:
            found = torch.load(weights, map_location="cpu", weights_only=True)
    except Exception as error:  # for a damaged file torch's unpickler raises any exception
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise SerError(f"{weights} cannot be read as weights; nothing in it was executed. {reason}") from error
    model = EcapaTdnn()
    try:
        model.load_state_dict(found)
        if missing := model.state_dict().keys() - found.keys():  # torch accepts that num_batches_tracked is missing
            raise RuntimeError(f"Missing key(s): {', '.join(sorted(missing))}")
    except (RuntimeError, AttributeError, TypeError) as error:  # the last two: no table, or a name that is no text
        raise SerError(
            f"{weights} does not hold ECAPA-TDNN (80 mel bands, 192 dimensions, 231 entries as in SpeechBrain's "
            f"embedding_model.ckpt): {shorten(' '.join(str(error).split()), 400)}"
        ) from error
    return model.eval().to(device)
