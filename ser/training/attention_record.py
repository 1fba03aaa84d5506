"""Record the attention weights of a trained network for a few utterances of the test part."""

import json
from collections.abc import Callable
from itertools import islice, zip_longest

import numpy as np
import torch
from torch import nn

from ser.errors import SerError
from ser.layers.interface import AttentionWeights, Batch, Positions
from ser.training.fold import Fold
from ser.training.fold_data import FoldData

MOST = 4  # utterances of a run: enough to inspect, few enough to store


def recorded_utterances(fold: Fold) -> list[int]:
    """Return the rows of the test utterances that are recorded: the same for every system of a fold.

    The first by name of every class, then the second of every class, and so on, ``MOST`` at most.
    """
    rows = fold.rows("test")
    by_class = [rows[fold.labels[rows] == k].tolist() for k in range(len(fold.classes))]
    return list(islice((row for each in zip_longest(*by_class) for row in each if row is not None), MOST))


def record(model: nn.Module, data: FoldData) -> list[dict[str, object]]:
    """Return the rows of the ATTENTION table; none for a network without a method ``attention_weights``.

    Each of ``recorded_utterances`` is a batch of its own, so that only a view of fixed length pads it. Of an utterance
    in segments the first segment is recorded.
    """
    weigh: Callable[[Batch], dict[str, AttentionWeights]] | None = getattr(model, "attention_weights", None)
    if weigh is None:
        return []
    fold, examples = data.fold, data.examples("test")
    rows = recorded_utterances(fold)
    first = [np.searchsorted(examples.utterance, [row]).astype(np.int64) for row in rows]  # sorted by utterance
    hop = json.loads(data.features["frames"].notes.get("hop", "null")) if "frames" in data.features else None
    found: list[dict[str, object]] = []
    model.eval()
    with torch.inference_mode():
        for row, (batch, _) in zip(rows, data.batches(examples, first), strict=True):
            for name, one in weigh(batch).items():
                start, step = middles(one.positions, hop)
                where = {"axis": one.positions.axis, "start": start, "step": step}
                weights = one.weights[0].float().cpu().numpy()
                found.append({"utterance": fold.utterances[row], "attention": name, **where, "weights": weights})
    return found


def middles(positions: Positions, hop: float | None) -> tuple[float, float]:
    """Return the middle of the first position and the distance to the next, in seconds or in words from 1.

    hop: seconds per row of the frames, SerError where it is needed and None. Row r of a feature covers the seconds r ·
    hop to (r + 1) · hop, so that position p of a network's frames has its middle at (start + step · p + ½) · hop. A
    window wider than the hop has its own middle up to half its width later where the signal is not padded at its
    start: 7.5 ms for 25 ms every 10 ms.
    """
    if positions.axis == "words":
        return positions.start + 1.0, positions.step
    if hop is None:
        raise SerError("the shards of the frames lack the seconds per row ('hop'); extract the feature again.")
    return (positions.start + 0.5) * hop, positions.step * hop
