"""Statistics of batch normalisation for scoring, from the train part under fixed weights.

The running statistics average over steps whose weights are past: after a few hundred steps at a high rate they describe
no network that ever was. Wu and Johnson (2021), "Rethinking 'Batch' in BatchNorm", section 3, call the others precise.
"""

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ser.training import batch_order
from ser.training.fold_data import FoldData

MOST = 200  # batches; a train part with more is sampled


def reestimate(model: nn.Module, data: FoldData, size: int) -> None:
    """Set the statistics of all batch normalisation in ``model`` to their mean over batches of the train part.

    Batches of ``size`` examples, as in training, are the same at every call; all other layers act as in scoring.
    """
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    if not norms:
        return
    examples = data.examples("train")
    order = batch_order.shuffled(examples.frames, size, 0, 0, "random")[:MOST]
    momenta = [norm.momentum for norm in norms]
    model.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches, each with the same weight
        norm.train()
    with torch.no_grad():
        for batch, _ in data.batches(examples, order):
            model(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
