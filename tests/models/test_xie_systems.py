"""Xie et al. 2019: the models against Equations 5–7 with an LSTM of loops, and the tables' rows against the recipes."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from ser import catalog
from ser.checks.protocol import assigned
from ser.config import read
from ser.config.schema import Config
from ser.corpora import enterface
from ser.layers.interface import Batch, Shape
from ser.models import dense_lstm
from ser.papers.published import printed
from ser.protocols import random_holdout, speaker_folds

CONFIG = Path(__file__).parents[2] / "config"
LENGTHS = (7, 4, 1)
ATTENTIONS = ("none", "general", "time", "feature")


@pytest.fixture(scope="module")
def experiment() -> Config:
    raw = read.merged(read.read_yaml(CONFIG / "config.yaml"), read.read_yaml(CONFIG / "experiments" / "xie2019.yaml"))
    return read.resolve(raw, CONFIG)


def array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().numpy().astype(np.float64)


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    raised = np.exp(x - x.max(axis=axis, keepdims=True))
    return raised / raised.sum(axis=axis, keepdims=True)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def lstm(layer: torch.nn.LSTM, x: np.ndarray) -> np.ndarray:
    """Return the outputs (time, cells) of one utterance, frame by frame; gates in the order i, f, g, o."""
    w, u = array(layer.weight_ih_l0), array(layer.weight_hh_l0)
    bias = array(layer.bias_ih_l0) + array(layer.bias_hh_l0)
    h, c, outputs = np.zeros(u.shape[1]), np.zeros(u.shape[1]), []
    for frame in x:
        i, f, g, o = np.split(w @ frame + u @ h + bias, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.array(outputs)


def linear(layer: torch.nn.Module, x: np.ndarray) -> np.ndarray:
    weights = {name: array(value) for name, value in layer.state_dict().items()}
    return weights["weight"] @ x + weights.get("bias", 0.0)


def logits(model: Any, x: np.ndarray, attention: str, reduction: str, projection: int | None) -> np.ndarray:
    """Return what Figure 1 and Equations 5–7 give for one utterance, (time, dims)."""
    h1 = lstm(model.layers[0], x)
    h2 = lstm(model.layers[1], h1)
    last = h2[-1]
    joined = []
    for number, h in enumerate((h1, h2)):
        if attention == "time":
            W = array(model.attention[number].score.weight).T
            weight = softmax(np.array([last @ W @ h[t] for t in range(len(h))]))
            part = sum(weight[t] * h[t] for t in range(len(h)))
        elif attention == "feature":
            W, V = (array(getattr(model.attention[number], name).weight) for name in ("inner", "outer"))
            part = sum(softmax(V @ np.tanh(W @ h[t])) * h[t] for t in range(len(h)))
            part = part / len(h) if reduction == "mean" else part
        else:
            part = h[-1]
        joined.append(part)
    if attention == "none":
        joined = joined[1:]
    if projection is not None:
        joined[0] = linear(model.projections[0], joined[0]) if len(joined[0]) > projection else joined[0]
    return linear(model.output, np.maximum(linear(model.dense, np.concatenate(joined)), 0))


def padded(dims: int = 3) -> tuple[list[np.ndarray], Batch]:
    rng = np.random.default_rng(4)
    utterances = [rng.normal(size=(length, dims)) for length in LENGTHS]
    frames = torch.zeros(len(LENGTHS), max(LENGTHS), dims)
    for row, x in zip(frames, utterances, strict=True):
        row[: len(x)] = torch.from_numpy(x)
    return utterances, Batch(frames, torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None])


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("projection", [None, 4])
def test_each_utterance_follows_the_equations(attention: str, reduction: str, projection: int | None) -> None:
    torch.manual_seed(1)
    keys = {"cells": (6, 4), "attention": attention, "reduction": reduction, "projection": projection, "dense": 5}
    model = dense_lstm.build(Shape(frames=3), 4, **keys).eval()
    with torch.no_grad():
        for value in model.parameters():
            value.mul_(2)  # so that no gate or softmax is near its middle
    utterances, batch = padded()
    found = array(model(batch))
    wanted = [logits(model, x, attention, reduction, projection) for x in utterances]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_padding_and_neighbours_leave_no_trace_in_a_gradient(attention: str) -> None:
    torch.manual_seed(1)
    model = dense_lstm.build(Shape(frames=3), 4, cells=(6, 4), attention=attention, dense=5)
    _, batch = padded()
    assert batch.frames is not None
    frames = batch.frames.requires_grad_()
    model(Batch(frames, batch.mask))[1].square().sum().backward()
    assert frames.grad is not None
    assert frames.grad.isfinite().all()
    assert (frames.grad[1, :4] != 0).any(dim=-1).all()  # every real frame counts
    assert (frames.grad[1, 4:] == 0).all()
    assert (frames.grad[[0, 2]] == 0).all()
    assert all(value.grad is not None and value.grad.isfinite().all() for value in model.parameters())


@pytest.mark.parametrize("corpus", ["iemocap", "enterface"])
def test_every_row_of_the_papers_tables_has_a_recipe_that_is_run(experiment: Config, corpus: str) -> None:
    name = {"iemocap": "IEMOCAP", "enterface": "eNTERFACE"}[corpus]
    wanted = {number.system for number in printed("xie2019") if name in number.protocol}
    assert wanted == {"LSTM", "General", "Time", "Feature", "proposed(attention)", "traditional LSTM"}
    for block in (block for block in experiment.experiment.runs if corpus in block.corpora):
        run = [experiment.systems[system] for system in block.systems]
        assert {system for recipe in run for system in recipe.published["xie2019"]} == wanted
        papers = {experiment.protocols[protocol].paper for protocol in block.protocols}
        assert papers == {"xie2019", None}  # the paper's protocol and an independent one


def test_only_the_paper_has_a_curve_over_the_test_part(experiment: Config) -> None:
    curved = {name for name, protocol in experiment.protocols.items() if protocol.curves}
    assert curved >= {"xie2019", "xie2019-enterface"}
    chosen = {name: protocol.selection for name, protocol in experiment.protocols.items() if name in curved}
    assert {chosen["xie2019"], chosen["xie2019-enterface"]} == {"last"}
    independent = [experiment.protocols[name] for name in ("session-out-5", "speaker-folds-6")]
    assert not any(protocol.curves or "speaker" in protocol.leaks for protocol in independent)


def manifest(*, complete: bool) -> pd.DataFrame:
    """Return as many clips as each subject has, whatever their names."""
    emotions = list(enterface.CARD.labels)
    rows = [
        (f"s{number}_{k}", enterface.SPEAKERS[number], emotions[k % 6], None)
        for number, count in enterface.SUBJECTS.items()
        if count == 30 or not complete
        for k in range(count)
    ]
    return pd.DataFrame(rows, columns=["utterance", "speaker", "label", "gender"])


def test_the_papers_sizes_of_enterface(experiment: Config) -> None:
    protocol = experiment.protocols["xie2019-enterface"]
    assert experiment.corpora["enterface"].options == {"complete": True}
    assert set(protocol.labels) == set(enterface.CARD.labels)
    parts = assigned(random_holdout, manifest(complete=True), **protocol.options)["part"].value_counts()
    assert parts.to_dict() == {"train": 1000, "test": 260}


@pytest.mark.parametrize("complete", [True, False])
def test_ten_folds_of_whole_speakers(experiment: Config, complete: bool) -> None:
    protocol = experiment.protocols["speaker-folds-6"]
    rows = manifest(complete=complete)
    facts = enterface.facts(None, complete=complete)
    assert catalog.load("protocols", protocol.rule).folds(facts, **protocol.options) == 10
    parts = assigned(speaker_folds, rows, **protocol.options).merge(rows, on="utterance")
    of = parts.groupby(["fold", "part"])["speaker"].agg(set).unstack()
    for fold in range(10):
        train, dev, test = (of.loc[fold, part] for part in ("train", "dev", "test"))
        assert len(train | dev | test) == len(train) + len(dev) + len(test) == len(facts.speakers)
        assert (len(dev), len(test) in (4, 5)) == (2, True)
    tested = [speaker for group in of["test"] for speaker in group]
    assert sorted(tested) == sorted(facts.speakers)
