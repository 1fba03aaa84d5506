"""PocketSphinx with the US English model that its package carries: works offline and errs often.

Huggins-Daines et al. (2006), "PocketSphinx: a free, real-time continuous speech recognition system for hand-held
devices". What it hears of an utterance does not depend on the utterances before: no dither, and the cepstral mean is of
the whole utterance.
"""

from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.errors import SerError

DEPENDS = ("pocketsphinx",)
RATE = 16000  # Hz, of the model


class PocketSphinx:
    """A decoder, ready to hear utterance after utterance."""

    def __init__(self, decoder: Any):
        self.decoder = decoder
        self.provenance = f"pocketsphinx {version('pocketsphinx')} with its own model of US English"

    def recognise(self, signal: NDArray[np.float32], rate: int) -> str:
        """Return what was said in ``signal``, (samples,) -1…1 at 16 kHz, in lower case; "" where no word was heard."""
        if rate != RATE:
            raise SerError(f"pocketsphinx hears {RATE} Hz, this is {rate} Hz.")
        if not signal.size:
            return ""
        samples = np.round(np.clip(signal, -1, 1) * 32767).astype("<i2")
        self.decoder.start_utt()
        self.decoder.process_raw(samples.tobytes(), full_utt=True)
        self.decoder.end_utt()
        heard = self.decoder.hyp()
        return "" if heard is None else str(heard.hypstr)


def load() -> PocketSphinx:
    """Return the recogniser; the decoder's settings are the model's own."""
    from pocketsphinx import Decoder

    return PocketSphinx(Decoder(samprate=RATE, cmn="batch", dither=False, loglevel="FATAL"))
