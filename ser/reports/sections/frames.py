"""The tables of a report as data frames for CSV: numbers unrounded but for noise, one row per fact."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import astuple, fields

import pandas as pd

from ser.evaluation.word_errors import TranscriptErrors, WordErrors
from ser.reports.gathered.results import Block, Result
from ser.reports.gathered.runs import Record, spans
from ser.reports.gathered.tables import rankings
from ser.reports.sections import bounds, provenance
from ser.reports.sections.bounds import Bounds
from ser.reports.sections.standings import published_protocol, published_text


def transcripts(heard: Iterable[TranscriptErrors]) -> pd.DataFrame:
    """Return one row per corpus and recognised transcript; the word error rate as a fraction of reference words."""
    columns = ["corpus", "transcript", *(field.name for field in fields(WordErrors)), "wer"]
    rows = [(one.corpus, one.transcript, *astuple(one.errors), round(one.errors.wer, 6)) for one in heard]
    return pd.DataFrame(rows, columns=columns)


def results(blocks: Iterable[Block], found: Bounds) -> pd.DataFrame:
    """Return one row per corpus, protocol and system; metrics in percent, ``note`` holds the corpus's warning."""
    return pd.DataFrame(
        [
            {**_numbers(block, ranking, result), **_limits(result, found), "note": block.warning}
            for block in blocks
            for ranking, rows in rankings(block)
            for result in rows
        ]
    )


def intervals(found: Bounds, warnings: Mapping[str, str]) -> pd.DataFrame:
    """Return one row per result and metric, in percent; ``note`` holds the corpus's warning."""
    rows = []
    for (corpus, protocol, system, metric), bound in found.items():
        rates = {name: _rounded(getattr(bound, name)) for name in ("value", "low", "high", "seed_sd", "fold_sd")}
        counts = {name: getattr(bound, name) for name in ("seeds", "clusters", "cluster_kind", "method")}
        named = {"corpus": corpus, "protocol": protocol, "system": system, "metric": metric}
        rows.append({**named, **rates, **counts, "note": warnings.get(corpus, "")})
    return pd.DataFrame(rows)


def recalls(blocks: Iterable[Block]) -> pd.DataFrame:
    """Return one row per corpus, protocol, system and class; ``recall`` in percent."""
    rows = []
    for block in blocks:
        for ranking, results_ in rankings(block):
            for result in results_:
                tested = result.confusion.sum(axis=1)
                for name, value in result.recalls.items():
                    rows.append(
                        {
                            "corpus": result.corpus,
                            "ranking": ranking,
                            "protocol": result.protocol,
                            "system": result.system,
                            "class": name,
                            "recall": _rounded(value),
                            "utterances": int(tested[name]) // len(result.seeds),
                            "note": block.warning,
                        }
                    )
    return pd.DataFrame(rows)


def runs(records: Iterable[Record]) -> pd.DataFrame:
    """Return one row per run: what it was trained on, for how long, on what."""
    return pd.DataFrame(
        [
            {
                **record.run._asdict(),
                "protocol_digest": record.protocol.digest(),
                "leaks": "; ".join(record.protocol.leaks),
                **{f"{part}_utterances": record.counts.get(part) for part in ("train", "dev", "test")},
                "parameters": record.parameters,
                "epochs_run": record.epochs_run,
                "best_epoch": record.best_epoch,
                "seconds": round(record.seconds, 2),
                **{f"{name}_joules": record.energy.get(name) for name in provenance.DEVICES},
                "device": record.device,
                "commit": record.commit,
                "provenance": " | ".join(record.notes),
                "code": record.code,
                "data": json.dumps(record.data, sort_keys=True),
                "finished": record.finished,
                "folder": record.run.folder.as_posix(),
                "note": record.warning,
            }
            for record in records
        ]
    )


def _numbers(block: Block, ranking: str, result: Result) -> dict[str, object]:
    spreads = {"WA": result.wa, "UA": result.ua, "fold_WA": result.fold_wa, "fold_UA": result.fold_ua}
    metrics = {name: _rounded(value.mean) for name, value in spreads.items()}
    metrics |= {f"{name}_sd": None if value.sd is None else _rounded(value.sd) for name, value in spreads.items()}
    return {
        "corpus": result.corpus,
        "classes": block.classes,
        "ranking": ranking,
        "protocol": result.protocol,
        "protocol_title": result.first.protocol.title,
        "protocol_digest": result.first.protocol.digest(),
        "leaks": "; ".join(result.leaks),
        "system": result.system,
        "paper": result.recipe.paper,
        "seeds": spans(result.seeds),
        "folds": spans(result.folds),
        "folds_total": result.first.folds,
        "partial": result.partial,
        "epochs": result.epochs,
        **metrics,
        "utterances": result.utterances,
        "chance_WA": _rounded(result.chance_wa),
        "chance_UA": _rounded(result.chance_ua),
        "UA_best_of_test_curve": None if result.curve_ua is None else _rounded(result.curve_ua),
        "published_WA": published_text(result, "WA"),
        "published_UA": published_text(result, "UA"),
        "published_protocol": published_protocol(result),
        "published_remark": result.remark,
        "parameters": result.first.parameters,
        "seconds": round(result.seconds, 2),
        "device": result.devices,
        "provenance": " | ".join(dict.fromkeys(note for record in result.records for note in record.notes)),
    }


def _limits(result: Result, found: Bounds) -> dict[str, object]:
    """Return the intervals and by what they were got."""
    row: dict[str, object] = {}
    for metric in ("WA", "UA"):
        bound = bounds.of(found, result, metric)
        row |= {f"{metric}_low": _rounded(bound.low), f"{metric}_high": _rounded(bound.high)}
        row |= {"clusters": bound.clusters, "cluster_kind": bound.cluster_kind, "interval": bound.method}
    return row


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(100 * value, 4)
