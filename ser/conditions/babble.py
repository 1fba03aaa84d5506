"""Babble of six other speakers.

Utterances of the same corpus, by other speakers than the utterance's, equally loud, repeated to its length. They may be
of the train part: their words and emotions are not what is predicted.
"""

from collections.abc import Sequence

import numpy as np

from ser.conditions._levels import Floats, Signal, power, with_noise

AXIS = "SNR, dB"
LIMITS = (-20.0, 60.0)
STRENGTHS = (30.0, 20.0, 10.0, 0.0)
OTHERS = True
VOICES = 6


def disturb(signal: Signal, strength: float, random: np.random.Generator, others: Sequence[Signal]) -> Signal:
    """Return ``signal`` with babble; strength: ratio of signal to babble, dB.

    others: utterances of other speakers, of which ``VOICES`` are drawn, with repetition only where there are fewer.
    """
    return with_noise(signal, babble(len(signal), random, others), strength)


def babble(samples: int, random: np.random.Generator, others: Sequence[Signal]) -> Floats:
    """Return the sum of ``VOICES`` of ``others``, each of power 1 from a random position on, (samples,)."""
    drawn = random.choice(len(others), VOICES, replace=len(others) < VOICES)
    total = np.zeros(samples)
    for one in (others[number] for number in drawn):
        begin = int(random.integers(len(one)))
        voice = np.resize(np.roll(one, -begin), samples).astype(np.float64)
        total += voice / np.sqrt(max(power(voice), 1e-20))
    return total
