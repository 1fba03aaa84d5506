"""Utterances without a corpus as the data of a fold: all are its test part, statistics and vocabulary are the run's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from ser.config.recipe import View
from ser.inference.trained import Contents
from ser.inference.utterance import Prepared
from ser.tables import contracts
from ser.training import feature_input, word_input
from ser.training.device import move
from ser.training.feature_input import FeatureInput
from ser.training.fold import Fold
from ser.training.fold_data import FoldData


def fold_data(
    contents: Contents, statistics: Mapping[str, Tensor], utterances: Sequence[Prepared], device: torch.device
) -> FoldData:
    """Return ``utterances`` as the test part of a fold.

    Features pass through a shard, as in a training, and are read by the same function. statistics: of the train part,
    by ``<modality>.mean`` and ``<modality>.sd``, (dims,). Where the protocol normalises by speaker, the statistics are
    those of each speaker's ``utterances``.
    """
    names = tuple(f"{row:06d}" for row in range(len(utterances)))  # in this order when sorted, as a fold is
    fold = Fold(
        names,
        tuple(one.speaker for one in utterances),
        np.array(["test"] * len(names), dtype=np.str_),
        np.zeros(len(names), np.int64),
        contents.classes,
        contents.protocol,
        {},
        1,
    )
    found: dict[str, FeatureInput] = {}
    inputs = contents.recipe.inputs
    with TemporaryDirectory(prefix="ser-features-") as folder:
        for modality, view in inputs.views().items():
            shards = Path(folder, view.feature)
            if not shards.is_dir():
                _write(shards / "0.parquet", view, contents, names, utterances)
            found[modality] = _input(view, modality, shards, fold, statistics, device)
    words = None
    if inputs.words is not None:
        sentences = [one.words or () for one in utterances]
        words = word_input.known(inputs.words, sentences, contents.vocabulary, device)
    return FoldData(fold, device, found, words)


def _write(path: Path, view: View, contents: Contents, names: Sequence[str], utterances: Sequence[Prepared]) -> None:
    rows = []
    for name, one in zip(names, utterances, strict=True):
        matrix = one.matrices[view.feature]
        values = np.ascontiguousarray(matrix, dtype=matrix.dtype.newbyteorder("<")).tobytes()
        shape = {"frames": len(matrix), "dims": matrix.shape[1], "dtype": matrix.dtype.name}
        rows.append({"utterance": name, **shape, "matrix": values})
    contracts.write(contracts.FEATURES, rows, path, {"hop": str(contents.features[view.feature].hop or "null")})


def _input(
    view: View, modality: str, shards: Path, fold: Fold, statistics: Mapping[str, Tensor], device: torch.device
) -> FeatureInput:
    if view.normalise != "statistics" or fold.protocol.normalisation == "speaker":
        return feature_input.load(view, modality, shards, fold, device)
    plain = view.model_copy(update={"normalise": "none"})
    loaded = feature_input.load(plain, modality, shards, fold, device)
    group = np.zeros(len(fold.utterances), np.int64)  # one: that of the train part
    mean, sd = (statistics[f"{modality}.{kind}"].to(device)[None] for kind in ("mean", "sd"))
    return replace(loaded, view=view, statistics=(mean, sd, move(group, device)))
