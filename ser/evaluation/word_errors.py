"""The word error rate of a recogniser's transcripts, with the corpus's own as references.

The literature on IEMOCAP quotes error rates of about five per cent: the notebook that Yoon et al. (2018) published
computes the mean number of wrong words per utterance (5.54), not a share of the words. Both are computed here.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import jiwer

from ser.tables import contracts
from ser.text import transcripts
from ser.text.normalise import normalised


@dataclass(frozen=True)
class WordErrors:
    """The counts over a corpus. provenance: whose transcripts.

    utterances: compared, those with a reference; words: of their references; substitutions, deletions, insertions: of
    the best alignments; empty: utterances compared of which nothing was recognised; unreferenced: utterances left out,
    since the corpus has no transcript of them.
    """

    provenance: str
    utterances: int
    words: int
    substitutions: int
    deletions: int
    insertions: int
    empty: int
    unreferenced: int

    @property
    def errors(self) -> int:
        """Return substitutions, deletions and insertions together."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def wer(self) -> float:
        """Return the word error rate: errors per word of the references, 0…; NaN without any reference."""
        return self.errors / self.words if self.words else math.nan

    @property
    def per_utterance(self) -> float:
        """Return the errors per utterance, 0…; NaN without any reference."""
        return self.errors / self.utterances if self.utterances else math.nan


def word_errors(folder: Path, shards: int | None = None) -> WordErrors:
    """Return the errors of the transcripts in ``folder``, in its first ``shards`` shards where given.

    Both sides are normalised alike (``normalised``); words are then compared as they are: "3" is not "three".
    SerError where there are no transcripts.
    """
    table = transcripts.read(folder, shards)
    pairs = [
        (normalised(reference), normalised(text))
        for reference, text in zip(table["reference"].to_pylist(), table["text"].to_pylist(), strict=True)
    ]
    compared = [pair for pair in pairs if pair[0]]
    found = jiwer.process_words([pair[0] for pair in compared], [pair[1] for pair in compared]) if compared else None
    return WordErrors(
        contracts.metadata(table).get("provenance", ""),
        len(compared),
        sum(len(reference.split()) for reference, _ in compared),
        found.substitutions if found else 0,
        found.deletions if found else 0,
        found.insertions if found else 0,
        sum(not text for _, text in compared),
        len(pairs) - len(compared),
    )
