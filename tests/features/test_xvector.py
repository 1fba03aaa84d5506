"""The speaker embedding: front end, names and shapes of the published network, weights that may not be trusted."""

import hashlib
import json
import pickle
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from ser.errors import SerError
from ser.features import xvector
from ser.layers.xvector import MINIMUM, XVector, centred, log_mel

RATE = 16000


def wave(seconds: float = 1.0, seed: int = 0) -> np.ndarray:
    """Return coloured noise, float32, rms about 0.1."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * RATE) + 8)
    return (0.3 * np.convolve(noise, np.ones(9) / 9, mode="valid")).astype(np.float32)


def network(seed: int = 0) -> XVector:
    """Return an untrained network with batch statistics that are not the identity."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = XVector()
        for name, buffer in model.named_buffers():
            if name.endswith("running_var"):
                buffer.uniform_(0.5, 2)
            elif name.endswith("running_mean"):
                buffer.normal_()
    return model.eval()


def published_bands(signal: np.ndarray) -> np.ndarray:
    """Return SpeechBrain's Fbank(n_mels=24) of ``signal`` from its formula, sample by sample, in float64."""
    window = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(400) / 400)
    padded = np.concatenate([np.zeros(200), signal.astype(np.float64), np.zeros(200)])
    frames = [padded[start : start + 400] * window for start in range(0, len(padded) - 399, 160)]
    power = np.abs(np.fft.rfft(frames)) ** 2
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 8000 / 700), 26) / 2595) - 1)
    bands = np.zeros((len(frames), 24))
    for m in range(24):
        centre, width = edges[m + 1], edges[m + 1] - edges[m]
        for k in range(201):
            slope = (k * 40 - centre) / width
            bands[:, m] += power[:, k] * max(0.0, min(1 + slope, 1 - slope))
    level = 10 * np.log10(np.maximum(bands, 1e-10))
    return np.maximum(level, level.max() - 80)


def test_front_end_equals_the_published_formula() -> None:
    signal = np.concatenate([wave(0.5), np.zeros(4000, np.float32)])  # the zeros reach the 80 dB floor
    ours = log_mel(torch.from_numpy(signal)[None])[0].numpy()
    assert ours.shape == (12000 // 160 + 1, 24)
    np.testing.assert_allclose(ours, published_bands(signal), atol=2e-2)
    assert ours.max() - ours.min() == pytest.approx(80, abs=1e-3)


def test_sentence_mean_normalisation_subtracts_each_bands_mean() -> None:
    level = centred(log_mel(torch.from_numpy(wave())[None]))
    assert level.mean(dim=1).abs().max() < 1e-4


def test_names_and_shapes_are_the_published_ones() -> None:
    wanted: dict[str, tuple[int, ...]] = {}
    table = [(512, 24, 5), (512, 512, 3), (512, 512, 3), (512, 512, 1), (1500, 512, 1)]
    for layer, shape in enumerate(table):
        wanted[f"blocks.{3 * layer}.conv.weight"] = shape
        wanted[f"blocks.{3 * layer}.conv.bias"] = shape[:1]
        for name in ("weight", "bias", "running_mean", "running_var"):
            wanted[f"blocks.{3 * layer + 2}.norm.{name}"] = shape[:1]
        wanted[f"blocks.{3 * layer + 2}.norm.num_batches_tracked"] = ()
    wanted |= {"blocks.16.w.weight": (512, 3000), "blocks.16.w.bias": (512,)}
    assert len(wanted) == 37
    assert {name: tuple(tensor.shape) for name, tensor in XVector().state_dict().items()} == wanted


def test_network_equals_the_published_layers_written_out() -> None:
    model, state = network(), network().state_dict()
    frames = centred(log_mel(torch.from_numpy(wave(0.4))[None]))
    x = frames.transpose(1, 2).double()
    for layer, dilation in enumerate((1, 2, 3, 1, 1)):
        weight, bias = (state[f"blocks.{3 * layer}.conv.{name}"].double() for name in ("weight", "bias"))
        edge, length = dilation * (weight.shape[2] - 1) // 2, x.shape[2]
        index = torch.arange(-edge, length + edge).abs()
        index = torch.where(index >= length, 2 * (length - 1) - index, index)  # reflection at both ends
        spread = x[:, :, index]
        taps = [spread[:, :, k * dilation : k * dilation + length] for k in range(weight.shape[2])]
        x = sum(torch.einsum("oi,bit->bot", weight[:, :, k], tap) for k, tap in enumerate(taps)) + bias[:, None]
        x = torch.where(x > 0, x, 0.01 * x)
        mean, variance, gain, offset = (
            state[f"blocks.{3 * layer + 2}.norm.{name}"].double()[:, None]
            for name in ("running_mean", "running_var", "weight", "bias")
        )
        x = (x - mean) / (variance + 1e-5).sqrt() * gain + offset
    pooled = torch.cat([x.mean(2), x.std(2) + 1e-5], dim=1)
    wanted = pooled @ state["blocks.16.w.weight"].double().T + state["blocks.16.w.bias"].double()
    np.testing.assert_allclose(model(frames).detach().numpy(), wanted.numpy(), rtol=1e-3, atol=1e-4)


def test_shortest_signal_is_embedded_and_silence_has_a_gradient() -> None:
    model = network().train()
    level = log_mel(torch.zeros(2, MINIMUM))
    assert level.shape[1] == 4
    model(centred(level)).sum().backward()
    assert all(torch.isfinite(parameter.grad).all() for parameter in model.parameters())


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_saved_weights_give_the_same_embedding(tmp_path: Path, suffix: str) -> None:
    model, path = network(1), tmp_path / f"model{suffix}"
    if suffix == ".ckpt":
        torch.save(model.state_dict(), path)
    else:
        save_file(model.state_dict(), path)
    direct = model(centred(log_mel(torch.from_numpy(wave())[None]))).detach().numpy()
    np.testing.assert_allclose(xvector.extract(wave(), RATE, weights=path), direct, rtol=1e-3, atol=1e-4)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    import os

    path = tmp_path / "model.safetensors"
    embeddings = []
    for seed in (1, 2):
        save_file(network(seed).state_dict(), path)
        os.utime(path, (seed, seed))
        embeddings.append(xvector.extract(wave(), RATE, weights=path))
    assert not np.allclose(*embeddings)


def test_the_embedding_does_not_depend_on_the_number_of_threads(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file(network().state_dict(), path)
    before = torch.get_num_threads()
    embeddings = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        try:
            embeddings.append(xvector.extract(wave(), RATE, weights=path))
            assert torch.get_num_threads() == threads
        finally:
            torch.set_num_threads(before)
    assert np.array_equal(*embeddings)


def test_weights_of_another_network_are_refused_by_name_and_shape(tmp_path: Path) -> None:
    state = network().state_dict()
    state["blocks.0.conv.weight"] = torch.zeros(512, 40, 5)
    del state["blocks.16.w.bias"]
    state["mean_var_norm"] = torch.zeros(1)
    path = tmp_path / "ecapa.ckpt"
    torch.save(state, path)
    with pytest.raises(
        SerError, match=r"Missing .*blocks\.16\.w\.bias.*conv\.weight.*512, 40, 5.* in current model is .*512, 24, 5"
    ) as error:
        xvector.extract(wave(), RATE, weights=path)
    assert 'Unexpected key(s) in state_dict: "mean_var_norm"' in str(error.value)


def test_weights_without_all_their_entries_are_refused(tmp_path: Path) -> None:
    state = network().state_dict()
    del state["blocks.2.norm.num_batches_tracked"]
    save_file(state, tmp_path / "short.safetensors")
    with pytest.raises(SerError, match=r"Missing key\(s\): blocks\.2\.norm\.num_batches_tracked"):
        xvector.extract(wave(), RATE, weights=tmp_path / "short.safetensors")


class Bomb:
    """Pickles to a call that writes a file."""

    def __init__(self, trace: Path):
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self.trace), "w")


@pytest.mark.parametrize("writer", ["pickle", "torch"])
def test_a_malicious_checkpoint_is_not_executed(tmp_path: Path, writer: str) -> None:
    trace, path = tmp_path / "executed", tmp_path / "embedding_model.ckpt"
    if writer == "pickle":
        path.write_bytes(pickle.dumps(Bomb(trace)))
    else:
        torch.save({"blocks.0.conv.weight": Bomb(trace)}, path)
    with pytest.raises(SerError, match="nothing in it was executed"):
        xvector.extract(wave(), RATE, weights=path)
    assert not trace.exists()


@pytest.mark.parametrize("name", ["torn.safetensors", "torn.ckpt"])
def test_a_damaged_file_raises_an_error_with_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x00\x01")
    with pytest.raises(SerError, match=f"{name} cannot be read"):
        xvector.extract(wave(), RATE, weights=path)


def test_missing_weights_name_where_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="spkrec-xvect-voxceleb"):
        xvector.extract(wave(), RATE, weights=tmp_path / "none.ckpt")


def test_provenance_distinguishes_published_from_own_weights(tmp_path: Path) -> None:
    published, own = tmp_path / "embedding_model.ckpt", tmp_path / "own.safetensors"
    torch.save(network().state_dict(), published)
    line = xvector.provenance(weights=published)
    assert line.startswith("SpeechBrain-format file embedding_model.ckpt, blake2b ")
    notes = {"corpus": "demo", "speakers": 8, "epochs": 3, "seed": 0, "speaker_accuracy": 0.75, "held_out": 16}
    save_file(network().state_dict(), own, {"training": json.dumps(notes)})
    assert "8 speakers of corpus demo" in xvector.provenance(weights=own)
    assert "0.750" in xvector.provenance(weights=own)
    assert load_file(own).keys() == XVector().state_dict().keys()


def test_weights_come_from_an_address_with_the_expected_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "www").mkdir()
    torch.save(network(3).state_dict(), tmp_path / "www/embedding_model.ckpt")
    digest = hashlib.sha256((tmp_path / "www/embedding_model.ckpt").read_bytes()).hexdigest()
    monkeypatch.chdir(tmp_path)
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "www"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/embedding_model.ckpt"
        with pytest.raises(SerError, match="an address needs 'sha256' too"):
            xvector.files(weights=address)
        with pytest.raises(SerError, match=f"the SHA-256 is {digest}, not {'0' * 64}.*It is kept as"):
            xvector.extract(wave(), RATE, weights=address, sha256="0" * 64)
        found = xvector.extract(wave(), RATE, weights=address, sha256=digest)
        server.shutdown()
    assert np.array_equal(found, xvector.extract(wave(), RATE, weights=str(tmp_path / "www/embedding_model.ckpt")))
    assert xvector.files(weights=address, sha256=digest) == []
    assert (tmp_path / "data/raw/weights/embedding_model.ckpt").is_file()
    assert xvector.provenance(weights=address, sha256=digest).startswith("SpeechBrain-format file embedding_model.ckpt")
    with pytest.raises(SerError, match=f"not {'0' * 64} as the configuration says"):
        xvector.extract(wave(), RATE, weights=str(tmp_path / "www/embedding_model.ckpt"), sha256="0" * 64)
