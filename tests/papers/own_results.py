"""Synthetic results of papers' systems, shared by the tests of claims and of the report."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from ser.config.schema import Protocol, Recipe
from ser.layout import Run
from ser.papers.uncertainty import TESTED
from ser.papers.verdicts import Verdict
from ser.report.data.results import MeanSd, Result, Score
from ser.report.data.runs import RunRecord

CAO, PENG, LI = (dict(TESTED[paper, "IEMOCAP"]) for paper in ("cao2019", "peng2021", "li2018"))
XIE = dict.fromkeys(("angry", "excited", "frustrated", "neutral", "sad"), 271)
MANY = {"angry": 20_000, "happy": 20_000, "neutral": 20_000, "sad": 20_000}


def recipe(paper: str, *names: str, heard: bool = False, **options: int) -> Recipe:
    words = {"words": {"transcript": "recognised"}} if heard else {}
    inputs: dict[str, Any] = {"frames": {"feature": "mfcc"}, **words}
    return Recipe(paper=paper, published={paper: names}, model="any", options=options, inputs=inputs)


def result(
    system: str,
    made: Recipe,
    recalls: Mapping[str, float],
    sizes: Mapping[str, float],
    *,
    adapter: str = "iemocap",
    paper: str | None = None,
    seeds: int = 1,
    sd: float | None = None,
    folds: tuple[int, int] = (1, 1),
    curves: Sequence[Sequence[float]] = (),
    **changes: Any,
) -> Result:
    """Return a result with these recalls (0…1); wrong answers are the next class; ``curves``: of the test, per seed."""
    protocol = Protocol(rule="random_folds", paper=paper or made.paper, labels={name: (name,) for name in sizes})
    first = RunRecord(
        run=Run("corpus", "protocol", system, 0, 0),
        adapter=adapter,
        warning="",
        protocol=protocol,
        recipe=made,
        classes=tuple(sizes),
        folds=folds[1],
        counts={},
        parameters=changes.get("parameters", 1_850_000),
        seconds=changes.get("seconds", 3840.0),
        epochs_run=2,
        best_epoch=2,
        device=changes.get("device", "Some CPU"),
        versions={},
        commit="",
        notes=(),
        history=pd.DataFrame({"step": [1, 2], "test_ua": [math.nan, math.nan]}),
    )
    records = [
        replace(first, run=first.run._replace(seed=seed, fold=fold))
        for seed in range(seeds)
        for fold in range(folds[0])
    ]
    for index, curve in enumerate(curves):
        history = pd.DataFrame({"step": range(10, 10 * len(curve) + 10, 10), "test_ua": curve})
        records[index] = replace(records[index], history=history)
    names = list(sizes)
    confusion = pd.DataFrame(0, index=names, columns=names)
    for place, (name, size) in enumerate(sizes.items()):
        right = round(recalls[name] * size * seeds)
        confusion.loc[name, name] = right
        confusion.loc[name, names[(place + 1) % len(names)]] = round(size * seeds) - right
    shares = {name: confusion.loc[name, name] / confusion.loc[name].sum() for name in names}
    wa = sum(confusion.loc[name, name] for name in names) / confusion.to_numpy().sum()
    ua = sum(shares.values()) / len(shares)
    return Result(
        corpus=first.run.corpus,
        protocol=first.run.protocol,
        system=system,
        records=tuple(records),
        scores={
            metric: Score(MeanSd(value, sd), MeanSd(value, None), {0: value}, None)
            for metric, value in (("WA", wa), ("UA", ua))
        },
        recalls=shares,
        confusion=confusion,
        published=(),
    )


def cao(system: str, name: str, rate: float, sizes: Mapping[str, float] = CAO, **more: Any) -> Result:
    return result(system, recipe("cao2019", name), dict.fromkeys(sizes, rate), sizes, **more)


def of(found: Sequence[Verdict], **wanted: Any) -> Verdict:
    """Return the only verdict on a claim with these attributes; ``systems`` are the paper's."""
    systems = wanted.pop("systems", None)
    fitting = [
        one
        for one in found
        if all(getattr(one.claim, key) == value for key, value in wanted.items())
        and (systems is None or [side.name for side in one.claim.sides] == systems)
    ]
    assert len(fitting) == 1, [one.claim for one in fitting]
    return fitting[0]


def gain(found: Sequence[Verdict], metric: str = "UA") -> Verdict:
    return of(found, kind="difference", metric=metric, systems=["C-pFSMN-A", "C-biLSTM"])
