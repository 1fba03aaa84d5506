"""Segments: where they begin, and what their average is."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ser.config.recipe import View
from ser.training import fold_data, predict
from ser.training.fold_data import FoldData

FRAMES = {"t1": 40, "t2": 55, "t3": 28, "d1": 20, "d2": 31, "e1": 35, "e2": 10}
ROWS = [
    ("t1", "train", "sad", "a"),
    ("t2", "train", "angry", "b"),
    ("t3", "train", "sad", "b"),
    ("d1", "dev", "sad", "c"),
    ("d2", "dev", "angry", "c"),
    ("e1", "test", "sad", "d"),
    ("e2", "test", "angry", "d"),
]
RANDOM = np.random.default_rng(3)
MATRICES = {name: RANDOM.normal(size=(count, 3)).astype(np.float32) for name, count in FRAMES.items()}


@pytest.mark.parametrize(
    ("frames", "hop", "expected"),
    [
        (200, 100, [0]),  # 2 s
        (330, 100, [0, 100, 130]),  # 3.3 s, whose tail a right-aligned segment covers
        (100, 100, [0]),  # 1 s
        (300, 100, [0, 100]),
        (330, 40, [0, 40, 80, 120, 130]),
        (201, 100, [0, 1]),
    ],
)
def test_segments_by_arithmetic(frames: int, hop: int, expected: list[int]) -> None:
    assert fold_data.segment_starts(frames, 200, hop, 1).tolist() == expected


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (219, [0]),  # 19 new frames
        (220, [0, 20]),
        (259, [0, 40]),  # 19 after a whole one at 40
        (279, [0, 40, 79]),
        (150, [0]),
    ],
)
def test_a_last_segment_needs_new_frames(frames: int, expected: list[int]) -> None:
    assert fold_data.segment_starts(frames, 200, 40, 20).tolist() == expected


@given(st.integers(1, 900), st.integers(1, 300), st.integers(1, 300), st.integers(1, 60))
def test_segments_lie_in_the_utterance_and_bring_new_frames(frames: int, length: int, hop: int, tail: int) -> None:
    starts = fold_data.segment_starts(frames, length, hop, tail)
    assert starts[0] == 0
    assert (starts[1:] + length <= frames).all()
    steps = np.diff(starts)
    assert (steps[:-1] == hop).all()
    assert len(steps) == 0 or steps[-1] == hop or tail <= steps[-1] < hop
    unread = frames - (starts[-1] + length)
    assert unread < min(tail, hop)
    every = fold_data.segment_starts(frames, length, hop, 1)
    assert every[-1] + length >= frames, "with a tail of 1 every frame is read"
    assert np.array_equal(starts, every[: len(starts)])
    assert len(every) - len(starts) <= 1


def test_both_hops_leave_out_a_last_segment_without_enough_new_frames(loaded: Callable[..., FoldData]) -> None:
    whole = {5: (["t1", "t2", "t3"], ["e1"]), 6: (["t1", "t3"], ["e1"]), 8: (["t1", "t3"], []), 9: (["t1"], [])}
    for tail, (train, test) in whole.items():  # left over: 0, 5 and 8 frames in train, 7 in test
        segments = {"frames": 20, "train_hop": 10, "test_hop": 8, "tail": tail}
        data = loaded(ROWS, MATRICES, View.model_validate({"feature": "f", "segments": segments}))
        for part, read in (("train", train), ("test", test)):
            examples = data.examples(part)
            ends = examples.start + examples.frames - data.features["frames"].offsets[examples.utterance]
            last = {data.fold.utterances[row]: end for row, end in zip(examples.utterance, ends, strict=True)}
            long = {name: end for name, end in last.items() if FRAMES[name] > 20}
            assert [name for name, end in long.items() if end == FRAMES[name]] == read


PAIRS = [[6.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]  # logits of an utterance's four segments


class Passed(nn.Module):
    """Its logits, or log posteriors, are the mean of a segment's frames."""

    def __init__(self, *, posteriors: bool = False) -> None:
        super().__init__()
        self.posteriors = posteriors

    def forward(self, batch: Any) -> torch.Tensor:
        out: torch.Tensor = batch.frames.mean(1)
        return out.log_softmax(-1) if self.posteriors else out


@pytest.mark.parametrize("posteriors", [False, True])
def test_scores_of_segments_are_averaged_before_or_after_the_softmax(
    loaded: Callable[..., FoldData], posteriors: bool
) -> None:
    """Mean of the logits (1.5, 0.75): 1 / (1 + e^-0.75) = 0.679; of the softmax (0.9975 + 3 · 0.2689) / 4 = 0.451."""
    matrices = {name: np.repeat(np.array(PAIRS, np.float32), 3, axis=0) for name in MATRICES}
    found = {}
    for average in ("softmax", "logits"):
        keys = {"frames": 3, "train_hop": 3, "test_hop": 3, "average": average}
        cut = loaded(ROWS, matrices, View.model_validate({"feature": "s", "segments": keys}))
        found[average] = predict.probabilities(Passed(posteriors=posteriors), cut, "test", 5)
        assert np.allclose(found[average].sum(1), 1, atol=1e-6)
        loss, _, _ = predict.evaluate(Passed(posteriors=posteriors), cut, "dev", 5)
        labels = cut.fold.labels[cut.fold.rows("dev")]
        assert loss == pytest.approx(-np.log(found[average][0][labels]).mean(), rel=1e-5)
    assert np.allclose(found["softmax"][:, 0], 0.4510, atol=1e-4)
    assert np.allclose(found["logits"][:, 0], 0.6792, atol=1e-4)


def test_an_utterance_of_one_segment_has_the_same_scores_either_way(
    tiny: SimpleNamespace, loaded: Callable[..., FoldData]
) -> None:
    found = []
    for average in ("softmax", "logits"):
        keys = {"frames": 99, "train_hop": 99, "test_hop": 99, "average": average}
        cut = loaded(ROWS, MATRICES, View.model_validate({"feature": "s", "segments": keys}))
        torch.manual_seed(0)
        found.append(predict.log_probabilities(tiny.build(cut.shape, 2), cut, "test", 5))
    assert np.allclose(*found, atol=1e-6)
