"""Speed of each feature extractor, and of the library that defines it, measured side by side in one run.

Run: OMP_NUM_THREADS=1 python benchmarks/features.py [NAME …] [--seconds 4] [--utterances 8] [--passes 5]

Prints how many seconds of speech-like sound each takes per second of processor time ("× real time" of one core), and
the ratio to the library's plain call: the two take turns at all utterances, and the least time of each utterance
counts, since other programs only add to it. Trust the ratios.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ser import catalog
from ser.config import extractors, read

RATE = 16000

Signal = NDArray[np.float32]
Call = Callable[[Signal], object]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="features to measure; by default all without pretrained weights"
    )
    parser.add_argument("--seconds", type=float, default=4.0, help="length of an utterance")
    parser.add_argument("--utterances", type=int, default=8)
    parser.add_argument("--passes", type=int, default=5, help="over all utterances")
    arguments = parser.parse_args()
    signals = [sound(arguments.seconds, seed) for seed in range(arguments.utterances)]
    with tempfile.TemporaryDirectory() as folder:
        weights = untrained(Path(folder))
        print(f"{'feature':22}{'× real time':>12}{'library':>12}  {'ratio':>6}  library call")
        features = read.features(Path(__file__).parents[1] / "config")
        known = [name for name, one in features.items() if not {"model"} & one.options.keys() and name != "ge2e"]
        for name in arguments.names or known:  # pretrained models are measured where their weights are: by name
            feature = features[name]
            options = feature.options | dict.fromkeys(extractors.trained(feature.extractor), weights)
            extract = partial(catalog.load("features", feature.extractor).extract, rate=RATE, **options)
            label, call = library(name)
            calls = [extract] if call is None else [extract, call]
            ours, *theirs = len(signals) * arguments.seconds / least(calls, signals, arguments.passes)
            if not theirs:
                print(f"{name:22}{ours:12.0f}{'–':>12}  {'–':>6}  none")
            else:
                print(f"{name:22}{ours:12.0f}{theirs[0]:12.0f}  {ours / theirs[0]:6.2f}  {label}")


def sound(seconds: float, seed: int) -> Signal:
    """Return a gliding harmonic tone in noise, float32."""
    moment = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * ((100 + 10 * seed) * moment + 10 * moment**2)
    noise = np.random.default_rng(seed).standard_normal(len(moment))
    voice = sum(np.sin(k * phase) / k for k in range(1, 20))
    return (0.1 * voice + 0.005 * noise).astype(np.float32)


def untrained(folder: Path) -> Path:
    """Write x-vector weights of the right shape: speed does not depend on their values."""
    import torch
    from safetensors.torch import save_file

    from ser.layers.xvector import XVector

    torch.set_num_threads(1)
    path = folder / "xvector.safetensors"
    save_file(XVector().state_dict(), path)
    return path


def least(calls: list[Call], signals: list[Signal], passes: int) -> NDArray[np.float64]:
    """Return the processor seconds of each call for all signals, the least of the passes for every signal."""
    seconds = np.empty((passes, len(calls), len(signals)))
    for call in calls:
        call(signals[0])
    for turn in np.ndindex(seconds.shape):
        began = time.process_time()
        calls[turn[1]](signals[turn[2]])
        seconds[turn] = time.process_time() - began
    return np.asarray(seconds.min(axis=0).sum(axis=1))


def library(name: str) -> tuple[str, Call | None]:
    """Return the name and the call of the library that defines a feature; "" and None without one."""
    if name in ("spectrogram", "spectrogram_10hz", "mfcc"):
        return _librosa(name)
    if name in ("compare_lld", "compare_functionals", "egemaps"):
        return _opensmile(name)
    return "", None


def _librosa(name: str) -> tuple[str, Call]:
    import librosa

    short: dict[str, Any] = {"hop_length": 160, "window": "hamming"}
    if name == "mfcc":

        def cepstra(signal: Signal) -> object:
            static = librosa.feature.mfcc(y=signal, sr=RATE, n_mfcc=32, n_fft=512, win_length=400, n_mels=128, **short)
            return np.concatenate([static, librosa.feature.delta(static), librosa.feature.delta(static, order=2)])

        return "librosa.feature.mfcc + 2 × delta", cepstra
    window, points = (400, 400) if name == "spectrogram" else (640, 1600)

    def magnitude(signal: Signal) -> object:
        return np.abs(librosa.stft(signal, n_fft=points, win_length=window, **short))

    return "abs(librosa.stft)", magnitude


def _opensmile(name: str) -> tuple[str, Call]:
    import opensmile

    published = opensmile.FeatureSet.eGeMAPSv02 if name == "egemaps" else opensmile.FeatureSet.ComParE_2016
    levels = opensmile.FeatureLevel
    if name == "compare_lld":
        wanted = [levels.LowLevelDescriptors, levels.LowLevelDescriptors_Deltas]
        smiles = [opensmile.Smile(published, level) for level in wanted]
        return "opensmile.Smile, LLD and deltas", lambda signal: [
            smile.process_signal(signal, RATE) for smile in smiles
        ]
    smile = opensmile.Smile(published, levels.Functionals)
    return "opensmile.Smile", lambda signal: smile.process_signal(signal, RATE)


if __name__ == "__main__":
    main()
