"""Processor time of training steps: of each headline system as it was and as it is, and of public code beside ours.

    python benchmarks/training.py [--steps 3] [--peers FOLDER]

Each setting runs in a process of its own, all in one call, with one thread: trust the ratios, not the seconds. Inputs
are random, of the shapes below. FOLDER has checkouts of lixiangucas01/GLAM and
KrishnaDN/Emotion-Recognition-Using-MSCNN-SPU under these names; without it the networks of the latter are left out.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import step_times

from ser.training import device

# system: model, dimensions, batch, frames of 7.5 s and of the 3 s that short recordings need, options
SYSTEMS = {
    "HSF-CRNN": ("hsf_crnn", {"frames": 40, "vector": 988}, 32, (750, 300), {}),
    "Audio-CNN": ("multiscale_cnn", {"frames": 96}, 64, (750, 300), {}),
    "CNN_TF_Att.pooling": ("time_frequency_cnn", {"frames": 400}, 16, (200, 200), {"shrink": (4, 2)}),
    "DenseLSTM-LSTM": ("dense_lstm", {"frames": 130}, 32, (750, 300), {}),
    "DenseLSTM-Feature": ("dense_lstm", {"frames": 130}, 32, (750, 300), {"attention": "feature"}),
    "C-pFSMN-A": ("pyramid_fsmn", {"frames": 201}, 32, (750, 300), {}),
    "C-biLSTM": ("conv_blstm", {"frames": 201}, 32, (750, 300), {}),
}
SETTINGS = ("as it was", "memory kept", "3 s", "bfloat16")


def measure(setting: str, steps: int) -> dict[str, float]:
    """Return the least processor seconds of a step per system; each setting has what those before it have."""
    rank = SETTINGS.index(setting)
    if rank >= 1:
        step_times.prepare()
    found = {}
    for name, (model, dims, batch, frames, options) in SYSTEMS.items():
        used = options if rank >= 2 else {key: value for key, value in options.items() if key != "shrink"}
        network, given = step_times.ours(model, dims, batch, frames[rank >= 2], used)
        found[name] = step_times.least(network, given, steps, "bfloat16" if rank == 3 else "float32")
    return found


def table(rows: dict[str, list[float]], titles: list[str]) -> str:
    """Return a Markdown table of seconds and, in brackets, their ratio to the first column."""
    lines = ["| | " + " | ".join(titles) + " |", "|:--|" + "--:|" * len(titles)]
    for name, seconds in rows.items():
        cells = [f"{value:.3f} s ({value / seconds[0]:.2f})" for value in seconds]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--peers", type=Path, help="folder with checkouts of public code")
    parser.add_argument("--only", choices=(*SETTINGS, "peers"), help="measure one setting and print JSON")
    given = parser.parse_args()
    if given.only:
        found = (
            step_times.beside(given.peers, given.steps) if given.only == "peers" else measure(given.only, given.steps)
        )
        print(json.dumps(found))
        return
    command = [sys.executable, __file__, "--steps", str(given.steps), "--only"]
    settings = [name for name in SETTINGS if name != "bfloat16" or device.has_bfloat16(device.torch.device("cpu"))]
    of = {setting: json.loads(run([*command, setting])) for setting in settings}
    print(table({name: [of[setting][name] for setting in settings] for name in SYSTEMS}, settings), end="\n\n")
    peers = ["--peers", str(given.peers)] if given.peers else []
    print(table(json.loads(run([*command, "peers", *peers])), ["public code", "ours"]))


def run(command: list[str]) -> str:
    """Return what a command prints."""
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    main()
