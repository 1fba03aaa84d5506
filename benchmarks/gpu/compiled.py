"""Milliseconds of a forward and backward pass as PyTorch runs it, compiled, and as a CUDA graph.

Run: python benchmarks/gpu/compiled.py CORPUS ROWS [--device cuda] [--systems NAME …] [--settings plain …] [--calls 20]

One batch, again and again, in the device's fastest precision, so that nothing is compiled twice. Appends to ROWS as it
goes.
"""

from collections.abc import Callable

import torch
from measure import HEADLINE, Trainee, arguments, load, reason, recipes, record, seconds_each, set_precision, trainee
from torch import Tensor

from ser.layers.interface import Batch
from ser.training.device import has_bfloat16, prepare

Call = Callable[[], object]


def main() -> None:
    """Measure all systems."""
    parser = arguments(__doc__, "cuda", HEADLINE)
    parser.add_argument("--settings", nargs="+", default=list(SETTINGS), choices=SETTINGS)
    parser.add_argument("--calls", type=int, default=20)
    given = parser.parse_args()
    known, device = recipes(), prepare(given.device, 1)
    precision = set_precision("bfloat16" if has_bfloat16(device) else "TF32")
    for name in given.systems:
        data = load(given.corpus, known[name], device)
        for setting in given.settings:
            try:
                one = trainee(known[name], data)
                batch, labels = next(data.batches(data.examples("train"), one.order[:1]))
                call = SETTINGS[setting](one, batch, labels, precision)
                record(given.rows, "compiled", name, setting, 1000 * seconds_each(call, given.calls, device))
            except Exception as error:  # what cannot be compiled or captured
                record(given.rows, "compiled", name, setting, None, reason(error))


def plain(one: Trainee, batch: Batch, labels: Tensor, precision: str) -> Call:
    """Return a forward and backward pass as the pipeline runs it."""

    def call() -> None:
        one.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(one.loss(batch, labels, precision))

    return call


def compiled(mode: str) -> Callable[[Trainee, Batch, Tensor, str], Call]:
    """Return a forward and backward pass through ``torch.compile`` in ``mode``."""

    def setting(one: Trainee, batch: Batch, labels: Tensor, precision: str) -> Call:
        one.model.compile(mode=mode)
        return plain(one, batch, labels, precision)

    return setting


def graph(one: Trainee, batch: Batch, labels: Tensor, precision: str) -> Call:
    """Return the replay of one CUDA graph of forward and backward pass (PyTorch's recipe: three passes before)."""
    call = plain(one, batch, labels, precision)
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            call()
    torch.cuda.current_stream().wait_stream(stream)
    one.optimiser.zero_grad(set_to_none=True)
    captured = torch.cuda.CUDAGraph()
    with torch.cuda.graph(captured):
        torch.autograd.backward(one.loss(batch, labels, precision))
    return captured.replay


SETTINGS = {
    "plain": plain,
    "graph": graph,
    "compile": compiled("default"),
    "compile, graphs": compiled("reduce-overhead"),
}

if __name__ == "__main__":
    main()
