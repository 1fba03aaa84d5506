"""Networks over words and frames (Yoon et al. 2018 and 2019, Xu et al. 2019) against their equations."""

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from networks import chosen
from torch import Tensor, nn

from ser.config import read
from ser.errors import SerError
from ser.layers.dot_attention import Affine, ContextPooling, MultiHead, weights
from ser.layers.interface import Batch, Shape
from ser.layers.word_vectors import WordVectors
from ser.models import aligned_attention, dual_recurrent, multi_hop
from ser.training.parameter_count import parameters

CLASSES, DIMS, EXTRA, EMBEDDED, ENTRIES = 4, 6, 5, 8, 20
FRAMES, WORDS = (11, 4, 1), (3, 6, 1)
KINDS: dict[str, tuple[ModuleType, dict[str, Any]]] = {
    "ARE": (dual_recurrent, {"which": "audio", "cells": 10}),
    "TRE": (dual_recurrent, {"which": "text", "cells": 10}),
    "MDRE": (dual_recurrent, {"which": "both", "cells": 10}),
    "MDREA": (dual_recurrent, {"which": "attention", "cells": 10}),
    "Audio-BRE": (multi_hop, {"which": "audio", "cells": 10}),
    "Text-BRE": (multi_hop, {"which": "text", "cells": 10}),
    "MHA-1": (multi_hop, {"hops": 1, "cells": 10}),
    "MHA-2": (multi_hop, {"hops": 2, "cells": 10, "cell": "gru", "residual": False}),
    "MHA-3": (multi_hop, {"hops": 3, "cells": 10}),
    "alignment": (aligned_attention, {"cells": 12, "dense": 9, "heads": 8}),
}
NEEDED = {
    "audio": {"frames", "vector"},
    "text": {"words"},
    "both": {"frames", "vector", "words"},
    "attention": {"frames", "vector", "words"},
    "aligned": {"frames", "words"},
}
every = pytest.mark.parametrize("kind", KINDS)


def shape() -> Shape:
    table = torch.randn(ENTRIES, EMBEDDED, generator=torch.Generator().manual_seed(2))
    return Shape(DIMS, None, EXTRA, table.index_fill(0, torch.tensor(0), 0.0))


def build(kind: str, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    module, options = KINDS[kind]
    model: nn.Module = module.build(shape(), CLASSES, **options)
    return model.eval()


def batch(garbage: bool = False) -> Batch:
    """Return three utterances of ``FRAMES`` and ``WORDS``; ``garbage`` puts something on the padding of both."""
    generator = torch.Generator().manual_seed(3)
    mask = torch.arange(max(FRAMES)) < torch.tensor(FRAMES)[:, None]
    word_mask = torch.arange(max(WORDS)) < torch.tensor(WORDS)[:, None]
    frames = torch.randn(3, max(FRAMES), DIMS, generator=generator)
    vector = torch.randn(3, EXTRA, generator=generator)
    words = torch.randint(1, ENTRIES, (3, max(WORDS)), generator=generator)
    if not garbage:
        frames, words = frames * mask.unsqueeze(-1), words * word_mask
    return Batch(frames, mask, vector, words, word_mask)


def array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().numpy().astype(np.float64)


def softmax(x: np.ndarray) -> np.ndarray:
    raised = np.exp(x - x.max())
    return raised / raised.sum()


def looked_up(query: np.ndarray, states: Tensor, lengths: tuple[int, ...]) -> np.ndarray:
    """Return what each row of ``query`` finds in the valid ``states``, utterance by utterance."""
    found = []
    for asking, own, length in zip(query, array(states), lengths, strict=True):
        weight = softmax(np.array([asking @ own[t] for t in range(length)]))
        found.append(sum(weight[t] * own[t] for t in range(length)))
    return np.array(found)


def affine(layer: nn.Module, x: np.ndarray) -> np.ndarray:
    assert isinstance(layer, Affine)
    return x @ array(layer.weight).T + array(layer.bias)


def test_attention_is_a_softmax_over_real_positions() -> None:
    torch.manual_seed(0)
    h, query = torch.randn(3, 6, 4), torch.randn(3, 4)
    word_mask = batch().word_mask
    assert word_mask is not None
    found = array(torch.einsum("bt,btd->bd", weights(query, h, word_mask), h))
    np.testing.assert_allclose(found, looked_up(array(query), h, WORDS), atol=1e-6)
    np.testing.assert_allclose(found[2], array(h)[2, 0], atol=1e-6)  # a single word is all there is to find


def test_attention_survives_large_scores() -> None:
    h = torch.randn(2, 5, 4).requires_grad_()
    mask = torch.tensor([[True] * 5, [True] + [False] * 4])
    torch.einsum("bt,btd->bd", weights(1e4 * torch.ones(2, 4), h, mask), h).sum().backward()
    assert h.grad is not None
    assert h.grad.isfinite().all()


def test_eight_heads_are_eight_attentions() -> None:
    torch.manual_seed(0)
    heads, width = 8, 3
    layer = MultiHead(10, 7, heads * width, heads)
    asking, asked = torch.randn(2, 4, 10), torch.randn(2, 9, 7)
    lengths = (9, 5)
    mask = torch.arange(9) < torch.tensor(lengths)[:, None]
    query, key, value = (
        array(part(x)) for part, x in ((layer.query, asking), (layer.key, asked), (layer.value, asked))
    )
    joined = np.zeros((2, 4, heads * width))
    for n, length in enumerate(lengths):
        for head in range(heads):
            part = slice(width * head, width * (head + 1))
            for word in range(4):
                score = key[n, :length, part] @ query[n, word, part] / np.sqrt(width)
                joined[n, word, part] = softmax(score) @ value[n, :length, part]
    wanted = joined @ array(layer.join.weight).T + array(layer.join.bias)
    np.testing.assert_allclose(array(layer(asking, asked, mask)), wanted, atol=1e-5)


def test_context_pooling_weighs_by_likeness_to_a_learned_vector() -> None:
    torch.manual_seed(0)
    pooling = ContextPooling(5)
    h, word_mask = torch.randn(3, 6, 5), batch().word_mask
    assert word_mask is not None
    for n, length in enumerate(WORDS):
        own = array(h)[n, :length]
        score = np.tanh(own @ array(pooling.inner.weight).T + array(pooling.inner.bias)) @ array(pooling.context)
        np.testing.assert_allclose(array(pooling(h, word_mask))[n], softmax(score) @ own, atol=1e-6)


@pytest.mark.parametrize("hops", [1, 2, 3])
def test_hops_attend_to_words_then_frames_then_words(hops: int) -> None:
    model, items = build(f"MHA-{hops}"), batch()
    assert isinstance(model, multi_hop.MultiHop)
    assert model.audio is not None
    assert model.text is not None
    assert model.words is not None
    assert items.words is not None
    audio_states, end = model.audio(items.frames, items.mask)
    read = model.text(model.words(items.words), items.word_mask)[0]
    audio, text = array(end), looked_up(affine(model.queries[0], array(end)), read, WORDS)
    if hops > 1:
        audio = looked_up(affine(model.queries[1], text), audio_states, FRAMES)
    if hops > 2:
        text = looked_up(affine(model.queries[2], audio), read, WORDS)
    assert len(model.queries) == hops
    assert items.vector is not None
    wanted = affine(model.output, np.concatenate([audio, text, array(items.vector)], axis=1))
    np.testing.assert_allclose(array(model(items)), wanted, atol=1e-5)


def test_only_in_a_second_hop_words_weight_frames() -> None:
    for hops, attends in ((1, False), (2, True), (3, True)):
        model, items = build(f"MHA-{hops}"), batch()
        assert isinstance(model, multi_hop.MultiHop)
        assert items.words is not None
        with torch.no_grad():
            model.output.weight[:, 20:40] = 0  # the head sees the audio's vector and the prosody only
            other = model(replace(items, words=items.words.flip(0) * (items.words > 0)))
            assert torch.allclose(other[0], model(items)[0], atol=1e-6) is not attends


def test_the_query_of_the_attentive_dual_encoder_is_its_mapped_audio() -> None:
    model, items = build("MDREA"), batch()
    assert isinstance(model, dual_recurrent.DualRecurrent)
    assert model.audio is not None
    assert model.text is not None
    assert model.words is not None
    assert model.audio_map is not None
    assert items.words is not None
    assert items.vector is not None
    end = model.audio(items.frames, items.mask)[1]
    query = affine(model.audio_map, np.concatenate([array(end), array(items.vector)], axis=1))
    states = model.text(model.words(items.words), items.word_mask)[0]
    wanted = affine(model.output, np.concatenate([query, looked_up(query, states, WORDS)], axis=1))
    np.testing.assert_allclose(array(model(items)), wanted, atol=1e-5)


def test_the_dual_encoder_is_linear_behind_its_ends() -> None:
    model, items = build("MDRE"), batch()
    assert isinstance(model, dual_recurrent.DualRecurrent)
    assert model.audio is not None
    assert model.text is not None
    assert model.words is not None
    assert model.audio_map is not None
    assert model.text_map is not None
    assert items.words is not None
    assert items.vector is not None
    audio_states = np.concatenate([array(model.audio(items.frames, items.mask)[1]), array(items.vector)], axis=1)
    read = array(model.text(model.words(items.words), items.word_mask)[1])
    halves = [affine(model.audio_map, audio_states), affine(model.text_map, read)]
    assert [half.shape[1] for half in halves] == [(10 + EXTRA) // 2, 5]
    np.testing.assert_allclose(array(model(items)), affine(model.output, np.concatenate(halves, axis=1)), atol=1e-5)


@pytest.mark.parametrize("weights", [None, [0.5, 2.0, 1.0, 4.0]])
def test_the_loss_is_a_sigmoid_for_every_class(weights: list[float] | None) -> None:
    model, items, labels = build("MDRE"), batch(), torch.tensor([1, 3, 1])
    p = 1 / (1 + np.exp(-array(model(items))))
    each = []
    for row, label in zip(p, labels.tolist(), strict=True):
        each.append(np.mean([-np.log(row[k] if k == label else 1 - row[k]) for k in range(CLASSES)]))
    share = np.ones(3) if weights is None else np.array([weights[label] for label in labels])
    given = None if weights is None else torch.tensor(weights)
    loss = model.loss(items, labels, given)  # type: ignore[operator]
    assert loss.item() == pytest.approx((share * each).sum() / share.sum(), abs=1e-6)


def test_the_loss_stays_finite_far_from_the_label() -> None:
    model, items = build("ARE"), batch()
    assert items.vector is not None
    loss = model.loss(replace(items, vector=1e4 * items.vector), torch.tensor([0, 1, 2]), None)  # type: ignore[operator]
    loss.backward()
    assert loss.isfinite()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters() if parameter.grad is not None)


@pytest.mark.parametrize(("shared", "biases"), [(True, [1, 1, 1]), (False, [7, 5, CLASSES])])
def test_a_shared_bias_is_one_number(shared: bool, biases: list[int]) -> None:
    model = dual_recurrent.build(shape(), CLASSES, which="both", cells=10, shared_bias=shared)
    maps = [layer for layer in model.modules() if isinstance(layer, Affine)]
    assert [layer.bias.numel() for layer in maps] == biases
    for layer in maps:
        assert not layer.bias.any()
        assert 0.15 < layer.weight.abs().max() <= 0.25
    items = batch()
    before = model.eval()(items)
    with torch.no_grad():
        maps[-1].bias[0] += 1
    step = torch.ones(CLASSES) if shared else torch.eye(CLASSES)[0]
    torch.testing.assert_close(model(items) - before, step.expand(3, CLASSES))


@every
def test_values_on_padding_do_not_matter(kind: str) -> None:
    model = build(kind)
    torch.testing.assert_close(model(batch(garbage=True)), model(batch()), atol=1e-6, rtol=1e-5)


@every
def test_every_modality_that_a_model_reads_matters_and_no_other(kind: str) -> None:
    module, options = KINDS[kind]
    model, items = build(kind), batch()
    before = model(items)
    needed = NEEDED[options.get("which", "both" if module is not aligned_attention else "aligned")]
    assert items.frames is not None
    assert items.vector is not None
    assert items.words is not None
    changed = {
        "frames": items.frames.flip(2),
        "vector": items.vector.flip(1),
        "words": (items.words + (items.words > 0)) % ENTRIES,
    }
    for name, other in changed.items():
        if name in needed:
            after = model(replace(items, **{name: other}))
            assert not torch.isclose(after, before, atol=1e-5).all(dim=1).any(), name
        else:
            assert torch.equal(model(replace(items, **{name: None})), before), name


@every
def test_an_empty_transcript_gives_finite_logits(kind: str) -> None:
    """What is read as one unknown word, alone or in a batch with a long one, gives the same finite logits."""
    model, items = build(kind).train(), batch()
    assert items.words is not None
    words = items.words.clone()
    words[0], words[2, 0] = 0, 1
    words[0, 0] = 1
    word_mask = torch.arange(max(WORDS)) < torch.tensor([[1], [6], [1]])
    logits = model(replace(items, words=words, word_mask=word_mask))
    logits.sum().backward()
    assert logits.isfinite().all()
    assert all(parameter.grad is None or parameter.grad.isfinite().all() for parameter in model.parameters())
    model.eval()
    together = model(replace(items, words=words, word_mask=word_mask))[2:]
    assert items.frames is not None
    assert items.mask is not None
    assert items.vector is not None
    alone = Batch(items.frames[2:, :1], items.mask[2:, :1], items.vector[2:], words[2:, :1], word_mask[2:, :1])
    torch.testing.assert_close(model(alone), together, atol=1e-6, rtol=1e-5)


def test_word_vectors_learn_but_padding_does_not() -> None:
    model, items = build("TRE"), batch()
    assert isinstance(model, dual_recurrent.DualRecurrent)
    assert isinstance(model.words, WordVectors)
    model(items).square().sum().backward()
    assert items.words is not None
    grad = model.words.table.weight.grad
    assert grad is not None
    seen = set(items.words.flatten().tolist()) - {0}
    assert set(grad.any(dim=1).nonzero().flatten().tolist()) == seen


def test_alignment_masks_padding_only_where_the_view_does() -> None:
    model, items = build("alignment"), batch()
    assert items.frames is not None
    longer = torch.cat([items.frames, torch.zeros(3, 4, DIMS)], dim=1)
    mask = torch.arange(max(FRAMES) + 4) < torch.tensor(FRAMES)[:, None]
    torch.testing.assert_close(model(replace(items, frames=longer, mask=mask)), model(items), atol=1e-6, rtol=1e-5)
    whole = torch.ones_like(mask)
    assert not torch.allclose(model(replace(items, frames=longer, mask=whole)), model(items), atol=1e-4)


GRU, LSTM, TABLE = 3 * 200, 4 * 200, 3747 * 300  # gates of all cells (two biases each in torch); word vectors


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("ARE", GRU * (39 + 202) + 235 * 4 + 1),
        ("TRE", GRU * (300 + 202) + 200 * 4 + 1 + TABLE),
        ("MDREA", GRU * (39 + 202 + 300 + 202) + 235 * 200 + 1 + 400 * 4 + 1 + TABLE),
        ("MDRE", GRU * (39 + 202 + 300 + 202) + 235 * 117 + 1 + 200 * 100 + 1 + 217 * 4 + 1 + TABLE),
        ("Audio-BRE", 121 * 200 + 2 * LSTM * (200 + 202) + 435 * 4 + 4),
        ("Text-BRE", 301 * 200 + 2 * LSTM * (200 + 202) + 400 * 4 + 4 + TABLE),
        ("MHA", (121 + 301) * 200 + 4 * LSTM * (200 + 202) + 2 * 401 * 400 + 835 * 4 + 4 + TABLE),
        (
            "Learning-alignment",
            258 * 512 + 600 * (512 + 300 + 400 + 3 * 102) + 4 * 201 * 200 + 201 * 200 + 200 + 201 * 4 + TABLE,
        ),
    ],
)
def test_recipes_have_the_sizes_of_the_authors_layers(name: str, count: int) -> None:
    recipe = read.shipped(Path(__file__).parents[2] / "config")[1][name]
    dims = {"mfcc12_e_d_a": 39, "prosody": 35, "mfcc_120": 120, "power_spectrum": 257}
    assert parameters(recipe, dims, 4) == count


@pytest.mark.parametrize(
    ("module", "options", "match"),
    [
        (dual_recurrent, {"which": "video"}, "which: must be 'audio', 'text', 'both' or 'attention'; it is 'video'"),
        (multi_hop, {"which": "attention"}, "which: must be 'audio', 'text' or 'both'; it is 'attention'"),
        (multi_hop, {"hops": 4}, "hops: must be less than or equal to 3; it is 4"),
        (multi_hop, {"cell": "rnn"}, "cell: must be 'lstm' or 'gru'; it is 'rnn'"),
        (aligned_attention, {"cell": "rnn"}, "cell: must be 'lstm' or 'gru'; it is 'rnn'"),
        (aligned_attention, {"heads": 7}, "heads is 7, which does not divide 2 · cells = 200"),
    ],
)
def test_a_wrong_option_is_named_with_the_known_values(module: ModuleType, options: dict[str, Any], match: str) -> None:
    with pytest.raises(SerError, match=match):
        chosen(module, shape(), **options)
