"""ComParE 2016 low-level descriptors and their deltas: 65 + 65 values every 10 ms.

Loudness, energy, zero crossings, F0, voicing, jitter, shimmer, harmonics-to-noise ratio, RASTA bands, MFCC and
spectral shape (Schuller et al., "The INTERSPEECH 2016 Computational Paralinguistics Challenge", 2016), the frame-level
input of Xie et al., "Attention-Based Dense LSTM for Speech Emotion Recognition", 2019. openSMILE writes descriptors and
deltas in two calls; one configuration that includes the installed one writes both in a single pass: the same bits in
about half the time.
"""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser.features import _opensmile
from ser.features._frames import Signal

DTYPE = "float32"
HOP = 0.01  # seconds
DEPENDS = ("opensmile",)

LEVELS = "is13_lld_nzsmo;is13_lldA_smo;is13_lldB_smo"  # of ComParE_2016_core.lld.conf.inc, in openSMILE's order
DELTAS = "is13_lld_nzsmo_de;is13_lldA_smo_de;is13_lldB_smo_de"
CONFIGURATION = """
[componentInstances:cComponentManager]
instance[dataMemory].type = cDataMemory
instance[ser_concat].type = cVectorConcat

\\{{\\cm[source{{?}}:include external source]}}
\\{{{descriptors}}}

[ser_concat:cVectorConcat]
reader.dmLevel = {levels}
writer.dmLevel = ser_lld_and_deltas
includeSingleElementFields = 1

\\{{\\cm[sink{{?}}:include external sink]}}
"""


def dims() -> int:
    """Return the values per row."""
    return 130


def extract(signal: Signal, rate: int) -> NDArray[np.float32]:
    """Return 65 descriptors, then their 65 deltas, per frame: (frames, 130), float32, about samples / 160 − 4 frames.

    SerError if the rate is not 16 kHz, the signal is shorter than 60 ms, or openSMILE is not installed.
    """
    return _opensmile.run("compare_lld", _one_pass()[0], signal, rate)


@cache
def _one_pass() -> tuple[Any, TemporaryDirectory[str]]:
    """Return the extractor, and the folder of its configuration, which openSMILE reads anew for every utterance."""
    opensmile = _opensmile.package()
    installed = Path(opensmile.__file__).parent / "core" / "config" / "compare" / "ComParE_2016_core.lld.conf.inc"
    folder = TemporaryDirectory(prefix="ser-opensmile-")
    configuration = Path(folder.name) / "lld_and_deltas.conf"
    text = CONFIGURATION.format(descriptors=installed, levels=f"{LEVELS};{DELTAS}")
    configuration.write_text(text, encoding="utf-8")
    return opensmile.Smile(feature_set=str(configuration), feature_level="ser_lld_and_deltas"), folder
