"""Networks of ``transformers`` with weights that their authors published.

Nothing in the weights is executed: they are safetensors, or a checkpoint that torch reads with ``weights_only``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ser.errors import SerError, offenders
from ser.layers.pretrained import Pretrained

UNUSED = ("masked_spec_embed",)  # a parameter for training, which many published files lack


def load(found: Pretrained, model: str, network: str, inside: str = "") -> nn.Module:
    """Return the class ``network`` of ``transformers`` with the weights of ``found``, float32, in evaluation mode.

    model: its name in messages; inside: the attribute of the network that is used, whose weights must be complete;
    empty: all of it. SerError for weights that cannot be read or are of another architecture than config.json.
    """
    transformers = library()
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    safe = found.weights.suffix == ".safetensors"
    options = {"local_files_only": True, "weights_only": True, "use_safetensors": safe, "dtype": torch.float32}
    with reading(model, found.weights):
        loaded, notes = getattr(transformers, network).from_pretrained(
            found.folder, output_loading_info=True, **options
        )
    lacking = sorted(name for name in notes["missing_keys"] if not name.endswith(UNUSED) and _within(inside, name))
    if lacking or notes["mismatched_keys"]:
        named = offenders(lacking or [one[0] for one in notes["mismatched_keys"]])
        raise SerError(
            f"model '{model}': {found.weights.name} holds weights of another architecture than config.json: {named}."
        )
    used: nn.Module = getattr(loaded, inside) if inside else loaded
    return used.eval()


def library() -> Any:
    """Return ``transformers``, which is imported where it is used; SerError where it is not installed."""
    try:
        import transformers
    except ModuleNotFoundError as error:
        raise SerError("pretrained encoders need transformers: pip install 'ser[finetuning]'.") from error
    return transformers


@contextmanager
def reading(model: str, file: Path) -> Iterator[None]:
    """Turn whatever transformers, torch and safetensors raise, which are many unrelated types, into a SerError."""
    try:
        yield
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise SerError(f"model '{model}' cannot be loaded from {file}; nothing in it was executed. {reason}") from error


def _within(inside: str, name: str) -> bool:
    """Return whether a parameter belongs to what is used: Whisper's decoder is not."""
    return not inside or name.removeprefix("model.").startswith(f"{inside}.")
