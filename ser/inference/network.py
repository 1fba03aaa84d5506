"""A trained network: its weights in the untrained network of its recipe, and its probabilities."""

from collections.abc import Sequence
from types import ModuleType

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from ser.config.recipe import Recipe
from ser.errors import SerError
from ser.inference.batch_data import fold_data
from ser.inference.timed_attention import over_time
from ser.inference.trained import Trained
from ser.inference.utterance import Prepared, TimedAttention
from ser.layers.interface import UNKNOWN, BackEnd, Shape
from ser.training import device as devices
from ser.training import network, predict
from ser.training.fold_data import fixed_length
from ser.training.task import softmax

STATISTICS, BACK_END = "statistics.", "back_end."  # what a run stores besides the network's own state


class TrainedNetwork:
    """A network with its back end, if it has one, on a device."""

    def __init__(self, trained: Trained, recipe: Recipe, device: str):
        self.contents, self.recipe, self.device = trained.contents, recipe, devices.named(device)
        stored = load_file(trained.weights)
        self.statistics = _of(stored, STATISTICS)
        end = _of(stored, BACK_END)
        state = {name: value for name, value in stored.items() if not name.startswith((STATISTICS, BACK_END))}
        module, classes = recipe.load(), self.contents.classes
        try:
            self.model = self._model(module, state).eval()
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:300]
            raise SerError(f"{trained.where}: its weights are not those of model '{recipe.model}': {reason}") from error
        self.model.to(self.device)
        self.back_end = _back_end(module, recipe, end, len(classes)) if end else None

    def _model(self, module: ModuleType, state: dict[str, Tensor]) -> nn.Module:
        """Return the network with its weights; of an encoder from elsewhere without what it was built from."""
        classes = len(self.contents.classes)
        if hasattr(module, "restored"):
            found: nn.Module = module.restored(state, self.shape(), classes, **self.recipe.options)
            return found
        model = network.build(self.recipe, module, self.shape(), classes)
        model.load_state_dict(state)
        return model

    def shape(self) -> Shape:
        """Return the sizes that the network is built for."""
        inputs, features = self.recipe.inputs, self.contents.features
        dims = {modality: features[view.feature].dims for modality, view in inputs.views().items()}
        length = fixed_length(inputs.frames) if inputs.frames else None
        table, sentence = None, None
        if inputs.words is not None:
            table = torch.zeros(len(self.contents.vocabulary) + UNKNOWN + 1, inputs.words.dims)
            sentence = inputs.words.length
        return Shape(dims.get("frames"), length, dims.get("vector"), table, sentence, self.contents.classes)

    def probabilities(self, utterances: Sequence[Prepared]) -> NDArray[np.float32]:
        """Return (utterances, classes), each row summing to 1."""
        data = fold_data(self.contents, self.statistics, utterances, self.device)
        size = self.recipe.training.batch
        if self.back_end is None:
            return predict.probabilities(self.model, data, "test", size)
        return softmax(self.back_end.scores(predict.summaries(self.model, data, "test", size)))

    def attention(self, utterances: Sequence[Prepared]) -> list[tuple[TimedAttention, ...]]:
        """Return the attention over time to each of ``utterances``; of one in segments, that to each segment."""
        if not hasattr(self.model, "attention_weights"):
            return [()] * len(utterances)
        return over_time(self.model, fold_data(self.contents, self.statistics, utterances, self.device))


def _of(stored: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in stored.items() if name.startswith(prefix)}


def _back_end(module: ModuleType, recipe: Recipe, end: dict[str, Tensor], classes: int) -> BackEnd:
    if not hasattr(module, "restored_back_end"):
        raise SerError(
            f"model '{recipe.model}' cannot be used after its training: ser/models/{recipe.model}.py has no function "
            "restored_back_end(weights, classes, **options)."
        )
    weights = {name: value.numpy() for name, value in end.items()}
    back_end: BackEnd = module.restored_back_end(weights, classes, **recipe.options)
    return back_end
