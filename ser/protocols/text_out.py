"""Leave sentences out: what is said in the test part is not said in train, and nobody who is tested is trained on.

For scripted material, where a few sentences return with every speaker and emotion. RAVDESS has two: one, said by a
sixth of the actors, is tested after learning from the other, said by the rest. What a fold can neither test nor train
on, the test speakers' other sentences and the other speakers' test sentences, is in none of its parts. Texts are the
same if their words are (``ser.text.normalise``), however few.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ser.corpus import Facts
from ser.errors import SerError, offenders
from ser.protocols import _parts, speaker_folds

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

PARTIAL = True  # a fold leaves utterances out; over all folds each is tested once
RULE = "text_out"
DEV = ("speaker", "text", "none")
DEV_SPEAKERS = 2


def folds(facts: Facts, *, texts: int = 2, speakers: int = 6, dev: str = "speaker", **_: object) -> int:
    """Return the number of folds, ``texts`` × ``speakers``; SerError if the corpus has fewer speakers."""
    _require(texts, speakers, dev, facts.speakers)
    return texts * max(speakers, 1)


def assign(
    manifest: "pd.DataFrame", *, texts: int = 2, speakers: int = 6, dev: str = "speaker", seed: int = 0
) -> "pd.DataFrame":
    """Return (utterance, fold, part); fold s · texts + t tests the t-th group of texts by the s-th group of speakers.

    texts: groups of texts, alike in classes. speakers: groups of speakers as ``speaker_folds`` makes them with
    ``seed``; 0: speakers are not kept apart, nor needed. dev: "speaker" takes two speakers of the next group, with the
    texts that are trained on; "text" the next group of texts, by the speakers that are trained on; "none" leaves no dev
    part. SerError where an utterance has no transcript, or fewer different texts than groups are there.
    """
    import numpy as np
    import pandas as pd

    rows = _parts.ordered(manifest)
    known = sorted(_parts.column(rows, "speaker", RULE).unique()) if speakers else ()
    _require(texts, speakers, dev, known)
    group = _groups(rows, texts)
    tables: list[pd.DataFrame] = []
    for tested, developed, trained in _voices(rows, speakers, dev, seed):
        for text in range(texts):
            here, following = group == text, group == (text + 1) % texts
            part = np.select(
                [here & tested, ~here & developed, following & trained & (dev == "text"), ~here & trained],
                ["test", "dev", "dev", "train"],
                default="",
            )
            used = part != ""
            fold = _parts.table(rows.loc[used, "utterance"], [part[used].tolist()])
            tables.append(fold.assign(fold=len(tables)))
    return pd.concat(tables, ignore_index=True)


def _voices(rows: "pd.DataFrame", speakers: int, dev: str, seed: int) -> "Iterator[tuple[Mask, Mask, Mask]]":
    """Yield for each group of speakers which utterances are by those tested, developed and trained on."""
    import numpy as np

    if not speakers:
        yield np.ones(len(rows), bool), np.zeros(len(rows), bool), np.ones(len(rows), bool)
        return
    count = DEV_SPEAKERS if dev == "speaker" else 0
    apart = speaker_folds.assign(rows, folds=speakers, dev_speakers=count, seed=seed)
    for _, fold in apart.groupby("fold"):
        part = fold.set_index("utterance")["part"].loc[rows["utterance"]].to_numpy(dtype=str)
        yield part == "test", part == "dev", part == "train"


def _groups(rows: "pd.DataFrame", count: int) -> "NDArray[np.int64]":
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
        raise SerError(
            f"protocol rule {RULE} needs what was said (column text), and {which}; {_parts.INSTEAD['session']}."
        )
    words = rows["text"].map(normalised)
    text = words.where(words != "", "utterance " + rows["utterance"])
    said = pd.crosstab(text, rows["label"])
    if len(said) < count:
        raise SerError(
            f"protocol rule {RULE}: {count} groups of texts need as many different texts; "
            f"there {'is' if len(said) == 1 else 'are'} {len(said)}: {offenders(said.index)}."
        )
    load = np.zeros((count, said.shape[1]))
    group_of = {}
    for name, counts in sorted(zip(said.index, said.to_numpy(), strict=True), key=lambda it: (-it[1].sum(), it[0])):
        best = min(range(count), key=lambda index: (load[index] @ counts, load[index].sum(), index))
        load[best] += counts
        group_of[name] = best
    return text.map(group_of).to_numpy(dtype=np.int64)


def _require(texts: int, speakers: int, dev: str, known: Sequence[str]) -> None:
    _parts.at_least(RULE, "texts", texts, 3 if dev == "text" else 2)
    _parts.choice(RULE, "dev", dev, DEV)
    if speakers:
        _parts.at_least(RULE, "speakers", speakers, 2)
        least = max(speakers, 3 if dev == "speaker" else 2)
        _parts.require(RULE, "speaker", known, least, f"{speakers} groups of whole speakers")
    elif dev == "speaker":
        raise SerError(f"protocol rule {RULE}: dev: speaker needs groups of speakers; use dev: text or dev: none.")
