"""Recurrent layers over padded sequences against torch's packed ones, and their first weights against definitions."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ser.layers.recurrent import CELLS, Encoder, Recurrent, reversed_frames

LENGTHS = (9, 4, 1, 7)
INPUTS, WIDTH = 5, 6
cells = pytest.mark.parametrize("cell", ["lstm", "gru"])


def padded(garbage: float = 0.0) -> tuple[Tensor, Tensor]:
    """Return sequences of ``LENGTHS`` (batch, time, inputs) with ``garbage`` on their padding, and the mask."""
    x = torch.randn(len(LENGTHS), max(LENGTHS), INPUTS, generator=torch.Generator().manual_seed(1))
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS)[:, None]
    return torch.where(mask.unsqueeze(-1), x, garbage), mask


def twin(model: Recurrent, cell: str, layers: int, both: bool) -> nn.LSTM | nn.GRU:
    """Return torch's own layers with the weights of ``model``."""
    other = CELLS[cell](INPUTS, WIDTH, num_layers=layers, batch_first=True, bidirectional=both)
    state = {}
    for suffix, direction in (("", model.ahead), ("_reverse", model.back)):
        for number, layer in enumerate(direction):
            for name, value in layer.state_dict().items():
                state[name.replace("_l0", f"_l{number}{suffix}")] = value
    other.load_state_dict(state)
    return other


@cells
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("both", [True, False])
def test_outputs_and_end_are_those_of_packed_sequences(cell: str, layers: int, both: bool) -> None:
    torch.manual_seed(0)
    model = Recurrent(INPUTS, WIDTH, layers=layers, both=both, cell=cell).eval()
    x, mask = padded()
    packed = pack_padded_sequence(x, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False)
    output, state = twin(model, cell, layers, both)(packed)
    wanted = pad_packed_sequence(output, batch_first=True)[0]
    end = state[0] if cell == "lstm" else state
    ends = torch.cat([end[-2], end[-1]], dim=-1) if both else end[-1]
    found = model(x, mask)
    torch.testing.assert_close(found, wanted, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(model.final(found, mask), ends, atol=1e-6, rtol=1e-5)


@cells
def test_padding_neither_counts_nor_learns(cell: str) -> None:
    torch.manual_seed(0)
    model = Recurrent(INPUTS, WIDTH, layers=2, both=True, cell=cell)
    clean, mask = padded()
    dirty = padded(garbage=7.0)[0].requires_grad_()
    output = model(dirty, mask)
    torch.testing.assert_close(output, model(clean, mask))
    assert not output[~mask].any()
    (output.square().sum() + model.final(output, mask).square().sum()).backward()
    assert dirty.grad is not None
    assert not dirty.grad[~mask].any()
    assert dirty.grad[mask].any(dim=-1).all()


def test_reversal_affects_real_frames_only_and_is_its_own_inverse() -> None:
    x, mask = padded()
    found = reversed_frames(x, mask)
    for row, length in enumerate(LENGTHS):
        assert torch.equal(found[row, :length], x[row, :length].flip(0))
    assert torch.equal(reversed_frames(found, mask), x)


def first_weights(cell: str, initial: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    layer = Recurrent(INPUTS, WIDTH, cell=cell, initial=initial).ahead[0]
    ahead, state, bias, other = (value.detach() for value in layer.parameters())
    return ahead, state, bias, other


@cells
def test_orthogonal_weights_are_so_over_input_and_state_together(cell: str) -> None:
    ahead, state, bias, other = first_weights(cell, "orthogonal")
    kernel = torch.cat([ahead, state], dim=1)
    for block in kernel.split([4 * WIDTH] if cell == "lstm" else [2 * WIDTH, WIDTH]):
        small = block if block.shape[0] < block.shape[1] else block.T
        torch.testing.assert_close(small @ small.T, torch.eye(len(small)), atol=1e-5, rtol=0)
    gates = {"lstm": [0, 1, 0, 0], "gru": [1, 1, 0]}[cell]  # lstm: input, forget, cell, output; gru: reset, update, new
    assert torch.equal((bias + other).view(-1, WIDTH).mean(1), torch.tensor(gates).float())


@cells
def test_glorot_weights_keep_to_their_bound(cell: str) -> None:
    ahead, state, bias, other = first_weights(cell, "glorot")
    bound = (6 / (INPUTS + len(ahead))) ** 0.5
    assert 0.9 * bound < ahead.abs().max() <= bound
    torch.testing.assert_close(state.T @ state, torch.eye(WIDTH), atol=1e-5, rtol=0)
    assert (bias + other).sum() == (WIDTH if cell == "lstm" else 0)


def test_dropout_of_an_encoder_is_drawn_for_every_frame_and_spares_the_end() -> None:
    torch.manual_seed(0)
    x, mask = padded()
    encoder = Encoder(INPUTS, 50, both=True, out=0.5)
    outputs, end = encoder(x, mask)
    sober, same = encoder.eval()(x, mask)
    assert torch.equal(end, same)
    kept = outputs[0] != 0
    assert 0.4 < kept.float().mean() < 0.6
    assert not torch.equal(kept[0], kept[1])
    torch.testing.assert_close(outputs[0][kept], 2 * sober[0][kept])
    deaf = Encoder(INPUTS, 50, both=True, into=1.0)
    torch.testing.assert_close(deaf(x, mask)[1], deaf(torch.zeros_like(x), mask)[1])


@pytest.mark.parametrize("both", [True, False])
def test_a_residual_joins_every_direction_undropped_and_reaches_the_end(both: bool) -> None:
    torch.manual_seed(0)
    x, mask = padded(garbage=3.0)
    encoder = Encoder(INPUTS, WIDTH, both=both, into=0.5, out=1.0, residual=True)
    assert encoder.residual is not None
    assert 0.005 < encoder.residual.weight.std() < 0.015
    past = torch.cat([encoder.residual(x)] * (2 if both else 1), dim=-1) * mask.unsqueeze(-1)
    torch.testing.assert_close(encoder(x, mask)[0], past)  # all of what the cells put out is dropped
    outputs, end = encoder.eval()(x, mask)
    torch.testing.assert_close(outputs, encoder.cells(encoder.residual(x), mask) + past)
    for row, length in enumerate(LENGTHS):
        torch.testing.assert_close(end[row, :WIDTH], outputs[row, length - 1, :WIDTH])
        if both:
            torch.testing.assert_close(end[row, WIDTH:], outputs[row, 0, WIDTH:])
