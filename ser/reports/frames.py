"""The tables of a report as data frames for CSV: numbers unrounded but for noise, one row per fact."""

from collections.abc import Iterable
from dataclasses import astuple, fields
from typing import NamedTuple

import pandas as pd

from ser.evaluation.word_errors import WordErrors
from ser.reports.results import Block, Result
from ser.reports.runs import Record, spans
from ser.reports.tables import published_protocol, published_text, rankings


class Heard(NamedTuple):
    """What a recogniser made of a corpus."""

    corpus: str
    transcript: str
    errors: WordErrors


def transcripts(heard: Iterable[Heard]) -> pd.DataFrame:
    """Return one row per corpus and recognised transcript; the word error rate as a fraction of reference words."""
    columns = ["corpus", "transcript", *(field.name for field in fields(WordErrors)), "wer"]
    rows = [(one.corpus, one.transcript, *astuple(one.errors), round(one.errors.wer, 6)) for one in heard]
    return pd.DataFrame(rows, columns=columns)


def results(blocks: Iterable[Block]) -> pd.DataFrame:
    """Return one row per corpus, protocol and system; metrics in percent, ``note`` holds the corpus's warning."""
    rows = [
        _numbers(block, ranking, result) for block in blocks for ranking, rows in rankings(block) for result in rows
    ]
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
                "device": record.device,
                "commit": record.commit,
                "provenance": " | ".join(record.notes),
                "folder": record.run.folder.as_posix(),
                "note": record.warning,
            }
            for record in records
        ]
    )


def _numbers(block: Block, ranking: str, result: Result) -> dict[str, object]:
    spreads = {"WA": result.wa, "UA": result.ua, "fold_WA": result.fold_wa, "fold_UA": result.fold_ua}
    metrics: dict[str, float | None] = {name: _rounded(value.mean) for name, value in spreads.items()}
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
        "note": block.warning,
    }


def _rounded(value: float) -> float:
    return round(100 * value, 4)
