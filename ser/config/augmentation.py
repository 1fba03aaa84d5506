"""Keys of a recipe that change what a network is trained on: masks over its frames, and mixed examples."""

from typing import Literal

from pydantic import Field

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
