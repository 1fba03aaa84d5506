"""Milliseconds of a training step of every network: batch, forward and backward pass, optimiser.

Run: python benchmarks/gpu/steps.py CORPUS ROWS [--device cuda] [--systems NAME …] [--steps 5]

In float32, TF32 and bfloat16, on the corpus of `corpus.py`. Appends to ROWS as it goes, the headline systems first.
"""

from pathlib import Path

import torch
from measure import HEADLINE, PRECISIONS, arguments, load, reason, recipes, record, seconds_each, set_precision, trainee

from ser.config.recipe import Recipe
from ser.jobs import run_record
from ser.training.device import prepare
from ser.training.task import kind


def main() -> None:
    """Measure all systems."""
    parser = arguments(__doc__, "cuda", [], "by default all networks")
    parser.add_argument("--steps", type=int, default=5)
    given = parser.parse_args()
    known, device = recipes(), prepare(given.device, 1)
    model = torch.cuda.get_device_name(device) if device.type == "cuda" else run_record.processor_name()
    record(given.rows, "device", model, torch.__version__, None)
    networks = [name for name, recipe in known.items() if kind(recipe.load()) == "network"]
    for name in given.systems or sorted(networks, key=lambda name: name not in HEADLINE):
        measure(given.corpus, name, known[name], device, given.steps, given.rows)


def measure(corpus: Path, name: str, recipe: Recipe, device: torch.device, steps: int, rows: Path) -> None:
    """Append a row per precision."""
    data = load(corpus, recipe, device)
    for precision in PRECISIONS:
        wanted = set_precision(precision)
        try:
            one = trainee(recipe, data)
            seconds = seconds_each(lambda one=one, wanted=wanted: one.steps(steps, wanted), 1, device) / steps
            record(rows, "steps", name, precision, 1000 * seconds)
        except Exception as error:  # the next one may work
            record(rows, "steps", name, precision, None, reason(error))


if __name__ == "__main__":
    main()
