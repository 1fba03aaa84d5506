"""Stage ``train``: one system, seed and fold; fit on train, select on dev, predict test."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from ser.config.schema import DECISIVE, Recipe
from ser.jobs.job import File, GpuJob, Threads
from ser.layout import Run
from ser.provenance.code_hash import code_hash, expect, training_options


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
    shards: int | None = Field(None, description="Shards of each feature and transcript; default: all in its folder.")
    folds: File = Field(description="Fold table of the protocol; its notes hold the protocol.")
    threads: Threads = Field(1, description="CPU threads of the numerical libraries.")
    code: str = Field(
        "", exclude=True, description="Hash of the code that decides the outcome, kept in run.json; default: computed."
    )
    out: File = Field(description="Folder of the run, to write.")

    @property
    def run(self) -> Run:
        """Which run it is."""
        return Run(self.corpus, self.protocol, self.system, self.seed, self.fold)


def train(job: TrainJob) -> None:
    """Train one system on one fold with one seed, predict its test part.

    Writes history, weights, predictions, attention and, last, run.json. A run that was killed continues from its
    checkpoint. SerError for folds, features or recipes that do not fit together, and for a loss that is not finite.
    """
    from ser.stages._fold_training import train_fold  # torch: seconds that a plan, which needs TrainJob alone, saves

    model, options = f"ser.models.{job.recipe.model}", training_options(job.recipe)
    expect(job.code, "train", model, options=options)
    train_fold(job if job.code else job.model_copy(update={"code": code_hash("train", model, options=options)}))
