"""Speed and memory of `ser predict` on one long recording in sliding windows, for systems with their shipped recipes.

Run: python benchmarks/predicting.py [SYSTEM …] [--minutes 10 60] [--window 4] [--step 4] [--page]

The recording is speech-like sound at 16 kHz, the weights of the networks are random: neither decides speed or memory.
Prints, for each system and length, how many seconds of the recording a second of processor time predicts ("× real
time" of one core, imports and loading included) and the peak memory of the process.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch
from safetensors.torch import save_file
from spent import row, ser

from ser.config import extractors, read
from ser.config.options import with_options
from ser.config.recipe import Recipe
from ser.config.schema import Feature, Protocol
from ser.inference import bundle
from ser.inference.network import TrainedNetwork
from ser.inference.trained import Contents, FeatureChain, Trained
from ser.training import network

RATE, BLOCK = 16_000, 60  # Hz; seconds written at a time
CLASSES = ("angry", "happy", "neutral", "sad")
SYSTEMS = ("C-pFSMN-A", "Audio-CNN")


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("systems", nargs="*", default=SYSTEMS)
    parser.add_argument("--minutes", type=int, nargs="+", default=[10, 60])
    parser.add_argument("--window", type=float, default=4, help="seconds")
    parser.add_argument("--step", type=float, default=4, help="seconds from one window to the next")
    parser.add_argument("--page", action="store_true", help="write the HTML page instead of a CSV")
    arguments = parser.parse_args()
    row("system", "minutes", "CPU s", "× real time", "peak, MB", "written, kB")
    row(":--", "--:", "--:", "--:", "--:", "--:")
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.systems:
            model = untrained(name, Path(folder))
            for minutes in arguments.minutes:
                recording = sound(Path(folder, f"{minutes}.wav"), minutes)
                windows = ["--window", arguments.window, "--step", arguments.step]
                out = Path(folder, "out.html" if arguments.page else "out.csv")
                spent = ser(["predict", recording, "--model", model, *windows, "--out", out])
                speed = f"{60 * minutes / spent.processor:.0f}"
                size = f"{out.stat().st_size / 1000:.0f}"
                row(name, minutes, spent.processor, speed, f"{spent.memory:.0f}", size)


def sound(path: Path, minutes: int) -> Path:
    """Write a gliding harmonic tone in noise, 16 bit, if it is not there."""
    if path.is_file():
        return path
    moment = np.arange(BLOCK * RATE) / RATE
    generator = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", RATE, 1, "PCM_16") as file:
        for minute in range(minutes):
            pitch = 100 + 10 * (minute % 12) + 20 * np.sin(2 * np.pi * 0.3 * moment)
            phase = 2 * np.pi * np.cumsum(pitch) / RATE
            voice = sum(np.sin(k * phase) / k for k in range(1, 12)) * (1 + np.sin(2 * np.pi * 3 * moment)) / 2
            file.write(0.1 * voice + 0.003 * generator.standard_normal(len(moment)))
    return path


def untrained(name: str, folder: Path) -> Path:
    """Write the bundle of a network with random weights and statistics, and return it."""
    recipe = with_options(read.shipped(read.SHIPPED)[1][name], name)
    features, views = read.features(read.SHIPPED), recipe.inputs.views()
    chains = {view.feature: chain(features[view.feature]) for view in views.values()}
    rule = Protocol(title="", rule="any", labels={one: (one,) for one in CLASSES}, selection="dev_ua")
    run = {"corpus": "none", "protocol": "none", "system": name, "seed": 0, "fold": 0}
    contents = Contents(ser="0", run=run, recipe=recipe, protocol=rule, classes=CLASSES, features=chains)
    trained = Trained(name, contents, folder / f"{name}.safetensors")
    save_file(weights(trained, recipe), trained.weights)
    bundle.write(trained, "random weights", folder / name)
    return folder / name


def chain(entry: Feature) -> FeatureChain:
    """Return how a feature is computed."""
    module = entry.load()
    about = {"dims": extractors.dims({"one": entry})["one"], "dtype": module.DTYPE, "hop": module.HOP}
    return FeatureChain(extractor=entry.extractor, options=entry.options, **about)


def weights(trained: Trained, recipe: Recipe) -> dict[str, torch.Tensor]:
    """Return the weights of an untrained network, and statistics of the views that have some."""
    torch.manual_seed(0)
    sizes = TrainedNetwork.shape(type("Given", (), {"recipe": recipe, "contents": trained.contents})())
    state = network.build(recipe, recipe.load(), sizes, len(CLASSES)).state_dict()
    for modality, view in recipe.inputs.views().items():
        if view.normalise == "statistics":
            dims = trained.contents.features[view.feature].dims
            state |= {
                f"statistics.{modality}.mean": torch.rand(dims),
                f"statistics.{modality}.sd": 1 + torch.rand(dims),
            }
    return {name: value.clone().contiguous() for name, value in state.items()}


if __name__ == "__main__":
    main()
