"""The systems of table 1 and figure 2 in Li et al. 2018: sizes, windows, what is learnt from."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from networks import chosen
from torch import nn
from torch.nn import functional as F

from ser.config import read
from ser.config.recipe import Segments, View
from ser.errors import SerError
from ser.layers.interface import Batch, Shape
from ser.models import dnn_elm, rnn_elm, single_convolution, time_frequency_cnn
from ser.training import normalisation

CONFIG = Path(__file__).parents[2] / "config"


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def mask_of(lengths: list[int]) -> torch.Tensor:
    return torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]


@pytest.mark.parametrize(
    ("model", "shape", "options", "parameters"),
    [
        (dnn_elm, Shape(33), {}, 337_668),  # 32 columns of Lee and Tashev and the voiced flag
        (dnn_elm, Shape(30), {"unread": 0, "energy": 12}, 324_868),  # 30 columns of Han et al.
        (rnn_elm, Shape(33), {}, 150_149),
        (rnn_elm, Shape(33), {"objective": "frames"}, 150_149 - 129),  # no Null
        (time_frequency_cnn, Shape(400, 200), {"head": "gap"}, 93_492),
        (time_frequency_cnn, Shape(400, 200), {}, 93_573),
        (time_frequency_cnn, Shape(400, 200), {"pooled": [1, 2, 3]}, 93_573),
        (time_frequency_cnn, Shape(400, 200), {"head": "bilinear"}, 118_772),
        (single_convolution, Shape(400, 200), {}, 10 * 2 * 16 + 16 + 2 * 16 + 16 * 4 + 4),
    ],
)
def test_parameters(model: object, shape: Shape, options: dict[str, object], parameters: int) -> None:
    assert count(model.build(shape, 4, **options)) == parameters  # type: ignore[attr-defined]


@pytest.mark.parametrize(("pooled", "size"), [([2, 3], [10, 6]), ([1, 2, 3], [5, 3]), ([], [40, 24]), ([5], [20, 12])])
def test_poolings_halve_the_maps(pooled: list[int], size: list[int]) -> None:
    model = time_frequency_cnn.build(Shape(41, 25), 4, pooled=pooled)
    seen: list[torch.Size] = []
    model.head.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape))
    model(Batch(torch.randn(2, 25, 41)))
    assert list(seen[0]) == [2, 80, *size]


def test_an_unknown_layer_to_pool_after_and_too_short_a_segment_are_refused() -> None:
    with pytest.raises(SerError, match="pooled: must be less than or equal to 5"):
        chosen(time_frequency_cnn, Shape(400, 200), pooled=[2, 6])
    with pytest.raises(SerError, match="at least 9 frames"):
        time_frequency_cnn.build(Shape(400, 8), 4, pooled=[1, 2, 3])


def test_a_single_convolution_is_its_formula() -> None:
    torch.manual_seed(0)
    model = single_convolution.build(Shape(9, 7), 3, height=4, width=2, filters=5).eval()
    frames = torch.randn(1, 7, 9)
    picture = np.pad(frames[0].T.numpy(), ((1, 1), (0, 0)))  # frequency × time
    weight, bias = (value.detach().numpy() for value in (model.convolution.weight, model.convolution.bias))
    maps = np.array(
        [
            [[(picture[i : i + 4, j : j + 2] * weight[f, 0]).sum() + bias[f] for j in range(6)] for i in range(8)]
            for f in range(5)
        ]
    )
    pooled = np.maximum(maps / np.sqrt(1 + model.norm.eps), 0).mean((1, 2))
    head = model.head.output
    wanted = pooled @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    np.testing.assert_allclose(model(Batch(frames)).detach().numpy()[0], wanted, atol=1e-5)


def test_filters_of_all_shapes_give_maps_of_one_size() -> None:
    for height, width in ((2, 2), (10, 2), (30, 2), (2, 20)):
        model = single_convolution.build(Shape(40, 30), 4, height=height, width=width)
        assert model.convolution(torch.zeros(1, 1, 40, 30)).shape == (1, 16, 39, 29)
    with pytest.raises(SerError, match="height: must be greater than or equal to 1; it is 0"):
        chosen(single_convolution, Shape(40, 30), height=0)


def test_a_single_convolution_of_means_reads_the_means() -> None:
    torch.manual_seed(0)
    model = single_convolution.build(Shape(40, 30), 4, height=3, width=1, shrink=(2, 3)).eval()
    plain = single_convolution.build(Shape(20, 10), 4, height=3, width=1).eval()
    plain.load_state_dict(model.state_dict())
    frames = torch.randn(2, 30, 40)  # (batch, frames, bins)
    means = frames.reshape(2, 10, 3, 20, 2).mean((2, 4))
    torch.testing.assert_close(model(Batch(frames)), plain(Batch(means)))
    with pytest.raises(SerError, match="at least 4 "):
        single_convolution.build(Shape(3, 30), 4, height=2, shrink=(2, 1))


@pytest.mark.parametrize("loudness", ["frame", "window"])
def test_windows_are_the_loudest_with_repeated_ends(loudness: str) -> None:
    torch.manual_seed(0)
    lengths, window, share = [11, 4, 1], 5, 0.3
    mask = mask_of(lengths)
    frames = torch.randn(3, 11, 4) * mask.unsqueeze(-1)
    model = dnn_elm.build(Shape(4), 2, window=window, share=share, energy=1, loudness=loudness, hidden=[3])
    windows, chosen = model.windows(Batch(frames, mask))
    assert chosen.sum(1).tolist() == [3, 1, 1]
    for n, length in enumerate(lengths):
        own = frames[n, :length, :3].numpy()
        around = [[min(max(t + k, 0), length - 1) for k in range(-2, 3)] for t in range(length)]
        loud = [own[t, 1] if loudness == "frame" else own[around[t], 1].mean() for t in range(length)]
        order = sorted(range(length), key=lambda t: -loud[t])[: int(chosen[n].sum())]
        for rank, t in enumerate(order):
            np.testing.assert_array_equal(windows[n, rank].numpy(), own[around[t]].ravel())


def test_the_dnn_returns_the_mean_posterior_and_weighs_windows_equally() -> None:
    torch.manual_seed(0)
    lengths = [9, 6]
    mask = mask_of(lengths)
    frames = torch.randn(2, 9, 5) * mask.unsqueeze(-1)
    items, labels, weights = Batch(frames, mask), torch.tensor([2, 0]), torch.tensor([2.0, 1.0, 0.5])
    model = dnn_elm.build(Shape(5), 3, window=3, share=0.5, energy=0, unread=0, hidden=[6])
    windows, chosen = model.windows(items)
    posteriors = [model.layers(windows[n][chosen[n]]).softmax(-1) for n in range(2)]
    assert [len(own) for own in posteriors] == [4, 3]
    wanted = torch.stack([own.mean(0).log() for own in posteriors])
    torch.testing.assert_close(model(items), wanted)
    costs = torch.cat([-own[:, label].log() for own, label in zip(posteriors, (2, 0), strict=True)])
    torch.testing.assert_close(model.loss(items, labels, None), costs.mean())
    weighed = torch.tensor([0.5] * 4 + [2.0] * 3)
    torch.testing.assert_close(model.loss(items, labels, weights), (costs * weighed).sum() / weighed.sum())


def test_the_flag_is_read_as_such_and_not_by_the_network() -> None:
    torch.manual_seed(0)
    frames, mask = torch.randn(2, 40, 6), mask_of([40, 33])
    frames[..., -1] = (torch.arange(40) % 20 < 8).float() * 2 - 1  # as it is once normalised: above and below 0
    items, labels = Batch(frames, mask), torch.tensor([1, 0])
    other = Batch(torch.cat([frames[..., :-1], -frames[..., -1:]], -1), mask)
    model = rnn_elm.build(Shape(6), 3, cells=4)
    assert torch.equal(model(items), model(other))
    assert not torch.equal(model.loss(items, labels, None), model.loss(other, labels, None))
    summary = model.summary(items)
    assert summary.shape == (2, 4 * 4)
    assert dnn_elm.build(Shape(6), 3, energy=0).windows(items)[0].shape[-1] == 25 * 5


@pytest.mark.parametrize("objective", ["strict", "floating", "frames"])
def test_the_loss_ignores_padding_and_weighs_classes(objective: str) -> None:
    torch.manual_seed(0)
    model = rnn_elm.build(Shape(6), 3, cells=4, objective=objective)
    lengths, labels = [50, 31, 2], torch.tensor([1, 0, 2])
    mask = mask_of(lengths)
    frames = torch.randn(3, 50, 6)
    frames[..., -1] = (torch.arange(50) % 23 < 9).float()
    frames = frames * mask.unsqueeze(-1)
    alone = torch.stack(
        [
            model.loss(Batch(frames[n : n + 1, :length]), labels[n : n + 1], None) * length
            for n, length in enumerate(lengths)
        ]
    )
    weights, sizes = torch.tensor([2.0, 1.0, 0.5]), torch.tensor(lengths)
    together = model.loss(Batch(frames, mask), labels, None)
    torch.testing.assert_close(together, alone.sum() / sizes.sum())
    rubbish = torch.where(mask.unsqueeze(-1), frames, torch.full_like(frames, 9.0))
    torch.testing.assert_close(model.loss(Batch(rubbish, mask), labels, None), together)
    weighed = model.loss(Batch(frames, mask), labels, weights)
    own = weights[labels]
    torch.testing.assert_close(weighed, (own * alone).sum() / (own * sizes).sum())


def test_frames_alone_are_cross_entropy_and_predictions_are_without_null() -> None:
    torch.manual_seed(0)
    frames, labels = torch.randn(2, 12, 6), torch.tensor([1, 2])
    plain = rnn_elm.build(Shape(6), 3, cells=4, objective="frames")
    logits = plain.output(plain.recurrent(frames[..., :-1], torch.ones(2, 12, dtype=torch.bool)))
    assert logits.shape[-1] == 3
    wanted = F.cross_entropy(logits.flatten(0, 1), labels.repeat_interleave(12))
    torch.testing.assert_close(plain.loss(Batch(frames), labels, None), wanted)
    model = rnn_elm.build(Shape(6), 3, cells=4)
    posteriors = model.output(model.recurrent(frames[..., :-1], torch.ones(2, 12, dtype=torch.bool))).softmax(-1)
    summed = posteriors[..., :3].sum(1)
    torch.testing.assert_close(model(Batch(frames)).exp(), summed / summed.sum(1, keepdim=True))


@pytest.mark.parametrize(
    ("model", "options", "word"),
    [
        (dnn_elm, {"loudness": "peak"}, "'frame' or 'window'"),
        (dnn_elm, {"machine": "linear"}, "'kernel', 'random' or 'none'"),
        (dnn_elm, {"window": 24}, "odd"),
        (dnn_elm, {"share": 0.0}, "share"),
        (dnn_elm, {"energy": 32}, "energy is 32"),
        (dnn_elm, {"unread": 33}, "unread"),
        (rnn_elm, {"objective": "words"}, "'strict', 'floating' or 'frames'"),
        (rnn_elm, {"machine": "svm"}, "'kernel', 'random' or 'none'"),
        (rnn_elm, {"run": 2}, "run: must be greater than or equal to 3"),
    ],
)
def test_wrong_options_are_answered(model: ModuleType, options: dict[str, object], word: str) -> None:
    with pytest.raises(SerError, match=word):
        chosen(model, Shape(33), **options)


OWN = ("CNN_TF_", "Conv1-GAP")
READINGS = {
    "CNN_TF_Att.pooling-log": {"scale": "log", "compand": "minmax_mulaw"},
    "CNN_TF_Att.pooling-literal": {"compand": "literal_mulaw"},
    "CNN_TF_Att.pooling-softmax": {"segments": {"average": "softmax"}},
}


def of_the_authors(name: str) -> dict[str, View]:
    """Return the views of the authors' own networks in an experiment."""
    path = CONFIG / "experiments" / f"{name}.yaml"
    config = read.resolve(read.merged(read.read_yaml(CONFIG / "config.yaml"), read.read_yaml(path)), CONFIG)
    inputs = {system: config.systems[system].inputs for system in config.experiment.selected("systems")}
    others = ("CNN_TF_Att.pooling-cepstra", "CNN_TF_Att.pooling-cepstra-2000")  # read the features of Zhu and Li
    own = {system: one for system, one in inputs.items() if system.startswith(OWN) and system not in others}
    return {system: one.frames for system, one in own.items() if one.frames}


@pytest.mark.parametrize(("name", "least"), [("li2018", 8), ("li2018_filters", 18), ("iemocap", 1), ("ravdess", 1)])
def test_all_networks_of_the_authors_have_one_view_but_for_its_other_readings(name: str, least: int) -> None:
    usual = read.shipped(CONFIG)[1]["CNN_TF_Att.pooling"].inputs.frames
    assert usual is not None
    assert (usual.scale, usual.compand, usual.normalise) == ("none", "max_mulaw", "none")
    assert usual.segments == Segments(frames=200, train_hop=100, test_hop=40, tail=20, average="logits")
    found = of_the_authors(name)
    assert len(found) >= least
    for system, view in found.items():
        wanted = View.model_validate(read.merged(usual.model_dump(), READINGS.get(system, {})))
        assert view == wanted, system


def test_the_mu_law_alone_keeps_levels_apart_and_after_a_logarithm_makes_two_of_them() -> None:
    """Levels spread evenly over 80 dB. |y| < a means |x| < (256^a - 1) / 255 before the μ-law."""
    levels = torch.linspace(-80, 0, 80_001).view(1, -1, 1)
    x, real = 10 ** (levels / 20), torch.ones(1, 80_001, dtype=torch.bool)

    def share(found: torch.Tensor, low: float, high: float) -> float:
        return float(((found >= low) & (found < high)).float().mean())

    alone = normalisation.compand(x, real, "max_mulaw")
    assert share(alone, 0, 0.2) == pytest.approx(0.475, abs=0.002)  # below -42.0 dB
    assert share(alone, 0.2, 0.5) == pytest.approx(0.217, abs=0.002)  # -24.6 dB
    assert share(alone, 0.5, 1.1) == pytest.approx(0.308, abs=0.002)
    after = normalisation.compand(x.log(), real, "minmax_mulaw").abs()
    assert share(after, 0.5, 1.1) == pytest.approx(0.941, abs=0.002)
    assert share(after, 0, 0.2) == pytest.approx(0.008, abs=0.002)
    literal = normalisation.compand(x, real, "literal_mulaw")
    assert share(literal, -1, -0.9) == pytest.approx(0.832, abs=0.002)  # below -13.4 dB


@pytest.mark.parametrize("name", ["li2018", "li2018_filters"])
def test_the_experiments_name_each_filter_and_row_once(name: str) -> None:
    raw = read.read_yaml(CONFIG / "experiments" / f"{name}.yaml")
    runs = [system for block in raw["experiment"]["runs"] for system in block["systems"]]
    for sweep in raw["experiment"].get("sweeps", {}).values():
        assert set(sweep["systems"].values()) <= set(runs)
        assert list(sweep["systems"]) == sorted(sweep["systems"])
    if name == "li2018":
        return
    sizes = {"Conv1-GAP": {"height": 10, "width": 2}} | {key: one["options"] for key, one in raw["systems"].items()}
    assert set(sizes) == set(runs)
    whole = {"height": 10, "width": 2}
    for axis, sweep in (("height", "heights"), ("width", "widths")):
        fixed = "width" if axis == "height" else "height"
        for value, system in raw["experiment"]["sweeps"][sweep]["systems"].items():
            options = whole | sizes[system]
            assert (options[axis], options[fixed]) == (value, 2)
