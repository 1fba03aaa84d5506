"""Score the answers of another system on the test part of a fold."""

from ser.jobs import tracking
from ser.training.epoch_selection import Epoch
from ser.training.fold_data import FoldData
from ser.training.task import Outcome, TrainingTask


def answer(task: TrainingTask, data: FoldData) -> Outcome:
    """Return the answers for the test part; nothing is trained, and the history has one epoch without scores."""
    fold, module = data.fold, task.module
    rows = fold.rows("test")
    utterances, truth = [fold.utterances[row] for row in rows], [fold.classes[k] for k in fold.labels[rows]]
    tracking.start([])
    answers = module.build(fold.classes, **task.recipe.options).answers(utterances, truth, task.seed)
    history = [Epoch(epoch=1, step=1, seconds=0.0)]
    return Outcome(answers.probabilities, history, {}, parameters=0, best_epoch=1, resumes=0, notes=answers.notes)
