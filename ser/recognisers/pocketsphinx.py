"""PocketSphinx with the US English model of its package: works offline, with a high word error rate.

Huggins-Daines et al. (2006), "PocketSphinx: a free, real-time continuous speech recognition system for hand-held
devices". The text of an utterance does not depend on earlier ones: no dither, and each utterance has its own cepstral
mean.
"""

from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError

DEPENDS = ("pocketsphinx",)
RATE = 16000  # Hz, of the model


class PocketSphinx:
    """A loaded decoder."""

    def __init__(self, decoder: Any):
        self.decoder = decoder
        self.provenance = f"pocketsphinx {version('pocketsphinx')} with its own model of US English"

    def recognise(self, signal: NDArray[np.float32], rate: int) -> str:
        """Return the words in ``signal``, (samples,), −1…1 at 16 kHz, in lower case; "" if none is recognised."""
        if rate != RATE:
            raise SerError(f"pocketsphinx is defined at {RATE} Hz, this signal has {rate} Hz.")
        if not signal.size:
            return ""
        samples = np.round(np.clip(signal, -1, 1) * 32767).astype("<i2")
        self.decoder.start_utt()
        self.decoder.process_raw(samples.tobytes(), full_utt=True)
        self.decoder.end_utt()
        hypothesis = self.decoder.hyp()
        return "" if hypothesis is None else str(hypothesis.hypstr)


def load() -> PocketSphinx:
    """Return the recogniser with the model's own settings."""
    from pocketsphinx import Decoder

    return PocketSphinx(Decoder(samprate=RATE, cmn="batch", dither=False, loglevel="FATAL"))
