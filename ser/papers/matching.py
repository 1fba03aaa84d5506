"""Which results of ours belong to a printed number or a claim, and what makes them incomparable with it."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ser.config.recipe import Recipe
from ser.papers import published
from ser.papers.claims import FILTER_STUDY, Claim
from ser.papers.published import Published

SYNTHETIC = "demo"  # adapter of the synthetic corpus, which has the layout of IEMOCAP
PAPER_CORPORA = {"iemocap": "IEMOCAP", "enterface": "eNTERFACE"}  # how an adapter's name begins: the papers' name
SEEDS = {"cao2019": 3, "xie2019": 3, "peng2021": 3, "li2018": 1}  # of the shipped experiments, under their protocols
SHAPE = ("options.height", "options.width")  # what the systems of a filter study differ in
SELECTED = "best point of test curve"  # in the protocol of numbers that were selected on the test part


@dataclass(frozen=True, eq=False)
class OwnResult:
    """One system under one protocol on one corpus, all seeds and folds; rates are in 0…1.

    adapter: reader of the corpus. paper: whose protocol it is, None: ours. published: paper: the system's names there.
    recognised: whether it reads recognised transcripts. rates: WA and UA, means over seeds; seed_sd: their standard
    deviations, 0 for a single seed. recalls: by class, NaN where there is no test utterance. confusion: rows true,
    columns predicted, utterances summed over seeds. minutes: of training, mean over runs. curves: (seed, fold): the
    HISTORY table. partial: "" or which folds were run. untrained: "" or how many runs learned nothing. weights: remarks
    on weights that are not the paper's. changes: key of the shipped system or protocol: shipped value → its value.
    """

    corpus: str
    adapter: str
    protocol: str
    paper: str | None
    system: str
    published: Mapping[str, tuple[str, ...]]
    options: Mapping[str, Any]
    recognised: bool
    rates: Mapping[str, float]
    seed_sd: Mapping[str, float]
    recalls: Mapping[str, float]
    confusion: pd.DataFrame
    parameters: int
    minutes: float
    devices: str
    curves: Mapping[tuple[int, int], pd.DataFrame]
    partial: str = ""
    untrained: str = ""
    weights: tuple[str, ...] = ()
    changes: Mapping[str, str] = field(default_factory=dict)

    @property
    def seeds(self) -> int:
        """How many."""
        return len({seed for seed, _ in self.curves})

    @property
    def complete(self) -> bool:
        """Whether all folds were run, with every seed."""
        return not self.partial and len(self.curves) == self.seeds * len({fold for _, fold in self.curves})

    @property
    def setting(self) -> tuple[str, str]:
        """Corpus and protocol."""
        return self.corpus, self.protocol

    @property
    def synthetic(self) -> bool:
        """Whether the corpus is the synthetic one, whose numbers mean nothing about a paper."""
        return self.adapter == SYNTHETIC

    @property
    def counterpart(self) -> str:
        """The papers' corpus with whose numbers the result is listed, "" if none."""
        return "IEMOCAP" if self.synthetic else paper_corpus(self.adapter)

    @property
    def sizes(self) -> dict[str, float]:
        """Test utterances of one seed by class, without classes that have none."""
        counts = self.confusion.sum(axis=1) / self.seeds
        return {str(name): float(count) for name, count in counts.items() if count > 0}

    @property
    def curve_ua(self) -> float | None:
        """UA at the best point of the test curve, mean over runs: chosen on the test part; None without test curves."""
        return _mean([float(curve["test_ua"].max()) for curve in self.curves.values()])

    @property
    def converged_ua(self) -> float | None:
        """UA of the test part after the last epoch, mean over runs; None without test curves."""
        return _mean([float(curve["test_ua"].iloc[-1]) for curve in self.curves.values()])


def paper_corpus(adapter: str) -> str:
    """Return the papers' name of an adapter's corpus, "" where no paper used it."""
    return next((name for start, name in PAPER_CORPORA.items() if adapter.lower().startswith(start)), "")


def _mean(values: list[float]) -> float | None:
    return None if any(map(math.isnan, values)) else sum(values) / len(values)


Setting = tuple[OwnResult, ...]  # a result for each side of a claim; for a filter study every result of its only side


def numbers_of(recipe: Recipe, adapter: str) -> tuple[Published, ...]:
    """Return the WA and UA that papers print for a recipe: on the adapter's corpus if there are such, otherwise all.

    Each number is there once; those on another kind of transcript are left out.
    """
    once: dict[tuple[str, str, float], Published] = {}
    for paper, names in recipe.published.items():
        for number in (number for name in names for number in published.published(paper, name)):
            if not number.label and number.recognised == reads_recognised(recipe):
                once.setdefault((number.protocol, number.metric, number.percent), number)
    corpus = paper_corpus(adapter)
    same = tuple(number for number in once.values() if corpus and number.corpus == corpus)
    return same or tuple(once.values())


def reads_recognised(recipe: Recipe) -> bool:
    """Return whether a system reads recognised transcripts."""
    return recipe.inputs.words is not None and recipe.inputs.words.transcript != "given"


def applicable(results: Iterable[OwnResult]) -> dict[str, list[OwnResult]]:
    """Return, per paper, the results that its numbers and claims are compared with, without papers that have none.

    These are the paper's systems on a corpus of the paper; the synthetic corpus stands in for IEMOCAP.
    """
    every = list(results)
    found = {}
    for paper in published.papers():
        corpora = {number.corpus for number in published.printed(paper)} - {""}
        found[paper] = [one for one in every if one.published.get(paper) and one.counterpart in corpora]
    return {paper: some for paper, some in found.items() if some}


def belongs(result: OwnResult, number: Published) -> bool:
    """Return whether a result is one of the number's system, on its kind of transcript and corpus."""
    return (
        number.system in result.published.get(number.paper, ())
        and result.recognised == number.recognised
        and result.counterpart != ""
        and number.corpus in ("", result.counterpart)
    )


def remark(result: OwnResult, numbers: Sequence[Published]) -> str:
    """Return whether the ``numbers`` of a paper are comparable with a result, and if not, why; "" if there are none."""
    if not numbers:
        return ""
    reasons = obstacles(result, numbers)
    if reasons:
        return f"not comparable: {'; '.join(reasons)}"
    return "same corpus, the paper's protocol as far as it is stated"


def obstacles(result: OwnResult, numbers: Sequence[Published], varied: Sequence[str] = ()) -> list[str]:
    """Return what makes a result incomparable with ``numbers`` of a paper, and what it changes of the shipped system.

    Of its corpus, protocol, weights, folds and seeds the first obstacle is named. varied: keys of the recipe that may
    differ from the shipped system.
    """
    corpora, reasons = {number.corpus for number in numbers} - {""}, []
    changes = {key: text for key, text in result.changes.items() if key not in varied}
    if result.synthetic or not result.counterpart or (corpora and result.counterpart not in corpora):
        reasons.append("other corpus")
    elif not corpora:
        reasons.append("the cited paper's own protocol")
    elif result.paper != numbers[0].paper:
        reasons.append("other protocol")
    elif result.weights:
        reasons += result.weights
    elif not result.complete:
        reasons.append("not all folds were run")
    elif result.seeds < (wanted := SEEDS[numbers[0].paper]):
        changes["seeds"] = f"{wanted} → {result.seeds}"
    if result.untrained:
        reasons.append(result.untrained)
    if changes:
        reasons.append(f"not as shipped: {', '.join(f'{key} {text}' for key, text in changes.items())}")
    return reasons


def settings(claim: Claim, results: Sequence[OwnResult]) -> list[Setting]:
    """Return, for each corpus and protocol that has them, the results of all sides; of variants the least changed."""
    complete: list[Setting] = []
    for setting in dict.fromkeys(one.setting for one in results):
        here = [one for one in results if one.setting == setting]
        sides = [[one for one in here if belongs(one, side)] for side in claim.sides]
        if all(sides):
            least = (min(side, key=lambda one: (bool(one.changes), len(one.system), one.system)) for side in sides)
            complete.append(tuple(sides[0] if claim.kind in FILTER_STUDY else least))
    return complete


def claim_obstacles(claim: Claim, chosen: Setting) -> list[str]:
    """Return what makes results incomparable with a claim, each reason once."""
    study = claim.kind in FILTER_STUDY
    own = next((side for side in claim.sides if not side.quoted), claim.sides[0])
    reasons: list[str] = []
    for side, result in zip(claim.sides * len(chosen) if study else claim.sides, chosen, strict=True):
        number = own if claim.kind == "ordering" and side.quoted else side
        reasons += obstacles(result, [number], SHAPE if study else ())
        selected = SELECTED in number.protocol and claim.kind in ("value", "difference", "no difference", "ordering")
        if selected and (claim.metric == "recall" or (claim.metric == "UA" and result.curve_ua is None)):
            reasons.append("printed is the best point of the test curve, ours the kept epoch")
    if claim.metric == "minutes":
        devices = sorted({result.devices for result in chosen})
        reasons += ["the paper's machine is another one"] * (claim.kind == "value")
        reasons += [f"run on {', '.join(devices)}"] * (len(devices) > 1)
    return list(dict.fromkeys(reasons))
