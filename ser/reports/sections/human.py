"""How far the corpus's own raters agree, and how systems meet the raters' labels instead of their majority."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np
import pandas as pd

from ser.errors import SerError
from ser.evaluation.agreement import Agreement, Soft, against_soft, fleiss, single_rater, votes
from ser.reports.gathered.answers import Answers, Key
from ser.reports.gathered.numerals import decimal, percent
from ser.reports.gathered.results import Block, Result
from ser.reports.gathered.tables import Table

# Raters who judge themselves, by the reader of the corpus: IEMOCAP's actors.
THEMSELVES: Final[Mapping[str, str]] = {"iemocap": r"[FM]\d", "demo": r"[FM]\d"}


@dataclass(frozen=True)
class Human:
    """The raters of a block's tested utterances. wa, ua: of a single one against the majority of the others, 0…1.

    judgements: that these rest on. soft: each result's probabilities against the distribution of the raters' labels,
    mean over seeds.
    """

    block: Block
    agreement: Agreement
    wa: float
    ua: float
    judgements: int
    soft: tuple[tuple[Result, Soft], ...]

    @property
    def by_protocol(self) -> dict[str, list[tuple[Result, Soft]]]:
        """The results and their soft scores by protocol, sorted by name."""
        found: dict[str, list[tuple[Result, Soft]]] = {}
        for row, soft in sorted(self.soft, key=lambda pair: (pair[0].paper_row, pair[0].protocol, pair[0].system)):
            found.setdefault(row.protocol, []).append((row, soft))
        return found


def human(block: Block, manifest: pd.DataFrame, answers: Mapping[Key, Answers]) -> Human | None:
    """Return the raters of ``block``; None where the manifest names too few to say anything.

    manifest: utterance and raters of the MANIFEST table. Raters who judge themselves are left out.
    """
    first = block.results[0]
    tested = {name for row in block.results for name in _answers(row, answers).rows["utterance"]}
    chosen = manifest[manifest["utterance"].isin(tested)]
    classes = list(first.first.classes)
    try:
        given = votes(chosen, first.labels, without=THEMSELVES.get(first.first.adapter, ""))
        agreement = fleiss(given)
        together = single_rater(given, classes).head(1)  # all raters
        wa, ua = together[["WA", "UA"]].to_numpy()[0].tolist()
        soft = tuple((row, _soft(given, _answers(row, answers), classes)) for row in block.results)
    except SerError:
        return None
    return Human(block, agreement, wa, ua, int(together["judgements"].sum()), soft)


def _answers(row: Result, answers: Mapping[Key, Answers]) -> Answers:
    return answers[row.corpus, row.protocol, row.system]


def _soft(given: pd.DataFrame, found: Answers, classes: Sequence[str]) -> Soft:
    """Return the mean over seeds; the numbers of utterances are those of one seed."""
    order = [found.classes.index(name) for name in classes]
    each = []
    for seed in found.rows["seed"].unique():
        mine = (found.rows["seed"] == seed).to_numpy()
        each.append(
            against_soft(given, found.rows.loc[mine, "utterance"], found.probabilities[mine][:, order], classes)
        )
    entropy, floor, any_rater = np.mean([(one.cross_entropy, one.entropy, one.any_rater) for one in each], axis=0)
    return Soft(float(entropy), float(floor), float(any_rater), each[0].utterances, each[0].left_out)


def frame(found: Sequence[Human]) -> pd.DataFrame:
    """Return one row for the raters of each block and one per result; WA, UA and any_rater in percent, rest in nats."""
    columns = ["corpus", "classes", "who", "protocol", "WA", "UA", "cross_entropy", "any_rater", "utterances"]
    columns += ["judgements", "entropy_of_raters", "fleiss_kappa", "kappa_utterances", "kappa_raters", "note"]
    rows: list[dict[str, object]] = []
    for one in found:
        where = {"corpus": one.block.corpus, "classes": one.block.classes, "note": one.block.warning}
        rows.append(
            {
                **where,
                "who": "a single rater against the majority of the others",
                "WA": round(100 * one.wa, 4),
                "UA": round(100 * one.ua, 4),
                "judgements": one.judgements,
                "fleiss_kappa": round(one.agreement.kappa, 6),
                "kappa_utterances": one.agreement.utterances,
                "kappa_raters": one.agreement.raters,
            }
        )
        rows += [
            {
                **where,
                "who": result.system,
                "protocol": result.protocol,
                "WA": round(100 * result.wa.mean, 4),
                "UA": round(100 * result.ua.mean, 4),
                "cross_entropy": round(soft.cross_entropy, 6),
                "entropy_of_raters": round(soft.entropy, 6),
                "any_rater": round(100 * soft.any_rater, 4),
                "utterances": soft.utterances,
            }
            for result, soft in chain.from_iterable(one.by_protocol.values())
        ]
    return pd.DataFrame(rows, columns=columns)


def tables(found: Sequence[Human]) -> list[Table]:
    """Return one table per block: the raters first, then the systems by protocol and name."""
    columns = ("Who", "Protocol", "WA", "UA", "Cross-entropy", "Any rater")
    made = []
    for one in found:
        rows = [("a single rater", "", percent(one.wa), percent(one.ua), "", "")]
        rows += [
            (
                *(row.system, row.protocol, percent(row.wa.mean), percent(row.ua.mean)),
                *(decimal(soft.cross_entropy), percent(soft.any_rater)),
            )
            for row, soft in chain.from_iterable(one.by_protocol.values())
        ]
        caption = f"Raters and systems: {one.block.corpus}, {one.block.classes}. Fleiss' kappa "
        caption += f"{decimal(one.agreement.kappa)} ({one.agreement.utterances} utterances with {one.agreement.raters} "
        caption += "raters each). A single rater is held against the majority of the others; cross-entropy (nats) and "
        caption += "the share of answers that any rater gave are against the raters' labels themselves. "
        caption += "From manifest.parquet and predictions.parquet."
        made.append(Table(caption, one.block.warning, columns, tuple(rows), frozenset(columns[:2])))
    return made
