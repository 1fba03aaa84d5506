"""Latency and load of ``ser serve``: python benchmarks/server.py MODEL --clients 1 4 16

MODEL: a bundle, the folder of a run, or an experiment. Each client sends the same WAV of 3 s again as soon as it is
answered, or 0.1 s after a refusal. Prints answers per second, the median and the 95 % quantile of the time from sending
to the answer, and how many were refused with 503. Processor time is that of the server and its processes per answer; it
depends less on what else runs.
"""

import argparse
import io
import os
import re
import signal
import statistics
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import soundfile

RATE = 16_000
PAUSE = 0.1  # seconds after a refusal


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--seconds", type=float, default=5.0, help="of load, for each number of clients")
    parser.add_argument("--length", type=float, default=3.0, help="of the recording, seconds")
    given, options = parser.parse_known_args()  # what is left is for ser serve
    begun = time.perf_counter()
    command = ["ser", "serve", given.model, "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        name, address = re.findall(r"(.+): (http\S+)", server.stdout.readline())[0]
        print(f"{name}: ready after {time.perf_counter() - begun:.1f} s\n")
        print("| clients | answers/s | median | 95 % | processor time | answered | refused (503) | others |")
        print("|--:|--:|--:|--:|--:|--:|--:|--:|")
        try:
            for clients in given.clients:
                print(row(address, recording(given.length), clients, given.seconds, server.pid), flush=True)
        finally:
            server.send_signal(signal.SIGTERM)


def recording(length: float) -> bytes:
    """Return a WAV of a voice-like tone with ``length`` seconds."""
    time_ = np.arange(round(length * RATE)) / RATE
    tone = np.sin(2 * np.pi * 130 * time_ + 2 * np.sin(2 * np.pi * 3 * time_)) * np.abs(np.sin(4 * time_))
    signal_ = 0.3 * tone + np.random.default_rng(0).normal(0, 0.01, len(time_))
    file = io.BytesIO()
    soundfile.write(file, signal_, RATE, "PCM_16", format="WAV")
    return file.getvalue()


def processor(process: int) -> float:
    """Return the processor seconds of a process and those that it started."""
    spent = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    own = sum(map(int, spent)) / os.sysconf("SC_CLK_TCK")
    return own + sum(
        processor(int(one)) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()
    )


def row(address: str, content: bytes, clients: int, seconds: float, process: int) -> str:
    """Return the line of the table for a number of clients."""
    before = processor(process)
    end = time.perf_counter() + seconds

    def client(_: int) -> list[tuple[int, float]]:
        found = []
        with httpx.Client(base_url=address, timeout=120, trust_env=False) as one:
            while (begin := time.perf_counter()) < end:
                status = one.post("/predict", files={"file": content}).status_code
                found.append((status, time.perf_counter() - begin))
                if status == 503:
                    time.sleep(PAUSE)
        return found

    with ThreadPoolExecutor(clients) as threads:
        answers = [one for those in threads.map(client, range(clients)) for one in those]
    took = time.perf_counter() - (end - seconds)
    times = sorted(1000 * duration for status, duration in answers if status == 200)
    count = Counter(status for status, _ in answers)
    median, high = statistics.median(times), times[min(len(times) - 1, round(0.95 * len(times)))]
    others = len(answers) - count[200] - count[503]
    each = 1000 * (processor(process) - before) / count[200]
    times_ = f"{count[200] / took:.1f} | {median:.0f} ms | {high:.0f} ms | {each:.0f} ms"
    return f"| {clients} | {times_} | {count[200]} | {count[503]} | {others} |"


if __name__ == "__main__":
    main()
