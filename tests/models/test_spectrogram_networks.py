"""The networks of Satt et al. 2017 and Sarma et al. 2018: sizes, losses by hand, who learns from whom."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from networks import chosen
from torch import Tensor, nn
from torch.nn import functional as F

from ser.config import extractors, read
from ser.config.recipe import Recipe
from ser.errors import SerError
from ser.layers.interface import Batch, Shape
from ser.layers.recurrent import Recurrent
from ser.layers.time_delay import Perturbation, RestrictedAttention, TimeDelay
from ser.models import spectrogram_crnn, tdnn_lstm, two_step_crnn
from ser.models.two_step_crnn import NONE
from ser.training import parameter_count

CONFIG = Path(__file__).parents[2] / "config"
RECIPES: dict[str, Recipe] = read.shipped(CONFIG)[1]
DIMS = extractors.dims(read.features(CONFIG))
NAMES = ("angry", "happy", "neutral", "sad")
NEUTRAL, BINS, TIME = 2, 16, 16
SHAPE = Shape(BINS, TIME, classes=NAMES)
LABELS = torch.tensor([0, 1, 2, 3, 2, 0])
STILL: dict[str, Any] = {"cells": 4, "dense": 6, "map_dropout": 0.0, "dropout": 0.0}


def segments(count: int = len(LABELS), seed: int = 1) -> Batch:
    return Batch(torch.randn(count, TIME, BINS, generator=torch.Generator().manual_seed(seed)))


def two_step(rule: str) -> two_step_crnn.TwoStep:
    torch.manual_seed(0)
    model = two_step_crnn.build(SHAPE, 4, rule=rule, **STILL)  # type: ignore[arg-type]
    assert isinstance(model, two_step_crnn.TwoStep)
    return model


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("CNN-LSTM", 1_855_116),
        ("CNN-LSTM-uni", 961_164),
        ("CNN-LSTM-20Hz", 1_035_916),
        ("CNN-only", 427_876),
        ("CNN-LSTM-two-step", 1_855_116 + 3 * (1_855_116 - 2 * 65)),
        ("CNN-LSTM-neutral-first", 2 * 1_855_116 - 3 * 65),
        ("CNN-LSTM-prior", 1_855_116),
        ("TDNN-LSTM", 817_924),
        ("TDNN-LSTM-att", 817_924 + (128 * 1776 + 1776) + 2 * 816 + 4 * (816 - 128)),
        ("TDNN-LSTM-utterance", 817_924 + 4 * 128),
        ("TDNN-LSTM-MFCC", 610_692),
    ],
)
def test_parameters_of_the_recipes(name: str, count: int) -> None:
    assert parameter_count.parameters(RECIPES[name], DIMS, 4) == count


@pytest.mark.parametrize(
    ("bins", "recurrent", "count"), [(200, "forward", 551_564), (200, "none", 261_988), (400, "none", 427_876)]
)
def test_parameters_of_other_grids(bins: int, recurrent: spectrogram_crnn.Reader, count: int) -> None:
    model = spectrogram_crnn.build(Shape(bins, 300), 4, recurrent=recurrent)
    assert sum(parameter.numel() for parameter in model.parameters()) == count


def test_parameters_of_the_time_delay_network_by_hand() -> None:
    waveform = (7 * 64 + 64 + 2 * 64) + (7 * 64 * 128 + 128 + 2 * 128) + (7 * 128 * 128 + 128 + 2 * 128)
    delay, lstm = 3 * 128 * 128 + 128 + 2 * 128, 4 * 128 * 256 + 2 * 512
    assert waveform + 5 * delay + 3 * lstm + 4 * 128 + 4 == 817_924
    assert (3 * 40 * 128 + 128 + 2 * 128) + 4 * delay + 3 * lstm + 4 * 128 + 4 == 610_692


def test_kernels_are_bins_by_frames_and_keep_the_size() -> None:
    model = spectrogram_crnn.build(Shape(40, 24), 4)
    assert isinstance(model, spectrogram_crnn.SpectrogramNetwork)
    kernels = [layer.kernel_size for layer in model.maps if isinstance(layer, nn.Conv2d)]
    assert kernels == [(12, 16), (8, 12), (5, 7)]
    x = torch.randn(1, 1, 40, 24)
    padding, convolution = model.maps[0], model.maps[1]
    assert isinstance(convolution, nn.Conv2d)
    found = convolution(padding(x))[0]
    wide = np.pad(x[0, 0].numpy(), ((5, 6), (7, 8)))  # the odd one of an even kernel goes to the end
    for n, low, frame in ((0, 0, 0), (3, 39, 23), (7, 20, 11)):
        value = (wide[low : low + 12, frame : frame + 16] * convolution.weight[n, 0].detach().numpy()).sum()
        assert float(found[n, low, frame].detach()) == pytest.approx(float(value), abs=1e-5)
    assert model.maps(x).shape == (1, 32, 5, 3)


def test_an_input_below_one_pooled_value_is_filled_up_with_zeros() -> None:
    for recurrent, least in (("both", 8), ("none", 32)):
        torch.manual_seed(0)
        small = spectrogram_crnn.build(Shape(7, 3), 4, recurrent=recurrent, **STILL)  # type: ignore[arg-type]
        torch.manual_seed(0)
        large = spectrogram_crnn.build(Shape(least, least), 4, recurrent=recurrent, **STILL)  # type: ignore[arg-type]
        x = torch.randn(2, 3, 7)
        torch.testing.assert_close(small(Batch(x)), large(Batch(F.pad(x, (0, least - 7, 0, least - 3)))))


def test_the_lstm_reads_along_time_and_each_direction_ends_at_its_end() -> None:
    model = spectrogram_crnn.build(Shape(16, 32), 4, **STILL).eval()
    assert isinstance(model, spectrogram_crnn.SpectrogramNetwork)
    maps = torch.randn(1, 32, 2, 4)
    model.maps = nn.Sequential()
    recurrent = model.recurrent
    assert recurrent is not None
    ahead, back = recurrent.ahead[0], recurrent.back[0]
    steps = maps[0].permute(2, 0, 1).flatten(1).unsqueeze(0)  # (1, time, channels · bins)
    ends = torch.cat([ahead(steps)[1][0][0], back(steps.flip(1))[1][0][0]], dim=-1)
    given = Batch(maps[0, 0].T.unsqueeze(0))  # any frames: the hook replaces them by the maps
    model.maps.register_forward_hook(lambda *_: maps)
    torch.testing.assert_close(model(given), model.head(ends))


def test_each_network_of_the_cascade_learns_as_if_alone() -> None:
    model, batch = two_step("cascade_a"), segments()
    assert batch.frames is not None
    model.loss(batch, LABELS, None).backward()  # type: ignore[no-untyped-call]
    for number, network in enumerate(two_step("cascade_a").networks):
        if number == 0:
            own, wanted = LABELS >= 0, LABELS
        else:
            other = [0, 1, 3][number - 1]
            own = (LABELS == NEUTRAL) | LABELS.eq(other)
            wanted = LABELS[own].eq(other).long()
        F.cross_entropy(network(Batch(batch.frames[own])), wanted).backward()  # type: ignore[no-untyped-call]
        for found, parameter in zip(model.networks[number].parameters(), network.parameters(), strict=True):
            torch.testing.assert_close(found.grad, parameter.grad)


def test_a_binary_network_gets_no_gradient_from_other_classes() -> None:
    model = two_step("cascade_a")
    for label, expected in ((0, {0, 1}), (1, {0, 2}), (2, {0, 1, 2, 3}), (3, {0, 3})):
        batch = segments(1)
        assert batch.frames is not None
        model.zero_grad()
        model.loss(batch, torch.tensor([label]), None).backward()  # type: ignore[no-untyped-call]
        touched = {n for n, net in enumerate(model.networks) if any(p.grad is not None for p in net.parameters())}
        assert touched == expected


def test_neutral_first_has_a_gate_and_a_network_of_the_rest() -> None:
    model = two_step("cascade_b")
    assert model.outputs.tolist() == [[1, 1, 0, 1], [0, 1, -1, 2]]
    model.loss(segments(2), torch.tensor([NEUTRAL, NEUTRAL]), None).backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is None for parameter in model.networks[1].parameters())
    batch = segments()
    gate, rest = (network(batch).softmax(-1) for network in model.networks)
    posteriors = model(batch).exp()
    torch.testing.assert_close(posteriors.sum(1), torch.ones(len(posteriors)))
    torch.testing.assert_close(posteriors[:, NEUTRAL], gate[:, 0])
    torch.testing.assert_close(posteriors[:, [0, 1, 3]], gate[:, 1:] * rest)
    torch.testing.assert_close(model.summary(batch)[:, [4, 5, 7]], rest)


def test_class_weights_count_in_every_network() -> None:
    model, weights = two_step("cascade_a"), torch.tensor([1.0, 2.0, 0.5, 3.0])
    batch = segments()
    assert batch.frames is not None
    wanted = F.cross_entropy(model.networks[0](batch), LABELS, weights)
    for number, other in ((1, 0), (2, 1), (3, 3)):
        own = (NEUTRAL == LABELS) | (other == LABELS)
        logits = model.networks[number](Batch(batch.frames[own]))
        wanted += F.cross_entropy(logits, LABELS[own].eq(other).long(), weights[[NEUTRAL, other]])
    torch.testing.assert_close(model.loss(batch, LABELS, weights), wanted)


def test_the_summary_has_posteriors_and_each_class_against_neutral() -> None:
    model = two_step("cascade_a").eval()
    batch = segments()
    summary = model.summary(batch)
    torch.testing.assert_close(summary[:, :4], model.networks[0](batch).softmax(-1))
    for number, column in ((1, 4), (2, 5), (3, 7)):
        torch.testing.assert_close(summary[:, column], model.networks[number](batch).softmax(-1)[:, 1])
    assert (summary[:, 4 + NEUTRAL] == NONE).all()
    torch.testing.assert_close(two_step("prior").summary(batch), summary[:, :4])


@pytest.mark.parametrize("rule", ["cascade_a", "cascade_b", "prior"])
def test_the_back_end_fits_the_summaries(rule: str) -> None:
    model = two_step(rule).eval()
    vectors = model.summary(segments()).double().detach().numpy()
    end = two_step_crnn.back_end(4, rule=rule, **STILL)  # type: ignore[arg-type]
    remarks = end.fit({"train": vectors, "dev": vectors}, {"train": LABELS.numpy(), "dev": LABELS.numpy()})
    assert rule in remarks[0]
    assert end.scores(vectors).shape == (len(LABELS), 4)


def test_neutral_must_be_one_of_the_classes() -> None:
    with pytest.raises(SerError, match=r"calm.*angry, happy, neutral, sad"):
        two_step_crnn.build(SHAPE, 4, neutral="calm")
    with pytest.raises(SerError, match="at least three"):
        two_step_crnn.build(Shape(BINS, TIME, classes=("neutral", "sad")), 2)
    with pytest.raises(SerError, match=r"rule.*'cascade_a', 'cascade_b' or 'prior'"):
        chosen(two_step_crnn, SHAPE, rule="cascade_c")
    last = two_step_crnn.build(Shape(BINS, TIME, classes=("a", "b", "calm")), 3, neutral="calm", **STILL)
    assert (last.summary(segments())[:, 5] == NONE).all()  # type: ignore[operator]
    two_step_crnn.build(Shape(BINS, TIME, classes=("a", "b")), 2, rule="prior", **STILL)


def waveforms(counts: list[int], dims: int = 512) -> Batch:
    """Return rows of random samples, padded to the longest."""
    frames = torch.randn(len(counts), max(counts), dims, generator=torch.Generator().manual_seed(2))
    mask = torch.arange(max(counts)) < torch.tensor(counts)[:, None]
    return Batch(frames * mask.unsqueeze(-1), mask)


def frame_network(**options: Any) -> nn.Module:
    torch.manual_seed(0)
    return tdnn_lstm.build(Shape(6), 3, front_end="frames", augment=False, width=8, **options)


@pytest.mark.parametrize("weights", [None, torch.tensor([1.0, 4.0, 0.5])])
def test_every_real_frame_is_trained_with_the_label_of_its_utterance(weights: Tensor | None) -> None:
    model, counts, labels = frame_network().eval(), [7, 2, 4], [1, 0, 2]
    batch = waveforms(counts, 6)
    x, _ = model._outputs(batch)  # type: ignore[operator]
    posteriors = model.output(x).log_softmax(-1)  # type: ignore[operator]
    cost, total = 0.0, 0.0
    for b, count in enumerate(counts):
        weight = 1.0 if weights is None else float(weights[labels[b]])
        for t in range(count):
            cost -= weight * float(posteriors[b, t, labels[b]].detach())
            total += weight
    found = model.loss(batch, torch.tensor(labels), weights)  # type: ignore[operator]
    assert float(found.detach()) == pytest.approx(cost / total, rel=1e-5)
    for b, count in enumerate(counts):
        torch.testing.assert_close(model(batch)[b], posteriors[b, :count].mean(0))


def test_an_utterance_is_one_label_for_its_mean_and_deviation() -> None:
    model = frame_network(aggregation="utterance").eval()
    batch, labels = waveforms([7, 2, 4], 6), torch.tensor([1, 0, 2])
    x, _ = model._outputs(batch)  # type: ignore[operator]
    pooled = torch.stack(
        [torch.cat([x[b, :n].mean(0), x[b, :n].std(0, correction=0)]) for b, n in ((0, 7), (1, 2), (2, 4))]
    )
    torch.testing.assert_close(model(batch), model.output(pooled))  # type: ignore[operator]
    weights = torch.tensor([1.0, 4.0, 0.5])
    wanted = F.cross_entropy(model(batch), labels, weights)
    torch.testing.assert_close(model.loss(batch, labels, weights), wanted)  # type: ignore[operator]


def test_time_delay_layers_and_lstms_take_turns() -> None:
    model = tdnn_lstm.build(Shape(512), 4, attention=True)
    layers = model.layers
    assert isinstance(layers, nn.ModuleList)
    letters = {TimeDelay: "T", Recurrent: "L", RestrictedAttention: "A"}
    assert "".join(letters[type(layer)] for layer in layers) == "TLTTLTTLA"
    offsets = [layer.offsets for layer in layers if isinstance(layer, TimeDelay)]
    assert offsets == [(-1, 0, 1)] + [(-3, 0, 3)] * 4
    both = frame_network(both=True).layers[1]  # type: ignore[index]
    assert both.dims == 8  # type: ignore[union-attr]


def test_only_every_third_frame_goes_on_and_only_the_first_columns_are_read() -> None:
    model = frame_network(every=3, columns=2).eval()
    x, mask = model._outputs(waveforms([7, 2], 6))  # type: ignore[operator]
    assert mask.tolist() == [[True, True, True], [True, False, False]]
    assert x.shape[1] == 3
    batch = waveforms([7, 2], 6)
    assert batch.frames is not None
    other = torch.cat([batch.frames[..., :2], torch.zeros(2, 7, 4)], dim=-1)
    assert torch.equal(model(batch), model(Batch(other, batch.mask)))


def test_speed_and_gain_are_drawn_in_training_and_repeat_with_the_seed() -> None:
    torch.manual_seed(0)
    model, batch, labels = tdnn_lstm.build(Shape(512), 4, width=8), waveforms([4, 2]), torch.tensor([0, 1])
    values = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        values.append(float(model.train().loss(batch, labels, None).detach()))  # type: ignore[operator]
    assert values[0] == values[1] != values[2]
    assert torch.equal(model.eval()(batch), model(batch))
    plain = tdnn_lstm.build(Shape(512), 4, width=8, augment=False)
    assert not any(isinstance(part, Perturbation) for part in plain.modules())


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"front_end": "mfcc"}, "front_end.*'waveform' or 'frames'"),
        ({"aggregation": "mean"}, "aggregation.*'frame' or 'utterance'"),
        ({"front_end": "frames"}, "augment"),
        ({"every": 0}, "every"),
        ({"columns": -1, "front_end": "frames", "augment": False}, "columns"),
        ({"left": -1}, "left"),
        ({"both": True, "width": 7}, "width"),
        ({"offsets": []}, "offsets"),
    ],
)
def test_wrong_options_of_the_time_delay_network_are_named(options: dict[str, Any], named: str) -> None:
    with pytest.raises(SerError, match=named):
        chosen(tdnn_lstm, Shape(512), **options)


@pytest.mark.parametrize("name", ["CNN-LSTM-two-step", "CNN-LSTM-neutral-first", "TDNN-LSTM-att"])
def test_losses_are_finite_in_mixed_precision(name: str) -> None:
    recipe = RECIPES[name]
    module = two_step_crnn if recipe.model == "two_step_crnn" else tdnn_lstm
    options = {**recipe.options, **({"cells": 4} if module is two_step_crnn else {"width": 8})}
    model = module.build(SHAPE, 4, **options)
    batch = segments()
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            value = model.loss(batch, LABELS, torch.ones(4))
    except RuntimeError as error:
        if "could not create a primitive descriptor" not in str(error):
            raise
        pytest.skip("torch has no bfloat16 LSTM for this processor")
    value.backward()
    assert value.isfinite()
    assert value.dtype == torch.float32
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())
