"""Speed of each feature extractor, and of the library that defines it, measured side by side in one run.

Run: python benchmarks/features.py [--seconds 4] [--utterances 8] [--threads 1]

Prints how many seconds of speech-like sound each takes per second of processor time ("× real time" of one core), best
of three passes after one unmeasured call, and the ratio to the library's plain call. Trust the ratios.
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
PASSES = 3

Signal = NDArray[np.float32]
Call = Callable[[Signal], object]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of an utterance")
    parser.add_argument("--utterances", type=int, default=8)
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    arguments = parser.parse_args()
    signals = [sound(arguments.seconds, seed) for seed in range(arguments.utterances)]
    with tempfile.TemporaryDirectory() as folder:
        weights = untrained(Path(folder), arguments.threads)
        print(f"{'feature':22}{'× real time':>12}{'library':>12}  {'ratio':>6}  library call")
        for name, feature in read.features(Path(__file__).parents[1] / "config").items():
            options = feature.options | dict.fromkeys(extractors.trained(feature.extractor), weights)
            extract = partial(catalog.load("features", feature.extractor).extract, rate=RATE, **options)
            ours = speed(extract, signals)
            label, call = library(name)
            if call is None:
                print(f"{name:22}{ours:12.0f}{'–':>12}  {'–':>6}  none")
            else:
                theirs = speed(call, signals)
                print(f"{name:22}{ours:12.0f}{theirs:12.0f}  {ours / theirs:6.2f}  {label}")


def sound(seconds: float, seed: int) -> Signal:
    """Return a gliding harmonic tone in noise, float32."""
    moment = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * ((100 + 10 * seed) * moment + 10 * moment**2)
    noise = np.random.default_rng(seed).standard_normal(len(moment))
    voice = sum(np.sin(k * phase) / k for k in range(1, 20))
    return (0.1 * voice + 0.005 * noise).astype(np.float32)


def untrained(folder: Path, threads: int) -> Path:
    """Write x-vector weights of the right shape: speed does not depend on their values."""
    import torch
    from safetensors.torch import save_file

    from ser.layers.xvector import XVector

    torch.set_num_threads(threads)
    path = folder / "xvector.safetensors"
    save_file(XVector().state_dict(), path)
    return path


def speed(call: Call, signals: list[Signal]) -> float:
    """Return seconds of sound per second of processor time, the best of the passes."""
    call(signals[0])
    passes = []
    for _ in range(PASSES):
        began = time.process_time()
        for signal in signals:
            call(signal)
        passes.append(time.process_time() - began)
    return sum(map(len, signals)) / RATE / min(passes)


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
