"""Pyramid FSMN behind convolutions, with timestep attention: C-pFSMN-A and its parts.

Cao et al., "Pyramid memory block and timestep attention for speech emotion recognition", Interspeech 2019, Figure 3.
Not printed are the orders between the end points 4 and 32, the strides between 1 and 2, the channels, the hidden size
of the attention, and how the variant without attention pools.
"""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from ser.errors import SerError
from ser.layers import demand
from ser.layers.attention import TimestepAttention
from ser.layers.batch import Batch, Shape
from ser.layers.convolution import FrontEnd, reduced
from ser.layers.memory import Memory, MemoryLayer, Taps
from ser.layers.statistics import last, mean

NAME = "pyramid_fsmn"
POOLINGS = {"mean": mean, "last": last}


def modalities(**_: object) -> tuple[str, ...]:
    """Return what the model reads of a batch."""
    return ("frames",)


def build(
    shape: Shape,
    classes: int,
    *,
    front_end: Literal["cnn", "none"] = "cnn",
    channels: Sequence[int] = (16, 32),
    padding: int = 3,
    hidden: int = 256,
    projection: int = 128,
    orders: Sequence[int] = (4, 8, 16, 32),
    strides: Sequence[int] = (1, 1, 2, 2),
    taps: Taps = "scalar",
    attention: Literal["timestep", "none"] = "timestep",
    pooling: Literal["mean", "last"] = "mean",
    ratio: float = 0.25,
) -> nn.Module:
    """Return the model for frames of fixed length: (batch, time, dims) -> (batch, classes).

    ``orders``: frames looked back and ahead per layer, in ``strides``; ``attention`` "timestep" has ratio · time hidden
    units; "none" takes ``pooling`` instead. SerError where lengths vary or nothing is left of too short an input.
    """
    dims, time = demand.frames(shape, NAME), demand.length(shape, NAME)
    demand.one_of(NAME, "front_end", front_end, ("cnn", "none"))
    demand.one_of(NAME, "taps", taps, ("scalar", "vector"))
    demand.one_of(NAME, "attention", attention, ("timestep", "none"))
    demand.one_of(NAME, "pooling", pooling, ("mean", "last"))
    if len(orders) != len(strides):
        raise SerError(f"model '{NAME}': {len(orders)} orders but {len(strides)} strides; give one of each per layer.")
    front: FrontEnd | None = None
    if front_end == "cnn":
        time, bins = (reduced(size, len(channels), padding) for size in (time, dims))
        if min(time, bins) < 1:
            raise SerError(
                f"model '{NAME}': {shape.length} frames of {dims} bins are too few for {len(channels)} layers."
            )
        front = FrontEnd(dims, channels, padding)
        dims = front.dims
    layers: list[nn.Module] = []
    for order, stride in zip(orders, strides, strict=True):
        memory = Memory(projection, order, order, stride_back=stride, stride_ahead=stride, taps=taps)
        layers.append(MemoryLayer(dims, hidden, projection, memory, skip=bool(layers)))
        dims = projection
    focus = TimestepAttention(time, ratio) if attention == "timestep" else None
    return PyramidFSMN(front, nn.Sequential(*layers), focus, pooling, nn.Linear(dims, classes))


class PyramidFSMN(nn.Module):
    """Front end, memory layers, pooling over time, linear output."""

    def __init__(
        self,
        front: FrontEnd | None,
        layers: nn.Sequential,
        attention: TimestepAttention | None,
        pooling: Literal["mean", "last"],
        output: nn.Linear,
    ):
        super().__init__()
        self.front, self.layers, self.attention, self.output = front, layers, attention, output
        self.pooling = pooling

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, dims) -> logits (batch, classes)."""
        assert batch.frames is not None
        x = batch.frames if self.front is None else self.front(batch.frames)
        x = self.layers(x)  # (batch, reduced time, projection)
        pooled = POOLINGS[self.pooling](x) if self.attention is None else self.attention(x)
        logits: Tensor = self.output(pooled)
        return logits
