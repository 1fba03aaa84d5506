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


def over_time(model: nn.Module, data: FoldData) -> list[tuple[TimedAttention, ...]]:
    """Return the attention to every utterance of the test part, in order; times are from its start.

    Each example is a batch of its own, so that only a view of fixed length pads it. An attention over words is left
    out. Of an utterance in segments each segment has its own.
    """
    weigh: Callable[[Batch], dict[str, AttentionWeights]] = model.attention_weights  # type: ignore[assignment]
    found: list[list[TimedAttention]] = [[] for _ in data.fold.utterances]
    if "frames" not in data.features:
        return [()] * len(found)
    frames, examples = data.features["frames"], data.examples("test")
    hop = json.loads(frames.notes.get("hop", "null"))
    each = [np.array([row], np.int64) for row in range(len(examples.utterance))]
    model.eval()
    with torch.inference_mode():
        for row, (batch, _) in enumerate(data.batches(examples, each)):
            utterance = int(examples.utterance[row])
            begin = float(examples.start[row] - frames.offsets[utterance]) * (hop or 0.0)
            for name, one in weigh(batch).items():
                if one.positions.axis == "frames":
                    start, step = middles(one.positions, hop)
                    weights = one.weights[0].float().cpu().numpy()
                    found[utterance].append(TimedAttention(name, begin + start, step, weights, 1 / len(weights)))
    return [tuple(those) for those in found]
