"""The contract of an extractor, a module in ``ser/features``: what it defines, and what its matrices are.

Required: ``DTYPE``, ``HOP``, ``DEPENDS``, ``dims(**options)`` and ``extract(signal, rate, *, <options>)``. Optional:
``files(**options)``, local files whose change extracts anew; ``provenance(**options)``, one line written beside the
values; ``TRAINED``, which maps an option that holds a file to the rule that makes it where none is configured. An
extract with a keyword ``device`` gets a GPU where there is one, and the argument auto, cpu or cuda.
"""

import inspect
import math
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ser import catalog
from ser.config.schema import Feature
from ser.errors import SerError, offenders

DTYPES = ("float16", "float32")


def check(module: ModuleType, options: Mapping[str, Any]) -> None:
    """Raise SerError if the ``module`` or its ``options`` do not keep the contract."""
    if found := faults(module, options):
        raise SerError(f"{module.__name__}: {'; '.join(found)}.")


def dims(features: Mapping[str, Feature]) -> dict[str, int]:
    """Return the dimensions of a row of every feature, by name, without reading weights."""
    return {
        name: catalog.load("features", feature.extractor).dims(**feature.options) for name, feature in features.items()
    }


def trained(name: str) -> dict[str, str]:
    """Return the options of ``ser.features.<name>`` whose file a rule makes, and that rule, without an import."""
    if name not in catalog.names("features"):
        return {}
    return cast(dict[str, str], catalog.constant("features", name, "TRAINED") or {})


def faults(module: ModuleType, options: Mapping[str, Any]) -> list[str]:
    """Return what the ``module`` or its ``options`` lack, one phrase each; none if the contract is kept."""
    found = []
    if getattr(module, "DTYPE", None) not in DTYPES:
        found.append(f"DTYPE must be {' or '.join(DTYPES)}")
    if not _is_hop(getattr(module, "HOP", "")):
        found.append("HOP must be the seconds from one row to the next, or None for one row per utterance")
    depends = getattr(module, "DEPENDS", None)
    if not isinstance(depends, tuple) or not all(isinstance(name, str) for name in depends):
        found.append("DEPENDS must be a tuple with the names of the libraries that it uses, such as ('numpy',)")
    for name in ("dims", "extract"):
        if not callable(getattr(module, name, None)):
            found.append(f"a function {name}() is missing")
    return found or _option_faults(module, options)


def _is_hop(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and math.isfinite(value) and value > 0)


def _option_faults(module: ModuleType, options: Mapping[str, Any]) -> list[str]:
    """Return the options that ``extract`` does not know or lacks, and what is wrong with ``dims`` for them."""
    parameters = list(inspect.signature(module.extract).parameters.values())
    known = {one.name: one for one in parameters if one.kind is one.KEYWORD_ONLY}
    if [one.name for one in parameters if one.name not in known] != ["signal", "rate"]:
        return ["extract() must take (signal, rate, *, <options by keyword>)"]
    found = [
        f"TRAINED names {name}, which extract() does not take"
        for name in getattr(module, "TRAINED", {})
        if name not in known
    ]
    if wrong := sorted(set(options) - set(known)):
        found.append(f"option {offenders(wrong)} not known; known: {', '.join(known) or 'none'}")
    if missing := [name for name, one in known.items() if one.default is one.empty and options.get(name) is None]:
        found.append(f"option {offenders(missing)} missing")
    return found or _dims_faults(module, options)


def _dims_faults(module: ModuleType, options: Mapping[str, Any]) -> list[str]:
    try:
        inspect.signature(module.dims).bind(**options)
    except TypeError as error:
        return [f"dims() must take the options of extract(): {error}"]
    width = module.dims(**options)
    return [] if type(width) is int and width > 0 else [f"dims() must return a positive int, it returns {width!r}"]


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
