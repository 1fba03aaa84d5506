"""Speaker embedding of an utterance: 512 dimensions, from the weights of a trained time-delay network.

The x-vector that Peng et al. (2021) append to their model. The weights are SpeechBrain's VoxCeleb checkpoint
(`embedding_model.ckpt` of spkrec-xvect-voxceleb) or come from the stage `train_xvector`, which trains the same network
on a corpus's own speakers. The paper used Kaldi's x-vector. The embedding is the affine output, without LDA and length
normalisation.
"""

import json
from functools import cache
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError
from ser.features import _weights
from ser.features._frames import Signal, require
from ser.features._torch import computing_device, inference
from ser.files import embedded_checksum
from ser.files.checksums import checksum
from ser.tables.contracts import TRAINED_HERE

if TYPE_CHECKING:
    from ser.layers.xvector import XVector

DTYPE = "float32"
HOP = None
DEPENDS = ("torch",)
TRAINED = {"weights": "train_xvector"}  # made by this rule where the configuration names no file
WHAT = "x-vector weights"


def dims(**_: object) -> int:
    """Return the values per row."""
    return 512


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
    """Return the embedding of the whole utterance, (1, 512), float32; the same for any gain.

    weights: path or address of a `.ckpt` or `.safetensors` file; sha256: that it must have, required of an address.
    SerError if the rate is not 16 kHz, the signal is shorter than 30 ms, or the file is another or does not hold this
    network.
    """
    import torch

    from ser.layers.xvector import MINIMUM, centred, log_mel

    require(signal, rate, minimum=MINIMUM)
    path = _weights.located(weights, sha256, WHAT)
    on = computing_device(device)
    model = _model(path, on, _modified(path))
    with inference():
        wave = torch.from_numpy(np.array(signal, dtype=np.float32)).to(on)
        embedding: NDArray[np.float32] = model(centred(log_mel(wave[None]))).cpu().numpy()
    return embedding


def provenance(*, weights: str, sha256: str | None = None, **_: object) -> str:
    """Return one line on where ``weights`` come from, for tables and run cards."""
    from safetensors import SafetensorError, safe_open

    path = _weights.located(weights, sha256, WHAT)
    _modified(path)
    notes: Any = {}  # of the stage `train_xvector` on its training
    try:
        if path.suffix == ".safetensors":
            embedded_checksum.verify(path)
            with safe_open(path, framework="pt") as file:
                notes = json.loads((file.metadata() or {}).get("training", "{}"))
        if notes != {}:
            return (
                f"{TRAINED_HERE} on the {notes['speakers']} speakers of corpus {notes['corpus']}, those of test "
                f"parts included, without emotion labels (speaker accuracy {notes['speaker_accuracy']:.3f} on "
                f"{notes['held_out']} held-out utterances; {notes['epochs']} epochs, seed {notes['seed']})"
            )
    except (SafetensorError, OSError) as error:
        raise SerError(f"{path} is not a safetensors file: {error}.") from error
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise SerError(
            f"{path}: the note 'training' is not in the format of `ser train-xvector`; train the weights again."
        ) from error
    return f"SpeechBrain-format file {path.name}, blake2b {checksum(path)}"


def _modified(weights: Path) -> int:
    """Return when the file changed last, in ns; SerError if there is none."""
    if not weights.is_file():
        raise SerError(
            f"{weights} does not exist; give SpeechBrain's spkrec-xvect-voxceleb/"
            "embedding_model.ckpt or the output of `ser train-xvector`."
        )
    return weights.stat().st_mtime_ns


@cache
def _model(weights: Path, device: str, _changed: int) -> "XVector":
    """Return the network with ``weights``, in evaluation mode, on ``device``; no code in the file is executed."""
    import torch
    from safetensors.torch import load_file

    from ser.layers.xvector import XVector

    embedded_checksum.verify(weights)
    try:
        if weights.suffix == ".safetensors":
            found = load_file(weights)
        else:
            found = torch.load(weights, map_location="cpu", weights_only=True)
    except Exception as error:  # for a damaged file torch's unpickler raises any exception
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise SerError(f"{weights} cannot be read as weights; nothing in it was executed. {reason}") from error
    model = XVector()
    try:
        model.load_state_dict(found)
        if missing := model.state_dict().keys() - found.keys():  # torch accepts that num_batches_tracked is missing
            raise RuntimeError(f"Missing key(s): {', '.join(sorted(missing))}")
    except (RuntimeError, AttributeError, TypeError) as error:  # the last two: no table, or a name that is no text
        raise SerError(
            f"{weights} does not hold the x-vector network (24 mel bands, 512 dimensions, 37 entries as in "
            f"SpeechBrain's embedding_model.ckpt): {shorten(str(error), 600)}"
        ) from error
    return model.eval().to(device)
