"""The head on an encoder's layers: what the weights of layers and frames do."""

import pytest
import torch
from networks import chosen

from ser.errors import SerError
from ser.layers.interface import Batch, Shape
from ser.models import weighted_layers

LAYERS, WIDTH = 3, 5
X = torch.randn(2, 7, LAYERS * WIDTH, generator=torch.Generator().manual_seed(0))
MASK = torch.arange(7) < torch.tensor([[7], [4]])


def head(**options: object) -> torch.nn.Module:
    torch.manual_seed(1)
    return chosen(weighted_layers, Shape(LAYERS * WIDTH), layers=LAYERS, **options).eval()


def test_the_layers_begin_with_equal_weights_and_one_can_take_all() -> None:
    model = head(pooling="mean")
    layers = X.unflatten(-1, (LAYERS, WIDTH))
    single = chosen(weighted_layers, Shape(WIDTH), pooling="mean").eval()
    single.load_state_dict({name: value for name, value in model.state_dict().items() if name != "layers"})
    torch.testing.assert_close(model(Batch(X, MASK)), single(Batch(layers.mean(2), MASK)))
    with torch.no_grad():
        model.layers[2] = 50.0
    torch.testing.assert_close(model(Batch(X, MASK)), single(Batch(layers[:, :, 2], MASK)))


def test_without_scores_attention_is_the_mean_over_real_frames() -> None:
    model, average = head(), head(pooling="mean")
    average.load_state_dict({name: one for name, one in model.state_dict().items() if not name.startswith("score")})
    with torch.no_grad():
        model.score.weight.zero_()
    torch.testing.assert_close(model(Batch(X, MASK)), average(Batch(X, MASK)))
    weights = model.attention_weights(Batch(X, MASK))["frames"].weights
    torch.testing.assert_close(weights, MASK / MASK.sum(1, keepdim=True))
    assert average.attention_weights(Batch(X, MASK)) == {}


def test_the_scale_of_a_layer_does_not_count_where_layers_are_normalised() -> None:
    larger = X.clone()
    larger[..., :WIDTH] *= 100
    for normalise, same in ((True, True), (False, False)):
        model = head(normalise=normalise)
        assert torch.allclose(model(Batch(X, MASK)), model(Batch(larger, MASK)), atol=1e-3) == same


def test_dimensions_that_are_no_multiple_of_the_layers_are_refused() -> None:
    with pytest.raises(SerError, match=r"'weighted_layers': a frame of 14 dimensions cannot hold 3 layers"):
        chosen(weighted_layers, Shape(14), layers=3)
