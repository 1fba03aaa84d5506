"""Which targets a model can learn, and which options of a recipe have no meaning for them, checked before any job."""

from ser import catalog
from ser.config.imbalance import has_own_loss
from ser.config.recipe import DIMENSION_LOSSES, Recipe
from ser.config.schema import Config
from ser.errors import SerError, offenders

EVERY = ("majority", "distribution", "several", "dimensions")  # kinds of target
NOT_USED = ("several", "dimensions")  # by systems on other recordings than those of the experiment


def learns(model: str) -> tuple[str, ...]:
    """Return the kinds of target that ``ser.models.<model>`` learns: its ``LEARNS``, or those of its kind.

    A network learns every one, unless it has a loss of its own, which is one of labels.
    """
    stated = catalog.constant("models", model, "LEARNS")
    if isinstance(stated, tuple):
        return stated
    free = catalog.model_kind(model) == "network" and not has_own_loss(model)
    return EVERY if free else EVERY[:1]


def check_learning(config: Config) -> None:
    """Raise SerError for a system of the runs that cannot learn the target of its protocol, or not with its options."""
    for number, block in enumerate(config.experiment.runs):
        for protocol in block.protocols:
            kind = config.protocols[protocol].target.kind
            for system in block.systems:
                recipe = config.systems[system]
                known = learns(recipe.model)
                if kind not in known:
                    raise SerError(
                        f"experiment.runs[{number}]: protocol '{protocol}' has target.kind '{kind}', which the model "
                        f"'{recipe.model}' of system '{system}' does not learn; it learns {offenders(known)}."
                    )
                named = f"protocol '{protocol}' of target.kind '{kind}'"
                _check_options(recipe, kind, f"systems.{system}.training", named)
                if kind in NOT_USED and config.experiment.robustness is not None:
                    raise SerError(f"experiment.robustness: it is of one class per utterance, not for {named}.")
    for number, use in enumerate(config.experiment.use):
        if (kind := config.protocols[use.protocol].target.kind) in NOT_USED:
            raise SerError(f"experiment.use[{number}]: it is of one class per utterance, not of target.kind '{kind}'.")


def _check_options(recipe: Recipe, kind: str, where: str, protocol: str) -> None:
    """Raise SerError for an option that is of labels, or of dimensions, under the other kind of target."""
    training = recipe.training
    if training.loss is not None and (training.loss in DIMENSION_LOSSES) != (kind == "dimensions"):
        raise SerError(f"{where}.loss: '{training.loss}' does not fit {protocol}.")
    of_labels = {"loss": training.loss is not None and kind != "dimensions", "sampling": training.sampling is not None}
    of_labels["class_weights"] = training.class_weights != "none" and kind == "dimensions"
    if kind != "majority" and (set_ones := [key for key, is_set in of_labels.items() if is_set]):
        raise SerError(f"{where}.{set_ones[0]}: it is of one label per utterance, which {protocol} does not have.")
