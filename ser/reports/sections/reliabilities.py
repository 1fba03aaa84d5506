"""Whether the probabilities of a system mean what they say: calibration of every result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ser.evaluation.calibration import brier, calibration_error, negative_log_likelihood, reliability
from ser.reports.gathered.answers import Answers, Key
from ser.reports.gathered.numerals import decimal, percent
from ser.reports.gathered.results import Block, Result
from ser.reports.gathered.tables import RANKINGS, Table, rankings


@dataclass(frozen=True)
class Reliability:
    """Calibration of one result, all folds of a seed together, mean over seeds.

    ece, adaptive: expected calibration error, 0…1, with bins of equal width and of equally many utterances; brier:
    0…2; nll: nats; confidence: mean of the highest probability. bins: of equal width, all seeds together.
    """

    result: Result
    ece: float
    adaptive: float
    brier: float
    nll: float
    confidence: float
    bins: pd.DataFrame

    @property
    def bars(self) -> list[tuple[float, float, float, float, float]]:
        """Low, high, confidence, accuracy and share of the utterances of every bin that has any."""
        used = self.bins[self.bins["utterances"] > 0]
        share = used["utterances"] / used["utterances"].sum()
        columns = (used["low"], used["high"], used["confidence"], used["accuracy"], share)
        return list(zip(*(column.tolist() for column in columns), strict=True))


def reliabilities(block: Block, answers: Mapping[Key, Answers]) -> dict[str, list[Reliability]]:
    """Return the calibration of every result of ``block`` by kind of ranking, by protocol and name."""
    return {
        kind: [
            _reliability(row, answers[row.corpus, row.protocol, row.system])
            for row in sorted(rows, key=lambda row: (row.protocol, row.system.lower()))
        ]
        for kind, rows in rankings(block)
    }


def _reliability(result: Result, given: Answers) -> Reliability:
    probabilities = given.probabilities
    truth = pd.Index(given.classes).get_indexer(pd.Index(given.rows["label"]))
    each = []
    for seed in result.seeds:
        mine = (given.rows["seed"] == seed).to_numpy()
        of_seed = probabilities[mine], truth[mine]
        errors = [calibration_error(reliability(*of_seed, adaptive=adaptive)) for adaptive in (False, True)]
        each.append((*errors, brier(*of_seed), negative_log_likelihood(*of_seed), float(of_seed[0].max(1).mean())))
    ece, adaptive, squared, nll, confidence = np.mean(each, axis=0).tolist()
    return Reliability(result, ece, adaptive, squared, nll, confidence, reliability(probabilities, truth))


def frame(found: Sequence[Reliability]) -> pd.DataFrame:
    """Return one row per result: ECE, adaptive ECE, Brier score, NLL, mean confidence, WA; fractions."""
    return pd.DataFrame(
        [
            {
                **_named(one.result),
                "ECE": round(one.ece, 6),
                "ECE_adaptive": round(one.adaptive, 6),
                "Brier": round(one.brier, 6),
                "NLL": round(one.nll, 6),
                "confidence": round(one.confidence, 6),
                "WA": round(one.result.wa.mean, 6),
                "note": one.result.first.warning,
            }
            for one in found
        ]
    )


def bins(found: Sequence[Reliability]) -> pd.DataFrame:
    """Return one row per result and bin of the reliability figures."""
    return pd.concat([one.bins.round(6).assign(**_named(one.result)) for one in found], ignore_index=True)


def tables(block: Block, found: Mapping[str, Sequence[Reliability]]) -> list[Table]:
    """Return one table per kind of ranking, a row per result."""
    columns = ("Protocol", "System", "ECE", "ECE, adaptive", "Brier", "NLL", "Confidence", "WA")
    made = []
    for kind, members in found.items():
        rows = tuple(
            (
                *(one.result.protocol, one.result.system, percent(one.ece), percent(one.adaptive)),
                *(decimal(one.brier), decimal(one.nll), percent(one.confidence), percent(one.result.wa.mean)),
            )
            for one in members
        )
        caption = f"Calibration: {block.corpus}, {block.classes}. {RANKINGS[kind]} ECE, confidence and WA in percent, "
        caption += "Brier score over all classes (0 to 2), NLL in nats. From predictions.parquet."
        made.append(Table(caption, block.warning, columns, rows, frozenset({"Protocol", "System"})))
    return made


def _named(result: Result) -> dict[str, str]:
    return {"corpus": result.corpus, "protocol": result.protocol, "system": result.system}
