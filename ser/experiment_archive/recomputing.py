"""Compute the tables of an archive again from its predictions, and compare."""

import io
import tempfile
from contextlib import chdir, redirect_stderr
from itertools import product
from pathlib import Path
from typing import Any

import pandas as pd

from ser.config.plan import Plan, read_plan
from ser.errors import SerError
from ser.evaluation.intervals import METHODS
from ser.evaluation.predictions import FILE
from ser.experiment_archive.contents import TABLES
from ser.stages.compare import CompareJob
from ser.stages.compare import compare as run_compare
from ser.stages.score import ScoreJob, score
from ser.tables import contracts
from ser.tables.contracts import Contract

CLOSE = 1e-6  # of values in 0…1 and of points: what another processor's order of additions changes is far below
ROUNDED = 1e-4  # percent: the tables of the report have four decimals, six where values are not in percent
PRINTED = ("value", "low", "high")


def compare(folder: Path, plan_file: Path, where: str) -> int:
    """Return how many values of the tables below ``folder`` follow from its predictions; SerError where one does not.

    plan_file: plan.json, relative to ``folder``; where: what errors call the archive.
    """
    with tempfile.TemporaryDirectory(prefix="ser-tables-") as kept, chdir(folder), redirect_stderr(io.StringIO()):
        try:
            computed = _computed(plan_file, Path(kept), where)
            count = sum(_equal(name, plan_file.parent, path, where) for name, path in computed.items())
            factor = 1 if _of_dimensions(read_plan(plan_file)) else 100
            _require_printed(plan_file.parent / "tables/intervals.csv", computed["intervals"], where, factor)
            return count
        except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
            raise SerError(f"{where}: its tables cannot be computed from its predictions ({error!r}).") from error


def _computed(plan_file: Path, out: Path, where: str) -> dict[str, Path]:
    """Compute the tables of the project in the present folder, and return their files in ``out`` by name."""
    _require_few(read_plan(plan_file), where)
    paths = {name: out / f"{name}.parquet" for name in TABLES}
    score(ScoreJob(plan=plan_file, scores=paths["scores"], confusions=paths["confusions"]))
    compared = {name: paths[name] for name in ("intervals", "comparisons", "contrasts")}
    run_compare(CompareJob(plan=plan_file, method=_method(plan_file.parent / "intervals.parquet"), **compared))
    return paths


def _of_dimensions(plan: Plan) -> bool:
    return any(protocol.target.dimensions for protocol in plan.protocols.values())


def _require_few(plan: Plan, where: str) -> None:
    """Raise SerError, before the runs are listed, where the plan has more of them than there are predictions."""
    files = sum(1 for _ in Path().rglob(FILE))
    for block in plan.experiment.runs:
        pairs = product(set(block.corpora), set(block.protocols))
        folds = sum(
            plan.folds[corpus][protocol] if block.folds is None else len(set(block.folds)) for corpus, protocol in pairs
        )
        runs = folds * len(set(block.systems)) * len(set(block.seeds))
        if runs > files:
            raise SerError(f"{where}: a block of the plan has {runs} runs, and there are predictions of {files}.")


def _method(path: Path) -> str:
    """Return by which method the intervals in a table were computed."""
    texts = contracts.read(contracts.INTERVALS, path)["method"].unique().to_pylist()
    return next((method for method in METHODS if any(method in text for text in texts)), METHODS[0])


def _rows(table: pd.DataFrame, key: tuple[str, ...]) -> pd.DataFrame:
    return table.set_index(list(key)).sort_index()


def _equal(name: str, results: Path, path: Path, where: str) -> int:
    """Return the number of values in a table that is stored in ``results`` and computed at ``path``.

    SerError naming the first difference.
    """
    contract: Contract = getattr(contracts, name.upper())
    files = (results / f"{name}.parquet", path)
    stored, computed = (_rows(contracts.read(contract, file).to_pandas(), contract.key) for file in files)
    if odd := sorted(set(stored.index) ^ set(computed.index), key=str):
        side = "has no row of" if odd[0] in computed.index else "has a row that no prediction gives:"
        raise SerError(f"{where}: {name} {side} {_name(odd[0])} (rows that differ: {len(odd)}).")
    for column in stored:
        for row, first, second in zip(stored.index, stored[column], computed[column], strict=True):
            if not _same(first, second):
                value = f"{column} of {_name(row)} is {first}"
                raise SerError(f"{where}: {name}: {value}, and {second} follows from the predictions.")
    return int(stored.size)


def _same(first: Any, second: Any) -> bool:
    if isinstance(first, float) and isinstance(second, float):
        return abs(first - second) <= CLOSE or (first != first and second != second)
    if hasattr(first, "tolist") and hasattr(second, "tolist"):
        return bool(first.tolist() == second.tolist())
    return bool(first == second) or (first is None and second is None)


def _name(row: Any) -> str:
    return "/".join(str(part) for part in row if part != "")


def _require_printed(path: Path, computed: Path, where: str, factor: int) -> None:
    """Raise SerError unless the table of intervals in the report has the computed values times ``factor``."""
    key = list(contracts.INTERVALS.key)
    if not path.is_file():
        raise SerError(f"{where}: {path.as_posix()} is missing.")
    printed = pd.read_csv(path, keep_default_na=False, dtype=str)
    if absent := sorted({*key, *PRINTED} - set(printed)):
        raise SerError(f"{where}: {path.as_posix()} lacks the columns {', '.join(absent)}.")
    values = printed.set_index(key)[list(PRINTED)].apply(pd.to_numeric, errors="coerce").sort_index()
    expected = _rows(contracts.read(contracts.INTERVALS, computed).to_pandas(), contracts.INTERVALS.key)[list(PRINTED)]
    if not values.index.equals(expected.index):
        raise SerError(f"{where}: {path.as_posix()} has other rows than the predictions give.")
    wrong = ((values - factor * expected).abs() > ROUNDED) | (values.isna() != expected.isna())
    if wrong.to_numpy().any():
        row = wrong.index[wrong.any(axis=1)][0]
        raise SerError(f"{where}: {path.as_posix()}: {_name(row)} has other values than follow from the predictions.")
