"""Recordings of which one holds a part of the other, found by sound: a cut, a compilation, another encoding.

A track is a word of 32 bits for every 8 ms: whether the level of a band, compared with the next band's, rises or falls
(Haitsma & Kalker, "A Highly Robust Audio Fingerprinting System", ISMIR 2002; here with frames of 128 ms and bands up to
3.1 kHz, so that a copy by telephone is found too). Two recordings are candidates if they have nine equal words at one
distance in time. They share the sound where nine words are equal and at most 8 % of the bits differ over 0.4 s, and
around it as long as at most 15 % differ.

Parts of 0.7 and 1.2 s of the speech of 50 recordings of RAVDESS, cut at any sample and coded, of which this many in a
hundred are found where they were cut, and pairs of 200 different recordings (``python benchmarks/shared_sound.py FOLDER
--recordings 50 --others 200``):

==========================================  =======================
uncompressed; by way of 8 kHz               96; 96
µ-law; ADPCM                                88; 74
MP3; Vorbis; Opus                           78; 72; 53
MP3, Vorbis at the lowest quality           31; 23
different recordings of RAVDESS             0 of 19,900 pairs
300 utterances of the demo corpus           4 of 44,850 pairs
==========================================  =======================

Those four pairs are the same words in the same synthetic voice.

Not found: less than half a second of sound in common (about a second of an MP3), a copy played faster or at another
pitch, noise as loud as the speech, and a recording that repeats itself. A steady sound has no track.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ser.features._frames import RATE, Signal, hann, powers
from ser.features.mfcc import mel_filters

WINDOW, HOP = 2048, 128  # samples
TICKS = RATE / HOP  # words per second
MELS, BANDS = 48, 33  # the lowest of all mel bands; two neighbours give a bit
QUIET = 1e-4  # of the loudest frame: 40 dB below
STEADY = 0.02  # share of the energy that must move from one frame to the next
EQUAL = 9  # words at one distance that make a candidate, and in one span
SPAN = 50  # words that are compared at a time
ERRORS, AROUND = 0.08, 0.15  # share of their bits that may differ, and around such a span

Words = NDArray[np.uint32]  # (ticks,), 0: silent or steady


@dataclass(frozen=True)
class Alignment:
    """A stretch that two recordings share: its seconds in ``recording``; ``other`` has it ``offset`` seconds later."""

    recording: int
    other: int
    offset: float
    start: float
    end: float


def track(signal: Signal) -> Words:
    """Return the words of a signal at 16 kHz, (samples,) float32: one per 8 ms from its beginning."""
    padded = np.pad(signal, (0, max(0, WINDOW - len(signal))))
    power = powers(padded, hann(WINDOW), WINDOW, mel_filters(MELS, WINDOW)[:, :BANDS], hop=HOP).astype(np.float64)
    slope = power[:, 1:] - power[:, :-1]
    bits = (slope[1:] - slope[:-1]) > 0
    words = (bits.astype(np.uint64) << np.arange(BANDS - 1, dtype=np.uint64)).sum(axis=1).astype(np.uint32)
    energy = power.sum(axis=1)
    moved = np.abs(np.diff(power, axis=0)).sum(axis=1)
    sounding = (energy[1:] > QUIET * energy.max()) & (moved > STEADY * energy[1:])
    return np.where(sounding, words, np.uint32(0))


def alignments(tracks: Sequence[Words], recordings: Sequence[int], starts: Sequence[float]) -> list[Alignment]:
    """Return where two recordings share sound, found by the tracks of their utterances.

    recordings, starts: of each track, the number of the recording and the seconds at which it begins there.
    """
    words = np.concatenate([np.empty(0, np.uint32), *tracks])
    begin = np.rint(np.asarray(starts) * TICKS).astype(np.int64)
    times = np.concatenate(
        [np.empty(0, np.int64), *(np.arange(len(one)) + at for one, at in zip(tracks, begin, strict=True))]
    )
    owner = np.repeat(np.asarray(recordings, np.int64), [len(one) for one in tracks])
    sounding = words != 0
    words, times, owner = words[sounding], times[sounding], owner[sounding]
    if not len(words):
        return []
    order = np.lexsort((times, owner))  # of a tick that several utterances have, the first counts
    order = order[np.r_[True, (np.diff(times[order]) != 0) | (np.diff(owner[order]) != 0)]]
    names, first = np.unique(owner[order], return_index=True)
    parts = zip(names.tolist(), np.split(words[order], first[1:]), np.split(times[order], first[1:]), strict=True)
    of = {name: (own, when) for name, own, when in parts}
    found = []
    for one, other, distance in _candidates(words, times, owner):
        found += _verified(one, other, distance, of[one], of[other])
    return found


def _candidates(words: Words, times: NDArray[np.int64], owner: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Yield two recordings, the lower number first, and the ticks by which the other has equal words later.

    A word's occurrences are compared with the first recording that has it and with the one before: that connects all
    copies, and takes time in proportion to the length of the corpus.
    """
    order = np.lexsort((times, owner, words))
    words, times, owner = words[order], times[order], owner[order]
    again = np.zeros(len(words), bool)
    again[1:] = (words[1:] == words[:-1]) & (owner[1:] == owner[:-1])
    words, times, owner = words[~again], times[~again], owner[~again]
    run = np.r_[True, words[1:] != words[:-1]]
    start = np.maximum.accumulate(np.where(run, np.arange(len(words)), 0))
    later = np.flatnonzero(~run)
    if not len(later):
        return
    pairs = np.unique(np.concatenate([np.c_[start[later], later], np.c_[later - 1, later]]), axis=0)
    one, other = pairs.T
    votes = np.c_[owner[one], owner[other], times[other] - times[one]]
    votes, counts = np.unique(votes, axis=0, return_counts=True)
    first = np.flatnonzero(np.r_[True, (np.diff(votes, axis=0) != (0, 0, 1)).any(axis=1)])  # exact to a tick
    many = np.add.reduceat(counts, first) >= EQUAL
    for low, size in zip(first[many], np.diff(np.r_[first, len(votes)])[many], strict=True):
        best = votes[low + counts[low : low + size].argmax()]
        yield int(best[0]), int(best[1]), int(best[2])


def _verified(
    one: int,
    other: int,
    distance: int,
    mine: tuple[Words, NDArray[np.int64]],
    theirs: tuple[Words, NDArray[np.int64]],
) -> list[Alignment]:
    """Return the stretches in which the words of two recordings agree, at the best distance within a tick."""
    best: list[Alignment] = []
    for ticks in (distance, distance - 1, distance + 1):
        when, differ = _differences(mine, theirs, ticks)
        if len(when) < SPAN:
            continue
        errors = np.convolve(differ, np.ones(SPAN), "valid") / (32 * SPAN)
        equal = np.convolve(differ == 0, np.ones(SPAN), "valid")
        sure, likely = (errors <= ERRORS) & (equal > EQUAL - 0.5), errors <= AROUND
        sure, likely = (np.convolve(spans, np.ones(SPAN)) > 0.5 for spans in (sure, likely))
        edges = np.flatnonzero(np.diff(np.r_[0, likely.astype(int), 0])).reshape(-1, 2)
        found = [
            Alignment(one, other, ticks / TICKS, when[low] / TICKS, (when[high - 1] * HOP + WINDOW) / RATE)
            for low, high in edges
            if sure[low:high].any()
        ]
        best = max(best, found, key=lambda every: sum(part.end - part.start for part in every))
    return best


def _differences(
    mine: tuple[Words, NDArray[np.int64]], theirs: tuple[Words, NDArray[np.int64]], distance: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ticks of ``mine`` at which both have a word, and how many of its bits differ; ticks are sorted."""
    if len(mine[1]) > len(theirs[1]):
        when, differ = _differences(theirs, mine, -distance)
        return when - distance, differ
    index = np.searchsorted(theirs[1], mine[1] + distance).clip(max=len(theirs[1]) - 1)
    both = theirs[1][index] == mine[1] + distance
    return mine[1][both], np.bitwise_count(mine[0][both] ^ theirs[0][index[both]]).astype(np.int64)
