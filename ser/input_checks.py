"""Everything that is checked in the rows and recordings of a corpus: one entry per kind of fault or warning."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class InputCheck:
    """A kind of fault or warning: what is checked, an example of it, and the setting that settles it.

    name: in messages, tables and the corpus's key ``allow``. checks: one sentence. switch: a phrase that begins with
    the setting in quotes. outcome: ``allow``, an error unless the key ``allow`` names it; ``error``, always one;
    ``warning``, listed in the corpus's table of warnings and in the report.
    """

    name: str
    checks: str
    example: str
    switch: str
    outcome: Literal["allow", "error", "warning"] = "error"


CHECKS = (
    InputCheck(
        "subset",
        "A released corpus has as many utterances, speakers and labels as its authors published.",
        "IEMOCAP with four of its five sessions",
        "'allow: [subset]' accepts an incomplete corpus",
        "allow",
    ),
    InputCheck(
        "unlabelled-audio",
        "Every recording below the root has a row, and every row names an emotion.",
        "take7.wav is in the folder and not in the table",
        "'allow: [unlabelled-audio]' leaves such recordings out, and keeps rows without an emotion as not labelled",
        "allow",
    ),
    InputCheck(
        "missing-audio",
        "Every row names a recording that exists.",
        "a row names take7.wav, the folder has take07.wav",
        "'allow: [missing-audio]' leaves such utterances out",
        "allow",
    ),
    InputCheck(
        "unreadable",
        "Every recording can be decoded to its end, has finite samples, and contains the start and end of its rows.",
        "a download that was interrupted: its header declares 96000 bytes, it has 40000",
        "'allow: [unreadable]' leaves such utterances out",
        "allow",
    ),
    InputCheck(
        "silent",
        "Some sample is above 0.00001 of full scale.",
        "the microphone was off",
        "'allow: [silent]' leaves such utterances out",
        "allow",
    ),
    InputCheck(
        "short",
        "Every utterance lasts as long as the key 'minimum_seconds' requires, after the trim.",
        "a click of 0.1 s that was cut out as an utterance",
        "'allow: [short]' leaves such utterances out, and 'minimum_seconds' sets the limit",
        "allow",
    ),
)
BY_NAME = {check.name: check for check in CHECKS}
ALLOWANCES = tuple(check.name for check in CHECKS if check.outcome == "allow")  # values of the key ``allow``
