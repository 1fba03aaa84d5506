"""Speaker embedding by a recurrent network: three LSTM layers over mel powers, 256 values of length 1.

Wan et al., "Generalized end-to-end loss for speaker verification", ICASSP 2018, in the shape and with the parameter
names of Resemblyzer's published weights, which were trained on LibriSpeech, VoxCeleb1 and VoxCeleb2.
"""

from torch import Tensor, nn
from torch.nn import functional as F

MELS, CELLS, DIMS, LAYERS = 40, 256, 256, 3


class SpeakerLSTM(nn.Module):
    """LSTM, affine map of its last output, ReLU, length 1."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(MELS, CELLS, LAYERS, batch_first=True)
        self.linear = nn.Linear(CELLS, DIMS)

    def forward(self, frames: Tensor) -> Tensor:
        """Mel powers (batch, time, 40) -> embeddings (batch, 256), at least 0."""
        _, (hidden, _) = self.lstm(frames)
        return F.normalize(self.linear(hidden[-1]).relu(), dim=1)
