"""The networks of Peng et al. 2021: their sizes, what they compute and what each ablation leaves out."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from networks import chosen
from numpy.typing import NDArray
from torch import Tensor

from ser.config import read
from ser.config.recipe import Recipe
from ser.errors import SerError
from ser.layers.interface import Batch, Shape
from ser.models import multiscale_cnn
from ser.models.multiscale_cnn import MultiScaleCNN, Pairing

RECIPES: dict[str, Recipe] = {
    name: recipe
    for name, recipe in read.shipped(Path(__file__).parents[2] / "config")[1].items()
    if recipe.model == "multiscale_cnn"
}
CLASSES, WORDS = 4, 20  # rows of the table of word vectors
BOTH = {"frames": True, "words": True, "vector": True, "swem": True}
SMALL = {"kernels": (2, 5), "text_kernels": (2, 3), "filters": 4, "dense": 8}


def real_size(name: str) -> MultiScaleCNN:
    """Return the network of a recipe with the paper's inputs: 96 coefficients, 512 of an x-vector, words of 300."""
    recipe = RECIPES[name]
    inputs = recipe.inputs
    shape = Shape(
        96 if inputs.frames else None,
        inputs.frames.length if inputs.frames else None,
        512 if inputs.vector else None,
        torch.zeros(WORDS, inputs.words.dims) if inputs.words else None,
        inputs.words.length if inputs.words else None,
    )
    return built(shape, **recipe.options)


def built(shape: Shape, **options: Any) -> MultiScaleCNN:
    model = multiscale_cnn.build(shape, CLASSES, **options)
    assert isinstance(model, MultiScaleCNN)
    return model


def small(*, masked: bool = False, **options: Any) -> MultiScaleCNN:
    """Return a small network in evaluation mode: frames of 3, a vector of 2, words of 5 dimensions."""
    torch.manual_seed(0)
    return built(shape(masked=masked), masked=masked, **{**SMALL, **options}).eval()


def shape(*, masked: bool = False) -> Shape:
    table = torch.randn(WORDS, 5).index_fill(0, torch.tensor(0), 0.0)
    return Shape(3, None if masked else 9, 2, table, None if masked else 6)


def batch(frames: list[int], words: list[int], *, masked: bool) -> Batch:
    """Return utterances of the given numbers of real frames and words, padded to 9 and 6."""
    generator = torch.Generator().manual_seed(1)
    mask = torch.arange(9) < torch.tensor(frames)[:, None]
    word_mask = torch.arange(6) < torch.tensor(words)[:, None]
    x = torch.randn(len(frames), 9, 3, generator=generator) * mask.unsqueeze(-1)
    rows = torch.randint(1, WORDS, (len(words), 6), generator=generator) * word_mask
    vector = torch.randn(len(frames), 2, generator=generator)
    if not masked:
        mask, word_mask = torch.ones_like(mask), torch.ones_like(word_mask)
    return Batch(x, mask, vector, rows, word_mask)


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("Audio-CNN", 1536),
        ("Audio-CNN-xvector", 2048),
        ("Text-CNN", 1536),
        ("Text-CNN-ASR", 1536),
        ("MSCNN-SPU", 4184),
        ("MSCNN-SPU-ASR", 4184),
        ("MSCNN-SPU-padded-SWEM", 4184),
        ("MSCNN-SPU-ATT", 4184 + 6144),
        ("MSCNN-SPU-ATT-ASR", 10328),
        ("MSCNN-SPU-ATT-padded", 10328),
        ("MSCNN-SPU-ATT-joined", 5720),
        ("MSCNN-SPU-ATT-one-to-one", 4184 + 1536),
        ("MSCNN-SPU-no-xvector", 3672),
        ("MSCNN-SPU-no-xvector-textSPU", 3672 - 1024),
        ("MSCNN-SPU-no-xvector-textSPU-SWEM", 3672 - 1024 - 600),
        ("MSCNN-SPU-no-xvector-textSPU-SWEM-audioSPU", 3672 - 1024 - 600 - 1024),
        ("MSCNN-SPU-no-textSPU", 4184 - 1024),
        ("MSCNN-SPU-no-SWEM", 4184 - 600),
        ("MSCNN-SPU-no-audioSPU", 4184 - 1024),
    ],
)
def test_the_classifier_reads_as_many_values_as_the_paper_implies(name: str, width: int) -> None:
    model = real_size(name)
    assert model.dense.in_features == width
    recipe, generator = RECIPES[name], torch.Generator().manual_seed(0)
    inputs = recipe.inputs
    utterances = Batch(
        torch.randn(1, 750, 96, generator=generator) if inputs.frames else None,
        torch.ones(1, 750, dtype=torch.bool) if inputs.frames else None,
        torch.randn(1, 512, generator=generator) if inputs.vector else None,
        torch.randint(0, WORDS, (1, 128), generator=generator) if inputs.words else None,
        torch.ones(1, 128, dtype=torch.bool) if inputs.words else None,
    )
    with torch.inference_mode():
        assert model.joined(utterances)[0].shape == (1, width)


def test_pooled_word_vectors_would_widen_the_text_network_to_2136() -> None:
    shape = Shape(table=torch.zeros(WORDS, 300), sentence=128)
    assert built(shape, **{**RECIPES["Text-CNN"].options, "swem": True}).dense.in_features == 2136


@pytest.mark.parametrize(
    ("name", "classifier"),
    [("MSCNN-SPU-ATT", 2_645_252), ("MSCNN-SPU-ATT-joined", 1_465_604), ("MSCNN-SPU-ATT-one-to-one", 1_465_604)],
)
def test_parameters_of_the_whole_network(name: str, classifier: int) -> None:
    counts: dict[str, int] = {}
    for key, parameter in real_size(name).named_parameters():
        part = key.split(".")[0]
        counts[part] = counts.get(part, 0) + parameter.numel()
    assert counts.pop("words") == WORDS * 300
    assert (counts["audio"], counts["text"]) == (393_728, 538_112)
    assert counts["dense"] + counts["output"] == classifier
    assert round(sum(counts.values()) / 1e6, 2) == {1_465_604: 2.40, 2_645_252: 3.58}[classifier]


CHAIN = [  # Table 2 as one step after the other: recipe and the option that it changes
    ("MSCNN-SPU-ATT", {}),
    ("MSCNN-SPU", {"attention": "none"}),
    ("MSCNN-SPU-no-xvector", {"vector": False}),
    ("MSCNN-SPU-no-xvector-textSPU", {"text_statistics": ["max"]}),
    ("MSCNN-SPU-no-xvector-textSPU-SWEM", {"swem": False}),
    ("MSCNN-SPU-no-xvector-textSPU-SWEM-audioSPU", {"statistics": ["max"]}),
]
ALONE = [
    ("MSCNN-SPU-no-xvector", {"vector": False}),
    ("MSCNN-SPU-no-textSPU", {"text_statistics": ["max"]}),
    ("MSCNN-SPU-no-SWEM", {"swem": False}),
    ("MSCNN-SPU-no-audioSPU", {"statistics": ["max"]}),
]


def effective(name: str) -> dict[str, Any]:
    """Return the options of a recipe with the model's defaults for those that it does not set."""
    return {**(multiscale_cnn.build.__init__.__kwdefaults__ or {}), **RECIPES[name].options}


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [(before, *after) for (before, _), after in pairwise(CHAIN)]
    + [("MSCNN-SPU", name, change) for name, change in ALONE],
)
def test_each_ablation_changes_one_part_and_nothing_else(before: str, after: str, change: dict[str, Any]) -> None:
    assert effective(after) == {**effective(before), **change}
    assert effective(after) != effective(before)
    first, second = RECIPES[before], RECIPES[after]
    assert second.training == first.training
    assert (second.inputs.frames, second.inputs.words) == (first.inputs.frames, first.inputs.words)
    assert (second.inputs.vector is None) == ("vector" in change or first.inputs.vector is None)
    sizes = [
        {key: tuple(value.shape) for key, value in real_size(name).state_dict().items()} for name in (before, after)
    ]
    assert {key for key in sizes[0] if sizes[0][key] != sizes[1].get(key)} == {"dense.weight"}
    assert sizes[1]["dense.weight"][1] < sizes[0]["dense.weight"][1]


def test_no_system_is_another_under_a_second_name() -> None:
    decisive = [recipe.decisive() for recipe in RECIPES.values()]
    assert len(set(decisive)) == len(decisive)


@pytest.mark.parametrize("name", [name for name in RECIPES if name.endswith("-ASR")])
def test_a_system_on_recognised_words_differs_in_nothing_else(name: str) -> None:
    given, recognised = RECIPES[name.removesuffix("-ASR")], RECIPES[name]
    assert recognised.inputs.words is not None
    assert recognised.inputs.words.transcript == "recognised"
    inputs = recognised.inputs.model_copy(
        update={"words": recognised.inputs.words.model_copy(update={"transcript": "given"})}
    )
    assert recognised.model_copy(update={"inputs": inputs}).decisive() == given.decisive()
    assert recognised.published == given.published


@pytest.mark.parametrize(
    ("options", "read"),
    [
        ({}, ("frames",)),
        ({"vector": True}, ("frames", "vector")),
        ({"frames": False, "words": True}, ("words",)),
        ({"words": True, "masked": True}, ("frames", "words")),
        ({"vector": True, "words": True}, ("frames", "vector", "words")),
    ],
)
def test_one_model_is_audio_text_or_both(options: dict[str, bool], read: tuple[str, ...]) -> None:
    model = small(**options)
    whole = batch([9, 4], [6, 2], masked=model.masked)
    parts = {"frames": ("frames", "mask"), "vector": ("vector",), "words": ("words", "word_mask")}
    given = {name: getattr(whole, name) for modality in read for name in parts[modality]}
    torch.testing.assert_close(model(Batch(**given)), model(whole))


def convolved(x: NDArray[np.float64], conv: torch.nn.Conv1d, same: bool) -> NDArray[np.float64]:
    """Return ReLU of the convolution of one utterance's real rows (time, dims) -> (positions, filters), as a loop."""
    weight, bias = conv.weight.detach().double().numpy(), conv.bias.detach().double().numpy()  # (filters, dims, kernel)
    kernel = weight.shape[2]
    back, ahead = ((kernel - 1) // 2, kernel // 2) if same else (0, max(0, kernel - len(x)))
    padded = np.pad(x, ((back, ahead), (0, 0)))
    windows = [padded[t : t + kernel] for t in range(len(padded) - kernel + 1)]
    return np.array(
        [[max(0.0, (window.T * weight[f]).sum() + bias[f]) for f in range(len(bias))] for window in windows]
    )


def statistics(maps: list[NDArray[np.float64]], which: tuple[str, ...]) -> list[NDArray[np.float64]]:
    named = {"max": np.max, "mean": np.mean, "std": np.std}
    return [np.array([named[name](found, axis=0) for name in which]) for found in maps]


def attended(e: NDArray[np.float64], h: NDArray[np.float64]) -> NDArray[np.float64]:
    weight = np.exp(e @ h.T)
    return (weight / weight.sum(1, keepdims=True) @ h).ravel()


def classifier_input(model: MultiScaleCNN, items: Batch, n: int) -> NDArray[np.float64]:
    """Return what the paper's formulas give for utterance ``n`` from its real frames and words alone."""

    def array(tensor: Tensor | None, mask: Tensor | None) -> NDArray[np.float64]:
        assert tensor is not None
        assert mask is not None
        return tensor[n, : int(mask[n].sum())].detach().double().numpy()

    assert model.words is not None
    assert items.words is not None
    assert items.vector is not None
    table, spoken = model.words(items.words), items.words != 0
    vectors = array(table, items.word_mask)
    pooled = array(table, spoken if model.mask_swem else items.word_mask)
    same = model.attention == "joined"
    audio = [convolved(array(items.frames, items.mask), layer, False) for layer in model.audio.scales.layers]
    text = [convolved(vectors, layer, same) for layer in model.text.scales.layers]
    e = statistics(audio, model.audio.statistics)
    parts = [found.ravel() for found in e]
    parts.append(items.vector[n].double().numpy())
    parts += [found.ravel() for found in statistics(text, model.text.statistics)]
    parts += [pooled.max(0), pooled.mean(0)]
    if model.mask_attention and not model.masked:  # positions that begin at a word
        text = [states[: int(spoken[n].sum())] for states in text]
    if model.attention == "one-to-one":
        parts += [attended(context, states) for context, states in zip(e, text, strict=True)]
    elif model.attention == "all-pairs":
        parts += [attended(context, states) for states in text for context in e]
    elif model.attention == "joined":
        parts.append(attended(np.concatenate(e, axis=1), np.concatenate(text, axis=1)))
    return np.concatenate(parts)


@pytest.mark.parametrize(
    "masks",
    [
        {},
        {"mask_swem": False},
        {"mask_attention": False},
        {"mask_swem": False, "mask_attention": False},
        {"masked": True},
    ],
)
@pytest.mark.parametrize("pairing", ["none", *get_args(Pairing)])
@pytest.mark.parametrize("which", [("max", "mean", "std"), ("std", "max")])
def test_the_classifier_input_follows_equations_1_to_6(
    pairing: str, which: tuple[str, ...], masks: dict[str, bool]
) -> None:
    model = small(attention=pairing, statistics=which, text_statistics=which[:2], **masks, **BOTH)
    masked = model.masked
    items = batch([9, 6, 3], [6, 3, 1], masked=masked)
    found = model.joined(items)[0].detach().numpy()
    for n in range(3):
        np.testing.assert_allclose(found[n], classifier_input(model, items, n), atol=2e-5)


@pytest.mark.parametrize("pairing", ["none", *get_args(Pairing)])
def test_masked_padding_and_neighbours_change_no_logit(pairing: str) -> None:
    model = small(masked=True, attention=pairing, **BOTH)
    items = batch([9, 6, 1], [6, 3, 1], masked=True)
    together = model(items)
    for n, (frames, words) in enumerate(((9, 6), (6, 3), (1, 1))):
        one = slice(n, n + 1)
        alone = Batch(
            items.frames[one, :frames],
            items.mask[one, :frames],
            items.vector[one],
            items.words[one, :words],
            items.word_mask[one, :words],
        )
        torch.testing.assert_close(model(alone)[0], together[n], atol=1e-5, rtol=1e-4)


def test_without_a_mask_padding_counts() -> None:
    model = small(**BOTH, attention="one-to-one")
    items = batch([4], [2], masked=False)
    real = model.joined(items)[0].detach().numpy()[0]
    shorter = Batch(items.frames[:, :5], items.mask[:, :5], items.vector, items.words[:, :3], items.word_mask[:, :3])
    assert not np.allclose(model.joined(shorter)[0].detach().numpy()[0], real, atol=1e-4)


def longer(items: Batch, words: int) -> Batch:
    """Return ``items`` with transcripts padded to ``words``, where padding counts as real."""
    rows = torch.nn.functional.pad(items.words, (0, words - items.words.shape[1]))
    return replace(items, words=rows, word_mask=torch.ones_like(rows, dtype=torch.bool))


@pytest.mark.parametrize("pairing", get_args(Pairing))
def test_the_number_of_padding_words_changes_neither_swem_nor_attention(pairing: str) -> None:
    model = small(attention=pairing, **BOTH)
    items = batch([9, 9, 9], [6, 2, 1], masked=False)
    few, many = (model.joined(one)[0] for one in (items, longer(items, 60)))
    statistics = slice(0, model.audio.width + 2 + model.text.width)
    torch.testing.assert_close(few[1:, statistics.stop :], many[1:, statistics.stop :])
    assert not torch.allclose(few[1:, statistics], many[1:, statistics]), "those of the maps count padding"
    whole = batch([9], [6], masked=False)  # a transcript without padding
    for option in ("mask_swem", "mask_attention"):
        other = small(attention=pairing, **{option: False}, **BOTH)
        torch.testing.assert_close(other.joined(whole)[0], model.joined(whole)[0])
        moved = ~torch.isclose(other.joined(longer(items, 60))[0][1:], other.joined(items)[0][1:], atol=1e-6).all(0)
        swem = slice(statistics.stop, statistics.stop + 2 * model.words.dims)
        assert (moved[swem].any(), moved[swem.stop :].any()) == (option == "mask_swem", option == "mask_attention")


@pytest.mark.parametrize("pairing", get_args(Pairing))
def test_the_attention_has_no_weight_on_positions_that_see_padding_only(pairing: str) -> None:
    items = longer(batch([9, 9], [6, 2], masked=False), 128)
    shares = {mask: small(attention=pairing, mask_attention=mask, **BOTH).joined(items)[1] for mask in (True, False)}
    for masked, counting in zip(shares[True], shares[False], strict=True):
        for row, words in enumerate((6, 2)):
            assert masked[row, :, :words].all()
            assert not masked[row, :, words:].any()
            assert (counting[row, :, words:].sum(-1) > 0.3).all(), "a short transcript is mostly padding"


def test_pooled_word_vectors_are_those_of_the_words_alone() -> None:
    items = longer(batch([9], [2], masked=False), 128)
    model, other = (small(mask_swem=mask, frames=False, words=True, swem=True) for mask in (True, False))
    two = model.words.table.weight[items.words[0, :2]]
    found, zeros = (one.joined(items)[0][0, -10:] for one in (model, other))
    torch.testing.assert_close(found, torch.cat([two.amax(0), two.mean(0)]))
    torch.testing.assert_close(zeros, torch.cat([two.amax(0).clamp_min(0), two.sum(0) / 128]))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("pairing", get_args(Pairing))
def test_a_transcript_of_one_unknown_word_works(pairing: str, masked: bool) -> None:
    model = small(masked=masked, attention=pairing, **BOTH)
    items = batch([9], [1], masked=masked)
    unknown = torch.zeros_like(items.words)
    unknown[:, 0] = 1
    if masked:
        unknown = unknown[:, :1]
    logits = model(Batch(items.frames, items.mask, items.vector, unknown, items.word_mask[:, : unknown.shape[1]]))
    logits.square().sum().backward()
    assert logits.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters())


@pytest.mark.parametrize("frozen", [False, True])
def test_word_vectors_learn_unless_frozen_and_padding_stays_zero(frozen: bool) -> None:
    model = small(frozen=frozen, attention="one-to-one", **BOTH)
    before = model.words.table.weight.detach().clone()
    items = batch([9, 9], [6, 2], masked=False)
    descent = torch.optim.Adam(model.parameters(), lr=0.1)
    for _ in range(3):
        descent.zero_grad()
        model(items).square().sum().backward()
        descent.step()
    moved = (model.words.table.weight != before).any(1).nonzero().flatten().tolist()
    assert moved == ([] if frozen else sorted(set(items.words.flatten().tolist()) - {0}))
    assert not model.words.table.weight[0].any()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"text_statistics": ["median"], "words": True}, "text_statistics"),
        ({"statistics": []}, "statistics"),
        ({"attention": "pairs", "words": True}, "attention"),
        ({"attention": "joined"}, "options.words"),
        ({"attention": "one-to-one", "words": True, "text_kernels": (2, 3, 4)}, "all-pairs"),
        ({"swem": True}, "swem"),
        ({"masked": True, "mask_swem": False, "words": True}, "mask_swem"),
        ({"masked": True, "mask_attention": False, "words": True}, "mask_attention"),
        ({"frames": False}, "options.words"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], named: str) -> None:
    with pytest.raises(SerError, match=named):
        chosen(multiscale_cnn, shape(), **{**SMALL, **options})


def test_lengths_that_do_not_fit_the_mask_are_refused_by_modality() -> None:
    table = torch.zeros(WORDS, 5)
    with pytest.raises(SerError, match=r"inputs\.words\.length"):
        built(Shape(table=table), frames=False, words=True)
    with pytest.raises(SerError, match=r"inputs\.words\.limit"):
        built(Shape(table=table, sentence=6), frames=False, words=True, masked=True)
    with pytest.raises(SerError, match=r"inputs\.frames\.length"):
        built(Shape(3, table=table, sentence=6), words=True)
    with pytest.raises(SerError, match=r"inputs\.frames\.limit"):
        built(Shape(3, 9, table=table), words=True, masked=True)
