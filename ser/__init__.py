"""Speech emotion recognition: the same systems under the same named protocols, from recordings to a report.

For notebooks and other programs: ``ser.load(model)(signal, rate)`` predicts, ``ser.features.extract(name, signal,
rate)`` computes a feature, ``ser.read_runs(experiment)`` returns predictions as a table. Nothing heavy is imported
before one of them is called.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from ser import features, version

if TYPE_CHECKING:
    import pandas as pd

    from ser.inference.system import System

__all__ = ["features", "load", "read_runs"]
__version__ = version.VERSION


def load(model: str | Path, device: str = "cpu", *, calibrated: bool = True) -> "System":
    """Return a trained system, which is called with a signal and its rate in Hz and returns an ``Answer``.

    model: a bundle (folder or zip), the folder of a run, or an experiment, whose best system on dev is taken; device:
    auto, cpu, cuda or cuda:<n>; calibrated: whether the probabilities of a bundle are, where it has a temperature.
    SerError where it is none of them, is damaged, or needs something that is missing.
    """
    from ser.inference import models
    from ser.inference.system import System

    return System(models.find(Path(model)), device, calibrated=calibrated)


def read_runs(experiment: str | Path) -> "pd.DataFrame":
    """Return one row for every prediction of an experiment's trained runs; see ``ser.evaluation.runs``."""
    from ser.evaluation import runs

    return runs.read_runs(experiment)
