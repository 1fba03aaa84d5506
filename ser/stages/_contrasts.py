"""The contrasts that an experiment declares, measured on the folds that both of their systems have.

The contrasts that an experiment declares for one corpus and protocol are one family of Holm's correction per metric,
apart from that of all pairs: they are named before anything is measured. One whose runs have no common folds yet stays
in its family with p = 1, so that a corrected p value can only fall when the missing runs arrive.
"""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ser import dimension_metrics
from ser.config.schema import Contrast, Experiment
from ser.evaluation import comparison, intervals
from ser.evaluation.pairing import Pairing, Tested, across, paired

Key = tuple[str, str, str]  # corpus, protocol, system


def rows(experiment: Experiment, tested: Mapping[Key, Tested], method: str) -> list[dict[str, Any]]:
    """Return the rows of the CONTRASTS table, NaN where a number is unknown; what is missing is named on stderr.

    tested: the systems of the contrasts. SerError where two systems were not tested on the same utterances of a fold.
    """
    found = []
    for setting, family in _families(experiment).items():
        pairs = {title: _pair(contrast, setting, tested) for title, contrast in family.items()}
        if missing := [title for title, pair in pairs.items() if pair is None]:
            where = "/".join(setting)
            print(f"{where}: not measured, without common folds in all seeds: {'; '.join(missing)}", file=sys.stderr)
        dimensions = next((pair.one.dimensions for pair in pairs.values() if pair is not None), ())
        for metric in dimension_metrics.names(experiment.metrics, dimensions):
            measured = {title: _row(pair, metric, method) for title, pair in pairs.items() if pair is not None}
            p = [measured[title]["p"] if title in measured else 1.0 for title in family]
            for (title, contrast), corrected in zip(family.items(), comparison.holm(p), strict=True):
                if title in measured:
                    named = {"corpus": setting[0], "protocol": setting[1], "contrast": title}
                    named |= contrast.model_dump(include={"better", "than", "than_corpus", "than_protocol"})
                    found.append({**named, **measured[title], "p_holm": float(corrected)})
    return found


def _families(experiment: Experiment) -> dict[tuple[str, str], dict[str, Contrast]]:
    """Return the contrasts by title that are declared for each corpus and protocol."""
    found: dict[tuple[str, str], dict[str, Contrast]] = {}
    for title, contrast in experiment.contrasts.items():
        for setting in experiment.settings(contrast):
            found.setdefault(setting, {})[title] = contrast
    return found


def _pair(contrast: Contrast, setting: tuple[str, str], tested: Mapping[Key, Tested]) -> Pairing | None:
    """Return the two systems of a contrast on what both were tested on; None where that is nothing."""
    of_two = paired if contrast.than_protocol is None else across
    return of_two(tested[*setting, contrast.better], tested[*contrast.other(*setting), contrast.than])


def _row(pair: Pairing, metric: str, method: str) -> dict[str, Any]:
    """Return both values and their difference in one metric."""
    better, than = (intervals.estimate(side, metric, method).value for side in (pair.one, pair.other))
    both = {"better_value": better, "than_value": than, "folds": pair.folds}
    return both | asdict(comparison.compare(pair.one, pair.other, metric, method))
