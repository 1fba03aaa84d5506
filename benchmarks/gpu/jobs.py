"""Training steps per second of several jobs that share one device (`devices.jobs_per_gpu`).

Run: python benchmarks/gpu/jobs.py CORPUS ROWS [--device cuda] [--jobs 1 4 8 16] [--systems NAME …] [--seconds 6]

Every job is a process with a network and data of its own; all begin at once. Appends to ROWS as it goes.
"""

import time
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from measure import arguments, load, recipes, record, set_precision, trainee

from ser.training.device import has_bfloat16, prepare

STEPS = 4  # between two looks at the clock
TIMEOUT = 120  # seconds until all are ready


def main() -> None:
    """Measure all numbers of jobs."""
    parser = arguments(__doc__, "cuda", ["Audio-CNN", "DenseLSTM-Feature"])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 4, 8, 16])
    parser.add_argument("--seconds", type=float, default=6.0, help="of training, per number of jobs")
    given = parser.parse_args()
    context = get_context("spawn")
    for count in given.jobs:
        ready, answers = context.Barrier(count), context.SimpleQueue()
        shared = given.corpus, given.systems, given.device, given.seconds / len(given.systems), ready, answers
        started = [context.Process(target=work, args=shared) for _ in range(count)]
        for process in started:
            process.start()
        for process in started:
            process.join()
        failed = sum(process.exitcode != 0 for process in started)
        found = [answers.get() for _ in range(count - failed)]
        for name in given.systems:
            rates = [one[name] for one in found]
            note = f"{failed} failed" if failed else ""
            record(given.rows, "jobs", name, f"{count} jobs", sum(rates) if rates else None, note)


def work(
    corpus: Path,
    systems: list[str],
    device_name: str,
    seconds: float,
    ready: Barrier,
    answers: "SimpleQueue[dict[str, float]]",
) -> None:
    """Train each system for some seconds, together with the other processes; answer the steps per second."""
    known, device = recipes(), prepare(device_name, 1)
    precision = set_precision("bfloat16" if has_bfloat16(device) else "TF32")
    rates = {}
    for name in systems:
        one = trainee(known[name], load(corpus, known[name], device))
        one.steps(STEPS, precision)
        ready.wait(TIMEOUT)
        began, steps = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            one.steps(STEPS, precision)
            steps += STEPS
        rates[name] = steps / (time.perf_counter() - began)
    answers.put(rates)


if __name__ == "__main__":
    main()
