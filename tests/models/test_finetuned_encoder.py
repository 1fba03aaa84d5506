"""An encoder that is trained further: what learns, at which rate, and that an utterance is computed as if alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tiny_encoders import DEPTH, WIDTH, save, sound
from torch import nn
from torch.nn import functional as F

from ser.checks.network import CHECKS, SmallNetwork, parameters_get_gradients
from ser.config.options import with_options
from ser.config.recipe import Recipe, Training
from ser.errors import SerError
from ser.files.published import sha256
from ser.layers.interface import Batch, Shape
from ser.models import finetuned_encoder
from ser.training import network, optimisers

ROW = 512  # samples
KINDS = ("wav2vec2", "wav2vec2-large", "hubert", "wavlm")
OF_SAMPLES = [one for one in CHECKS if one is not parameters_get_gradients]
LABELS = torch.tensor([0, 1, 2])
LENGTHS = (8000, 14400, 1000)  # samples
LORA = {"lora_rank": 2, "lora_targets": ["intermediate_dense", "output_dense"]}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the folder of a tiny model of each kind."""
    folder = tmp_path_factory.mktemp("encoders")
    return {kind: save(kind, folder / kind, layerdrop=0.5, mask_time_length=2) for kind in KINDS}


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(params=KINDS)
def folder(request: pytest.FixtureRequest, models: dict[str, Path]) -> Path:
    return models[request.param]


def recipe_of(folder: Path, **options: Any) -> Recipe:
    """Return a recipe with the pinned model, its options checked as the pipeline does."""
    source = {"model": str(folder), "sha256": sha256(folder / "model.safetensors")}
    entry = {"model": "finetuned_encoder", "options": source | options, "inputs": {"frames": {"feature": "waveform"}}}
    return with_options(Recipe.model_validate(entry), "tiny")


def built(folder: Path, seed: int = 0, **options: Any) -> Any:
    recipe = recipe_of(folder, **options)
    torch.manual_seed(seed)
    return network.build(recipe, finetuned_encoder, Shape(ROW), 4)


def batch(lengths: tuple[int, ...] = LENGTHS) -> Batch:
    """Return waveforms in rows of ``ROW`` samples, zero on padding."""
    rows = torch.tensor([-(-length // ROW) for length in lengths])
    frames = torch.zeros(len(lengths), int(rows.max()) * ROW)
    for k, length in enumerate(lengths):
        frames[k, :length] = torch.from_numpy(sound(length / 16000, k))
    return Batch(frames.unflatten(1, (-1, ROW)), torch.arange(int(rows.max())) < rows[:, None])


def stepped(model: nn.Module, training: Training, steps: int = 1) -> dict[str, float]:
    """Take steps as the loop does; return how far the values of each parameter moved, its largest move."""
    before = {name: one.detach().clone() for name, one in model.named_parameters()}
    optimiser = optimisers.make(model, training, torch.device("cpu"))
    model.train()
    for _ in range(steps):
        loss = F.cross_entropy(model(batch()), LABELS)
        optimisers.step(optimiser, model, loss, training, training.learning_rate)
    return {name: float((one.detach() - before[name]).abs().max()) for name, one in model.named_parameters()}


# In the few samples of a check attention has one row to choose from, and its queries no gradient.
@pytest.mark.parametrize("check", OF_SAMPLES, ids=lambda check: check.__name__)
@pytest.mark.parametrize("options", [{}, {"trained_layers": 1, "pooling": "attentive"}, {"convolutions": True}, LORA])
def test_the_contract_of_a_network_holds(check: Any, options: dict[str, Any], folder: Path) -> None:
    check(SmallNetwork(recipe_of(folder, **options)))


def test_the_answer_is_that_of_the_published_network(folder: Path) -> None:
    """The library alone, on one utterance with the published reader, then the mean and the head's two maps."""
    model = built(folder).eval()
    kind = finetuned_encoder.NETWORKS[transformers.AutoConfig.from_pretrained(folder).model_type]
    plain = getattr(transformers, kind).from_pretrained(folder).eval()
    reader = transformers.Wav2Vec2FeatureExtractor.from_pretrained(folder)
    signal = batch((ROW * 20,)).frames.flatten().numpy()
    with torch.no_grad():
        rows = plain(**reader(signal, sampling_rate=16000, return_tensors="pt")).last_hidden_state
        wanted = model.head.output(model.head.projection(rows).mean(1))
        torch.testing.assert_close(model(batch((ROW * 20,))), wanted, atol=1e-5, rtol=1e-4)


def test_padding_and_neighbours_change_no_answer(folder: Path) -> None:
    model, together = built(folder, pooling="attentive").eval(), batch()
    with torch.no_grad():
        found = model(together)
        for k, length in enumerate(LENGTHS):
            rows = -(-length // ROW)
            alone = Batch(together.frames[k : k + 1, :rows], together.mask[k : k + 1, :rows])
            torch.testing.assert_close(model(alone)[0], found[k], atol=1e-6, rtol=1e-5)
            weights = model.attention_weights(alone)["frames"]
            assert weights.weights.shape == (1, (rows * ROW - 400) // 320 + 1)
    assert not torch.allclose(found[0], found[1], atol=1e-4)


def test_the_weights_of_attention_are_where_the_samples_are(models: dict[str, Path]) -> None:
    """Row p of an encoder sees the samples 320 p to 320 p + 399, and a row of the feature holds 512."""
    model = built(models["wavlm"], pooling="attentive").eval()
    found = model.attention_weights(batch())["frames"].positions
    for row in (0, 7):
        middle = 320 * row + 199.5
        assert found.start + found.step * row == pytest.approx((middle + 0.5) / ROW - 0.5)


def depth_of(name: str) -> int:
    """Return how far below the head a parameter of a tiny encoder is, by its name."""
    if name.startswith("head."):
        return 0
    layer = name.partition("encoder.layers.")[2].partition(".")[0]
    return DEPTH - int(layer) if layer else DEPTH + 1


@pytest.mark.parametrize("trained", [0, 1, DEPTH, None])
def test_the_last_layers_change_and_nothing_else(trained: int | None, folder: Path) -> None:
    moved = stepped(built(folder, trained_layers=trained), Training(optimiser="adam", learning_rate=1e-3), steps=2)
    stable = folder.name in ("wav2vec2-large", "wavlm")  # there a normalisation follows the last layer
    for name, change in moved.items():
        depth = depth_of(name)
        if stable and name.startswith("encoder.network.encoder.layer_norm"):
            depth = 1
        fixed = "feature_extractor" in name or "masked_spec_embed" in name
        learns = depth == 0 or (not fixed and (trained is None or depth <= trained))
        assert (change > 0) == learns or (learns and name.endswith(("k_proj.bias", "gru_rel_pos_const"))), name


def test_the_convolutions_learn_where_they_are_asked_to(folder: Path) -> None:
    moved = stepped(built(folder, convolutions=True), Training(optimiser="adam", learning_rate=1e-3))
    assert all(change > 0 for name, change in moved.items() if name.endswith("conv.weight"))


def test_only_adapters_and_head_change_with_adapters(folder: Path) -> None:
    model = built(folder, **LORA, trained_layers=1)
    start = model.eval()(batch()).detach()
    torch.testing.assert_close(start, built(folder).eval()(batch()).detach())  # adapters begin as nothing
    moved = stepped(model, Training(optimiser="adam", learning_rate=1e-3), steps=2)
    changed = {name for name, change in moved.items() if change > 0}
    adapters = {name for name in moved if "lora_" in name}
    assert changed == adapters | {name for name in moved if name.startswith("head.")}
    assert len(adapters) == 2 * 2
    assert all(f"layers.{DEPTH - 1}." in name for name in adapters)
    assert not torch.allclose(model.eval()(batch()), start)


def test_an_adapter_adds_its_product_times_alpha_over_rank(models: dict[str, Path]) -> None:
    model = built(models["hubert"], lora_rank=2, lora_alpha=6, lora_targets=["v_proj"]).eval()
    layer = model.encoder.layers[0].attention.v_proj
    with torch.no_grad():
        layer.lora_B.default.weight.normal_()
        x = torch.randn(3, WIDTH)
        product = layer.lora_B.default.weight @ layer.lora_A.default.weight
        torch.testing.assert_close(layer(x) - layer.base_layer(x), 6 / 2 * x @ product.T)


def test_each_layer_has_the_rate_of_its_depth(folder: Path) -> None:
    """The first step of AdamW without decay moves a value by the rate, whatever its gradient is."""
    training = Training(optimiser="layerwise_adamw", learning_rate=1e-3, layer_decay=0.5)
    model = built(folder)
    moved = stepped(model, training)
    seen = set()
    for name, change in moved.items():
        depth = 1 if "large" in folder.name and "encoder.encoder.layer_norm" in name else depth_of(name)
        if change > 0 and name.endswith("weight") and "norm" not in name and "gru" not in name:
            assert change == pytest.approx(1e-3 * 0.5**depth, rel=0.02), name
            seen.add(depth)
    assert seen == set(range(DEPTH + 2))
    optimiser = optimisers.make(model, training, torch.device("cpu"))
    optimisers.step(optimiser, model, F.cross_entropy(model(batch()), LABELS), training, 1e-3)
    assert {group["lr"] for group in optimiser.param_groups} == {1e-3}


def test_rates_by_layer_need_a_model_with_layers() -> None:
    with pytest.raises(SerError, match="the model states no depth of its layers; use adamw"):
        optimisers.make(nn.Linear(2, 2), Training(optimiser="layerwise_adamw"), torch.device("cpu"))


def test_activations_that_are_computed_again_give_the_same_gradients(folder: Path) -> None:
    found = []
    for checkpointing in (False, True):
        model = built(folder, checkpointing=checkpointing, trained_layers=1)
        assert any(getattr(one, "gradient_checkpointing", False) for one in model.modules()) == checkpointing
        torch.manual_seed(1)  # of the dropout
        F.cross_entropy(model.train()(batch()), LABELS).backward()
        found.append({name: one.grad for name, one in model.named_parameters() if one.grad is not None})
    plain, again = found
    assert plain.keys() == again.keys()
    for name, gradient in plain.items():
        torch.testing.assert_close(again[name], gradient, atol=1e-7, rtol=1e-5, msg=name)


def test_what_is_frozen_is_computed_as_in_a_prediction(folder: Path) -> None:
    """Without dropout, layers left out or frames masked, which the tiny models' own settings ask for."""
    model = built(folder, trained_layers=0, dropout=0.0)
    with torch.no_grad():
        torch.testing.assert_close(model.train()(batch()), model.eval()(batch()))
        learning = built(folder, dropout=0.0).train()
        assert not torch.allclose(learning(batch()), learning(batch()))


@pytest.mark.parametrize("options", [{}, LORA])
def test_the_stored_weights_are_enough(options: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = built(folder, **options, pooling="attentive")
    stepped(model, Training(optimiser="adam", learning_rate=1e-2))
    monkeypatch.setattr(finetuned_encoder, "located", None)
    given = {"model": "nowhere", **options, "pooling": "attentive"}
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    again = finetuned_encoder.restored(weights, Shape(ROW), 4, **given).eval()
    with torch.no_grad():
        assert torch.equal(again(batch()), model.eval()(batch()))
    for broken in ({}, {"architecture": torch.zeros(4, dtype=torch.uint8)}):
        with pytest.raises(SerError, match="no architecture of an encoder"):
            finetuned_encoder.restored(broken, Shape(ROW), 4, **given)


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("wavlm", {"trained_layers": 3}, "trained_layers is 3; the encoder has 2 layers"),
        ("wavlm", {"lora_rank": 2}, "WavLM's attention would pass adapters of q_proj, v_proj by; use intermediate"),
        ("hubert", {"lora_rank": 2, "lora_targets": ["query"]}, "lora_targets 'query'.*q_proj"),
        ("hubert", {"lora_rank": 2, "trained_layers": 0}, "trained_layers is 0, so no layer gets an adapter"),
        ("hubert", {"convolutions": True, "trained_layers": 1}, "trained with all layers only"),
        ("hubert", {"sha256": None}, "is a folder, which can change: set options.sha256"),
        ("hubert", {"sha256": "0" * 64}, "not 0000.* as the configuration says"),
        ("hubert", {"model": "someone/else"}, "needs 'revision', a commit of 40"),
    ],
)
def test_bad_options_are_one_sentence(
    kind: str, options: dict[str, Any], message: str, models: dict[str, Path]
) -> None:
    with pytest.raises(SerError, match=message) as error:
        built(models[kind], **options)
    assert "\n" not in str(error.value)
    assert "finetuned_encoder" in str(error.value)


@pytest.mark.parametrize("kind", ["data2vec-audio", "whisper"])
def test_an_architecture_whose_rows_padding_changes_is_refused(kind: str, tmp_path: Path) -> None:
    with pytest.raises(SerError, match=rf"model_type.* '{kind}'.*Known: .*hubert"):
        built(save(kind, tmp_path / kind))
