"""Utterances that hold the same moment of a recording, from where each stretch begins and ends.

A stretch is a part of a recording that an utterance holds. Every utterance has one in its own file; files of one
checksum are one recording, whatever they are called. It has another in each recording that holds the same sound
(``ser.evaluation.tracks``).
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from ser.evaluation.tracks import Alignment

MICROSECONDS = 1_000_000
LONGEST = 41  # bits for a time in microseconds, 25 days; the others number the recordings
LEAST = 1_000  # microseconds that two stretches must have in common: the ends of labels are rounded to less
MARGIN = 0.1  # seconds that a stretch found by its sound is shorter at each end: its times are that exact


def stretches(table: pd.DataFrame, alignments: Iterable[Alignment] = ()) -> pd.DataFrame:
    """Return the stretches of all utterances: utterance, audio, recording (a number), start and end in microseconds.

    table: utterance, audio, start, end, seconds and recording; a null start is the beginning of the file, a null end
    lies ``seconds`` after the start. alignments: between the recordings of those numbers.
    """
    start = table["start"].fillna(0.0)
    own = table[["utterance", "audio", "recording"]].assign(
        start=start, end=table["end"].fillna(start + table["seconds"])
    )
    names = own.groupby("recording")["audio"].first()
    found = [own]
    for one in alignments:
        there = own[own["recording"] == one.other]
        low, high = (there["start"] - one.offset).clip(lower=one.start), (there["end"] - one.offset).clip(upper=one.end)
        inside = there.assign(
            recording=one.recording, audio=names[one.recording], start=low + MARGIN, end=high - MARGIN
        )
        found.append(inside[inside["start"] < inside["end"]])
    every = pd.concat(found, ignore_index=True)
    times = {name: np.rint(every[name] * MICROSECONDS).astype(np.int64) for name in ("start", "end")}
    return every.assign(**times)


def shared(mine: pd.DataFrame, theirs: pd.DataFrame) -> pd.DataFrame:
    """Return each utterance of ``mine`` that overlaps one of ``theirs``: utterance, like (that one) and stretch.

    mine, theirs: of ``stretches``. stretch: the file and the seconds that both hold, as text.
    """
    theirs = theirs.sort_values(["recording", "start"], kind="stable")
    (begin, end), (other_begin, other_end) = _keys(mine), _keys(theirs)
    reach = np.maximum.accumulate(other_end)  # of all that begin no later; a later recording lies beyond every end
    furthest = np.maximum.accumulate(np.where(other_end == reach, np.arange(len(theirs)), 0))
    last = np.searchsorted(other_begin, end - LEAST) - 1  # the last that begins before the end of mine
    hit = np.flatnonzero((last >= 0) & (reach[last] > begin + LEAST)) if len(theirs) else np.empty(0, np.int64)
    like = furthest[last[hit]]
    low = np.maximum(begin[hit], other_begin[like]) - (mine["recording"].to_numpy()[hit] << LONGEST)
    high = np.minimum(end[hit], other_end[like]) - (mine["recording"].to_numpy()[hit] << LONGEST)
    names = mine["audio"].to_numpy()[hit]
    text = [
        f"{name} {first / MICROSECONDS:.2f}–{final / MICROSECONDS:.2f} s"
        for name, first, final in zip(names, low, high, strict=True)
    ]
    columns = {"utterance": mine["utterance"].to_numpy()[hit], "like": theirs["utterance"].to_numpy()[like]}
    return pd.DataFrame({**columns, "stretch": text}).drop_duplicates("utterance")


def within(table: pd.DataFrame) -> dict[str, str]:
    """Return each utterance that overlaps another one of the same ``stretches``, and one that it overlaps."""
    found: dict[str, str] = {}
    reach, furthest = (-1, 0), ""  # recording and end of the stretch that ends last so far
    ordered = table.sort_values(["recording", "start", "end"], kind="stable")
    for name, recording, start, end in ordered[["utterance", "recording", "start", "end"]].itertuples(index=False):
        if name != furthest and recording == reach[0] and min(end, reach[1]) - start > LEAST:
            found |= {name: furthest, furthest: name}
        if (recording, end) > reach:
            reach, furthest = (recording, end), name
    return found


def _keys(table: pd.DataFrame) -> tuple["np.ndarray[tuple[int], np.dtype[np.int64]]", ...]:
    """Return start and end as numbers that also tell the recording."""
    base = table["recording"].to_numpy(np.int64) << LONGEST
    return tuple(base + table[name].to_numpy(np.int64) for name in ("start", "end"))
