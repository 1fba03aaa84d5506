"""Where the options of a recipe's training apply, checked before any job."""

from collections.abc import Mapping

from ser import catalog
from ser.config.disturbances import check_conditions, check_strengths
from ser.config.extractors import trained, transcript
from ser.config.imbalance import check_imbalance, has_own_loss, named
from ser.config.options import uses_name, with_options
from ser.config.recipe import Recipe, View
from ser.config.schema import Config, Feature
from ser.errors import SerError

CHANGES = ("spec_augment", "mixup")  # keys that change the train batches of a network


def check_training(config: Config, system: str) -> None:
    """Raise SerError for an option of a system's training that its model or its inputs cannot have."""
    recipe, where = config.systems[system], f"systems.{system}"
    check_imbalance(recipe, where)
    kind = catalog.model_kind(recipe.model)
    for key in CHANGES:
        if getattr(recipe.training, key) is not None and kind != "network":
            raise SerError(
                f"{where}.training.{key}: only networks have it; the model '{recipe.model}' is {named(kind)}."
            )
    if recipe.training.augmentation is not None:
        _check_augmentation(recipe, config.features, f"{where}.training.augmentation")
    if recipe.training.mixup is not None:
        _check_mixup(recipe, f"{where}.training.mixup")
    if recipe.training.spec_augment is not None:
        _check_masks(recipe, config.features, f"{where}.training.spec_augment")


def _check_augmentation(recipe: Recipe, features: Mapping[str, Feature], where: str) -> None:
    augmentation = recipe.training.augmentation
    assert augmentation is not None
    if catalog.model_kind(recipe.model) == "external":
        raise SerError(f"{where}: the model '{recipe.model}' is a table of predictions, which is not trained.")
    check_conditions(augmentation.conditions, f"{where}.conditions")
    for name, strengths in augmentation.conditions.items():
        check_strengths(name, strengths, f"{where}.conditions.{name}")
    views = recipe.inputs.views().values()
    read = {view.feature: features[view.feature] for view in views if view.feature in features}
    if vectors := [name for name, feature in read.items() if uses_name(feature)]:
        raise SerError(f"{where}: feature '{vectors[0]}' has vectors of named utterances, and none of disturbed ones.")
    if all(transcript(feature) is not None for feature in read.values()):
        raise SerError(f"{where}: the recipe reads transcripts alone, and copies keep those of their utterances.")


def _check_mixup(recipe: Recipe, where: str) -> None:
    if recipe.inputs.words is not None:
        raise SerError(f"{where}: the recipe reads inputs.words, and two sentences have no mean; leave mixup out.")
    if has_own_loss(recipe.model):
        raise SerError(
            f"{where}: the model '{recipe.model}' has a loss of its own, which mixup does not mix; leave it out."
        )


def _check_masks(recipe: Recipe, features: Mapping[str, Feature], where: str) -> None:
    masks, view = recipe.training.spec_augment, recipe.inputs.frames
    assert masks is not None
    if view is None:
        raise SerError(
            f"{where}: masks are over frames, and the recipe reads {', '.join(recipe.inputs.modalities())} alone."
        )
    if not masks.frequency_masks * masks.frequency_width and not masks.time_masks * masks.time_width:
        raise SerError(f"{where}: it masks nothing; set frequency_width, time_width or both.")
    if masks.frequency_masks and view.feature in features:
        dims = _dims(features[view.feature], f"features.{view.feature}")
        if masks.frequency_width >= dims:
            raise SerError(
                f"{where}.frequency_width: {masks.frequency_width} would hide all {dims} dimensions of "
                f"'{view.feature}'; known: 0 to {dims - 1}."
            )
    length = _length(view)
    if masks.time_masks and length is not None and masks.time_width >= length:
        wide = f"{masks.time_width} would hide all {length} frames of the view"
        raise SerError(f"{where}.time_width: {wide}; known: 0 to {length - 1}.")


def _dims(feature: Feature, where: str) -> int:
    entry = with_options(feature, where, given=trained(feature.extractor))
    return int(entry.load().dims(**entry.options))


def _length(view: View) -> int | None:
    """Return the most frames of an example; None where the view does not limit them."""
    sizes = (view.limit, view.length, view.segments.frames if view.segments else None)
    return min((size for size in sizes if size is not None), default=None)
