"""Extreme learning machines against their formulas written out, and against answers known beforehand."""

from itertools import product

import numpy as np
import pytest
import torch

from ser.layers.extreme_learning import KernelMachine, RandomMachine, back_end, described

RNG = np.random.default_rng(0)


def drawn(n: int, dims: int = 3, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return noisy clusters, on scales that differ by dimension."""
    labels = RNG.integers(0, classes, n)
    labels[:classes] = np.arange(classes)
    centres = np.arange(classes * dims).reshape(classes, dims) % 4
    return (centres[labels] + RNG.normal(size=(n, dims))) * 10.0 ** np.arange(dims) + 5, labels


def kernel(a: np.ndarray, b: np.ndarray, gamma: float) -> np.ndarray:
    return np.array([[np.exp(-gamma * sum((x - y) ** 2)) for y in b] for x in a])


def written_out(train: np.ndarray, labels: np.ndarray, test: np.ndarray, cost: float, gamma: float) -> np.ndarray:
    centre, sd = train.mean(0), train.std(0)
    x, z = (train - centre) / sd, (test - centre) / sd
    wanted = np.where(labels[:, None] == np.arange(labels.max() + 1), 1.0, -1.0)
    return kernel(z, x, gamma) @ np.linalg.inv(kernel(x, x, gamma) + np.eye(len(x)) / cost) @ wanted


def recall(scores: np.ndarray, labels: np.ndarray) -> float:
    predicted = scores.argmax(1)
    return float(np.mean([(predicted[labels == label] == label).mean() for label in sorted(set(labels.tolist()))]))


def test_the_kernel_machine_is_its_formula_and_is_fixed_without_a_dev_part() -> None:
    (train, labels), (test, _) = drawn(20), drawn(7)
    found = KernelMachine(3)
    (remark,) = found.fit({"train": train}, {"train": labels})
    assert "no dev part" in remark
    assert "not tuned" in remark
    np.testing.assert_allclose(found.scores(test), written_out(train, labels, test, 1.0, 1 / 3), atol=1e-9)


def test_the_choice_on_dev_is_the_best_of_the_grid() -> None:
    (train, labels), (dev, truth), (test, _) = drawn(30), drawn(25), drawn(4)
    costs, gammas = (0.0625, 1.0, 64.0, 1024.0), (0.004, 0.25, 8.0)
    found = KernelMachine(3, costs=costs, gammas=gammas)
    found.fit({"train": train, "dev": dev}, {"train": labels, "dev": truth})
    ua = {
        (cost, gamma): recall(written_out(train, labels, dev, cost, gamma), truth)
        for gamma, cost in product(gammas, costs)
    }
    best = max(ua, key=ua.__getitem__)  # the first of equals: small gamma, then small C
    assert (float(found.held["cost"]), float(found.held["gamma"])) == best
    assert len(set(ua.values())) > 1
    np.testing.assert_allclose(found.scores(test), written_out(train, labels, test, *best), atol=1e-7)


def test_a_ring_and_its_centre_are_separated_and_two_points_have_the_known_solution() -> None:
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], 1)
    vectors, labels = np.concatenate([0.2 * ring, ring]), np.repeat([0, 1], 12)
    found = KernelMachine(2, costs=(1024.0,), gammas=(2.0,))
    found.fit({"train": vectors, "dev": vectors}, {"train": labels, "dev": labels})
    assert (found.scores(vectors).argmax(1) == labels).all()
    # two points, standardised to −1 and 1: by symmetry the answer at +1 is (1 − e)/(1 − e + 1/C), e = exp(−4γ)
    found = KernelMachine(2, costs=(2.0,), gammas=(0.5,))
    found.fit(*(dict.fromkeys(("train", "dev"), value) for value in (np.array([[3.0], [7.0]]), np.array([0, 1]))))
    answer = (1 - np.exp(-2.0)) / (1 - np.exp(-2.0) + 0.5)
    np.testing.assert_allclose(found.scores(np.array([[7.0]])), [[-answer, answer]])


def test_the_random_machine_is_ridge_regression_on_sigmoid_nodes() -> None:
    (train, labels), (test, truth) = drawn(200), drawn(100)
    found = RandomMachine(3, nodes=20, seed=4)
    assert found.fit({"train": train}, {"train": labels}) == []
    held = found.weights()
    assert held["input"].shape == (3, 20)
    assert np.abs(held["input"]).max() <= 1
    H = 1 / (1 + np.exp(-((train - train.mean(0)) / train.std(0)) @ held["input"]))
    T = np.where(labels[:, None] == np.arange(3), 1.0, -1.0)
    Z = 1 / (1 + np.exp(-((test - train.mean(0)) / train.std(0)) @ held["input"]))
    wanted = Z @ np.linalg.inv(H.T @ H + 1e-6 * np.eye(20)) @ H.T @ T
    np.testing.assert_allclose(found.scores(test), wanted, atol=1e-4)
    assert recall(found.scores(test), truth) > 0.7
    again, other = RandomMachine(3, nodes=20, seed=4), RandomMachine(3, nodes=20, seed=5)
    for one in (again, other):
        one.fit({"train": train}, {"train": labels})
    assert np.array_equal(again.scores(test), found.scores(test))
    assert not np.array_equal(other.scores(test), found.scores(test))


@pytest.mark.parametrize("kind", ["kernel", "random"])
def test_constant_dimensions_and_more_nodes_than_utterances_do_no_harm(kind: str) -> None:
    train, labels = drawn(9)
    train[:, 1] = 0.1
    made = back_end(3, machine=kind, nodes=40, seed=0)
    assert made is not None
    made.fit({"train": train, "dev": train}, {"train": labels, "dev": labels})
    assert np.isfinite(made.scores(train)).all()
    assert all(isinstance(value, np.ndarray) and np.isfinite(value).all() for value in made.weights().values())


@pytest.mark.parametrize("kind", ["kernel", "random"])
def test_the_weights_are_enough_to_apply_it_again(kind: str) -> None:
    (train, labels), (test, _) = drawn(15), drawn(4)
    made = back_end(3, machine=kind, nodes=10, seed=0)
    assert made is not None
    made.fit({"train": train}, {"train": labels})
    copy = back_end(3, machine=kind, nodes=10, seed=7)
    copy.held = {name: value.copy() for name, value in made.weights().items()}  # type: ignore[union-attr]
    np.testing.assert_array_equal(copy.scores(test), made.scores(test))  # type: ignore[union-attr]


def test_none_is_no_machine() -> None:
    assert back_end(3, machine="none", nodes=1, seed=0) is None


def test_an_utterance_is_described_by_its_own_frames() -> None:
    posteriors = torch.rand(2, 6, 3).softmax(-1)
    lengths = (6, 2)
    mask = torch.arange(6) < torch.tensor(lengths)[:, None]
    found = described(posteriors, mask).numpy()
    for n, length in enumerate(lengths):
        own = posteriors[n, :length].numpy()
        wanted = np.concatenate([own.max(0), own.min(0), own.mean(0), (own > 0.2).mean(0)])
        np.testing.assert_allclose(found[n], wanted, atol=1e-6)
