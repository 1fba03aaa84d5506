"""ECAPA-TDNN: SpeechBrain's names, shapes and numbers, and weights that may not be trusted."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tiny_encoders import RATE, sound
from torch import Tensor

from ser.config import extractors
from ser.errors import SerError
from ser.features import ecapa
from ser.layers.ecapa import MINIMUM, EcapaTdnn, centred_log_mel

# Of sound(1.0) and weights(), computed with SpeechBrain 1.1.2: STFT, Filterbank(n_mels=80), mean of the sentence
# subtracted, ECAPA_TDNN(80, channels=[1024] * 4 + [3072], lin_neurons=192). The largest of 192 values is 7.985.
FIRST = [-0.27282, -0.74426, -0.51316, 2.03401, 2.50209, 4.98566]


def weights() -> dict[str, Tensor]:
    """Return random weights, which depend on names and shapes only, so that another library can be given the same."""
    draw, found = np.random.default_rng(0), {}
    for name, value in sorted(EcapaTdnn().state_dict().items()):
        if value.ndim == 0:  # of num_batches_tracked
            found[name] = torch.tensor(1)
            continue
        x = draw.standard_normal(tuple(value.shape)).astype(np.float32)
        x = np.abs(x) + 0.5 if name.endswith("running_var") else x
        x = x / np.sqrt(value.shape[1] * value.shape[2]) if value.ndim == 3 else x
        found[name] = torch.from_numpy(x.astype(np.float32))
    return found


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ecapa") / "embedding_model.ckpt"
    torch.save(weights(), path)
    return path


def test_the_numbers_are_those_of_speechbrain(file: Path) -> None:
    found = ecapa.extract(sound(1.0), RATE, weights=str(file))
    assert (found.shape, found.dtype) == ((1, 192), np.float32)
    np.testing.assert_allclose(found[0, :6], FIRST, atol=1e-4)
    assert np.abs(found).max() == pytest.approx(7.98529, abs=1e-4)


def test_names_and_shapes_are_the_published_ones() -> None:
    shapes = {name: tuple(value.shape) for name, value in EcapaTdnn().state_dict().items()}
    assert len(shapes) == 231
    for name, shape in {
        "blocks.0.conv.conv.weight": (1024, 80, 5),
        "blocks.1.res2net_block.blocks.6.conv.conv.weight": (128, 128, 3),
        "blocks.3.se_block.conv1.conv.weight": (128, 1024, 1),
        "mfa.conv.conv.weight": (3072, 3072, 1),
        "asp.tdnn.conv.conv.weight": (128, 9216, 1),
        "asp.conv.conv.weight": (3072, 128, 1),
        "asp_bn.norm.running_var": (6144,),
        "fc.conv.weight": (192, 6144, 1),
    }.items():
        assert shapes[name] == shape


def test_gain_does_not_count_and_the_speaker_does(file: Path) -> None:
    first = ecapa.extract(sound(0.5), RATE, weights=str(file))
    np.testing.assert_allclose(ecapa.extract(0.1 * sound(0.5), RATE, weights=str(file)), first, atol=2e-3)
    other = ecapa.extract(np.ascontiguousarray(sound(0.5)[::-1]), RATE, weights=str(file))
    assert np.abs(other - first).max() > 0.1
    level = centred_log_mel(torch.from_numpy(sound(0.5))[None])
    assert level.shape == (1, 80, 51)
    assert level.mean(2).abs().max() < 1e-4


def test_the_contract_of_an_extractor_holds(file: Path) -> None:
    for signal in (sound(MINIMUM / RATE), np.zeros(RATE, np.float32)):
        matrix = ecapa.extract(signal, RATE, weights=str(file))
        extractors.check_matrix(ecapa, ecapa.dims(), matrix)
        assert np.isfinite(matrix).all()
    with pytest.raises(SerError, match=f"at least {MINIMUM} samples"):
        ecapa.extract(sound((MINIMUM - 1) / RATE), RATE, weights=str(file))
    assert ecapa.files(weights=str(file)) == [file]
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    wanted = f"SpeechBrain-format file embedding_model.ckpt of ECAPA-TDNN, SHA-256 {digest}"
    assert ecapa.provenance(weights=str(file), sha256=digest) == wanted


def test_other_weights_are_one_sentence(file: Path, tmp_path: Path) -> None:
    save_file({"x": torch.zeros(3)}, tmp_path / "other.safetensors")
    (tmp_path / "torn.ckpt").write_bytes(file.read_bytes()[:1000])
    for source, options, message in (
        (tmp_path / "other.safetensors", {}, "does not hold ECAPA-TDNN .* 231 entries"),
        (tmp_path / "torn.ckpt", {}, "cannot be read as weights; nothing in it was executed"),
        (tmp_path / "none.ckpt", {}, "there is no such file"),
        (file, {"sha256": "0" * 64}, "not 0000.* as the configuration says"),
        ("https://example.org/embedding_model.ckpt", {}, "an address needs 'sha256' too"),
    ):
        with pytest.raises(SerError, match=message) as error:
            ecapa.extract(sound(0.2), RATE, weights=str(source), **options)
        assert "\n" not in str(error.value)
