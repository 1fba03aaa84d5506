"""The speaker embedding of GE2E against Resemblyzer itself, where its package is installed."""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from tiny_encoders import RATE, sound

from ser.errors import SerError
from ser.features import ge2e

INSTALLED = find_spec("resemblyzer") is not None
needs_weights = pytest.mark.skipif(
    not INSTALLED, reason="resemblyzer is not installed: uv pip install --no-deps resemblyzer==0.1.4"
)


@pytest.fixture
def resemblyzer(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the package, without the voice activity detector, which would have to be compiled."""
    monkeypatch.setitem(sys.modules, "webrtcvad", ModuleType("webrtcvad"))
    import scipy.ndimage

    monkeypatch.setitem(sys.modules, "scipy.ndimage.morphology", scipy.ndimage)
    return pytest.importorskip("resemblyzer")


@needs_weights
def test_the_embedding_is_resemblyzer_s(resemblyzer: ModuleType) -> None:
    encoder = resemblyzer.VoiceEncoder("cpu", verbose=False)
    for seconds in (0.3, 1.59, 1.61, 2.9, 4.4):
        for gain in (0.01, 1.0):
            signal = gain * sound(seconds)
            louder = resemblyzer.audio.normalize_volume(signal, -30, increase_only=True).astype(np.float32)
            wanted = encoder.embed_utterance(louder)
            found = ge2e.extract(signal, RATE)[0]
            np.testing.assert_allclose(found, wanted, atol=2e-4)
            assert found @ wanted > 0.99999


@needs_weights
def test_it_has_length_one_and_hardly_depends_on_the_gain() -> None:
    vector = ge2e.extract(sound(2.0), RATE)
    assert vector.shape == (1, ge2e.dims())
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert "SHA-256 39373b86" in ge2e.provenance()
    soft, softer = (ge2e.extract(gain * sound(2.0), RATE)[0] for gain in (0.02, 0.01))
    assert soft @ softer > 0.9999


@pytest.mark.parametrize(("seconds", "count"), [(0.01, 1), (1.59, 1), (1.7, 1), (2.1, 2), (4.0, 4)])
def test_pieces_cover_the_utterance(seconds: float, count: int) -> None:
    assert ge2e.pieces(sound(seconds)).shape == (count, 160, 40)


def test_missing_or_other_weights_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"gone.pt does not exist; give Resemblyzer's pretrained.pt"):
        ge2e.files(weights=str(tmp_path / "gone.pt"))
    (tmp_path / "other.pt").write_bytes(b"other")
    with pytest.raises(SerError, match=r"GE2E weights .*the SHA-256 is .*, not 39373b86"):
        ge2e.extract(sound(1.0), RATE, weights=str(tmp_path / "other.pt"))
    if not INSTALLED:
        with pytest.raises(SerError, match=r"pip install --no-deps resemblyzer==0\.1\.4"):
            ge2e.files()
