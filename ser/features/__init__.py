"""The registry of features, one extractor per file, and their extraction from a signal that is an array."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ser.config.schema import Feature


def extract(
    name: str, signal: "NDArray[Any]", rate: int, *, config: Path | None = None, **options: Any
) -> "NDArray[np.generic]":
    """Return the feature ``name`` of a signal: (rows, dims), one row per hop or one per utterance.

    name: a feature that ``ser features`` lists; signal: (samples,) or (samples, channels), floats of −1…1 or integers
    of full scale; rate: in Hz; config: folder that holds ``features/``, by default the shipped one; options: of the
    extractor, besides or instead of those of the configuration. The values are those of the pipeline, before the view
    of a system. SerError for an unknown feature or option, a missing file of weights, and too short a signal.
    """
    from ser.audio.arrays import as_mono
    from ser.audio.reading import RATE
    from ser.config import extractors
    from ser.config.options import uses_name
    from ser.errors import SerError

    entry = _entry(name, config, options)
    if extractors.transcript(entry) is not None:
        raise SerError(f"feature {name} is computed of a text; call ser.features.extract_text.")
    if uses_name(entry):
        raise SerError(f"feature {name} reads vectors of named utterances from a file, and computes none of a signal.")
    module = entry.load()
    matrix: NDArray[np.generic] = module.extract(as_mono(signal, rate), RATE, **entry.options)
    extractors.check_matrix(module, module.dims(**entry.options), matrix)
    return matrix


def extract_text(name: str, text: str, *, config: Path | None = None, **options: Any) -> "NDArray[np.generic]":
    """Return the feature ``name`` of a text, such as a transcript: (1, dims); the rest is as for ``extract``."""
    from ser.config import extractors
    from ser.errors import SerError

    entry = _entry(name, config, options)
    if extractors.transcript(entry) is None:
        raise SerError(f"feature {name} is computed of a signal; call ser.features.extract.")
    module = entry.load()
    matrix: NDArray[np.generic] = module.extract(text, **entry.options)
    extractors.check_matrix(module, module.dims(**entry.options), matrix)
    return matrix


def _entry(name: str, config: Path | None, options: dict[str, Any]) -> "Feature":
    """Return the feature in the folder ``config`` with more ``options``; SerError where one does not exist."""
    from ser.config import read
    from ser.config.options import with_options
    from ser.errors import unknown

    known = read.features(config or read.SHIPPED)
    if name not in known:
        raise unknown("feature", name, known)
    entry = known[name]
    return with_options(entry.model_copy(update={"options": entry.options | options}), f"feature {name}")
