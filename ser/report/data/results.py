"""The results of a report: scores grouped by system and protocol, with the numbers that the papers print.

Values are fractions, 0…1, or of dimensions as the metric defines them, NaN where it is not defined. A pooled value is
computed on the test utterances of all folds of one seed together; with several seeds it is their mean. A fold value is
the mean over seeds; its mean and standard deviation are over folds.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pandas as pd

from ser import dimension_metrics
from ser.config.recipe import Recipe
from ser.errors import SerError, offenders
from ser.papers import matching
from ser.papers.matching import OwnResult
from ser.papers.published import Published
from ser.report.data.runs import RunRecord
from ser.report.data.scores import Score, of_table
from ser.report.formats import spans
from ser.tables.contracts import ALL_FOLDS, FROM_SCRATCH, TRAINED_HERE

LEAKING = frozenset({"speaker", "test selection"})  # leaks that end speaker independence; other leaks are only named
KEYS = ["corpus", "protocol", "system"]
INDEPENDENT = "speaker-independent"
PAPER = "paper or leaking protocol"
EXPLANATIONS: Final = {
    INDEPENDENT: "Speaker-independent protocols: no speaker of the test part is trained on.",
    PAPER: "Paper protocols and protocols that leak: reproduction, not to be ranked with speaker-independent rows.",
}


@dataclass(frozen=True, eq=False)
class Result:
    """One system under one protocol on one corpus: all its seeds and folds."""

    corpus: str
    protocol: str
    system: str
    records: tuple[RunRecord, ...]
    scores: Mapping[str, Score]  # by metric, those of single dimensions included
    recalls: Mapping[str, float]  # class: pooled recall, mean over seeds; NaN without test utterances
    confusion: pd.DataFrame  # rows true, columns predicted, utterances summed over seeds; empty for dimensions
    published: tuple[Published, ...]

    @property
    def first(self) -> RunRecord:
        """Any of the runs: protocol, recipe and classes are the same in all."""
        return self.records[0]

    @property
    def key(self) -> tuple[str, str, str]:
        """Corpus, protocol and system."""
        return self.corpus, self.protocol, self.system

    @property
    def recipe(self) -> Recipe:
        """Recipe of the system."""
        return self.first.recipe

    def value(self, metric: str) -> float:
        """Return a metric's pooled value: from the confusions of all seeds where the experiment did not choose it."""
        if metric in self.scores:
            return self.scores[metric].value
        return float(dimension_metrics.find(metric).of(self.confusion.to_numpy(dtype=float), None))

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Dimensions of the protocol; none where its target is classes."""
        return self.first.protocol.target.dimensions

    @property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Class and the emotions merged into it."""
        stated = self.first.protocol.labels
        return {name: (name,) for name in self.first.classes} if isinstance(stated, str) else dict(stated)

    @property
    def leaking(self) -> bool:
        """Whether the protocol trains on test speakers or selects the epoch on the test part."""
        return not LEAKING.isdisjoint(self.first.protocol.leaks)

    @property
    def embedding_leaks(self) -> bool:
        """Whether a feature comes from a network that was trained on the voices of the test speakers too."""
        return any(TRAINED_HERE in note for note in self.first.notes)

    @property
    def kind(self) -> str:
        """INDEPENDENT or PAPER: rows of different kinds are never ranked together."""
        return PAPER if self.leaking or self.first.protocol.paper is not None else INDEPENDENT

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
        """``partial: fold 0 of 6`` where folds are missing; "" where all were run."""
        if len(self.folds) >= self.first.folds:
            return ""
        return f"partial: fold{'s' if len(self.folds) > 1 else ''} {spans(self.folds)} of {self.first.folds}"

    @property
    def untrained(self) -> str:
        """``not trained: 2 of 6 runs`` where runs learned nothing; "" where all learned."""
        count, every = sum(not record.trained for record in self.records), len(self.records)
        return f"not trained: {count} of {every} run{'s' if every > 1 else ''}" if count else ""

    @property
    def unranked(self) -> str:
        """Why the row is not ranked: folds that are missing, runs that are not trained; "" where it is."""
        return "; ".join(reason for reason in (self.partial, self.untrained) if reason)

    @property
    def utterances(self) -> int:
        """Test utterances of one seed, all folds."""
        if self.dimensions:
            return round(sum(record.counts["test"] for record in self.records) / len(self.seeds))
        return round(float(self.confusion.to_numpy().sum()) / len(self.seeds))

    @property
    def seconds(self) -> float:
        """Training time of all runs together."""
        return sum(record.seconds for record in self.records)

    @property
    def epochs(self) -> str:
        """Epochs that were run, least and most over runs; "–" for estimators."""
        trained = [record for record in self.records if record.history["train_loss"].notna().any()]
        epochs = sorted({record.epochs_run for record in trained})
        return "–" if not epochs else str(epochs[0]) if len(epochs) == 1 else f"{epochs[0]}–{epochs[-1]}"

    @property
    def devices(self) -> str:
        """Processors of the runs."""
        return "; ".join(sorted({record.device for record in self.records}))

    @property
    def notes(self) -> list[str]:
        """Notes of the runs, each once."""
        return list(dict.fromkeys(note for record in self.records for note in record.notes))

    @property
    def remark(self) -> str:
        """Whether the published numbers are comparable with these, and if not, why."""
        return matching.remark(self.own, [entry for entry in self.published if entry.paper == self.recipe.paper])

    @cached_property
    def own(self) -> OwnResult:
        """The result as it is compared with papers."""
        weights = ["the embedding was trained on this corpus's speakers"] if self.embedding_leaks else []
        words = self.recipe.inputs.words
        if words and words.embedding and any(note.startswith(FROM_SCRATCH) for note in self.notes):
            weights.append(f"word vectors were learned from scratch instead of {words.embedding}")
        same = {
            name: getattr(self, name) for name in (*KEYS, "recalls", "confusion", "devices", "partial", "untrained")
        }
        same |= {name: getattr(self.first, name) for name in ("adapter", "parameters", "changes")}
        return OwnResult(
            **same,
            published={} if self.dimensions else self.recipe.published,  # the papers print classes
            options=self.recipe.options,
            paper=self.first.protocol.paper,
            recognised=matching.reads_recognised(self.recipe),
            rates={metric: score.value for metric, score in self.scores.items()},
            seed_sd={metric: 0.0 if math.isnan(score.sd) else score.sd for metric, score in self.scores.items()},
            minutes=self.seconds / 60 / len(self.records),
            curves={(record.run.seed, record.run.fold): record.history for record in self.records},
            weights=tuple(weights),
        )


@dataclass(frozen=True)
class ResultGroup:
    """Results on the same utterances with the same classes: only these are compared.

    classes: or dimensions, in words. results: speaker-independent first, then by protocol, ranked rows before others,
    then by the ranking metric, best first.
    """

    corpus: str
    classes: str
    warning: str
    results: tuple[Result, ...]


def group_results(
    records: Sequence[RunRecord], scores: pd.DataFrame, confusions: pd.DataFrame, ranking: str = "UA"
) -> list[ResultGroup]:
    """Return the results in the order in which the runs name them.

    scores, confusions: the SCORES and CONFUSIONS tables; ranking: the metric that orders rows.
    SerError if the tables are not of exactly these runs.
    """
    _match(records, scores)
    by_system: dict[tuple[str, str, str], list[RunRecord]] = {}
    for record in records:
        by_system.setdefault(record.run[:3], []).append(record)
    by_score = dict(list(scores.groupby(KEYS)))
    by_confusion = dict(list(confusions.groupby(KEYS)))
    results = [
        _result(members, by_score[key], by_confusion.get(key, confusions[:0])) for key, members in by_system.items()
    ]
    groups: dict[tuple[str, str, str], list[Result]] = {}
    for result in results:
        groups.setdefault(_task(result), []).append(result)
    return [_group(members, ranking) for members in groups.values()]


def _match(records: Sequence[RunRecord], scores: pd.DataFrame) -> None:
    wanted = {tuple(record.run) for record in records}
    single = scores.loc[scores["fold"] != ALL_FOLDS, [*KEYS, "seed", "fold"]].drop_duplicates()
    found = set(single.itertuples(index=False, name=None))
    for what, odd in (("lacks", wanted - found), ("holds more than the experiment's", found - wanted)):
        if odd:
            named = offenders("/".join(map(str, run)) for run in sorted(odd, key=str))
            raise SerError(f"the scores table {what} runs: {named}; score the experiment again.")


def _result(records: list[RunRecord], scores: pd.DataFrame, confusions: pd.DataFrame) -> Result:
    first = records[0]
    classes = list(first.classes)
    pooled = scores[scores["fold"] == ALL_FOLDS]
    recalls = pooled[pooled["metric"] == "recall"].groupby("label")["value"].mean().reindex(classes)
    counts = confusions[confusions["fold"] == ALL_FOLDS].groupby(["label", "predicted"])["utterances"].sum()
    confusion = pd.DataFrame(index=classes, columns=classes)
    if classes:
        confusion = counts.unstack(fill_value=0).reindex(index=classes, columns=classes, fill_value=0).astype(int)
    return Result(
        *first.run[:3],
        records=tuple(records),
        scores=of_table(scores, confusion if classes else None),
        recalls={str(name): float(value) for name, value in recalls.items()},
        confusion=confusion,
        published=() if first.protocol.target.dimensions else matching.numbers_of(first.recipe, first.adapter),
    )


def _task(result: Result) -> tuple[str, str, str]:
    """Return what must be equal for two results to be comparable: corpus, classes or dimensions, and subset."""
    labels = list(result.dimensions) or {name: sorted(merged) for name, merged in result.labels.items()}
    subset = {column: sorted(values) for column, values in result.first.protocol.subset.items()}
    return result.corpus, json.dumps(labels, sort_keys=True), json.dumps(subset, sort_keys=True)


def _group(results: list[Result], ranking: str) -> ResultGroup:
    first = results[0]
    labels = first.labels
    named = [name if tuple(merged) == (name,) else f"{name} ({' + '.join(merged)})" for name, merged in labels.items()]
    subset = [f"{column} {' or '.join(values)}" for column, values in first.first.protocol.subset.items()]
    of_classes = f"{len(labels)} classes: {', '.join(named)}"
    target = f"dimensions: {', '.join(first.dimensions)}" if first.dimensions else of_classes
    classes = "; ".join([target, *subset])
    sign = 1 if dimension_metrics.find(ranking).lower else -1

    def order(row: Result) -> tuple[bool, str, bool, bool, float, str]:
        value = row.scores[ranking].value
        return row.kind == PAPER, row.protocol, bool(row.unranked), math.isnan(value), sign * value, row.system

    return ResultGroup(first.corpus, classes, first.first.warning, tuple(sorted(results, key=order)))
