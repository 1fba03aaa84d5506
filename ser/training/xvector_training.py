"""Train the x-vector network on a corpus's own speakers, where no published weights are configured.

The network learns to distinguish speakers by random 2 s crops (after Snyder et al., 2018). The linear softmax on top of
the embedding is dropped afterwards. Emotion labels are not read. A few hundred utterances give a far weaker embedding
than VoxCeleb.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from ser.jobs.progress import progress
from ser.layers.xvector import DIMS, XVector, centred

CROP = 200  # frames, 2 s: of 1 s crops of acted speech many are a pause
BATCH = 8  # crops: a small corpus needs the steps
LEARNING_RATE = 3e-4  # Adam; at 1e-3 the softmax without a normalisation before it starts far off
HELD_OUT = 10  # every tenth utterance of a speaker tests the embedding


def train(
    levels: Sequence[Tensor], speakers: Sequence[int], *, epochs: int, seed: int, device: torch.device
) -> tuple[XVector, float, int]:
    """Train on utterances' log-mel ``levels`` ((frames, 24) dB each) and their ``speakers`` (0, 1, …).

    Return the network, its accuracy in identifying the speakers of held-out utterances, 0…1, and how many these are.
    An epoch has one random crop of each training utterance. Repeatable on a CPU for one ``seed`` and thread count.
    """
    generator = torch.Generator().manual_seed(seed)
    fitted, tested = _divide(speakers, generator)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = XVector().to(device)
        head = nn.Linear(DIMS, max(speakers) + 1).to(device)
    parameters = [*model.parameters(), *head.parameters()]
    optimiser = torch.optim.Adam(parameters, lr=LEARNING_RATE)
    for _ in progress(range(epochs), total=epochs, unit="epochs"):
        model.train()
        for batch, crops in _batches(levels, fitted, generator):
            names = torch.tensor([speakers[i] for i in batch], device=device)
            loss = nn.functional.cross_entropy(head(model(centred(crops.to(device)))), names)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    # the normalisation statistics anew: after a few dozen steps the running ones still lag behind the weights
    update_bn((centred(crops.to(device)) for _, crops in _batches(levels, fitted, generator)), model)
    model.eval()
    with torch.inference_mode():
        named = [int(head(model(centred(levels[i][None].to(device)))).argmax()) == speakers[i] for i in tested]
    return model, sum(named) / max(len(named), 1), len(tested)


def _divide(speakers: Sequence[int], generator: torch.Generator) -> tuple[list[int], list[int]]:
    """Return the utterances to train on and to test on: a tenth of each speaker's, at least one where there are two."""
    own: dict[int, list[int]] = defaultdict(list)
    for i in torch.randperm(len(speakers), generator=generator).tolist():
        own[speakers[i]].append(i)
    tested: set[int] = set()
    for utterances in own.values():
        tested.update(utterances[: max(len(utterances) // HELD_OUT, min(1, len(utterances) - 1))])
    return sorted({*range(len(speakers))} - tested), sorted(tested)


def _batches(
    levels: Sequence[Tensor], utterances: Sequence[int], generator: torch.Generator
) -> Iterator[tuple[list[int], Tensor]]:
    """Yield batches of shuffled ``utterances`` and their crops (batch, ``CROP``, 24), each from a random start.

    An utterance that is shorter is repeated until it fills them.
    """
    order = [utterances[i] for i in torch.randperm(len(utterances), generator=generator).tolist()]
    for batch in (order[first : first + BATCH] for first in range(0, len(order), BATCH)):
        crops = []
        for level in (levels[i] for i in batch):
            long = level.repeat(-(-CROP // len(level)), 1)  # once where it is long enough
            start = int(torch.randint(len(long) - CROP + 1, (1,), generator=generator))
            crops.append(long[start : start + CROP])
        yield batch, torch.stack(crops)
