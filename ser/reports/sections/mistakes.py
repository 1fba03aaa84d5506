"""The answers that were wrong with the highest probability, by ids; what was said only where the experiment asks."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd

from ser.reports.gathered.answers import Answers, Key
from ser.reports.gathered.numerals import percent
from ser.reports.gathered.results import Block, Result
from ser.reports.gathered.tables import RANKINGS, Table, rankings

SHOWN = 5  # of each result

Said = Mapping[tuple[str, str], Mapping[str, str]]  # corpus and transcript: utterance: text


class Mistake(NamedTuple):
    """A wrong answer, its probability, and what was said: the corpus's text and, of a recogniser, the one heard."""

    result: Result
    seed: int
    fold: int
    utterance: str
    label: str
    predicted: str
    probability: float
    reference: str
    recognised: str


def by_ranking(block: Block, answers: Mapping[Key, Answers], said: Said) -> dict[str, list[Mistake]]:
    """Return, by kind of ranking, the ``SHOWN`` worst mistakes of every result, each utterance once."""
    return {
        kind: [
            mistake
            for row in sorted(rows, key=lambda row: (row.protocol, row.system.lower()))
            for mistake in _worst(row, answers[row.corpus, row.protocol, row.system], said)
        ]
        for kind, rows in rankings(block)
    }


def _worst(result: Result, given: Answers, said: Said) -> list[Mistake]:
    rows = given.rows.assign(probability=given.probabilities.max(axis=1))[~given.right]
    rows = rows.sort_values(["probability", "utterance", "seed"], ascending=[False, True, True])
    words = result.recipe.inputs.words
    reference = said.get((result.corpus, "given"), {})
    heard = said.get((result.corpus, words.transcript), {}) if words and words.transcript != "given" else {}
    return [
        Mistake(
            result,
            **{name: row[name] for name in ("seed", "fold", "utterance", "label", "predicted", "probability")},
            reference=reference.get(row["utterance"], ""),
            recognised=heard.get(row["utterance"], ""),
        )
        for row in rows.drop_duplicates("utterance").head(SHOWN).to_dict("records")
    ]


def frame(found: Sequence[Mistake], *, words: bool) -> pd.DataFrame:
    """Return one row per mistake; the probability in percent, the texts only with ``words``."""
    texts = ["reference", "recognised"] if words else []
    columns = ["corpus", "protocol", "system", *Mistake._fields[1:-2], *texts, "note"]
    rows = [
        {
            **one._asdict(),
            "corpus": one.result.corpus,
            "protocol": one.result.protocol,
            "system": one.result.system,
            "probability": round(100 * one.probability, 4),
            "note": one.result.first.warning,
        }
        for one in found
    ]
    return pd.DataFrame(rows, columns=columns)


def tables(block: Block, found: Mapping[str, Sequence[Mistake]], *, words: bool) -> list[Table]:
    """Return one table per kind of ranking; the texts only with ``words``."""
    texts = ("Reference", "Recognised") if words else ()
    columns = ("Protocol", "System", "Utterance", "True class", "Answer", "Probability", "Seed", "Fold", *texts)
    made = []
    for kind, members in found.items():
        rows = tuple(
            (
                *(one.result.protocol, one.result.system, one.utterance, one.label, one.predicted),
                *(percent(one.probability), str(one.seed), str(one.fold)),
                *((one.reference, one.recognised) if words else ()),
            )
            for one in members
        )
        caption = f"Wrong with the highest probability, in percent, {SHOWN} utterances of each system: {block.corpus}, "
        caption += (
            f"{block.classes}. {RANKINGS[kind]} From predictions.parquet{' and the transcripts' if words else ''}."
        )
        made.append(Table(caption, block.warning, columns, rows, frozenset((*columns[:5], *texts))))
    return made
