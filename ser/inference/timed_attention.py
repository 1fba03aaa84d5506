"""The attention of a trained network over the time of each utterance."""

import json
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from ser.inference.utterance import TimedAttention
from ser.layers.interface import AttentionWeights, Batch
from ser.training.attention_record import middles
from ser.training.fold_data import FoldData

TOGETHER = 16  # examples of a batch


def over_time(model: nn.Module, data: FoldData) -> list[tuple[TimedAttention, ...]]:
    """Return the attention to every utterance of the test part, in order; times are from its start.

    Examples of different lengths are batches of their own, so that only a view of fixed length pads them. An attention
    over words is left out. Of an utterance in segments each segment has its own.
    """
    weigh: Callable[[Batch], dict[str, AttentionWeights]] = model.attention_weights  # type: ignore[assignment]
    found: list[list[TimedAttention]] = [[] for _ in data.fold.utterances]
    if "frames" not in data.features:
        return [()] * len(found)
    frames, examples = data.features["frames"], data.examples("test")
    hop, total = json.loads(frames.notes.get("hop", "null")), len(examples.utterance)
    size = TOGETHER if data.length else 1
    order = [np.arange(first, min(first + size, total)) for first in range(0, total, size)]
    model.eval()
    with torch.inference_mode():
        for rows, (batch, _) in zip(order, data.batches(examples, order), strict=True):
            for name, one in weigh(batch).items():
                if one.positions.axis == "words":
                    continue
                start, step = middles(one.positions, hop)
                for row, weights in zip(rows, one.weights.float().cpu().numpy(), strict=True):
                    utterance = int(examples.utterance[row])
                    begin = float(examples.start[row] - frames.offsets[utterance]) * float(hop) + start
                    found[utterance].append(TimedAttention(name, begin, step, weights, 1 / len(weights)))
    return [tuple(those) for those in found]
