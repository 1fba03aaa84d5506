"""The summed probability of label sequences against the enumeration of all of them."""

from itertools import groupby, product

import numpy as np
import pytest
import torch
from torch import Tensor

from ser.models.rnn_elm import VoicedSegments, most_segments, path_loss, segmented, voiced_regions

FRAMES = 9


def flags(text: str) -> Tensor:
    return torch.tensor([[letter == "x" for letter in text]])


def text(x: Tensor) -> str:
    return "".join("x" if value else "." for value in x[0].tolist())


@pytest.mark.parametrize(
    ("voiced", "regions"),
    [
        ("..xxxxx....", "..xxxxx...."),
        ("..xxxx.....", "..........."),  # a run of 4 is too short
        ("xxxxx...xxxxx", "xxxxxxxxxxxxx"),  # a gap of 3 is closed
        ("xxxxx....xxxxx", "xxxxx....xxxxx"),  # a gap of 4 stays
        ("xxxxx.xx.xxxxx", "xxxxx....xxxxx"),  # the run of 2 goes first, then the gap has 4
        (".xxxxx..", ".xxxxx.."),  # what lies at an end is no gap between regions
        ("xxxxx", "xxxxx"),
        (".", "."),
    ],
)
def test_voiced_regions(voiced: str, regions: str) -> None:
    x = flags(voiced)
    assert text(voiced_regions(x, torch.ones_like(x), run=5, gap=4)) == regions
    padded = torch.cat([x, torch.ones(1, 7, dtype=torch.bool)], 1)  # voiced, but not of the utterance
    mask = torch.arange(padded.shape[1])[None] < x.shape[1]
    assert text(voiced_regions(padded, mask, run=5, gap=4)) == regions + "." * 7


def test_segments_meet_in_the_middle_of_the_gap() -> None:
    found = segmented(flags(".xx...xx....xx."))
    assert text(found.cut) == "....x....x....."
    assert found.number[0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2]
    assert found.count.tolist() == [3]
    whole = segmented(flags("....."))
    assert text(whole.cut) == "....."
    assert whole.count.tolist() == [1]


@pytest.mark.parametrize(("run", "gap"), [(3, 1), (3, 2), (5, 10)])
def test_no_utterance_has_more_segments_than_fit(run: int, gap: int) -> None:
    for frames in range(1, 60):
        period = run + gap
        densest = torch.tensor([[(t % period) < run for t in range(frames)]])
        regions = voiced_regions(densest, torch.ones_like(densest), run=run, gap=gap)
        assert int(segmented(regions).count) == most_segments(frames, run, gap)


def allowed(sequence: tuple[int, ...], segments: VoicedSegments, row: int, *, strict: bool, outer: bool) -> bool:
    """Return whether a sequence of 1 (emotion) and 0 (Null) is one of those that count."""
    if outer and len(sequence) >= 3 and (sequence[0] or sequence[-1]):
        return False
    number = segments.number[row].tolist()
    if not strict:
        return sum(value for value, _ in groupby(sequence)) == int(segments.count[row])
    if any(value and cut for value, cut in zip(sequence, segments.cut[row].tolist(), strict=False)):
        return False
    runs = [
        sum(value for value, _ in groupby(value for value, of in zip(sequence, number, strict=False) if of == segment))
        for segment in range(int(segments.count[row]))
    ]
    return runs == [1] * int(segments.count[row])


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("outer", [True, False])
@pytest.mark.parametrize("third", ["xx..xxxxx", "xx..x..xx"])
def test_the_loss_is_the_sum_over_all_sequences_and_so_is_its_gradient(strict: bool, outer: bool, third: str) -> None:
    generator = torch.Generator().manual_seed(1)
    lengths = [FRAMES, 7, FRAMES, 2, 1]
    regions = torch.cat([flags(one) for one in ("xxx...xxx", ".xxx.....", third, "x........", ".........")])
    segments = segmented(regions)
    mask = torch.arange(FRAMES) < torch.tensor(lengths)[:, None]
    logits = torch.randn(5, FRAMES, 4, generator=generator, dtype=torch.float64).requires_grad_()
    log_posteriors = logits.log_softmax(-1)  # label in column 1, Null in column 3; the others are ignored
    found = path_loss(log_posteriors[..., 1], log_posteriors[..., 3], mask, segments, 4, strict=strict, outer=outer)
    wanted = []
    for row, length in enumerate(lengths):
        total = torch.zeros((), dtype=torch.float64)
        for sequence in product((0, 1), repeat=length):
            if allowed(sequence, segments, row, strict=strict, outer=outer):
                total = total + sum(log_posteriors[row, t, 1 if value else 3] for t, value in enumerate(sequence)).exp()
        wanted.append(-total.log())
    torch.testing.assert_close(found.double(), torch.stack(wanted), atol=1e-5, rtol=1e-5)
    (mine,) = torch.autograd.grad(found.sum(), logits, retain_graph=True)
    (theirs,) = torch.autograd.grad(torch.stack(wanted).sum(), logits)
    torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("strict", [True, False])
def test_long_utterances_have_finite_gradients_in_float32(strict: bool) -> None:
    torch.manual_seed(0)
    logits = (30 * torch.randn(2, 2000, 5)).requires_grad_()  # a network that is very sure of itself
    mask = torch.arange(2000) < torch.tensor([[2000], [11]])
    regions = voiced_regions(torch.arange(2000).expand(2, -1) % 40 < 25, mask, run=5, gap=10)
    segments = segmented(regions)
    assert segments.count.tolist() == [50, 1]
    log_posteriors = logits.log_softmax(-1)
    bound = most_segments(2000, 5, 10)
    found = path_loss(log_posteriors[..., 0], log_posteriors[..., 4], mask, segments, bound, strict=strict, outer=True)
    found.sum().backward()
    assert found.isfinite().all()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
    assert not logits.grad[1, 11:].any()
    assert logits.grad[0].any()


def test_a_sure_right_network_has_no_loss_and_strict_places_the_runs() -> None:
    segments = segmented(flags("xxxx...xxxx"))
    mask = torch.ones(1, 11, dtype=torch.bool)

    def cost(runs: str, *, strict: bool) -> float:
        bears = flags(runs)
        near, far = torch.tensor(np.log(1 - 1e-6)).float(), torch.tensor(np.log(1e-6)).float()
        emotion, null = torch.where(bears, near, far), torch.where(bears, far, near)
        return float(path_loss(emotion, null, mask, segments, 2, strict=strict, outer=True))

    assert cost(".xxx...xxx.", strict=True) < 1e-4
    assert cost(".x.xx......", strict=True) > 10  # both runs in the first segment
    assert cost(".x.xx......", strict=False) < 1e-4
    assert cost("...........", strict=True) > 20
