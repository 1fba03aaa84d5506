"""A recipe: what a system reads, its model, and how it is trained."""

from typing import Annotated, Literal

from pydantic import Field

from ser import catalog
from ser.config.augmentation import Augmentation, Mixup, SpecAugment
from ser.config.entries import Entry, Names, Options, Strict, added


class Segments(Strict):
    """Cut an utterance into segments of equal length; its answer is the average over its segments."""

    frames: int = Field(ge=1, description="frames of a segment; a shorter utterance is zero-padded to it")
    train_hop: int = Field(ge=1, description="frames between the starts of two training segments")
    test_hop: int = Field(ge=1, description="frames between the starts of two dev or test segments")
    tail: int = added(
        1,
        ge=1,
        description="new frames, at least, of a last segment that ends with the utterance; fewer are not read",
    )
    average: Literal["softmax", "logits"] = added(
        "softmax",
        description="softmax: mean of the segments' probabilities; logits: softmax of the mean of their logits",
    )


class View(Strict):
    """How a system reads a feature. The steps are applied in the order of the keys."""

    feature: str
    floor_db: float | None = added(
        None,
        gt=0,
        description="raise magnitudes more than N dB (20·log10) below the utterance's largest, over all its frames, to "
        "that level; needs scale: log",
    )
    scale: Literal["none", "log"] = Field("none", description="log: natural logarithm of value + 1e-8")
    normalise: Literal["none", "utterance", "utterance_global", "statistics"] = Field(
        "none",
        description="utterance: mean 0, sd 1 per dimension over the utterance's frames; utterance_global: one mean and "
        "sd per utterance; statistics: per dimension, fitted on the protocol's normalisation scope",
    )
    limit: int | None = Field(None, ge=1, description="keep at most the first N frames")
    length: int | None = Field(None, ge=1, description="keep the first N frames, zero-pad shorter utterances to N")
    segments: Segments | None = None
    compand: Literal["none", "minmax_mulaw", "max_mulaw", "literal_mulaw"] = Field(
        "none",
        description="per segment or utterance: map to [-1, 1] by minimum and maximum (minmax), by the maximum to "
        "[0, 1] (max), or 2·x/max − 1 (literal), then sgn(x)·ln(1+255|x|)/ln 256",
    )


class Words(Strict):
    """How a system reads a transcript: as words, each with a vector that is trained with the model."""

    transcript: str = Field("given", description="name under transcripts; given: the corpus's own")
    limit: int | None = Field(None, ge=1, description="keep at most the first N words")
    length: int | None = Field(None, ge=1, description="keep the first N words, pad shorter transcripts to N")
    minimum: int = Field(1, ge=1, description="a word with fewer occurrences in train is not one of train's")
    embedding: str | None = Field(None, description="initial vectors, a name under embeddings; null: from scratch")
    vocabulary: Literal["all", "train"] = added(
        "all",
        description="known words; all: those of train, and of dev and test those that the embedding has; train: those "
        "of train only",
    )
    dims: int = Field(300, ge=1, description="size of a word vector")


class Inputs(Strict):
    """The modalities of a model: frames, a vector per utterance, words, or several of them."""

    frames: View | None = None
    vector: View | None = None
    words: Words | None = None

    def views(self) -> dict[str, View]:
        """Return the modalities that read a feature, by name."""
        return {name: view for name in ("frames", "vector") if (view := getattr(self, name)) is not None}

    def modalities(self) -> tuple[str, ...]:
        """Return the names of all modalities."""
        return (*self.views(), *(("words",) if self.words is not None else ()))


OPTIMISERS, SCHEDULES = (catalog.choices("ser.training.optimisers", table) for table in ("OPTIMISERS", "SCHEDULES"))
BATCHES = catalog.choices("ser.training.batch_order", "SHARES")
SAMPLINGS = catalog.choices("ser.training.sampling", "SAMPLINGS")
LOSSES, DIMENSION_LOSSES = (catalog.choices("ser.training.losses", name) for name in ("LOSSES", "DIMENSION_LOSSES"))


class Training(Strict):
    """Optimisation of a network, and ``augmentation``; estimators ignore or refuse the other keys."""

    # A later key is ``added``: recipes of earlier runs, and their results, stay valid.
    optimiser: Literal[OPTIMISERS] = "adam"  # type: ignore[valid-type]
    learning_rate: float = Field(1e-3, gt=0)
    momentum: float = Field(0.0, ge=0, lt=1)
    nesterov: bool = False
    beta1: float = Field(0.9, ge=0, lt=1)
    beta2: float = Field(0.999, ge=0, lt=1)
    layer_decay: float = added(
        1.0, gt=0, le=1, description="of layerwise_adamw: factor of the rate from a layer to the one below it"
    )
    weight_decay: float = Field(0.0, ge=0, description="an L2 term in the gradient; of adamw decoupled from it")
    decay: Literal["all", "weights"] = Field("all", description="weights: not on biases and normalisation layers")
    batch: int = Field(32, ge=1, description="utterances, or segments where the view cuts them")
    batches: Literal[BATCHES] | None = added(  # type: ignore[valid-type]
        None,
        description="random; similar: utterances of similar length share a batch, within an eighth of an epoch; "
        "sorted: within a whole epoch; null: random where the view fixes the length, else similar",
    )
    epochs: int = Field(50, ge=1)
    steps: int | None = Field(None, ge=1, description="stop after N optimiser steps, whatever the epoch")
    patience: int | None = Field(None, ge=1, description="stop after N epochs without a better dev score")
    patience_steps: int | None = added(
        None, ge=1, description="the same in steps; with patience, stop when both have passed"
    )
    milestones: tuple[Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)], ...] = Field(
        (),
        description="epochs before which the learning rate is divided by ten; below 1: shares of the training's steps",
    )
    epoch_factor: float = added(
        1.0,
        gt=0,
        le=1,
        description="what the learning rate is multiplied by after each epoch",
    )
    warmup: int = added(0, ge=0, description="steps over which the learning rate rises linearly")
    schedule: Literal[SCHEDULES] | None = added(  # type: ignore[valid-type]
        None,
        description="how the learning rate falls to 0: cosine, from the end of warmup on; last_quarter, linearly over "
        "the last quarter of the steps",
    )
    batch_norm: Literal["running", "train"] = added(
        "running",
        description="statistics for scoring: the running ones, or those of the train part under the epoch's weights",
    )
    precision: Literal["auto", "float32", "bfloat16"] = added(
        "auto",
        description="arithmetic of training steps; auto: bfloat16 where the device computes in it, else float32",
    )
    clip_norm: float | None = Field(None, gt=0, description="largest gradient norm")
    clip_value: float | None = Field(None, gt=0, description="largest absolute value of a gradient element")
    class_weights: Literal["none", "balanced"] = "none"
    sampling: Literal[SAMPLINGS] | None = added(  # type: ignore[valid-type]
        None,
        description="examples of an epoch; balanced: equally many of every class, together as many as train has, "
        "rounded up; rare ones are repeated, frequent ones drawn anew in each epoch; null: each once",
    )
    loss: Literal[(*LOSSES, *DIMENSION_LOSSES)] | None = added(  # type: ignore[valid-type]
        None,
        description="focal: −(1 − p)^gamma ln p (Lin et al. 2017); logit_adjusted: cross-entropy of logits plus tau "
        "times the logarithm of their class's share of train (Menon et al. 2021); ccc: 1 − CCC of a batch (Lin 1989), "
        "mse: mean square, both of dimensions; null: cross-entropy, or the model's own, of dimensions ccc",
    )
    gamma: float = added(2.0, ge=0, allow_inf_nan=False, description="of focal: 0 is cross-entropy")
    tau: float = added(
        1.0,
        ge=0,
        allow_inf_nan=False,
        description="of logit_adjusted: 0 is cross-entropy; at 1 outputs are as if classes were equally likely",
    )
    augmentation: Augmentation | None = added(None, description="the train part has disturbed copies; null: none")
    spec_augment: SpecAugment | None = added(None, description="of a network that reads frames; null: none")
    mixup: Mixup | None = added(
        None, description="of a network without words and without a loss of its own; null: none"
    )


class Recipe(Entry):
    """One system: inputs, model, options and training."""

    FOLDER, KEY = "models", "model"

    title: str = ""
    paper: str | None = Field(None, description="paper that describes it, such as cao2019")
    published: dict[str, Names] = Field(
        default_factory=dict, description="paper: its name, or names, in that paper's results"
    )
    model: str = Field(description="module in ser/models")
    options: Options = Field(default_factory=dict, description="keyword arguments of the model's build()")
    inputs: Inputs
    training: Training = Training()
    defaults: dict[str, str] = Field(
        default_factory=dict, description="key: reason for our default, where the paper gives no value"
    )
