"""Where a trained network looks in a few utterances of its test part."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import nn

from ser.errors import SerError
from ser.layers.batch import Batch
from ser.layers.focus import Focus, Positions
from ser.tables import contracts
from ser.training.fold import Fold
from ser.training.material import Material

MOST = 4  # utterances of a run: enough to look at, too few to weigh


@dataclass(frozen=True, eq=False)
class Look:
    """One attention of one utterance. utterance: row of the fold; weights: (positions,) float32, sum 1."""

    utterance: int
    attention: str
    positions: Positions
    weights: NDArray[np.float32]


def chosen(fold: Fold) -> list[int]:
    """Return the rows of the test utterances that are looked into: the same for every system of a fold.

    The first by name of every class, then the second of every class, and so on, ``MOST`` at most.
    """
    rows = fold.rows("test")
    by_class = [rows[fold.labels[rows] == k].tolist() for k in range(len(fold.classes))]
    turns = (row for turn in zip_longest(*by_class) for row in turn if row is not None)
    return [row for _, row in zip(range(MOST), turns, strict=False)]


def look(model: nn.Module, material: Material) -> list[Look]:
    """Return the attentions of the utterances ``chosen``; none for a network without a method ``focus``.

    Each utterance is read by itself, so that there is no padding but that of a view of fixed length; of an utterance
    in segments it is the first one.
    """
    ask: Callable[[Batch], dict[str, Focus]] | None = getattr(model, "focus", None)
    if ask is None:
        return []
    rows, examples = chosen(material.fold), material.examples("test")
    order = [np.searchsorted(examples.utterance, [row]).astype(np.int64) for row in rows]  # those of one are neighbours
    model.eval()
    with torch.inference_mode():
        return [
            Look(row, name, found.positions, found.weights[0].float().cpu().numpy())
            for row, (batch, _) in zip(rows, material.batches(examples, order), strict=True)
            for name, found in ask(batch).items()
        ]


def table(fold: Fold, looks: Sequence[Look], hop: float | None) -> pa.Table:
    """Return the ATTENTION table of ``looks``; hop: seconds per row of the frames, SerError where it is needed.

    Row r of a feature stands for the seconds r · hop to (r + 1) · hop, so that position p of a network's frames has its
    middle at (start + step · p + ½) · hop. A window that is wider than the hop has its own middle up to half its width
    later where nothing is padded in front of it, 7.5 ms for 25 ms every 10 ms.
    """
    rows = []
    for one in looks:
        first, unit = (0.5, hop) if one.positions.axis == "frames" else (1.0, 1.0)
        if unit is None:
            raise SerError("the shards of the frames do not say how many seconds a row has; extract the feature again.")
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
