"""Sound written by FFmpeg, for benchmarks of compressed recordings."""

from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np

PIECE = 1024  # samples of a frame, where the codec leaves them open


def write(
    path: Path, signal: np.ndarray, rate: int, codec: str, muxer: str | None = None, options: Mapping[str, str] = {}
) -> Path:
    """Write a mono ``signal``, (samples,) float32; ``muxer``: by the suffix if None, with its ``options``."""
    with av.open(path, "w", format=muxer, options=dict(options)) as container:
        track = container.add_stream(codec, rate=rate, layout="mono")
        size = track.codec_context.frame_size or PIECE
        for begin in range(0, len(signal), size):
            frame = av.AudioFrame.from_ndarray(signal[None, begin : begin + size], format="fltp", layout="mono")
            frame.rate, frame.pts = rate, begin
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return path
