"""Processor seconds of one training step: forward, backward and update of a network of ours or of public code."""

import importlib.util
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader

from ser import catalog
from ser.config.recipe import Training
from ser.layers.interface import Batch, Shape
from ser.training import device, optimisers

CPU, CLASSES = torch.device("cpu"), 4


def prepare() -> None:
    """Use the settings of our training jobs."""
    device.prepare("cpu", 1)


def ours(
    model: str, dims: Mapping[str, int], batch: int, frames: int, options: Mapping[str, Any]
) -> tuple[nn.Module, Batch]:
    """Return a network of ours and a random batch for it."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    shape = Shape(frames=dims["frames"], length=frames, vector=dims.get("vector"))
    given = Batch(torch.randn(batch, frames, dims["frames"]), torch.ones(batch, frames, dtype=torch.bool))
    if "vector" in dims:
        given = Batch(given.frames, given.mask, torch.randn(batch, dims["vector"]))
    return catalog.load("models", model).build(shape, CLASSES, **options), given


def least(network: nn.Module, given: Any, steps: int, precision: str = "float32") -> float:
    """Return the least processor seconds of ``steps`` steps with our optimiser, after one that is not counted."""
    training = Training()
    optimiser, labels = optimisers.make(network, training, CPU), torch.arange(len(given.frames)) % CLASSES

    def step() -> None:
        with device.autocast(CPU, precision):
            loss = nn.functional.cross_entropy(network(given).float(), labels)
        optimisers.step(optimiser, network, loss, training, training.learning_rate)

    return fastest(step, steps)


def fastest(step: Callable[[], None], steps: int) -> float:
    """Return the least processor seconds of ``steps`` calls, after one that is not counted."""
    step()
    found = []
    for _ in range(steps):
        began = time.process_time()
        step()
        found.append(time.process_time() - began)
    return min(found)


def plain(network: nn.Module, inputs: Tensor, steps: int) -> float:
    """Return the least processor seconds of ``steps`` steps as public code writes them."""
    optimiser, labels = torch.optim.Adam(network.parameters()), torch.arange(len(inputs)) % CLASSES

    def step() -> None:
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(inputs), labels).backward()
        optimiser.step()

    return fastest(step, steps)


def beside(peers: Path | None, steps: int) -> dict[str, list[float]]:
    """Return seconds of public code and of ours on the same arrays; the former first, with torch's own allocator."""
    torch.set_num_threads(1)
    found = {"two LSTM layers, epoch of 512": [padded_lstm(steps)]}
    if peers is not None:
        found["GLAM: CNN_AttnPooling, 128 of 26 × 63"] = [plain(glam(peers), torch.randn(128, 1, 26, 63), steps)]
        found["KrishnaDN: audio branch, 64 of 96 × 750"] = [plain(krishna(peers), torch.randn(64, 96, 750), steps)]
    prepare()
    found["two LSTM layers, epoch of 512"].append(our_lstm(steps))
    if peers is not None:
        options: dict[str, Any] = {"softmax": "class", "reduction": "mean"}
        glams = ours("time_frequency_cnn", {"frames": 26}, 128, 63, options)
        found["GLAM: CNN_AttnPooling, 128 of 26 × 63"].append(least(*glams, steps))
        krishnas = ours("multiscale_cnn", {"frames": 96}, 64, 750, {"filters": 64})
        found["KrishnaDN: audio branch, 64 of 96 × 750"].append(least(*krishnas, steps))
    return found


def glam(peers: Path) -> nn.Module:
    """Return the network that Zhu and Li give for Li et al.; a package that it does not use is replaced."""
    sys.modules["g_mlp_pytorch"] = SimpleNamespace(gMLP=None, SpatialGatingUnit=None)  # type: ignore[assignment]
    network: nn.Module = module(peers / "GLAM/models.py").CNN_AttnPooling()
    return network


def krishna(peers: Path) -> nn.Module:
    """Return the audio branch with a linear output; its stride of 2 is set to 1, as in ours and in the paper."""
    branch = module(peers / "Emotion-Recognition-Using-MSCNN-SPU/model/model.py").MultiScaleCNN(96, [5, 7, 9, 11])
    for layer in branch.modules():
        if isinstance(layer, nn.Conv1d):
            layer.stride = (1,)

    class Audio(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.branch, self.output = branch, nn.Sequential(nn.Linear(768, 256), nn.ReLU(), nn.Linear(256, CLASSES))

        def forward(self, x: Tensor) -> Tensor:
            return self.output(torch.cat(self.branch(x)[4:], dim=1))

    return Audio()


def module(path: Path) -> ModuleType:
    """Import a file, and what it imports from its own folder."""
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    sys.path.pop(0)
    return found


def utterances() -> list[Tensor]:
    """Return 512 utterances of 1 to 4 s, 130 values per frame."""
    torch.manual_seed(0)
    return [torch.randn(int(frames), 130) for frames in torch.randint(100, 400, (512,))]


def padded_lstm(steps: int) -> float:
    """Return the seconds of an epoch as most public code has it: a DataLoader that pads each batch, an LSTM, Adam."""
    spoken = utterances()
    loader = DataLoader(spoken, batch_size=32, shuffle=True, collate_fn=lambda batch: pad_sequence(batch, True))
    lstm, output = nn.LSTM(130, 128, 2, batch_first=True), nn.Linear(128, CLASSES)
    optimiser, labels = torch.optim.Adam([*lstm.parameters(), *output.parameters()]), torch.arange(32) % CLASSES

    def epoch() -> None:
        for batch in loader:
            optimiser.zero_grad()
            nn.functional.cross_entropy(output(lstm(batch)[0].mean(1)), labels).backward()
            optimiser.step()

    return fastest(epoch, steps)


def our_lstm(steps: int) -> float:
    """Return the seconds of an epoch of the same size with our batches, masks and optimiser."""
    import numpy as np

    from ser.config.recipe import View
    from ser.training import batch_order
    from ser.training.feature_input import FeatureInput

    spoken = utterances()
    lengths = np.array([len(one) for one in spoken])
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    feature = FeatureInput(View(feature="f"), torch.cat(spoken), offsets, {}, "", None, torch.zeros(512))
    network = catalog.load("models", "frame_lstm").build(Shape(frames=130), CLASSES, dropout=0.0)
    training = Training()
    optimiser, labels = optimisers.make(network, training, CPU), torch.arange(32) % CLASSES

    def epoch() -> None:
        for rows in batch_order.shuffled(lengths, 32, 0, 1, "similar"):
            at = [torch.from_numpy(part[rows]) for part in (np.arange(512), offsets[:-1], lengths)]
            frames, mask = feature.frames(at[0], at[1], at[2], int(lengths[rows].max()))
            loss = nn.functional.cross_entropy(network(Batch(frames, mask)), labels)
            optimisers.step(optimiser, network, loss, training, training.learning_rate)

    return fastest(epoch, steps)
