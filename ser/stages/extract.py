"""Stage ``extract``: one feature of the utterances of one audio shard."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ser import catalog
from ser.errors import SerError, offenders
from ser.jobs.progress import progress
from ser.tables import contracts

Matrix = NDArray[np.generic]
Extractor = Callable[[NDArray[np.float32], int], Matrix]


def extract(
    *, feature: str, extractor: str, options: Mapping[str, Any], audio: Path, out: Path, weights: Path | None = None
) -> None:
    """Run ``ser.features.<extractor>`` with ``options`` over the AUDIO table ``audio``; write FEATURES to ``out``.

    The table's notes hold feature, extractor, options (JSON), hop (seconds as JSON, null for one row per utterance),
    dtype, versions (JSON, of the libraries that the extractor names) and provenance (of ``weights``; else empty).
    SerError, naming the utterance, if one is too short or at another rate, or if a value is not finite.
    """
    module = catalog.load("features", extractor)
    compute = _bound(module, extractor, options, weights)
    table = contracts.read(contracts.AUDIO, audio)
    rows: dict[str, list[Any]] = {name: [] for name in contracts.FEATURES.schema.names}
    infinite: list[str] = []
    with threadpool_limits(1):  # the order of additions, and so the last bits, depends on how many there are
        for name, matrix in _matrices(compute, module, table, audio):
            if not np.isfinite(matrix).all():
                infinite.append(name)
            values = (name, *matrix.shape, module.DTYPE, matrix.tobytes())
            for column, value in zip(rows.values(), values, strict=True):
                column.append(value)
    if infinite:
        raise SerError(f"{audio}: '{feature}' has values that are not finite in {offenders(infinite)}; exclude them.")
    notes = {
        "feature": feature,
        "extractor": extractor,
        "options": json.dumps(dict(options), sort_keys=True),
        "hop": json.dumps(module.HOP),
        "dtype": module.DTYPE,
        "versions": json.dumps({name: version(name) for name in module.DEPENDS}),
        "provenance": module.provenance(weights) if weights is not None else "",
    }
    contracts.write(contracts.FEATURES, pa.table(rows, schema=contracts.FEATURES.schema), out, notes)


def _bound(module: ModuleType, extractor: str, options: Mapping[str, Any], weights: Path | None) -> Extractor:
    """Return the extractor with its options; SerError if it does not know one, or weights are missing or too many."""
    known = catalog.keywords("features", extractor, "extract") or {}
    wrong = sorted(set(options) - set(known) | ({"weights"} & set(options)))
    if wrong:
        legal = ", ".join(name for name in known if name != "weights") or "none"
        raise SerError(f"features.{extractor}.options: {offenders(wrong)} not known; known: {legal}.")
    if ("weights" in known) != (weights is not None):
        raise SerError(f"feature '{extractor}' {'needs' if weights is None else 'takes no'} weights (--weights FILE).")
    given = dict(options) if weights is None else {**options, "weights": weights}
    return partial(module.extract, **given)


def _matrices(
    compute: Extractor, module: ModuleType, table: pa.Table, audio: Path
) -> Iterator[tuple[str, NDArray[np.generic]]]:
    """Yield each utterance's name and (frames, dims) matrix, C-ordered, in the extractor's own type."""
    names = (table["utterance"][row].as_py() for row in range(table.num_rows))
    for row, name in enumerate(progress(names, total=table.num_rows, unit="utterances")):
        signal = np.frombuffer(table["samples"][row].as_buffer(), dtype="<f4")
        try:
            matrix = compute(signal, table["rate"][row].as_py())
        except SerError as error:
            raise SerError(f"{audio}: utterance {name}: {error}") from error
        yield name, np.ascontiguousarray(matrix, dtype=np.dtype(module.DTYPE).newbyteorder("<"))
