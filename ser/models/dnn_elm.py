"""DNN and extreme learning machine: Han et al. 2014, and its replication by Lee & Tashev 2015.

A feed-forward network classifies windows of frames. Statistics of its posteriors over the loudest windows of an
utterance are classified by an extreme learning machine.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from ser.bounds import Count, Index
from ser.errors import SerError
from ser.layers import extreme_learning
from ser.layers.frame_loss import frame_cross_entropy
from ser.layers.interface import Batch, Shape

Loudness = Literal["frame", "window"]
back_end = extreme_learning.back_end
restored_back_end = extreme_learning.restored_back_end


class WindowNetwork(nn.Module):
    """ReLU layers over a window of frames, for the loudest windows of each utterance.

    window: frames of the network's input, an odd number; share: of an utterance's frames, the loudest, that are used;
    energy: column of the log energy; loudness: of the frame itself, or its mean over the window; unread: columns at the
    end that the network does not read. The other options belong to the back end.
    """

    def __init__(
        self,
        shape: Shape,
        classes: int,
        *,
        window: Count = 25,
        hidden: Sequence[Count] = (256, 256, 256),
        share: Annotated[float, Field(gt=0, le=1)] = 0.3,
        energy: Index = 15,
        loudness: Loudness = "frame",
        unread: Index = 1,
        machine: extreme_learning.Kind = "kernel",
        nodes: Count = 120,
        seed: Index = 0,
    ):
        super().__init__()
        dims = shape.frame_dims()
        del machine, nodes, seed  # of the back end
        if not 0 <= unread < dims:
            raise SerError(f"option unread is {unread}; the feature has {dims} columns.")
        if not 0 <= energy < dims - unread:
            raise SerError(f"option energy is {energy}; the columns read are 0 to {dims - unread - 1}.")
        if window % 2 == 0:
            raise SerError(f"option window is {window}; it must be odd, since a frame is its centre.")
        self.dims, self.reach = dims - unread, window // 2
        self.share, self.energy, self.loudness = share, energy, loudness
        layers: list[nn.Module] = []
        for before, after in pairwise((window * self.dims, *hidden, classes)):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.layers = nn.Sequential(*layers[:-1])

    def windows(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the loudest windows (batch, most, window · dims) and which of them are real (batch, most).

        Every frame is the centre of a window; the first and last frame are repeated beyond the ends.
        """
        frames, mask = batch.real_frames()
        x = frames[..., : self.dims]
        lengths = mask.sum(1, keepdim=True)
        time = torch.arange(x.shape[1], device=x.device).expand_as(mask)
        loud = x[..., self.energy]
        if self.loudness == "window":
            around = self._around(time, lengths)
            loud = loud.gather(1, around.flatten(1)).view(around.shape).mean(2)
        most = max(1, round(self.share * x.shape[1]))
        centres = loud.masked_fill(~mask, -torch.inf).argsort(dim=1, descending=True, stable=True)[:, :most]
        chosen = torch.arange(most, device=x.device) < (self.share * lengths.double()).round().clamp_min(1)
        row = torch.arange(len(x), device=x.device)[:, None, None]
        return x[row, self._around(centres, lengths)].flatten(2), chosen

    def _around(self, centres: Tensor, lengths: Tensor) -> Tensor:
        """Return the frames of windows: (batch, most), (batch, 1) -> (batch, most, window)."""
        offsets = torch.arange(-self.reach, self.reach + 1, device=centres.device)
        return torch.minimum((centres.unsqueeze(2) + offsets).clamp_min(0), lengths.unsqueeze(2) - 1)

    def _log_posteriors(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return log posteriors (batch, most, classes) and their mask (batch, most)."""
        windows, chosen = self.windows(batch)
        return self.layers(windows).float().log_softmax(-1), chosen

    def forward(self, batch: Batch) -> Tensor:
        """Frames (batch, time, dims) -> log of the mean posterior of the chosen windows (batch, classes)."""
        log_posteriors, chosen = self._log_posteriors(batch)
        summed = log_posteriors.masked_fill(~chosen.unsqueeze(2), -torch.inf).logsumexp(1)
        return summed - chosen.sum(1, keepdim=True).log()

    def loss(self, batch: Batch, labels: Tensor, weights: Tensor | None) -> Tensor:
        """Return the cross-entropy of the chosen windows, weighted by class."""
        log_posteriors, chosen = self._log_posteriors(batch)
        return frame_cross_entropy(log_posteriors, chosen, labels, weights)

    def summary(self, batch: Batch) -> Tensor:
        """Return maxima, minima, means and shares above 0.2 of the chosen windows' posteriors (batch, 4 · classes)."""
        log_posteriors, chosen = self._log_posteriors(batch)
        return extreme_learning.described(log_posteriors.exp(), chosen)


build = WindowNetwork
