"""The table of what each utterance sounds like before the trim, as ``ser.audio.measures.Measures`` describes it."""

import pyarrow as pa

from ser.tables.parquet import Contract

MEASURES = Contract(
    "measures",
    [
        ("utterance", pa.string()),
        ("peak", pa.float64()),  # of full scale
        ("clipped", pa.float64()),  # share of samples, 0…1
        ("offset", pa.float64()),  # of full scale
        ("level", pa.float64()),  # dB of full scale
        ("silent_channels", pa.int32()),
        ("correlation", pa.float64()),  # of two channels, -1…1; null where there are no two that sound
        ("speech_band", pa.float64()),  # share of the power, 0…1
        ("silence_before", pa.float64()),  # seconds; null where no speech was found
        ("silence_after", pa.float64()),
    ],
    key=("utterance",),
    required=("peak", "clipped", "offset", "level", "silent_channels", "speech_band"),
)
