"""The keys of the configuration, their types, ranges and defaults. The Snakefile imports it for every job."""

import hashlib
import json
from operator import not_
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, NonNegativeInt, PlainSerializer

from ser import catalog

DECISIVE = PlainSerializer(lambda entry: json.loads(entry.decisive()))  # in a job: an entry without titles and remarks
Options = dict[str, Any]
Names = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]
Allowance = Literal["subset", "unlabelled-audio", "missing-audio", "unreadable", "silent", "short"]

# What train shares with test. speaker: the same people; session: the same recording session, often the test speaker's
# partner; dialog: the same conversation; text: the same scripted sentences; dev speaker: dev speakers are also in
# train, so that the epoch is selected for known voices; test selection: the epoch is selected on the test part; audio:
# copies of one recording in two parts; normalisation: statistics are fitted on more than the train part.
Leak = Literal["speaker", "session", "dialog", "text", "dev speaker", "test selection", "audio", "normalisation"]


class Strict(BaseModel):
    """A frozen record in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def canonical(self, exclude: set[str] | None = None) -> str:
        """Return the record as JSON with sorted keys, without the ``exclude`` fields: equal records give equal text."""
        return json.dumps(self.model_dump(mode="json", exclude=exclude), sort_keys=True, separators=(",", ":"))


class Entry(Strict):
    """An entry that names a module of ``ser/<FOLDER>`` in its key ``KEY`` and has options for it."""

    FOLDER: ClassVar[str]
    KEY: ClassVar[str]

    @property
    def module(self) -> str:
        """Return the module's name."""
        return str(getattr(self, self.KEY))

    def load(self) -> ModuleType:
        """Import the module; SerError with the near miss if there is none."""
        return catalog.load(self.FOLDER, self.module)

    def decisive(self) -> str:
        """Return everything that affects a result (no titles, no remarks) as canonical JSON."""
        return self.canonical(exclude={"title", "paper", "published", "defaults"})


class Corpus(Entry):
    """Where a corpus is, and which of its faults are accepted."""

    FOLDER, KEY = "corpora", "adapter"

    adapter: str = Field(description="module in ser/corpora; default: the corpus's own name")
    root: str | None = Field(None, description="folder of an unpacked release")
    archive: str | None = Field(
        None, description="path or URL of an archive, unpacked to data/raw/<corpus>; secrets as ${SER_…}"
    )
    allow: tuple[Allowance, ...] = Field((), description="accepted faults: such utterances are left out and listed")
    exclude: tuple[str, ...] = Field((), description="ids of utterances to leave out")
    minimum_seconds: float = Field(0.2, gt=0, description="shorter audio is an error")
    shard_size: int = Field(500, ge=1, description="utterances per audio and feature shard")
    options: Options = Field(default_factory=dict, description="keyword arguments of the adapter")

    @property
    def folder(self) -> Path | None:
        """Return the root with ``~`` expanded."""
        return None if self.root is None else Path(self.root).expanduser()


class Feature(Entry):
    """A named feature: an extractor and its arguments."""

    FOLDER, KEY = "features", "extractor"

    title: str = Field("", description="one line for lists; default: the extractor's")
    extractor: str = Field(description="module in ser/features; default: the feature's own name")
    options: Options = Field(default_factory=dict, description="keyword arguments of its extract()")


class Transcript(Entry):
    """The words of every utterance: given by the corpus, or from a recogniser."""

    FOLDER, KEY = "recognisers", "recogniser"

    recogniser: str | None = Field(None, description="module in ser/recognisers; null: the corpus's own transcript")
    options: Options = Field(default_factory=dict, description="keyword arguments of its load()")


class Embedding(Strict):
    """Pretrained word vectors, such as GloVe's."""

    source: str | None = Field(
        None, description="text file, or zip with one, or the URL of either; null: vectors are trained from scratch"
    )
    checksum: str | None = Field(
        None, pattern="^[0-9A-Fa-f]{64}$", description="SHA-256 of the file, 64 hexadecimal digits"
    )


class Protocol(Entry):
    """Label map, subset, grouping into folds, normalisation scope and selection rule."""

    FOLDER, KEY = "protocols", "rule"

    title: str = Field("", description="one line for tables")
    paper: str | None = Field(None, description="paper that uses this protocol; null: a comparison protocol")
    rule: str = Field(description="module in ser/protocols")
    options: Options = Field(default_factory=dict, description="keyword arguments of the rule")
    labels: dict[str, tuple[str, ...]] | Literal["all"] = Field(
        description="class: its emotions; all: one class per emotion of the corpus"
    )
    subset: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="manifest column: accepted values")
    normalisation: Literal["train", "speaker"] = Field("train", description="scope of 'statistics' views")
    selection: Literal["dev_ua", "dev_wa", "dev_loss", "last"] = Field("dev_ua", description="which epoch is kept")
    curves: bool = Field(False, description="score test after every epoch; never used for model selection")
    leaks: tuple[Leak, ...] = Field((), description="what train shares with test by design of the protocol")

    def digest(self) -> str:
        """Return 12 hexadecimal digits over everything that affects a result."""
        return hashlib.blake2b(self.decisive().encode(), digest_size=6).hexdigest()


class Segments(Strict):
    """Cut an utterance into segments of equal length; its probabilities are the mean over its segments."""

    frames: int = Field(ge=1, description="frames of a segment; a shorter utterance is zero-padded to it")
    train_hop: int = Field(ge=1, description="frames between the starts of two training segments")
    test_hop: int = Field(ge=1, description="frames between the starts of two dev or test segments")


class View(Strict):
    """How a system reads a feature. The steps are applied in the order of the keys."""

    feature: str
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
    minimum: int = Field(1, ge=1, description="a word with fewer occurrences in train counts as unknown")
    embedding: str | None = Field(None, description="initial vectors, a name under embeddings; null: from scratch")
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
METRICS = catalog.choices("ser.metrics", "METRICS")
Metrics = Annotated[tuple[Literal[METRICS], ...], AfterValidator(lambda names: tuple(dict.fromkeys(names)))]  # type: ignore[valid-type]


class Training(Strict):
    """Optimisation of a network; scikit-learn estimators ignore it."""

    # A later key needs exclude_if for its default: recipes of earlier runs, and their results, stay valid.
    optimiser: Literal[OPTIMISERS] = "adam"  # type: ignore[valid-type]
    learning_rate: float = Field(1e-3, gt=0)
    momentum: float = Field(0.0, ge=0, lt=1)
    nesterov: bool = False
    beta1: float = Field(0.9, ge=0, lt=1)
    beta2: float = Field(0.999, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0, description="an L2 term in the gradient; of adamw decoupled from it")
    decay: Literal["all", "weights"] = Field("all", description="weights: not on biases and normalisation layers")
    batch: int = Field(32, ge=1, description="utterances, or segments where the view cuts them")
    epochs: int = Field(50, ge=1)
    steps: int | None = Field(None, ge=1, description="stop after N optimiser steps, whatever the epoch")
    patience: int | None = Field(None, ge=1, description="stop after N epochs without a better dev score")
    milestones: tuple[int, ...] = Field((), description="epochs before which the learning rate is divided by ten")
    warmup: int = Field(0, ge=0, exclude_if=not_, description="steps over which the learning rate rises linearly")
    schedule: Literal[SCHEDULES] | None = Field(  # type: ignore[valid-type]
        None, exclude_if=not_, description="cosine: the learning rate falls to 0 after warmup"
    )
    clip_norm: float | None = Field(None, gt=0, description="largest gradient norm")
    clip_value: float | None = Field(None, gt=0, description="largest absolute value of a gradient element")
    class_weights: Literal["none", "balanced"] = "none"


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


class Block(Strict):
    """A product of corpora, protocols, systems and seeds; an experiment is the union of its blocks."""

    corpora: tuple[str, ...] = Field(min_length=1)
    protocols: tuple[str, ...] = Field(min_length=1)
    systems: tuple[str, ...] = Field(min_length=1)
    variant: str | None = Field(None, description="name under experiment.variants, for every system of the block")
    seeds: tuple[NonNegativeInt, ...] = Field((0,), min_length=1)
    folds: tuple[NonNegativeInt, ...] | None = Field(None, min_length=1, description="only these folds; null: all")


class Sweep(Strict):
    """A figure over systems that differ in one setting."""

    title: str = ""
    axis: str = Field(description="name of the setting, with its unit")
    systems: dict[float, str] = Field(min_length=1, description="value of the setting: system")


class Experiment(Strict):
    """A set of runs that are trained, scored and reported together."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="folder in results/")
    title: str = ""
    note: str = Field("", description="a remark in the head of the report")
    variants: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="name: keys of training; a block with this variant trains <system>-<variant> with these values",
    )
    runs: tuple[Block, ...] = Field(min_length=1)
    metrics: Metrics = Field(("WA", "UA"), min_length=1, description="entries of METRICS in ser/metrics.py")
    sweeps: dict[str, Sweep] = Field(default_factory=dict, description="figures over systems of the runs, by file name")
    utterance: str | None = Field(
        None, description="utterance of the attention figure; null: the first that most systems of a protocol have"
    )
    words: bool = Field(
        False,
        description="print reference transcripts and recognised words next to mistakes in the report; false: ids only",
    )

    def selected(self, section: Literal["corpora", "protocols", "systems"]) -> list[str]:
        """Return the names that the blocks select of a section, each once, in order."""
        return list(dict.fromkeys(name for block in self.runs for name in getattr(block, section)))


class Devices(Strict):
    """How jobs share the GPUs of a machine. It affects no result: a change reruns nothing."""

    jobs_per_gpu: int = Field(1, ge=1, description="jobs that may compute on one GPU at a time")


class Config(Strict):
    """The whole configuration, with every ``base`` resolved."""

    experiment: Experiment
    corpora: dict[str, Corpus]
    features: dict[str, Feature]
    transcripts: dict[str, Transcript]
    embeddings: dict[str, Embedding]
    protocols: dict[str, Protocol]
    systems: dict[str, Recipe]
    origins: dict[str, dict[str, str | None]] = Field(
        default_factory=dict, description="section: entry that is not shipped: shipped entry that it is based on"
    )
    devices: Devices = Devices()
