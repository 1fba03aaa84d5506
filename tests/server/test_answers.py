"""What the process of a worker refuses before it predicts."""

import resource
from pathlib import Path

import av
import numpy as np
import pytest

from ser.audio import decoding
from ser.server.answers import Posted, _seconds
from ser.server.limits import RefusedError


def test_a_small_file_that_would_fill_the_disk_is_refused(tmp_path: Path) -> None:
    path, rate, channels = tmp_path / "silence", 48000, 8
    with av.open(path, "w", format="matroska") as container:
        track = container.add_stream("flac", rate=rate, layout="7.1")
        for second in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, rate * channels), np.int16), format="s16", layout="7.1")
            frame.rate, frame.pts = rate, second * rate
            container.mux(track.encode(frame))
        container.mux(track.encode(None))
    decoded = 20 * rate * channels * 4
    assert path.stat().st_size < decoded / 100
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (decoded // 2, hard))  # as in the process of a worker
    try:
        with pytest.raises(RefusedError, match=r"silence: is more than 1 GiB after decoding") as error:
            _seconds(Posted(path, "silence"), 300.0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        decoding.close()
    assert error.value.status == 413
    assert _seconds(Posted(path, "silence"), 300.0) == pytest.approx(20)
    decoding.close()
