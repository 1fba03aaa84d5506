"""The HTML page of `ser predict`: each recording with its waveform, probabilities and attention over time."""
