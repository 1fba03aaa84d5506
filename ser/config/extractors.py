"""The contract of an extractor, a module in ``ser/features``, beyond what ``ser.config.definitions`` requires.

Optional definitions: ``files(**options)``, local files whose change extracts again; ``provenance(**options)``, one line
recorded with the values; ``TRAINED``, options that hold a file, each with the rule that makes it where none is
configured; ``extract_many(signals, rate, **options)``, the matrices of several signals, which computes them faster
together than one by one. An extract with a keyword ``device`` gets a GPU where there is one, and the argument auto, cpu
or cuda. One with a keyword ``utterance``, which is no option, gets the name of the utterance.

``READS = "text"`` makes the extractor one of transcripts: ``extract(text, **options)``, ``extract_many(texts,
**options)``, and optional ``counts(texts, **options)``, numbers by name that are logged and recorded. Its option
``transcript`` is the name of the texts under ``transcripts``; without it they are the corpus's own.
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ser import catalog
from ser.config.schema import Feature
from ser.errors import SerError, unknown

RULES = ("train_xvector",)  # that train weights for an extractor
GIVEN = "given"  # name of the corpus's own transcripts


def dims(features: Mapping[str, Feature]) -> dict[str, int]:
    """Return the dimensions of a row of every feature, by name, without reading weights."""
    return {name: feature.load().dims(**feature.options) for name, feature in features.items()}


def transcript(feature: Feature) -> str | None:
    """Return the name of the transcripts that a feature is computed of; None of one that reads the sound."""
    if feature.extractor not in catalog.names("features") or not catalog.reads_text(feature.extractor):
        return None
    return str(feature.options.get("transcript", GIVEN))


@cache
def trained(name: str) -> dict[str, str]:
    """Return the options of ``ser.features.<name>`` whose file a rule makes, and that rule, without an import.

    SerError for an option that ``extract`` does not take, or for a rule that trains nothing.
    """
    if name not in catalog.names("features"):
        return {}
    found = cast(dict[str, str], catalog.constant("features", name, "TRAINED") or {})
    for option, rule in found.items():
        if rule not in RULES:
            raise unknown(f"rule in TRAINED of ser/features/{name}.py", rule, RULES)
        if option not in (known := catalog.keywords("features", name, "extract") or {}):
            raise unknown(f"option in TRAINED of ser/features/{name}.py", option, known)
    return found


def versions(module: ModuleType) -> dict[str, str]:
    """Return the version of every library in the module's DEPENDS; SerError if one is not installed."""
    try:
        return {name: version(name) for name in module.DEPENDS}
    except PackageNotFoundError as error:
        raise SerError(
            f"{module.__name__} needs {error.name}, which is not installed: pip install {error.name}."
        ) from error


def check_matrix(module: ModuleType, dims: int, matrix: NDArray[np.generic]) -> None:
    """Raise SerError unless ``matrix``, returned by ``extract``, has shape (rows, dims) and the module's DTYPE."""
    if not isinstance(matrix, np.ndarray):
        raise SerError(f"extract() returned a {type(matrix).__name__}, not a numpy array.")
    if matrix.ndim != 2 or matrix.shape[1] != dims or not len(matrix):
        hint = "; it is transposed" if matrix.ndim == 2 and matrix.shape[0] == dims else ""
        raise SerError(f"extract() returned shape {matrix.shape}, dims() declares (rows, {dims}){hint}.")
    if module.HOP is None and len(matrix) != 1:
        raise SerError(f"extract() returned {len(matrix)} rows; with HOP = None it must be one per utterance.")
    if matrix.dtype != np.dtype(module.DTYPE):
        raise SerError(f"extract() returned {matrix.dtype}, DTYPE declares {module.DTYPE}.")
