"""Attention of audio statistics over text maps, against Equations 4 to 6 of Peng et al. 2021 written out as loops."""

from itertools import product
from typing import get_args

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from ser.models import multiscale_cnn
from ser.models.multiscale_cnn import MultiScale

BATCH, STATISTICS, FILTERS, KERNELS = 2, 3, 4, 2


def equations(e: NDArray[np.float64], h: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return S of one utterance: contexts (statistics, dims), positions (k, dims)."""
    found = []
    for context in e:
        weight = [np.exp(sum(context[d] * state[d] for d in range(len(state)))) for state in h]  # Equation 4
        attended = np.zeros(h.shape[1])
        for share, state in zip(weight, h, strict=True):  # Equation 5
            attended += share / sum(weight) * state
        found.append(attended)
    return np.concatenate(found)  # Equation 6


def material(lengths: tuple[int, int], seed: int = 0) -> tuple[list[Tensor], list[Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    contexts = [torch.randn(BATCH, STATISTICS, FILTERS, generator=generator) for _ in range(KERNELS)]
    return contexts, [torch.randn(BATCH, length, FILTERS, generator=generator) for length in lengths]


def wanted(contexts: list[Tensor], maps: list[Tensor], pairing: str, real: list[list[int]]) -> NDArray[np.float64]:
    """Return what the equations give when map m of utterance n has ``real[m][n]`` positions."""
    rows = []
    for n in range(BATCH):
        e = [context[n].double().numpy() for context in contexts]
        h = [states[n, : real[m][n]].double().numpy() for m, states in enumerate(maps)]
        if pairing == "one-to-one":
            parts = [equations(e[i], h[i]) for i in range(KERNELS)]
        elif pairing == "all-pairs":  # text kernel by text kernel
            parts = [equations(e[a], h[t]) for t, a in product(range(KERNELS), range(KERNELS))]
        else:
            parts = [equations(np.concatenate(e, axis=1), np.concatenate(h, axis=1))]
        rows.append(np.concatenate(parts))
    return np.array(rows)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("pairing", get_args(multiscale_cnn.Pairing))
def test_each_pairing_is_equations_4_to_6(pairing: str, masked: bool) -> None:
    lengths = (7, 7) if pairing == "joined" else (7, 5)
    contexts, maps = material(lengths)
    real = [[length, length - 3 if masked else length] for length in lengths]
    masks = [torch.arange(length) < torch.tensor(count)[:, None] for length, count in zip(lengths, real, strict=True)]
    given = [(states, mask if masked else None) for states, mask in zip(maps, masks, strict=True)]
    found, _ = multiscale_cnn.attended(contexts, given, pairing)
    np.testing.assert_allclose(found.numpy(), wanted(contexts, maps, pairing, real), atol=1e-5)


@pytest.mark.parametrize(("pairing", "values"), [("one-to-one", 1536), ("all-pairs", 6144), ("joined", 1536)])
def test_the_widths_are_those_of_the_papers_sizes(pairing: str, values: int) -> None:
    contexts, maps = [torch.randn(1, 3, 128)] * 4, [(torch.randn(1, 2, 128), None)] * 4
    assert multiscale_cnn.attended(contexts, maps, pairing)[0].shape == (1, values)


def test_a_masked_position_gets_no_weight_and_no_gradient() -> None:
    contexts, maps = material((6, 6))
    states = maps[0].clone().requires_grad_()
    real = torch.arange(6) < torch.tensor([[6], [1]])
    found, _ = multiscale_cnn.attended(contexts[:1], [(states, real)], "one-to-one")
    found.square().sum().backward()
    torch.testing.assert_close(found[1], maps[0][1, :1].repeat(1, STATISTICS)[0])  # one word: it is the answer
    assert states.grad is not None
    assert not states.grad[1, 1:].any()
    assert states.grad[0].all()


def test_large_products_stay_finite() -> None:
    contexts, maps = material((6, 6))
    context, states = (1e3 * contexts[0]).requires_grad_(), (1e3 * maps[0]).requires_grad_()
    found, _ = multiscale_cnn.attended([context], [(states, None)], "one-to-one")
    found.sum().backward()
    assert found.isfinite().all()
    for tensor in (context, states):
        assert tensor.grad is not None
        assert tensor.grad.isfinite().all()


def test_maps_of_the_same_length_are_centred_on_their_frame() -> None:
    torch.manual_seed(0)
    layer = MultiScale(3, (2, 5), 4, same=True)
    x = torch.randn(1, 6, 3)
    padded = np.pad(x[0].numpy(), ((4, 4), (0, 0)))
    for (found, real), kernel, conv in zip(layer(x), (2, 5), layer.layers, strict=True):
        weight, bias = conv.weight.detach().numpy(), conv.bias.detach().numpy()
        back = (kernel - 1) // 2
        sums = [np.einsum("kd,fdk->f", padded[4 + t - back :][:kernel], weight) + bias for t in range(6)]
        np.testing.assert_allclose(found[0].detach().numpy(), np.maximum(sums, 0), atol=1e-5)
        assert real is None


def test_maps_of_the_same_length_do_not_depend_on_padding() -> None:
    torch.manual_seed(0)
    layer = MultiScale(3, (2, 5), 4, same=True)
    x = torch.randn(1, 2, 3)
    longer = torch.cat([x, torch.zeros(1, 7, 3)], dim=1)
    mask = torch.arange(9)[None] < 2
    for (short, _), (long, real) in zip(layer(x), layer(longer, mask), strict=True):
        torch.testing.assert_close(long[:, :2], short)
        assert torch.equal(real, mask)
