"""Train on the test sentences: as ``text_out`` with as much training material, to measure what they are worth.

The folds test the same utterances as those of ``text_out`` with the same options. Where that one trains on all groups
of texts but the tested one, this one leaves out the next group instead: of two, it trains on the tested one alone.
"""

from typing import Literal

from ser.bounds import Count, Index
from ser.corpus import Facts
from ser.protocols import _parts, text_out

PARTIAL = True  # a fold leaves utterances out; over all folds each is tested once
Dev = Literal["speaker", "none"]


def folds(facts: Facts, *, texts: Count = 2, speakers: Index = 6, dev: Dev = "speaker", **_: object) -> int:
    """Return the number of folds, ``texts`` × ``speakers``; SerError if the corpus has fewer speakers."""
    _parts.at_least("speakers", speakers, 2, "train has the test sentences, not the test speakers")
    return text_out.folds(facts, texts=texts, speakers=speakers, dev=dev)


def assign(
    rows: "_parts.Rows", *, texts: Count = 2, speakers: Index = 6, dev: Dev = "speaker", seed: Index = 0
) -> "_parts.Parts":
    """Yield the parts of each fold; fold s · texts + t tests the t-th group of texts by the s-th group of speakers.

    The options are those of ``text_out``. The dev part has the texts that are trained on. SerError as there.
    """
    import numpy as np

    group = text_out.text_groups(rows, texts)
    for tested, developed, trained in text_out.speaker_groups(rows, speakers, dev, seed):
        for text in range(texts):
            taken = group != (text + 1) % texts
            conditions = [(group == text) & tested, taken & developed, taken & trained]
            yield np.select(conditions, ["test", "dev", "train"], default=_parts.NO_PART)
