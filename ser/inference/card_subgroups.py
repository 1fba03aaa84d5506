"""The part of a card that says for whom and for which recordings a system is better or worse."""

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from ser import layout
from ser.errors import SerError
from ser.evaluation import subgroups
from ser.evaluation.intervals import Estimate
from ser.evaluation.predictions import FILE
from ser.evaluation.subgroups import TOO_FEW, Group
from ser.inference import estimate, trained_run
from ser.inference.trained import Trained
from ser.tables import contracts


def subgroup_lines(trained: Trained) -> list[str]:
    """Return the section Subgroups in Markdown, of the whole cross-validation or else of the run's own test part.

    Nothing where neither has predictions or the manifest tells no utterances apart.
    """
    folder, corpus = trained.weights.parent, str(trained.contents.run["corpus"])
    manifest = trained_run.project(folder) / layout.manifest(corpus)
    rows, where = _predictions(trained)
    if rows is None or not manifest.is_file():
        return []
    classes = trained.contents.classes
    labels = subgroups.labels_of(trained.contents.protocol.labels, classes)
    found = subgroups.groups(rows, subgroups.attributes(manifest, set(rows["utterance"]), labels), classes)
    return ["## Subgroups\n", f"On {where}; 95 % intervals.\n", *_table(found), ""] if found else []


def span(found: Estimate | None) -> str:
    """Return the limits of an interval in percent; a dash where there are none."""
    return "–" if found is None or pd.isna(found.low) else f"{100 * found.low:.1f} to {100 * found.high:.1f}"


def _predictions(trained: Trained) -> tuple[pd.DataFrame | None, str]:
    """Return predictions of test parts, and in words of which."""
    path = trained.weights.parent / FILE
    try:
        tables, where = list(estimate.tables(trained, estimate.runs(trained))), "all folds of the cross-validation"
    except SerError:
        if not path.is_file():
            return None, ""
        tables, where = [contracts.read(contracts.PREDICTIONS, path)], "the test part of the run"
    return pa.concat_tables(tables).drop_columns("probabilities").to_pandas(), where


def _table(found: list[Group]) -> Iterator[str]:
    yield "| group | speakers | utterances | WA | UA | interval | UA less the best group | interval |"
    yield "|---|---|---|---|---|---|---|---|"
    for one in found:
        size = f"| {one.attribute}: {one.name} | {one.speakers or 'unknown'} | {one.utterances} |"
        if not one.estimates:
            yield f"{size} too few | too few | – | – | – |"
            continue
        wa, ua = (f"{100 * one.estimates[metric].value:.1f} %" for metric in ("WA", "UA"))
        gap = "best" if one.best == one.name else "–" if one.gap is None else f"{100 * one.gap.value:.1f}"
        yield f"{size} {wa} | {ua} | {span(one.estimates['UA'])} | {gap} | {span(one.gap)} |"
    yield f"\nToo few: {TOO_FEW}. Groups of one attribute are compared on the classes that all of them have."
