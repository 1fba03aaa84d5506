"""The dimensions of a model's inputs, or an error that names the input that the recipe lacks.

``build`` of a model asks for them, before any training. ``ser.training.network.build`` adds the model's name.
"""

from torch import Tensor

from ser.errors import SerError
from ser.layers.batch import Shape


def frames(shape: Shape, fewest: int = 1) -> int:
    """Return the dimensions of a frame; SerError if there are no frames or fewer than ``fewest`` dimensions."""
    if shape.frames is None:
        raise SerError("it reads frames, and the recipe has none: set inputs.frames.")
    if shape.frames < fewest:
        raise SerError(f"it needs at least {fewest} dimensions per frame, the feature has {shape.frames}.")
    return shape.frames


def vector(shape: Shape) -> int:
    """Return the dimensions of the utterance's vector; SerError if there is none."""
    if shape.vector is None:
        raise SerError("it reads a vector per utterance, and the recipe has none: set inputs.vector.")
    return shape.vector


def length(shape: Shape, shortest: int = 1) -> int:
    """Return the fixed number of frames; SerError if lengths vary or are below ``shortest``."""
    if shape.length is None:
        raise SerError("it needs equally long inputs: set inputs.frames.length or inputs.frames.segments.")
    if shape.length < shortest:
        raise SerError(f"it needs at least {shortest} frames, the view gives {shape.length}.")
    return shape.length


def table(shape: Shape) -> Tensor:
    """Return the initial word vectors (words, dims); SerError if there are no words."""
    if shape.table is None:
        raise SerError("it reads words, and the recipe has none: set inputs.words.")
    return shape.table
