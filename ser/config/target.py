"""What the systems of a protocol learn of an utterance: its class, its raters' votes, or values of dimensions."""

from collections.abc import Collection
from typing import Literal, Self

from pydantic import Field, model_validator

from ser.config.entries import Strict
from ser.corpus import DIMENSIONS

Dimension = Literal[DIMENSIONS]  # type: ignore[valid-type]
SELECTIONS = ("dev_ccc", "dev_loss", "last")  # of a protocol with dimensions


class ProtocolTarget(Strict):
    """A protocol's target. Test utterances have a majority, or a value of every dimension, whatever is learned."""

    kind: Literal["majority", "distribution", "several", "dimensions"] = Field(
        "majority",
        description="majority: the class that most raters chose, as the corpus gives it; distribution: the share of "
        "the raters who chose each class; several: every class that enough chose; dimensions: their mean ratings",
    )
    dimensions: tuple[Dimension, ...] = Field(
        (), description="of kind dimensions, which are learned together: valence, activation, dominance"
    )
    votes: Literal["shares", "counts"] = Field(
        "shares",
        description="of kind distribution; shares: each utterance weighs the same; counts: each vote does, as if every "
        "rater's label were an example",
    )
    threshold: float = Field(
        0.3, gt=0, le=1, description="of kind several: a class is a label if this share of the raters chose it"
    )
    without_majority: Literal["leave_out", "train"] = Field(
        "leave_out",
        description="of kinds distribution and several: utterances without a majority; train: they may be in "
        "train, never in dev or test",
    )

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        own = {"dimensions": ("dimensions",), "distribution": ("votes", "without_majority")}
        own["several"] = ("threshold", "without_majority")
        for key in sorted(self.model_fields_set - {"kind", *own.get(self.kind, ())}):
            if getattr(self, key) != type(self).model_fields[key].default:
                raise ValueError(f"{key} does not belong to target.kind '{self.kind}'")
        if self.kind == "dimensions" and not self.dimensions:
            raise ValueError(f"target.dimensions must name one of {', '.join(DIMENSIONS)}")
        if len(set(self.dimensions)) < len(self.dimensions):
            raise ValueError("target.dimensions names one twice")
        return self


MAJORITY = ProtocolTarget()


def check_fit(target: ProtocolTarget, labels: Collection[str], selection: str, *, curves: bool) -> None:
    """Raise ValueError where a protocol's labels, selection or curves do not fit its target."""
    if target.kind != "dimensions":
        if not labels:
            raise ValueError("labels must map each class to its emotions, or be 'all'")
        if selection == "dev_ccc":
            raise ValueError("selection dev_ccc needs target.kind 'dimensions'")
        return
    if labels:
        raise ValueError("labels do not belong to target.kind 'dimensions', which has no classes; set labels to {}")
    if selection not in SELECTIONS:
        raise ValueError(f"target.kind 'dimensions' needs selection {', '.join(SELECTIONS[:-1])} or {SELECTIONS[-1]}")
    if curves:
        raise ValueError("curves do not belong to target.kind 'dimensions'")
