"""The contract of a network: small random utterances in, one logit per class out, whatever the padding."""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ser.config.entries import Options
from ser.config.options import with_options
from ser.config.recipe import Inputs, Recipe
from ser.errors import SerError, require
from ser.layers.interface import Batch, Shape
from ser.training import network
from ser.training.fold_data import fixed_length

SIDES = 24, 96, 91  # dimensions of a frame, and frames: the next for networks that refuse one; 91: in 7 or 13 layers
VECTOR = 7  # dimensions
WORDS, SENTENCE, EMBEDDED = 12, 9, 10  # rows of the table, words of a transcript, dimensions of a word
CLASSES = ("angry", "happy", "neutral", "sad")
FRAMES: tuple[dict[str, Any] | None, ...] = (None, {"feature": "any"}, {"feature": "any", "length": SIDES[0]})
TRANSCRIPTS: tuple[dict[str, Any] | None, ...] = (None, {}, {"length": SENTENCE})
VECTORS: tuple[dict[str, Any] | None, ...] = (None, {"feature": "any"})


@dataclass(frozen=True)
class SmallNetwork:
    """A recipe, built for small inputs."""

    recipe: Recipe

    @property
    def fixed(self) -> bool:
        """Return whether every utterance has the same number of frames."""
        frames = self.recipe.inputs.frames
        return frames is not None and fixed_length(frames) is not None

    @property
    def fixed_words(self) -> bool:
        """Return whether every transcript has the same number of words."""
        return self.recipe.inputs.words is not None and self.recipe.inputs.words.length is not None

    @cached_property
    def side(self) -> int:
        """Return the dimensions of a frame, and the frames of an utterance, that the network is built for."""
        for side in SIDES:
            try:
                network.build(self.recipe, self.recipe.load(), self.shape(side, side), len(CLASSES))
            except SerError:
                continue
            return side
        return SIDES[1]

    def shape(self, dims: int, length: int) -> Shape:
        """Return the sizes of the inputs."""
        inputs, generator = self.recipe.inputs, torch.Generator().manual_seed(5)
        table = torch.randn(WORDS, EMBEDDED, generator=generator).index_fill(0, torch.tensor(0), 0.0)
        return Shape(
            dims if inputs.frames else None,
            length if self.fixed else None,
            VECTOR if inputs.vector else None,
            table if inputs.words else None,
            SENTENCE if self.fixed_words else None,
            CLASSES,
        )

    def build(self, length: int | None = None, seed: int = 0) -> nn.Module:
        """Return the untrained network."""
        shape = self.shape(self.side, length or self.side)
        torch.manual_seed(seed)
        return network.build(self.recipe, self.recipe.load(), shape, len(CLASSES))

    def warmed(self) -> nn.Module:
        """Return the network in evaluation mode after one training pass, which gives normalisation its statistics."""
        model = self.build()
        model(self.batch([self.side] * 8, seed=2))
        return model.eval()

    def batch(self, lengths: list[int], seed: int = 1) -> Batch:
        """Return random utterances, padded to the longest; where the recipe fixes a length, padding counts as real.

        A transcript has a word per two frames, one at least.
        """
        inputs, generator = self.recipe.inputs, torch.Generator().manual_seed(seed)
        found: dict[str, Tensor] = {}
        if inputs.frames:
            mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
            frames = torch.randn(len(lengths), max(lengths), self.side, generator=generator) * mask.unsqueeze(-1)
            found |= {"frames": frames, "mask": torch.ones_like(mask) if self.fixed else mask}
        if inputs.vector:
            found["vector"] = torch.randn(len(lengths), VECTOR, generator=generator)
        if inputs.words:
            counts = torch.tensor([_words(length) for length in lengths])
            real = torch.arange(SENTENCE if self.fixed_words else int(counts.max())) < counts[:, None]
            words = torch.randint(1, WORDS, real.shape, generator=generator) * real
            found |= {"words": words, "word_mask": torch.ones_like(real) if self.fixed_words else real}
        return Batch(**found)

    def alone(self, together: Batch, row: int, length: int) -> Batch:
        """Return one utterance of ``together`` without the padding that its neighbours brought."""
        words = SENTENCE if self.fixed_words else _words(length)
        cut = {"frames": length, "mask": length, "words": words, "word_mask": words}
        parts = ((part.name, getattr(together, part.name)) for part in fields(together))
        return Batch(**{name: x[row : row + 1, : cut.get(name)] for name, x in parts if x is not None})

    def loss(self, model: nn.Module, batch: Batch, labels: Tensor) -> Tensor:
        """Return what training minimises."""
        objective = getattr(model, "loss", None)
        value: Tensor = F.cross_entropy(model(batch), labels) if objective is None else objective(batch, labels, None)
        return value


def _words(length: int) -> int:
    return min(SENTENCE, 1 + length // 2)


def smallest(model: str, options: Options) -> SmallNetwork:
    """Return ``model`` with the fewest inputs that it builds with; SerError with its last refusal if there are none."""
    refusal = SerError(f"model '{model}' builds with no inputs.")
    feeds = sorted(product(FRAMES, VECTORS, TRANSCRIPTS), key=lambda parts: sum(part is not None for part in parts))
    for frames, vector, words in feeds[1:]:
        inputs = Inputs.model_validate({"frames": frames, "vector": vector, "words": words})
        recipe = Recipe(model=model, inputs=inputs, options=options)
        small = SmallNetwork(with_options(recipe, model))
        try:
            small.build()
        except SerError as error:
            refusal = error
        else:
            return small
    raise refusal


def logits_have_a_column_per_class(small: SmallNetwork) -> None:
    """Logits are finite and of shape (utterances, classes)."""
    require(small.build()(small.batch([small.side] * 3)).isfinite().all(), "they are not finite")


def every_input_matters(small: SmallNetwork) -> None:
    """Every input of the recipe changes a logit."""
    model, batch = small.warmed(), small.batch([small.side] * 3)
    other = small.batch([small.side] * 3, seed=4)
    with torch.no_grad():
        logits = model(batch)
        for name in small.recipe.inputs.modalities():
            changed = model(replace(batch, **{name: getattr(other, name)}))
            require(not torch.equal(changed, logits), f"the model does not read inputs.{name}; remove it")


def parameters_get_gradients(small: SmallNetwork) -> None:
    """Every parameter gets a gradient."""
    model = small.build()
    small.loss(model, small.batch([small.side] * 8), torch.arange(8) % len(CLASSES)).backward()  # type: ignore[no-untyped-call]
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            gradient = parameter.grad if parameter.grad is not None else torch.tensor(torch.nan)
            require(gradient.isfinite().all(), f"{name} has none or not a finite one")
            flat = parameter.ndim < 2  # a bias before a normalisation or a softmax rightly has none
            require(flat or gradient.any(), f"that of {name} is 0")


def padding_changes_nothing(small: SmallNetwork) -> None:
    """An utterance's logits and summary depend neither on padding nor on its neighbours."""
    model = small.warmed()
    lengths = [small.side] * 3 if small.fixed else [5, small.side, 1]
    together = small.batch(lengths)
    back_end = getattr(small.recipe.load(), "back_end", None)
    outputs: list[Any] = [model]
    if back_end is not None and back_end(len(CLASSES), **small.recipe.options) is not None:
        outputs.append(model.summary)
    with torch.no_grad():
        for output, (row, length) in product(outputs, enumerate(lengths)):
            found, single = output(together)[row], output(small.alone(together, row, length))[0]
            away = float((found - single).abs().max())
            require(torch.allclose(single, found, atol=1e-5, rtol=1e-4), f"those of {length} frames move by {away:.2g}")


def shortest_input(small: SmallNetwork) -> None:
    """One frame is enough, or a shorter input than the model can take is refused by a SerError."""
    for length in range(1, small.side + 1):
        try:
            model = small.build(length)
        except SerError:
            continue
        require(model.eval()(small.batch([length])).isfinite().all(), f"the logits of {length} frames are not finite")
        return


def seed_decides_the_weights(small: SmallNetwork) -> None:
    """The same seed gives the same logits, another seed gives others."""
    first, again, other = (small.build(seed=seed)(small.batch([small.side] * 2)) for seed in (3, 3, 4))
    require(torch.equal(first, again), "the same seed gives other logits")
    require(not torch.equal(first, other), "another seed gives the same logits")


CHECKS = (
    logits_have_a_column_per_class,
    every_input_matters,
    parameters_get_gradients,
    padding_changes_nothing,
    shortest_input,
    seed_decides_the_weights,
)
