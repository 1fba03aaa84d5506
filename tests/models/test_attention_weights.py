"""Reported attention: weights that padding does not change, that the network itself uses, at the right positions."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ser import catalog
from ser.config import read
from ser.config.recipe import Recipe
from ser.layers.convolutional_front_end import FrontEnd
from ser.layers.dot_attention import ContextPooling, MultiHead
from ser.layers.interface import FRAMES, WORDS, AttentionWeights, Batch, Positions, Shape
from ser.layers.map_pooling import AttentionPooling
from ser.models import multiscale_cnn

DIMS, LENGTH, VECTOR, CLASSES = 24, 24, 7, 4
TABLE, SENTENCE, EMBEDDED = 12, 9, 10  # rows of the table, words of a transcript, dimensions of a word
OF_MODEL = {  # names of the attentions by option, of every model that has any
    "pyramid_fsmn": ("attention", {"timestep": ["timestep"]}),
    "dense_lstm": ("attention", {"time": ["layer 1", "layer 2"]}),
    "time_frequency_cnn": ("head", {"attention": ["spatial"]}),
    "multi_hop": ("hops", {n: [f"hop {hop + 1}" for hop in range(n)] for n in (1, 2, 3)}),
    "dual_recurrent": ("which", {"attention": ["words"]}),
    "aligned_attention": ("heads", {8: ["alignment", "pooling"]}),
    "multiscale_cnn": (
        "attention",
        {
            **{pairing: [f"kernel {size}" for size in (2, 3, 4, 5)] for pairing in ("one-to-one", "all-pairs")},
            "joined": ["all kernels"],
        },
    ),
    "weighted_layers": ("pooling", {"attentive": ["frames"]}),
}
RECIPES: dict[str, Recipe] = read.shipped(Path(__file__).parents[2] / "config")[1]
NETWORKS: dict[str, Recipe] = {}  # one recipe of all those that make the same network
for name, recipe in RECIPES.items():
    if getattr(catalog.load("models", recipe.model), "KIND", "network") == "network":
        made = (recipe.model, recipe.options, recipe.inputs.modalities())
        if made not in [(one.model, one.options, one.inputs.modalities()) for one in NETWORKS.values()]:
            NETWORKS[name] = recipe
ATTENTIONS = {
    name: names
    for name, recipe in NETWORKS.items()
    if recipe.model in OF_MODEL
    for option, known in [OF_MODEL[recipe.model]]
    if (names := known.get(recipe.options.get(option, 2 if option == "hops" else None)))
    and not (option == "hops" and recipe.options.get("which", "both") != "both")
    and recipe.options.get("softmax", "spatial") == "spatial"
}
with_attention = pytest.mark.parametrize("name", ATTENTIONS)


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Tests run side by side, and these networks are small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def fixed(recipe: Recipe, modality: str) -> bool:
    view: Any = getattr(recipe.inputs, modality)
    return view is not None and (view.length is not None or getattr(view, "segments", None) is not None)


def dims(recipe: Recipe) -> int:
    """Return the dimensions of a frame: in each layer of an encoder as many as elsewhere."""
    return DIMS * (recipe.options.get("layers", 1) if recipe.model == "weighted_layers" else 1)


def build(recipe: Recipe) -> Any:
    """Return the network in evaluation mode; after one training pass, so that batch normalisation has statistics."""
    torch.manual_seed(0)
    shape = Shape(
        dims(recipe) if recipe.inputs.frames else None,
        LENGTH if fixed(recipe, "frames") else None,
        VECTOR if recipe.inputs.vector else None,
        torch.randn(TABLE, EMBEDDED).index_fill(0, torch.tensor(0), 0.0) if recipe.inputs.words else None,
        SENTENCE if fixed(recipe, "words") else None,
        ("angry", "happy", "neutral", "sad"),
    )
    model: nn.Module = catalog.load("models", recipe.model).build(shape, CLASSES, **recipe.options)
    model(batch(recipe, [LENGTH] * 8, [SENTENCE] * 8))
    return model.eval()


@cache
def network(name: str) -> Any:
    """Return a network that no test may change."""
    return build(NETWORKS[name])


def batch(recipe: Recipe, lengths: list[int], words_of: list[int]) -> Batch:
    """Return random utterances of these numbers of frames and words; padding to a fixed length counts as real."""
    generator = torch.Generator().manual_seed(sum(lengths))
    frames = torch.randn(len(lengths), LENGTH, dims(recipe), generator=generator)
    words = torch.randint(1, TABLE, (len(lengths), SENTENCE), generator=generator)
    mask, word_mask = (torch.arange(size).expand(len(lengths), size) for size in (LENGTH, SENTENCE))
    mask, word_mask = mask < torch.tensor(lengths)[:, None], word_mask < torch.tensor(words_of)[:, None]
    frames, words = frames * mask.unsqueeze(-1), words * word_mask
    mask, word_mask = mask | fixed(recipe, "frames"), word_mask | fixed(recipe, "words")
    vector = torch.randn(len(lengths), VECTOR, generator=generator) if recipe.inputs.vector else None
    seen = (frames, mask) if recipe.inputs.frames else (None, None)
    return Batch(*seen, vector, *((words, word_mask) if recipe.inputs.words else (None, None)))


def alone(whole: Batch, row: int) -> Batch:
    """Return one utterance of ``whole`` without padding."""
    frames = slice(None) if whole.mask is None else slice(0, int(whole.mask[row].sum()))
    words = slice(None) if whole.word_mask is None else slice(0, int(whole.word_mask[row].sum()))
    cut = {"frames": frames, "mask": frames, "vector": slice(None), "words": words, "word_mask": words}
    found = ((getattr(whole, name), part) for name, part in cut.items())
    return Batch(*(None if x is None else x[row : row + 1, part] for x, part in found))


@pytest.mark.parametrize("name", [name for name, recipe in NETWORKS.items() if recipe.model in OF_MODEL])
def test_a_network_reports_its_attentions_and_nothing_else(name: str) -> None:
    found = network(name).attention_weights(batch(NETWORKS[name], [LENGTH] * 2, [SENTENCE] * 2))
    assert list(found) == ATTENTIONS.get(name, [])


def test_no_other_model_reports_attention() -> None:
    reporting = [name for name in catalog.names("models") if "def attention_weights(" in source(name)]
    elsewhere = {"finetuned_encoder"}  # test_finetuned_encoder.py: it is not built without an encoder
    assert reporting == sorted({*OF_MODEL, *elsewhere})


def source(model: str) -> str:
    return (catalog.ROOT / "models" / f"{model}.py").read_text(encoding="utf-8")


@with_attention
def test_weights_are_shares_that_padding_and_neighbours_do_not_change(name: str) -> None:
    recipe = NETWORKS[name]
    model, together = network(name), batch(recipe, [5, LENGTH, 11], [1, SENTENCE, 6])
    with torch.inference_mode():
        everyone = model.attention_weights(together)
        for row in range(3):
            for attention, single in model.attention_weights(alone(together, row)).items():
                own, padded = single.weights[0], everyone[attention].weights[row]
                assert own.isfinite().all()
                assert own.min() >= 0
                assert own.sum() == pytest.approx(1, abs=1e-5)
                torch.testing.assert_close(padded[: len(own)], own, atol=1e-6, rtol=1e-4)
                assert not padded[len(own) :].any(), "weight on padding"
    assert any(not torch.allclose(one.weights[1], one.weights[1].mean()) for one in everyone.values()), "all alike"


@with_attention
def test_reporting_changes_no_output_and_draws_no_random_number(name: str) -> None:
    recipe = NETWORKS[name]
    model, given = network(name), batch(recipe, [LENGTH] * 2, [SENTENCE] * 2)
    with torch.inference_mode():
        before, state = model(given), torch.get_rng_state()
        model.attention_weights(given)
        assert torch.equal(torch.get_rng_state(), state)
        assert torch.equal(model(given), before)


@with_attention
def test_there_is_a_weight_for_every_position_and_it_is_on_the_input(name: str) -> None:
    recipe = NETWORKS[name]
    found: dict[str, AttentionWeights] = network(name).attention_weights(batch(recipe, [LENGTH] * 2, [SENTENCE] * 2))
    for one in found.values():
        size, (start, step) = one.weights.shape[1], (one.positions.start, one.positions.step)
        count = LENGTH if one.positions.axis == "frames" else SENTENCE
        assert -step < start <= 6, "the first position lies at the beginning"  # 6: two kernels of 5, strides of 2
        assert count - 1 - step - 6 < start + step * (size - 1) < count - 1 + step, "the last lies at the end"


def field(network: Any, length: int, dims: int, position: int) -> tuple[int, int]:
    """Return the first and last row of (1, length, dims) that ``network``'s output row ``position`` depends on."""
    touched = torch.zeros(length, dtype=torch.bool)
    for seed in range(12):  # a ReLU or a maximum lets a part through, each time another
        x = torch.randn(1, length, dims, generator=torch.Generator().manual_seed(seed), requires_grad=True)
        (gradient,) = torch.autograd.grad(network(x)[0, position].sum(), x)
        touched |= gradient[0].ne(0).any(1)
    rows = touched.nonzero().squeeze(1)
    return int(rows.min()), int(rows.max())


@pytest.mark.parametrize("padding", [0, 3])
@pytest.mark.parametrize("channels", [(4,), (4, 6)])
def test_a_front_ends_frames_are_centred_in_their_receptive_fields(channels: tuple[int, ...], padding: int) -> None:
    torch.manual_seed(0)
    front = FrontEnd(Shape(20, 40), channels, padding).eval()
    for position in (5, 6):
        low, high = field(front, 60, 20, position)
        assert (low + high) / 2 == front.positions.start + front.positions.step * position


@pytest.mark.parametrize("pooled", [(), (2, 3), (1, 3, 5)])
def test_the_maps_of_the_time_frequency_network_are_centred_in_their_receptive_fields(pooled: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    model: Any = catalog.load("models", "time_frequency_cnn").build(Shape(40, 120), CLASSES, pooled=pooled).eval()
    position = 60 // 2 ** len(pooled)
    low, high = field(lambda x: model._maps(Batch(x)).permute(0, 3, 1, 2), 120, 40, position)
    assert 0 < low < high < 119, "the test needs a position that sees neither end"
    assert (low + high) / 2 == model.positions.start + model.positions.step * position


def test_positions_compose_as_the_arithmetic_of_convolutions_has_it() -> None:
    cao, li = FRAMES.through(5, 2, 3).through(5, 2, 3), FRAMES.through(8, padding=3).through(2, 2).through(2, 2)
    assert (cao, li) == (Positions("frames", -3, 4), Positions("frames", 2, 4))
    assert WORDS.through(4) == Positions("words", 1.5, 1)


def test_the_timestep_attention_is_what_the_pyramid_sums_by() -> None:
    recipe = RECIPES["C-pFSMN-A"]
    model, given = build(recipe), batch(recipe, [LENGTH] * 2, [0, 0])
    positions = model.attention.layers[-1].out_features
    with torch.no_grad():  # planted: a tenth of the weight on position 2, nine tenths on position 4
        model.attention.layers[-1].weight.zero_()
        model.attention.layers[-1].bias.fill_(-50).index_copy_(0, torch.tensor([2, 4]), torch.tensor([0.1, 0.9]).log())
        shares = model.attention_weights(given)["timestep"].weights
        planted = torch.zeros(2, positions).index_fill(1, torch.tensor(2), 0.1).index_fill(1, torch.tensor(4), 0.9)
        torch.testing.assert_close(shares, planted, atol=1e-6, rtol=0)
        states = model._states(given)
        torch.testing.assert_close(model(given), model.output(0.1 * states[:, 2] + 0.9 * states[:, 4]))


def test_the_time_attention_of_every_layer_is_equation_5() -> None:
    recipe = RECIPES["DenseLSTM-Time"]
    model, given = build(recipe), batch(recipe, [LENGTH, 7], [0, 0])
    with torch.no_grad():
        found = model.attention_weights(given)
        outputs, mask = model._outputs(given)
        for number, h in enumerate(outputs):
            for row in range(2):
                real = int(mask[row].sum())
                query = outputs[-1][row, real - 1].numpy()
                matrix = model.attention[number].score.weight.numpy()
                scores = np.array([query @ matrix.T @ h[row, t].numpy() for t in range(real)])
                wanted = np.exp(scores) / np.exp(scores).sum()
                np.testing.assert_allclose(found[f"layer {number + 1}"].weights[row, :real], wanted, atol=1e-6)


def test_the_spatial_softmax_is_summed_over_frequency() -> None:
    head = AttentionPooling(1, CLASSES)
    with torch.no_grad():
        nn.init.ones_(head.bottom_up.weight)
        maps = torch.zeros(1, 1, 3, 5)
        maps[0, 0, 1, 3] = np.log(10.0)  # one position ten times the weight of each of the other fourteen
        shares = head.weights(maps)
    np.testing.assert_allclose(shares[0], np.array([3, 3, 3, 12, 3]) / 24, atol=1e-6)


def test_every_hop_attends_to_the_other_modality_by_the_result_of_the_hop_before() -> None:
    recipe = next(recipe for name, recipe in RECIPES.items() if ATTENTIONS.get(name) == ["hop 1", "hop 2", "hop 3"])
    model, given = build(recipe), batch(recipe, [LENGTH, 7], [SENTENCE, 3])
    with torch.no_grad():
        found = model.attention_weights(given)
        audio, end = model.audio(given.frames, given.mask)
        read, _ = model.text(model.words(given.words), given.word_mask)
        assert given.mask is not None
        assert given.word_mask is not None
        asked = [(read, given.word_mask, "words"), (audio, given.mask, "frames"), (read, given.word_mask, "words")]
        for hop, (states, real, axis) in enumerate(asked):
            score = torch.einsum("btd,bd->bt", states, model.queries[hop](end)).masked_fill(~real, -torch.inf)
            shares = found[f"hop {hop + 1}"]
            assert shares.positions.axis == axis
            torch.testing.assert_close(shares.weights, score.softmax(1))
            end = (shares.weights.unsqueeze(2) * states).sum(1)


def test_the_weights_of_the_heads_give_what_the_layer_gives() -> None:
    torch.manual_seed(0)
    layer, pooling = MultiHead(10, 7, 12, 3), ContextPooling(7)
    asking, asked, mask = torch.randn(2, 4, 10), torch.randn(2, 6, 7), torch.arange(6) < torch.tensor([[6], [2]])
    with torch.no_grad():
        weights = layer.weights(asking, asked, mask)
        assert weights.shape == (2, 3, 4, 6)
        assert not weights[1, ..., 2:].any()
        heads = layer.value(asked).view(2, 6, 3, 4).transpose(1, 2)
        joined = layer.join((weights @ heads).transpose(1, 2).flatten(2))
        torch.testing.assert_close(joined, layer(asking, asked, mask))
        shares = pooling.weights(asked, mask)
        torch.testing.assert_close((shares.unsqueeze(2) * asked).sum(1), pooling(asked, mask))


@pytest.mark.parametrize("pairing", get_args(multiscale_cnn.Pairing))
def test_the_shares_of_a_text_kernel_are_the_mean_of_equation_4_over_all_queries(pairing: str) -> None:
    generator = torch.Generator().manual_seed(0)
    contexts = [torch.randn(1, 3, 4, generator=generator) for _ in range(2)]
    maps = [torch.randn(1, size, 4, generator=generator) for size in ((6, 6) if pairing == "joined" else (6, 5))]
    if pairing == "joined":
        asking, asked = [torch.cat(contexts, dim=2)], [torch.cat(maps, dim=2)]
    else:
        asking, asked = (contexts if pairing == "one-to-one" else [torch.cat(contexts, dim=1)] * 2), maps
    weights = multiscale_cnn.attended(contexts, [(one, None) for one in maps], pairing)[1]
    shares = [weight.mean(1) for weight in weights]
    assert len(shares) == len(asked)
    for share, who, what in zip(shares, asking, asked, strict=True):
        powers = np.exp(np.array([[float(e @ h) for h in what[0]] for e in who[0]]))
        np.testing.assert_allclose(share[0], (powers / powers.sum(1, keepdims=True)).mean(0), atol=1e-6)


def test_what_words_attend_to_is_averaged_over_real_words_only() -> None:
    recipe = next(recipe for recipe in NETWORKS.values() if recipe.model == "aligned_attention")
    model, given = build(recipe), batch(recipe, [LENGTH, 9], [SENTENCE, 2])
    with torch.no_grad():
        audio, mask, read, *_ = model._encoded(given)
        by_word: Tensor = model.attention.weights(read, audio, mask).mean(1)
        alignment = model.attention_weights(given)["alignment"].weights
    torch.testing.assert_close(alignment[0], by_word[0].mean(0))
    torch.testing.assert_close(alignment[1], by_word[1, :2].mean(0))
