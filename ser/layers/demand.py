"""What a model demands of its inputs, checked when it is built, before any training."""

from torch import Tensor

from ser.errors import SerError
from ser.layers.batch import Shape


def frames(shape: Shape, model: str) -> int:
    """Return the dimensions of a frame; SerError if the recipe feeds no frames."""
    if shape.frames is None:
        raise SerError(f"model '{model}' works on frames, but the recipe gives it none: set inputs.frames.")
    return shape.frames


def vector(shape: Shape, model: str) -> int:
    """Return the dimensions of the utterance's vector; SerError if the recipe feeds no vector."""
    if shape.vector is None:
        raise SerError(f"model '{model}' works on a vector per utterance: set inputs.vector.")
    return shape.vector


def length(shape: Shape, model: str, shortest: int = 1) -> int:
    """Return the fixed number of frames; SerError if lengths vary or are below ``shortest``."""
    if shape.length is None:
        raise SerError(
            f"model '{model}' needs equally long inputs: set inputs.frames.length or inputs.frames.segments."
        )
    if shape.length < shortest:
        raise SerError(f"model '{model}' needs at least {shortest} frames, the view gives {shape.length}.")
    return shape.length


def one_of(model: str, option: str, value: object, known: tuple[str, ...]) -> None:
    """Raise SerError if ``value`` is none of the ``known`` ones."""
    if value not in known:
        raise SerError(f"model '{model}': option {option} is '{value}'; known: {', '.join(known)}.")


def table(shape: Shape, model: str) -> Tensor:
    """Return the initial word vectors (words, dims); SerError if the recipe feeds no words."""
    if shape.table is None:
        raise SerError(f"model '{model}' reads words, but the recipe gives it none: set inputs.words.")
    return shape.table


def sentence(shape: Shape, model: str) -> int:
    """Return the fixed number of words; SerError if transcripts vary in length."""
    if shape.sentence is None:
        raise SerError(f"model '{model}' needs equally long transcripts: set inputs.words.length.")
    return shape.sentence
