"""Leave sentences out: train shares neither a text nor a speaker with test.

For scripted corpora, where every speaker repeats a few sentences in every emotion. RAVDESS has two: a fold tests one of
them by a sixth of the actors and trains on the other by the rest. The test speakers' other sentences and the other
speakers' test sentences are in no part of the fold. Two texts are the same if their words are (``ser.text.normalise``),
however few.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from ser.bounds import Count, Index
from ser.corpus import Facts
from ser.errors import SerError, offenders
from ser.protocols import _parts, speaker_folds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

PARTIAL = True  # a fold leaves utterances out; over all folds each is tested once
Dev = Literal["speaker", "text", "none"]
DEV_SPEAKERS = 2


def folds(facts: Facts, *, texts: Count = 2, speakers: Index = 6, dev: Dev = "speaker", **_: object) -> int:
    """Return the number of folds, ``texts`` × ``speakers``; SerError if the corpus has fewer speakers."""
    _parts.at_least("texts", texts, 3 if dev == "text" else 2, "one to test, one to train")
    if speakers:
        _parts.at_least("speakers", speakers, 2, "or 0 for none")
        least = max(speakers, 3 if dev == "speaker" else 2)
        _parts.require("speaker", facts.speakers, least, f"{speakers} groups of whole speakers")
    elif dev == "speaker":
        raise SerError("dev: speaker needs groups of speakers; use dev: text or dev: none.")
    return texts * max(speakers, 1)


def assign(
    rows: "_parts.Rows", *, texts: Count = 2, speakers: Index = 6, dev: Dev = "speaker", seed: Index = 0
) -> "_parts.Parts":
    """Yield the parts of each fold; fold s · texts + t tests the t-th group of texts by the s-th group of speakers.

    texts: groups of texts, balanced in classes. speakers: groups of speakers as ``speaker_folds`` makes them with
    ``seed``; 0: speakers are not kept apart, nor needed. dev: "speaker" takes two speakers of the next group, with the
    texts that are trained on; "text" the next group of texts, by the speakers that are trained on; "none" leaves no dev
    part. SerError where an utterance has no transcript, or fewer different texts than groups are there.
    """
    import numpy as np

    group = text_groups(rows, texts)
    for tested, developed, trained in speaker_groups(rows, speakers, dev, seed):
        for text in range(texts):
            here, following = group == text, group == (text + 1) % texts
            conditions = [here & tested, ~here & developed, following & trained & (dev == "text"), ~here & trained]
            yield np.select(conditions, ["test", "dev", "dev", "train"], default=_parts.NO_PART)


def speaker_groups(rows: "_parts.Rows", speakers: int, dev: str, seed: int) -> "Iterator[tuple[Mask, Mask, Mask]]":
    """Yield for each group of speakers which utterances are by those tested, developed and trained on."""
    import numpy as np

    if not speakers:
        yield np.ones(len(rows), bool), np.zeros(len(rows), bool), np.ones(len(rows), bool)
        return
    count = DEV_SPEAKERS if dev == "speaker" else 0
    for part in speaker_folds.assign(rows, folds=speakers, dev_speakers=count, seed=seed):
        yield part == "test", part == "dev", part == "train"


def text_groups(rows: "_parts.Rows", count: int) -> "NDArray[np.int64]":
    """Return the number of each utterance's group of texts.

    Greedy, the most frequent text first: each joins the group with the fewest utterances of its classes. An utterance
    without a word is a text of its own.
    """
    import numpy as np
    import pandas as pd

    from ser.text.normalise import normalised

    silent = rows.loc[rows["text"].isna(), "utterance"] if "text" in rows else rows["utterance"]
    if len(silent):
        which = "the corpus has none" if len(silent) == len(rows) else f"none is known for {offenders(silent)}"
        raise SerError(f"the rule needs the text of every utterance, and {which}; {_parts.INSTEAD['session']}.")
    words = rows["text"].map(normalised)
    text = words.where(words != "", "utterance " + rows["utterance"])
    counts_of = pd.crosstab(text, rows["label"])
    if len(counts_of) < count:
        raise SerError(
            f"{count} groups of texts need as many different texts; "
            f"there {'is' if len(counts_of) == 1 else 'are'} {len(counts_of)}: {offenders(counts_of.index)}."
        )
    load = np.zeros((count, counts_of.shape[1]))
    group_of = {}
    for name, counts in sorted(
        zip(counts_of.index, counts_of.to_numpy(), strict=True), key=lambda it: (-it[1].sum(), it[0])
    ):
        best = min(range(count), key=lambda index: (load[index] @ counts, load[index].sum(), index))
        load[best] += counts
        group_of[name] = best
    return text.map(group_of).to_numpy(dtype=np.int64)
