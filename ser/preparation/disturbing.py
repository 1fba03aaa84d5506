"""Signals under a condition, each with what is drawn for it alone, and the signals of named utterances."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ser import catalog, layout
from ser.conditions._levels import Signal
from ser.config.disturbances import Disturbance
from ser.errors import SerError, offenders
from ser.tables import contracts


def disturbed(
    signal: Signal, name: str, disturbance: Disturbance, strength: float, others: Sequence[Signal] = ()
) -> Signal:
    """Return ``signal`` (samples,) under a condition. name: of the utterance; what is drawn follows from it."""
    text = f"{disturbance.condition}/{disturbance.seed}/{name}"
    seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
    module = catalog.load("conditions", disturbance.condition)
    found: Signal = module.disturb(signal, strength, np.random.default_rng(seed), others)
    return np.ascontiguousarray(found, dtype=np.float32)


def audio_of(folder: Path, shards: int | None, names: set[str]) -> dict[str, Signal]:
    """Return the signals of the utterances ``names`` in the shards of ``folder``; SerError where one is missing."""
    found: dict[str, Signal] = {}
    for path in layout.shards(folder, shards):
        table = contracts.read(contracts.AUDIO, path)
        for at, name in enumerate(table["utterance"].to_pylist()):
            if name in names:
                found[name] = np.frombuffer(table["samples"][at].as_buffer(), dtype="<f4").copy()
    if missing := sorted(names - set(found)):
        raise SerError(f"{folder} has no audio of {offenders(missing)}; run the workflow again.")
    return found
