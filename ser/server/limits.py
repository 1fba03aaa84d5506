"""What one server accepts, and for how long it works."""

from dataclasses import dataclass

MEGABYTE = 1_000_000  # bytes
MOST_WINDOWS = 2000  # of one recording
MOST_TEXT = 20_000  # bytes of a field


@dataclass(frozen=True)
class RequestLimits:
    """size: bytes of a request; seconds: of sound in it; timeout: seconds to receive it, to wait and to predict, each;

    waiting: requests that are received or wait while others are predicted.
    """

    size: int = 50 * MEGABYTE
    seconds: float = 300.0
    timeout: float = 60.0
    waiting: int = 8


class RefusedError(Exception):
    """A request that is not answered with a prediction. status: of HTTP; its text is one sentence for the client."""

    def __init__(self, status: int, text: str):
        super().__init__(status, text)  # both, so that it can be passed between processes
        self.status, self.text = status, text
