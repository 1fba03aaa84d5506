"""Record the attention weights of a trained network for a few utterances of the test part."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import nn

from ser.errors import SerError
from ser.layers.attention_weights import AttentionWeights, Positions
from ser.layers.batch import Batch
from ser.tables import contracts
from ser.training.fold import Fold
from ser.training.fold_data import FoldData

MOST = 4  # utterances of a run: enough to inspect, few enough to store


@dataclass(frozen=True, eq=False)
class AttentionRecord:
    """One attention of one utterance. utterance: row of the fold; weights: (positions,) float32, sum 1."""

    utterance: int
    attention: str
    positions: Positions
    weights: NDArray[np.float32]


def recorded_utterances(fold: Fold) -> list[int]:
    """Return the rows of the test utterances that are recorded: the same for every system of a fold.

    The first by name of every class, then the second of every class, and so on, ``MOST`` at most.
    """
    rows = fold.rows("test")
    by_class = [rows[fold.labels[rows] == k].tolist() for k in range(len(fold.classes))]
    alternating = (row for each in zip_longest(*by_class) for row in each if row is not None)
    return [row for _, row in zip(range(MOST), alternating, strict=False)]


def record(model: nn.Module, data: FoldData) -> list[AttentionRecord]:
    """Return the attention of ``recorded_utterances``; none for a network without a method ``attention_weights``.

    Each utterance is a batch of its own, so that only a view of fixed length pads it. Of an utterance in segments the
    first segment is recorded.
    """
    weigh: Callable[[Batch], dict[str, AttentionWeights]] | None = getattr(model, "attention_weights", None)
    if weigh is None:
        return []
    rows, examples = recorded_utterances(data.fold), data.examples("test")
    first = [np.searchsorted(examples.utterance, [row]).astype(np.int64) for row in rows]  # sorted by utterance
    model.eval()
    with torch.inference_mode():
        return [
            AttentionRecord(row, name, found.positions, found.weights[0].float().cpu().numpy())
            for row, (batch, _) in zip(rows, data.batches(examples, first), strict=True)
            for name, found in weigh(batch).items()
        ]


def table(fold: Fold, records: Sequence[AttentionRecord], hop: float | None) -> pa.Table:
    """Return the ATTENTION table of ``records``; hop: seconds per row of the frames, SerError where it is needed.

    Row r of a feature covers the seconds r · hop to (r + 1) · hop, so that position p of a network's frames has its
    middle at (start + step · p + ½) · hop. A window wider than the hop has its own middle up to half its width later
    where the signal is not padded at its start: 7.5 ms for 25 ms every 10 ms.
    """
    rows = []
    for one in records:
        first, unit = (0.5, hop) if one.positions.axis == "frames" else (1.0, 1.0)
        if unit is None:
            raise SerError("the shards of the frames lack the seconds per row ('hop'); extract the feature again.")
        rows.append(
            {
                "utterance": fold.utterances[one.utterance],
                "attention": one.attention,
                "axis": one.positions.axis,
                "start": (one.positions.start + first) * unit,
                "step": one.positions.step * unit,
                "weights": one.weights,
            }
        )
    return pa.Table.from_pylist(rows, schema=contracts.ATTENTION.schema)
