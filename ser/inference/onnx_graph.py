"""A trained network as an ONNX graph: from the features of one utterance, as they are extracted, to probabilities.

The graph holds the view (scaling, statistics of the train part, companding, padding to a fixed length), the network
and the softmax. It reads one utterance, or one segment where the view cuts segments, whose answers are averaged as the
recipe says. Statistics of the utterance itself, and the floor below its maximum, are inputs.
"""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ser import catalog
from ser.config.recipe import Inputs, View
from ser.errors import SerError
from ser.files.atomic import atomic_write
from ser.inference.batch_data import fold_data
from ser.inference.network import TrainedNetwork
from ser.inference.trained import Trained
from ser.inference.utterance import Prepared
from ser.layers.interface import Batch
from ser.training.feature_input import FeatureInput
from ser.training.fold_data import FoldData, fixed_length

OPSET = 17
SAME = 1e-4  # of a probability, between the graph and torch
LENGTHS = 150, 90, 211  # frames of the random utterances that are compared; the first is traced
WORDS = 7, 4, 12  # words of their transcripts
OUTPUTS = ("probabilities", "logits")
ABOUT = {
    "ser",
    "run",
    "recipe",
    "classes",
    "vocabulary",
    "features",
    "calibration",
}  # keys of the record that the file holds


@dataclass(frozen=True)
class Graph:
    """content: the file; difference: largest of a probability from torch's, on random utterances."""

    content: bytes
    inputs: tuple[str, ...]
    difference: float


class Viewed(nn.Module):
    """The view of one utterance and the network: the inputs of the graph by ``names``, in their order."""

    def __init__(self, model: nn.Module, fixed: Mapping[str, FeatureInput], names: list[str]):
        super().__init__()
        self.model, self.names = model, names
        self.fixed = fixed  # by modality, with its view and the statistics of the train part

    def forward(self, *values: Tensor) -> tuple[Tensor, Tensor]:
        """Return probabilities and logits, (1, classes) each."""
        given = dict(zip(self.names, values, strict=True))
        found: dict[str, Tensor] = {}
        for modality, one in self.fixed.items():
            x, real = self._read(modality, one.view, given)
            if modality == "vector":
                found["vector"] = x.squeeze(1)
            else:
                found["frames"], found["mask"] = x, torch.ones_like(real) if fixed_length(one.view) else real
        if "words" in given:
            found["words"] = given["words"]
            found["word_mask"] = torch.ones_like(given["words"], dtype=torch.bool)
        logits = self.model(Batch(**found)).float()
        return torch.softmax(logits, -1), logits

    def _read(self, modality: str, view: View, given: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the input under its view and which frames are real, as a training does."""
        rows = given[modality]
        for most in (view.limit, fixed_length(view)):
            rows = rows if most is None else rows[:most]
        count = torch.ones_like(rows[:, :1]).sum().long().reshape(1)  # of the utterance, where rows.shape is traced
        zero = torch.zeros(1, dtype=torch.int64)
        statistics = self.fixed[modality].statistics
        if f"{modality}_mean" in given:
            statistics = given[f"{modality}_mean"], given[f"{modality}_sd"], zero
        if f"{modality}_floor" in given:  # here, since ONNX has no maximum in the memory of its input
            rows, view = torch.maximum(rows, given[f"{modality}_floor"]), view.model_copy(update={"floor_db": None})
        one = replace(self.fixed[modality], view=view, values=rows, statistics=statistics, floors=torch.zeros(1))
        return one.frames(zero, zero, count, fixed_length(view) or rows.shape[0])


def refusal(trained: Trained) -> str | None:
    """Return why a system has no graph; None where it has one."""
    recipe = trained.recipe()
    if catalog.model_kind(recipe.model) == "estimator":
        return f"'{recipe.model}' is an estimator of scikit-learn, no network"
    module = recipe.load()
    if hasattr(module, "back_end") and module.back_end(len(trained.contents.classes), **recipe.options) is not None:
        return "its answers come from a second learner behind the network, which is no part of torch"
    return None


def export(trained: Trained, out: Path) -> Graph:
    """Write the graph of ``trained`` to ``out`` and return it.

    SerError where the system has none, ``onnx`` or ``onnxruntime`` is not installed, torch cannot export the network,
    or the graph's probabilities for random utterances differ from torch's by more than ``SAME``.
    """
    made = graph(trained)
    with atomic_write(out) as partial:
        partial.write_bytes(made.content)
    return made


def graph(trained: Trained) -> Graph:
    """Return the graph of ``trained``; see ``export``."""
    reason = refusal(trained)
    if reason is not None:
        raise SerError(f"{trained.name} cannot be exported to ONNX: {reason}.")
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise SerError(f"export to ONNX needs the package {error.name}: pip install 'ser[onnx]'.") from error
    network = TrainedNetwork(trained, trained.recipe(), "cpu")
    samples = [_random(trained, *sizes, seed) for seed, sizes in enumerate(zip(LENGTHS, WORDS, strict=True))]
    datas = [fold_data(trained.contents, network.statistics, [sample], network.device) for sample in samples]
    inputs = network.recipe.inputs
    feeds = [_feed(inputs, data) for data in datas]
    names = list(feeds[0])
    viewed = Viewed(network.model, datas[0].features, names).eval()
    content = _traced(viewed, feeds[0], _free(inputs), trained.name)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    read = {one.name for one in session.get_inputs()}
    difference = 0.0
    for sample, feed in zip(samples, feeds, strict=True):
        arrays = {name: value.numpy() for name, value in feed.items() if name in read}
        found = session.run([OUTPUTS[0]], arrays)[0]
        difference = max(difference, float(np.abs(found - network.probabilities([sample])).max()))
    if not difference <= SAME:
        raise SerError(
            f"{trained.name} cannot be exported to ONNX: its graph differs from torch by {difference:.2g} in a "
            "probability."
        )
    model = onnx.load_from_string(content)
    onnx.helper.set_model_props(model, {"ser": _about(trained)})
    return Graph(model.SerializeToString(), tuple(name for name in names if name in read), difference)


def _random(trained: Trained, frames: int, words: int, seed: int) -> Prepared:
    """Return random features and words; of frames at most a segment."""
    contents, generator = trained.contents, np.random.default_rng(seed)
    matrices: dict[str, NDArray[np.generic]] = {}
    for modality, view in contents.recipe.inputs.views().items():
        rows = 1 if modality == "vector" else min(frames, view.segments.frames if view.segments else frames)
        shape = rows, contents.features[view.feature].dims
        matrices[view.feature] = generator.uniform(0.01, 1.0, shape).astype(contents.features[view.feature].dtype)
    known = contents.vocabulary or ("unknown",)
    return Prepared(matrices, [str(word) for word in generator.choice(known, words)], "a speaker")


def _feed(inputs: Inputs, data: FoldData) -> dict[str, Tensor]:
    """Return the inputs of the graph for the only utterance of ``data``."""
    feed: dict[str, Tensor] = {}
    for modality, view in inputs.views().items():
        one = data.features[modality]
        feed[modality] = one.values.float()
        own = view.normalise in ("utterance", "utterance_global") or data.fold.protocol.normalisation == "speaker"
        if own and one.statistics is not None:
            feed[f"{modality}_mean"], feed[f"{modality}_sd"] = one.statistics[0][:1], one.statistics[1][:1]
        if view.floor_db is not None:
            feed[f"{modality}_floor"] = one.floors
    if data.words is not None:
        feed["words"] = data.words.batch(torch.zeros(1, dtype=torch.int64), np.zeros(1, np.int64))[0]
    return feed


def _free(inputs: Inputs) -> dict[str, dict[int, str]]:
    """Return the axes of inputs whose length is free."""
    free = {"frames": {0: "frames"}} if inputs.frames is not None else {}
    if inputs.words is not None and inputs.words.length is None:
        free["words"] = {1: "words"}
    return free


def _traced(viewed: Viewed, feed: Mapping[str, Tensor], free: Mapping[str, Mapping[int, str]], name: str) -> bytes:
    """Return the file; by tracing, since torch's newer exporter fixes the number of steps of a recurrent layer."""
    try:
        with TemporaryDirectory(prefix="ser-onnx-") as folder, warnings.catch_warnings(), torch.no_grad():
            file = Path(folder, "graph.onnx")
            warnings.simplefilter("ignore")  # about traced shapes: the graph is compared at three lengths
            torch.onnx.export(
                viewed,
                tuple(feed.values()),
                file,
                dynamo=False,
                input_names=list(feed),
                output_names=list(OUTPUTS),
                dynamic_axes={axis: dict(named) for axis, named in free.items()},
                opset_version=OPSET,
            )
            return file.read_bytes()
    except Exception as error:  # torch raises many kinds
        reason = " ".join(str(error).split())[:200]
        raise SerError(f"{name} cannot be exported to ONNX: {type(error).__name__}: {reason}") from error


def _about(trained: Trained) -> str:
    """Return what a user of the graph needs to make its inputs, as JSON: word k of the vocabulary is number k + 2."""
    return json.dumps(trained.contents.model_dump(mode="json", include=ABOUT), ensure_ascii=False)
