"""The job of stage ``train``, which a plan reads without torch."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ser.config.entries import DECISIVE
from ser.config.recipe import Recipe
from ser.config.schema import FOLD_DATA
from ser.jobs.job import File, GpuJob, Threads
from ser.layout import Run


class TrainJob(GpuJob):
    """One run: a system, protocol, corpus, seed and fold."""

    corpus: str = Field(description="Name of the corpus.")
    protocol: str = Field(description="Name of the protocol.")
    system: str = Field(description="Name of the system.")
    seed: int = Field(description="Seed of weights and batches.")
    fold: int = Field(description="Fold to train and test.")
    recipe: Annotated[Recipe, DECISIVE] = Field(description="The system's recipe.")
    features: dict[str, Path] = Field(description="Folder of shards by feature.")
    transcripts: Path | None = Field(None, description="Folder of transcripts, for a recipe that reads words.")
    embedding: Path | None = Field(None, description="Word vectors to start from, for a recipe that reads words.")
    shards: int | None = Field(None, description="Shards of each feature and transcript; without it, all there are.")
    folds: File = Field(description="Fold table of the protocol; its notes hold the protocol.")
    fold_data: Literal["auto", "memory", "mapped"] = Field("auto", exclude=True, description=FOLD_DATA)
    memory: int | None = Field(None, ge=1, exclude=True, description="MB that the scheduler granted; none: unknown.")
    threads: Threads = Field(1, description="CPU threads of the numerical libraries.")
    code: str = Field(
        "",
        exclude=True,
        description="Hash of the code that decides the outcome; computed if not given.",
    )
    out: File = Field(description="Folder of the run, to write.")

    @property
    def run(self) -> Run:
        """Which run it is."""
        return Run(self.corpus, self.protocol, self.system, self.seed, self.fold)
