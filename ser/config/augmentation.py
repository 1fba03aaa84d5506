"""Keys of a recipe that change what is trained on: disturbed copies, masks over frames, and mixed examples."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt

from ser.config.entries import Strict


class SpecAugment(Strict):
    """Masks over the frames of train batches, drawn for every example in every epoch (Park et al. 2019)."""

    # A later key is ``added``: recipes of earlier runs, and their results, stay valid.
    frequency_masks: int = Field(1, ge=0, description="masks over dimensions; each is over all frames")
    frequency_width: int = Field(0, ge=0, description="most dimensions of such a mask (F); fewer than the feature has")
    time_masks: int = Field(1, ge=0, description="masks over frames; each is over all dimensions")
    time_width: int = Field(0, ge=0, description="most frames of such a mask (T); fewer than the view fixes")
    time_share: float = Field(
        0.2, gt=0, le=1, description="most of an example that one mask over frames covers, whatever its width (p)"
    )
    fill: Literal["zero", "mean"] = Field(
        "zero",
        description="value of what is masked; mean: that of the example, which is near zero where the view normalises",
    )


class Mixup(Strict):
    """Examples of train batches are mixed in pairs, and so are their losses (Zhang et al. 2018)."""

    alpha: float = Field(
        0.2,
        gt=0,
        allow_inf_nan=False,
        description="of Beta(alpha, alpha), from which the share of the first of a pair is drawn for each batch",
    )


class Augmentation(Strict):
    """Disturbed copies of every utterance of the train part, one per strength; dev and test stay as they are."""

    conditions: dict[str, Annotated[tuple[float, ...], Field(min_length=1)]] = Field(
        min_length=1, description="module in ser/conditions: strengths"
    )
    seed: NonNegativeInt = Field(0, description="of all that is drawn, such as noise")

    def __str__(self) -> str:
        """Return conditions and strengths in words, such as "white_noise 20, 10; gain −6"."""
        texts = {name: ", ".join(f"{one:g}" for one in strengths) for name, strengths in self.conditions.items()}
        return "; ".join(f"{name} {text}" for name, text in texts.items()).replace("-", "−")
