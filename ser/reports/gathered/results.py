"""The numbers of a report: scores gathered per system and protocol, beside what the papers print.

Values are fractions, 0…1. A pooled value is computed on the test utterances of all folds of one seed together; where
several seeds were run it is their mean. A fold value is the mean over seeds; mean and standard deviation go over folds.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ser.config.schema import Recipe
from ser.errors import SerError, offenders
from ser.evaluation.summary import POOLED, summary
from ser.papers.comparable import Beside, comparable, printed, relevant
from ser.papers.published import Published
from ser.reports.gathered.runs import Record, partial
from ser.tables.contracts import TRAINED_HERE

LEAKING = frozenset({"speaker", "test selection"})  # leaks that end speaker independence; others are named beside
KEYS = ["corpus", "protocol", "system"]


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation (n − 1); ``sd`` is None where there is one value."""

    mean: float
    sd: float | None


@dataclass(frozen=True, eq=False)
class Result:
    """One system under one protocol on one corpus: all its seeds and folds."""

    corpus: str
    protocol: str
    system: str
    records: tuple[Record, ...]
    wa: Spread  # pooled, over seeds
    ua: Spread
    fold_wa: Spread  # over folds
    fold_ua: Spread
    pooled_ua: Mapping[int, float]  # seed: pooled UA
    pooled_wa: Mapping[int, float]
    recalls: Mapping[str, float]  # class: pooled recall, mean over seeds; NaN where it has no test utterance
    confusion: pd.DataFrame  # rows true, columns predicted, utterances summed over seeds
    published: tuple[Published, ...]

    @property
    def first(self) -> Record:
        """Any of the runs: protocol, recipe and classes are the same in all."""
        return self.records[0]

    @property
    def recipe(self) -> Recipe:
        """The system's recipe."""
        return self.first.recipe

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Class and the emotions merged into it."""
        stated = self.first.protocol.labels
        return {name: (name,) for name in self.first.classes} if isinstance(stated, str) else dict(stated)

    @property
    def leaking(self) -> bool:
        """Whether test speakers are trained on or the epoch is chosen on the test part, by design of the protocol."""
        return not LEAKING.isdisjoint(self.first.protocol.leaks)

    @property
    def heard(self) -> bool:
        """Whether a feature comes from a network that was trained on the voices of the test speakers, too."""
        return any(TRAINED_HERE in note for note in self.first.notes)

    @property
    def leaks(self) -> tuple[str, ...]:
        """What test material the row has seen: by design of the protocol, and through its features."""
        return (*self.first.protocol.leaks, *(("voices of test speakers",) if self.heard else ()))

    @property
    def paper_row(self) -> bool:
        """Whether this is a paper's row or a leaking one: never ranked beside a speaker-independent row."""
        return self.leaking or self.first.protocol.paper is not None

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds, sorted."""
        return tuple(sorted({record.run.seed for record in self.records}))

    @property
    def folds(self) -> tuple[int, ...]:
        """Folds that were run, sorted."""
        return tuple(sorted({record.run.fold for record in self.records}))

    @property
    def partial(self) -> str:
        """Return "" or which folds were run of how many."""
        return partial(self.records)

    @property
    def utterances(self) -> int:
        """Test utterances of one seed, all folds."""
        return round(float(self.confusion.to_numpy().sum()) / len(self.seeds))

    @property
    def chance_wa(self) -> float:
        """WA of always answering the test's most frequent class."""
        return float(self.confusion.sum(axis=1).max() / self.confusion.to_numpy().sum())

    @property
    def chance_ua(self) -> float:
        """UA of any constant or blind answer: 1 / classes."""
        return 1.0 / len(self.first.classes)

    @property
    def seconds(self) -> float:
        """Training time of all runs together."""
        return sum(record.seconds for record in self.records)

    @property
    def epochs(self) -> str:
        """Epochs run, the least and the most over runs; "–" where there are none."""
        stepped = [record for record in self.records if record.history["train_loss"].notna().any()]
        run = sorted({record.epochs_run for record in stepped})
        return "–" if not run else str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}"

    @property
    def devices(self) -> str:
        """Processors that the runs used."""
        return "; ".join(sorted({record.device for record in self.records}))

    @property
    def curve_ua(self) -> float | None:
        """UA at the best point of the test curve, mean over runs: chosen on the test part; None without such curves."""
        best = [record.history["test_ua"].max() for record in self.records]
        return None if any(math.isnan(value) for value in best) else sum(best) / len(best)

    @property
    def converged_ua(self) -> float | None:
        """UA of the test part after the last epoch, mean over runs; None without test curves."""
        last = [record.history["test_ua"].iloc[-1] for record in self.records]
        return None if any(math.isnan(value) for value in last) else sum(last) / len(last)

    @property
    def matrix(self) -> list[tuple[str, list[tuple[int, float]]]]:
        """True class with, per predicted class, utterances and their share of the row."""
        rows = [(str(name), counts.tolist()) for name, counts in self.confusion.iterrows()]
        return [(name, [(count, count / max(1, sum(counts))) for count in counts]) for name, counts in rows]

    @property
    def remark(self) -> str:
        """Whether the published numbers may be held against these, and if not, why."""
        return self.remark_on(self.recipe.paper)

    def remark_on(self, paper: str | None) -> str:
        """Return the same for the numbers that ``paper`` prints."""
        entries = [entry for entry in self.published if entry.paper == paper]
        record = self.first
        return comparable(record.adapter, record.protocol, paper, entries, heard=self.heard, whole=not self.partial)


@dataclass(frozen=True)
class Block:
    """Results on the same utterances with the same classes: what may be compared at all."""

    corpus: str
    classes: str  # what is told apart, in words
    warning: str
    results: tuple[Result, ...]  # speaker-independent first, then by protocol, then UA, best first

    @property
    def honest(self) -> tuple[Result, ...]:
        """The speaker-independent rows."""
        return tuple(result for result in self.results if not result.paper_row)

    @property
    def paper(self) -> tuple[Result, ...]:
        """The rows of paper protocols and of leaking ones."""
        return tuple(result for result in self.results if result.paper_row)


def gather(records: Sequence[Record], scores: pd.DataFrame, confusions: pd.DataFrame, beside: Beside) -> list[Block]:
    """Return the blocks of a report in the order in which the runs name them.

    ``scores`` and ``confusions`` are the SCORES and CONFUSIONS tables; SerError if they are not of exactly these runs.
    """
    _match(records, scores)
    grouped: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        grouped.setdefault((record.run.corpus, record.run.protocol, record.run.system), []).append(record)
    by_score = dict(list(scores.groupby(KEYS)))
    by_confusion = dict(list(confusions.groupby(KEYS)))
    results = [_result(members, by_score[key], by_confusion[key], beside) for key, members in grouped.items()]
    blocks: dict[tuple[str, str, str], list[Result]] = {}
    for result in results:
        blocks.setdefault(_sameness(result), []).append(result)
    return [_block(members) for members in blocks.values()]


def _match(records: Sequence[Record], scores: pd.DataFrame) -> None:
    wanted = {tuple(record.run) for record in records}
    single = scores.loc[scores["fold"] != POOLED, [*KEYS, "seed", "fold"]].drop_duplicates()
    found = set(single.itertuples(index=False, name=None))
    for what, odd in (("lacks", wanted - found), ("holds more than the experiment's", found - wanted)):
        if odd:
            named = offenders("/".join(map(str, run)) for run in sorted(odd, key=str))
            raise SerError(f"the scores table {what} runs: {named}; score the experiment again.")


def _result(records: list[Record], scores: pd.DataFrame, confusions: pd.DataFrame, beside: Beside) -> Result:
    first = records[0]
    classes = list(first.classes)
    table = summary(scores).set_index(["metric", "label"]).to_dict("index")
    pooled = scores[scores["fold"] == POOLED]
    ua, wa = (pooled[pooled["metric"] == metric].set_index("seed")["value"] for metric in ("UA", "WA"))
    recalls = pooled[pooled["metric"] == "recall"].groupby("label")["value"].mean().reindex(classes)
    counts = confusions[confusions["fold"] == POOLED].groupby(["label", "predicted"])["utterances"].sum()
    confusion = counts.unstack(fill_value=0).reindex(index=classes, columns=classes, fill_value=0).astype(int)
    published = printed(first.recipe, beside)
    return Result(
        corpus=first.run.corpus,
        protocol=first.run.protocol,
        system=first.run.system,
        records=tuple(records),
        wa=_spread(table["WA", ""], "pooled", "pooled_sd"),
        ua=_spread(table["UA", ""], "pooled", "pooled_sd"),
        fold_wa=_spread(table["WA", ""], "fold_mean", "fold_sd"),
        fold_ua=_spread(table["UA", ""], "fold_mean", "fold_sd"),
        pooled_ua=dict(zip(ua.index.tolist(), ua.tolist(), strict=True)),
        pooled_wa=dict(zip(wa.index.tolist(), wa.tolist(), strict=True)),
        recalls={str(name): float(value) for name, value in recalls.items()},
        confusion=confusion,
        published=relevant(published, first.adapter),
    )


def _spread(summary: Mapping[Any, Any], mean: str, sd: str) -> Spread:
    return Spread(float(summary[mean]), None if math.isnan(summary[sd]) else float(summary[sd]))


def _sameness(result: Result) -> tuple[str, str, str]:
    labels = {name: sorted(merged) for name, merged in result.labels.items()}
    subset = {column: sorted(values) for column, values in result.first.protocol.subset.items()}
    return result.corpus, json.dumps(labels, sort_keys=True), json.dumps(subset, sort_keys=True)


def _block(results: list[Result]) -> Block:
    first = results[0]
    labels = first.labels
    named = [name if tuple(merged) == (name,) else f"{name} ({' + '.join(merged)})" for name, merged in labels.items()]
    subset = [f"{column} {' or '.join(values)}" for column, values in first.first.protocol.subset.items()]
    classes = "; ".join([f"{len(labels)} classes: {', '.join(named)}", *subset])
    ranked = sorted(results, key=lambda row: (row.paper_row, row.protocol, -row.ua.mean, row.system))
    return Block(first.corpus, classes, first.first.warning, tuple(ranked))
