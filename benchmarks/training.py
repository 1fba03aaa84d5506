"""Processor time of one training step per system, with the allocator keeping its memory and without.

    python benchmarks/training.py [--steps 3]

Each setting runs in a process of its own, both in one call: trust the ratio, not the seconds. One thread, random input
of the shapes named below.
"""

import argparse
import json
import subprocess
import sys
import time

import torch

from ser import catalog
from ser.layers.interface import Batch, Shape
from ser.training import device

# system: model, shape, batch, frames
SYSTEMS = {
    "C-pFSMN-A": ("pyramid_fsmn", Shape(201, 400), 32, 400),
    "DenseLSTM-Feature": ("dense_lstm", Shape(130), 32, 370),
    "Audio-CNN": ("multiscale_cnn", Shape(96, 400), 64, 400),
    "CNN_TF_Att.pooling": ("time_frequency_cnn", Shape(400, 200), 8, 200),
}


def measure(keep: bool, steps: int) -> dict[str, float]:
    """Return the least processor seconds of forward and backward per system."""
    if keep:
        device.prepare("cpu", 1)
    torch.set_num_threads(1)
    return {name: min(one_step(*setting) for _ in range(steps)) for name, setting in SYSTEMS.items()}


def one_step(model: str, shape: Shape, batch: int, frames: int) -> float:
    """Return the processor seconds of one forward and backward pass after a first one."""
    network = catalog.load("models", model).build(shape, 4)
    given = Batch(torch.randn(batch, frames, shape.frames or 1), torch.ones(batch, frames, dtype=torch.bool))
    network(given).sum().backward()
    began = time.process_time()
    network(given).sum().backward()
    return time.process_time() - began


def main() -> None:
    """Print a table of both settings and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--keep", type=int, choices=(0, 1), help="measure one setting and print JSON")
    given = parser.parse_args()
    if given.keep is not None:
        print(json.dumps(measure(bool(given.keep), given.steps)))
        return
    command = [sys.executable, __file__, "--steps", str(given.steps), "--keep"]
    plain, kept = (
        json.loads(subprocess.run([*command, setting], capture_output=True, text=True, check=True).stdout)
        for setting in ("0", "1")
    )
    print(f"{'system':<20}{'returned':>10}{'kept':>8}{'ratio':>7}")
    for name in SYSTEMS:
        print(f"{name:<20}{plain[name]:>8.2f} s{kept[name]:>6.2f} s{kept[name] / plain[name]:>7.2f}")


if __name__ == "__main__":
    main()
