"""The examples of a part: whole utterances, or the segments that a view cuts them into."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ser.config.schema import View
from ser.training.fold import Fold

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Examples:
    """Utterances, or segments of them, of one part, sorted by utterance; all (examples,) int64 on the host.

    utterance: row of the fold; start: first row of the frames' values; frames: real frames; label: class.
    """

    utterance: Rows
    start: Rows
    frames: Rows
    label: Rows


def of_part(fold: Fold, part: str, view: View | None, offsets: Rows) -> Examples:
    """Return the examples of ``part``; offsets: (utterances + 1,), first row of each utterance's frames.

    Segments begin at the view's train hop in the train part and at its test hop elsewhere. Without frames (``view`` is
    None) each utterance counts as one frame.
    """
    rows = fold.rows(part)
    if view is None:
        return Examples(rows, rows, np.ones_like(rows), fold.labels[rows])
    counts = np.diff(offsets)[rows]
    for most in (view.limit, view.length):
        counts = np.minimum(counts, most) if most else counts
    first = offsets[rows]
    if view.segments is None:
        return Examples(rows, first, counts, fold.labels[rows])
    size, hop = view.segments.frames, view.segments.train_hop if part == "train" else view.segments.test_hop
    cuts = [segment_starts(int(count), size, hop) for count in counts]
    pieces = np.array([len(cut) for cut in cuts], dtype=np.int64)
    utterance = np.repeat(rows, pieces)
    start = np.repeat(first, pieces) + np.concatenate([np.zeros(0, np.int64), *cuts])
    return Examples(utterance, start, np.repeat(np.minimum(counts, size), pieces), fold.labels[utterance])


def segment_starts(frames: int, length: int, hop: int) -> Rows:
    """Return the first frames of the segments of an utterance of ``frames``: every ``hop``, while a whole one fits.

    A last segment, aligned to the utterance's end, is added where frames are left over. A shorter utterance has one.
    """
    regular = np.arange(0, max(frames - length, 0) + 1, hop, dtype=np.int64)
    tail = frames - length
    return np.append(regular, tail) if regular[-1] < tail else regular


def fixed_length(view: View | None) -> int | None:
    """Return the frames of every example where the view fixes it, or None."""
    if view is None:
        return None
    return view.segments.frames if view.segments else view.length
