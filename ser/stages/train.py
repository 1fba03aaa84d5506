"""Stage ``train``: one system, seed and fold; fit on train, select on dev, predict test."""

from ser.provenance.code_hash import code_hash, expect, training_options
from ser.stages._train_job import TrainJob

__all__ = ["TrainJob", "train"]


def train(job: TrainJob) -> None:
    """Train one system on one fold with one seed, predict its test part.

    Writes history, weights, predictions, attention and, last, run.json. A run that was killed continues from its
    checkpoint. SerError for folds, features or recipes that do not fit together, and for a loss that is not finite.
    """
    from ser.stages._fold_training import train_fold  # torch: seconds that a plan saves

    model, options = f"ser.models.{job.recipe.model}", training_options(job.recipe)
    expect(job.code, "train", model, options=options)
    train_fold(job if job.code else job.model_copy(update={"code": code_hash("train", model, options=options)}))
