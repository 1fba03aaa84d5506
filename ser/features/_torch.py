"""Networks in an extractor: the device that they compute on, and arithmetic that repeats to the bit."""

from collections.abc import Iterator
from contextlib import contextmanager


def computing_device(asked: str) -> str:
    """Return cpu or cuda for an option ``device``: auto is a GPU where there is one."""
    import torch

    if asked != "auto":
        return asked
    return "cuda" if torch.cuda.is_available() else "cpu"


@contextmanager
def inference() -> Iterator[None]:
    """Compute without gradients and on one CPU thread: the last bits depend on the number of threads."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_num_threads(threads)
