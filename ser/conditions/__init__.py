"""Noise, reverberation, channels, codecs: under them runs predict test utterances again, or train on copies.

One file per condition, known by its name:

    AXIS         the strength with its unit, "SNR, dB"
    LIMITS       the lowest and the highest strength
    STRENGTHS    those of an experiment that names none, mild to strong
    ONLY         the only strengths that there are, else left out
    OTHERS       True where ``disturb`` needs other speakers, else left out
    DEPENDS      distributions whose version decides the result, else left out
    disturb(signal, strength, random, others) -> the disturbed signal

signal: (samples,) float32 mono at 16 kHz, not changed in place. random: a generator that is seeded by the condition and
the utterance, not by strength or system: an utterance has the same noise at every strength and for every system.
others: signals of other speakers. The docstring's first line is the title. ``tests/conditions`` measures what each
strength says.
"""
