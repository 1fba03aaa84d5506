"""A result of ours as far as it is compared with papers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

SYNTHETIC = "demo"  # adapter of the synthetic corpus, which has the layout of IEMOCAP
PAPER_CORPORA = {"iemocap": "IEMOCAP", "enterface": "eNTERFACE"}  # how an adapter's name begins: the papers' name


@dataclass(frozen=True, eq=False)
class OwnResult:
    """One system under one protocol on one corpus, all seeds and folds; rates are in 0…1.

    adapter: reader of the corpus. paper: whose protocol it is, None: ours. published: paper: the system's names there.
    recognised: whether it reads recognised transcripts. rates: WA and UA, means over seeds; seed_sd: their standard
    deviations, 0 for a single seed. recalls: by class, NaN where there is no test utterance. confusion: rows true,
    columns predicted, utterances summed over seeds. minutes: of training, mean over runs. curves: (seed, fold): the
    HISTORY table. partial: "" or which folds were run. weights: remarks on weights that are not the paper's. changes:
    key of the shipped system or protocol: shipped value → its value.
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
