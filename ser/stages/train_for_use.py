"""Stage ``train_for_use``: one system and seed on all speakers but those of dev, for new recordings."""

from pydantic import Field

from ser.layout import FOR_USE
from ser.provenance.code_hash import code_hash, expect, training_options
from ser.stages._train_job import TrainJob

__all__ = ["TrainForUseJob", "train_for_use"]


class TrainForUseJob(TrainJob):
    """One run for use: a system, protocol, corpus and seed."""

    fold: int = Field(FOR_USE, ge=FOR_USE, le=FOR_USE, description="-1: all folds together.")


def train_for_use(job: TrainForUseJob) -> None:
    """Train one system on all speakers but those of dev with one seed, predict its dev part.

    Writes history, weights, the dev part's predictions and, last, run.json. There is no test part: the cross-validation
    of the same protocol estimates the system. SerError as in the train stage, and where the protocol gives no dev
    speakers.
    """
    from ser.stages._use_training import train  # torch: seconds that a plan saves

    model, options = f"ser.models.{job.recipe.model}", training_options(job.recipe)
    expect(job.code, "train_for_use", model, options=options)
    code = job.code or code_hash("train_for_use", model, options=options)
    train(job.model_copy(update={"code": code}))
