"""The job of stage ``train``, which a plan reads without torch."""

from pathlib import Path

from pydantic import Field

from ser.config.schema import Decisive, Recipe
from ser.jobs.job import File, GpuJob, Threads
from ser.layout import Run


class TrainJob(GpuJob):
    """One run: a system, protocol, corpus, seed and fold."""

    corpus: str
    """Name of the corpus."""
    protocol: str
    """Name of the protocol."""
    system: str
    """Name of the system."""
    seed: int
    """Seed of weights and batches."""
    fold: int
    """Fold to train and test."""
    recipe: Decisive[Recipe]
    """The system's recipe."""
    features: dict[str, Path]
    """Folder of shards by feature."""
    transcripts: Path | None = None
    """Folder of transcripts, for a recipe that reads words."""
    embedding: Path | None = None
    """Word vectors to start from, for a recipe that reads words."""
    shards: int | None = None
    """Shards of each feature and transcript; all in its folder if not given."""
    folds: File
    """Fold table of the protocol; its notes hold the protocol."""
    threads: Threads = 1
    """CPU threads of the numerical libraries."""
    code: str = Field("", exclude=True)
    """Hash of the code that decides the outcome, kept in run.json; computed if not given."""
    out: File
    """Folder of the run, to write."""

    @property
    def run(self) -> Run:
        """Which run it is."""
        return Run(self.corpus, self.protocol, self.system, self.seed, self.fold)
