"""Synthetic results of papers' systems, shared by the tests of the papers and of the report."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pandas as pd

from ser.papers.matching import OwnResult
from ser.papers.uncertainty import TESTED
from ser.papers.verdicts import Verdict

CAO, PENG, LI = (dict(TESTED[paper, "IEMOCAP"]) for paper in ("cao2019", "peng2021", "li2018"))
XIE = dict.fromkeys(("angry", "excited", "frustrated", "neutral", "sad"), 271)
MANY = {"angry": 20_000, "happy": 20_000, "neutral": 20_000, "sad": 20_000}


def result(
    system: str,
    by: str,
    names: str | tuple[str, ...],
    recalls: Mapping[str, float],
    sizes: Mapping[str, float],
    *,
    seeds: int = 3,
    sd: float = 0.0,
    folds: int = 1,
    curves: Sequence[Sequence[float]] = (),
    **changes: Any,
) -> OwnResult:
    """Return a result of a system of the paper ``by`` with these recalls (0…1); wrong predictions are the next class.

    curves: of the test part, per seed.
    """
    confusion = pd.DataFrame(0, index=list(sizes), columns=list(sizes))
    for number, (name, size) in enumerate(sizes.items()):
        right = round(recalls[name] * size * seeds)
        confusion.loc[name, name] = right
        confusion.loc[name, list(sizes)[(number + 1) % len(sizes)]] = round(size * seeds) - right
    shares = {name: float(confusion.loc[name, name] / confusion.loc[name].sum()) for name in sizes}
    wa = sum(confusion.loc[name, name] for name in sizes) / confusion.to_numpy().sum()
    empty = pd.DataFrame({"step": [1, 2], "test_ua": [math.nan, math.nan]})
    histories = dict.fromkeys(product(range(seeds), range(folds)), empty)
    for seed, curve in enumerate(curves):
        histories[seed, 0] = pd.DataFrame({"step": range(10, 10 * len(curve) + 10, 10), "test_ua": curve})
    made = OwnResult(
        corpus="corpus",
        adapter="iemocap",
        protocol="protocol",
        paper=by,
        system=system,
        published={by: (names,) if isinstance(names, str) else names},
        options={},
        recognised=False,
        rates={"WA": wa, "UA": sum(shares.values()) / len(shares)},
        seed_sd={"WA": sd, "UA": sd},
        recalls=shares,
        confusion=confusion,
        parameters=1_850_000,
        minutes=64.0,
        devices="Some CPU",
        curves=histories,
    )
    return replace(made, **changes)


def cao(system: str, name: str, rate: float, sizes: Mapping[str, float] = CAO, **more: Any) -> OwnResult:
    return result(system, "cao2019", name, dict.fromkeys(sizes, rate), sizes, **more)


def peng(rate: float, **more: Any) -> OwnResult:
    return result("mine", "peng2021", "MSCNN-SPU-ATT", dict.fromkeys(PENG, rate), PENG, **more)


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
