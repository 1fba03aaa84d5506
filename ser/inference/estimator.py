"""A trained estimator: its fitted numbers, and the softmax over its scores. Needs torch only for a view that scales."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from scipy.special import softmax

from ser.config.recipe import Recipe
from ser.errors import SerError
from ser.inference.trained import Trained
from ser.inference.utterance import Prepared


class TrainedEstimator:
    """An estimator of one vector per utterance."""

    def __init__(self, trained: Trained, recipe: Recipe):
        module = recipe.load()
        if recipe.inputs.vector is None:
            raise SerError(f"{trained.where}: the estimator '{recipe.model}' needs inputs.vector.")
        if not hasattr(module, "restored"):
            raise SerError(
                f"estimator '{recipe.model}' cannot be used after its training: ser/models/{recipe.model}.py has no "
                "function restored(weights)."
            )
        self.contents, self.view, self.module = trained.contents, recipe.inputs.vector, module
        self.machine = module.restored(load_file(trained.weights))

    def probabilities(self, utterances: Sequence[Prepared]) -> NDArray[np.float32]:
        """Return (utterances, classes), each row summing to 1."""
        scores = np.asarray(self.module.scores(self.machine, self._vectors(utterances)), dtype=np.float64)
        return np.asarray(softmax(scores, axis=1), dtype=np.float32)

    def _vectors(self, utterances: Sequence[Prepared]) -> NDArray[np.float64]:
        """Return the vectors (utterances, dims) under the view."""
        view = self.view
        if (view.scale, view.normalise, view.compand) == ("none", "none", "none"):
            return np.concatenate([one.matrices[view.feature] for one in utterances]).astype(np.float64)
        import torch

        from ser.inference.batch_data import fold_data

        data = fold_data(self.contents, {}, utterances, torch.device("cpu"))
        rows = torch.arange(len(utterances))
        return data.features["vector"].vectors(rows).double().numpy()
