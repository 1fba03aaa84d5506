"""The keys of the configuration, their types, ranges and defaults. The Snakefile imports it for every job."""

import hashlib
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, NonNegativeInt, model_validator

from ser import catalog
from ser.bounds import Channel
from ser.config.entries import Entry, Options, Strict, added, with_maps
from ser.config.metric_names import METRICS, Metrics
from ser.config.recipe import Recipe
from ser.config.target import MAJORITY, ProtocolTarget, check_fit
from ser.input_checks import ALLOWANCES

Allowance = Literal[ALLOWANCES]  # type: ignore[valid-type]

# What train shares with test. speaker: the same people; session: the same recording session, often the test speaker's
# partner; dialog: the same conversation; text: the same scripted sentences; dev speaker: dev speakers are also in
# train, so that the epoch is selected for known voices; test selection: the epoch is selected on the test part; audio:
# one recording, or a part of it, in two parts; normalisation: statistics are fitted on more than the train part.
Leak = Literal["speaker", "session", "dialog", "text", "dev speaker", "test selection", "audio", "normalisation"]
FOLD_DATA = (
    "where a training keeps a feature of its fold; memory: all of it; mapped: in a file, of which it reads what it "
    "needs; auto: in memory up to half of what the job may use, else mapped"
)
Joins = Annotated[dict[str, dict[str, str]], BeforeValidator(with_maps)]


class Corpus(Entry):
    """Where a corpus is, and which of its faults are accepted; or which other corpora it joins."""

    FOLDER, KEY = "corpora", "adapter"

    adapter: str = Field(description="module in ser/corpora; default: the corpus's own name")
    root: str | None = Field(None, description="folder of an unpacked release")
    archive: str | None = Field(
        None, description="path or URL of an archive, unpacked to data/raw/<corpus>; secrets as ${SER_…}"
    )
    allow: tuple[Allowance, ...] = Field((), description="accepted faults: such utterances are left out and listed")
    exclude: tuple[str, ...] = Field((), description="utterances to leave out: ids, or file:line of a broken row")
    minimum_seconds: float = Field(0.2, gt=0, description="shorter audio is an error")
    trim: Literal["none", "speech", "voice"] = added(
        "none",
        description="speech: cut the silence before and after the speech of each utterance "
        "(ser/audio/speech_bounds.py); voice: also other sounds, by a voice activity detector "
        "(ser/audio/voice_bounds.py)",
    )
    channel: Channel = added(
        "mix",
        description="what is read of several channels: their mean (mix), the first (first, left), the second (right), "
        "or the one with the most power above its own noise (best)",
    )
    shard_size: int = Field(500, ge=1, description="utterances per audio and feature shard")
    options: Options = Field(default_factory=dict, description="keyword arguments of the adapter")
    joins: Joins = added(
        {},
        description="other corpora that this one consists of: a list, or corpus: {its emotion: emotion here}; no other "
        "key goes with it",
    )

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
        {}, description="class: its emotions; all: one class per emotion of the corpus; of dimensions: {}"
    )
    target: ProtocolTarget = added(MAJORITY, description="what is learned of an utterance")
    subset: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="manifest column: accepted values")
    normalisation: Literal["train", "speaker", "corpus"] = Field(
        "train",
        description="scope of 'statistics' views; corpus: each member of a joined corpus, by all its utterances",
    )
    selection: Literal["dev_ua", "dev_wa", "dev_loss", "dev_ccc", "last"] = Field(
        "dev_ua", description="which epoch is kept; dev_ccc: of dimensions, by the mean of their CCC"
    )
    selected_on: Literal["dev", "test"] = added(
        "dev",
        description="part whose scores select an epoch, or an option such as C; test: to measure what the leak "
        "'test selection' is worth, with the same train part",
    )
    curves: bool = Field(False, description="score test after every epoch; never used for model selection")
    leaks: tuple[Leak, ...] = Field((), description="what train shares with test by design of the protocol")
    shipped_leaks: tuple[Leak, ...] | None = added(
        None, description="leaks of the shipped protocol that it starts from; set when the configuration is read"
    )

    @model_validator(mode="after")
    def _fits_its_target(self) -> Self:
        check_fit(self.target, self.labels, self.selection, curves=self.curves)
        return self

    def decisive(self) -> str:
        """Return everything that affects a result as canonical JSON: no title, no remarks, no leaks that were added.

        A leak that is declared changes no fold. The leaks of the shipped protocol stay in, so that digests stay.
        """
        stated = self.leaks if self.shipped_leaks is None else self.shipped_leaks
        return super(Protocol, self.model_copy(update={"leaks": stated, "shipped_leaks": None})).decisive()

    def digest(self) -> str:
        """Return 12 hexadecimal digits over everything that affects a result."""
        return hashlib.blake2b(self.decisive().encode(), digest_size=6).hexdigest()

    def directions(self) -> tuple[tuple[tuple[str, ...], str], ...]:
        """Return the values that each fold trains on, and the one that it tests; none where folds have no names."""
        named = self.rule in catalog.names(self.FOLDER) and hasattr(self.load(), "directions")
        return tuple(self.load().directions(**self.options)) if named else ()

    def fold_name(self, fold: int) -> str:
        """Return ``a + b → c``: what the fold trains on and what it tests; "" where folds have no names."""
        named = self.directions()
        return f"{' + '.join(named[fold][0])} → {named[fold][1]}" if 0 <= fold < len(named) else ""


class Block(Strict):
    """A product of corpora, protocols, systems and seeds; an experiment is the union of its blocks."""

    corpora: tuple[str, ...] = Field(min_length=1)
    protocols: tuple[str, ...] = Field(min_length=1)
    systems: tuple[str, ...] = Field(min_length=1)
    variant: str | None = Field(None, description="name under experiment.variants, for every system of the block")
    seeds: tuple[NonNegativeInt, ...] = Field((0,), min_length=1)
    folds: tuple[NonNegativeInt, ...] | None = Field(None, min_length=1, description="only these folds; null: all")


class Use(Strict):
    """Systems of the runs that are also trained on all speakers but those of dev, for new recordings."""

    corpus: str = Field(description="corpus of the runs")
    protocol: str = Field(description="protocol of the runs: its folds give dev, and its cross-validation the estimate")
    systems: tuple[str, ...] = Field(min_length=1, description="systems of the runs")
    seeds: tuple[NonNegativeInt, ...] = Field((0,), min_length=1)


class Sweep(Strict):
    """A figure over systems that differ in one setting."""

    title: str = ""
    axis: str = Field(description="name of the setting, with its unit")
    systems: dict[float, str] = Field(min_length=1, description="value of the setting: system")


class Contrast(Strict):
    """Two systems of which the first is expected to be better, declared before the difference is measured."""

    better: str = Field(description="system that is expected to be better")
    than: str = Field(description="system that it is compared with")
    than_corpus: str | None = Field(
        None,
        description="corpus on which that one runs: another preparation of the same recordings; null: the same corpus",
    )
    protocol: str | None = Field(None, description="protocol of the first one; null: each under which both run")
    than_protocol: str | None = Field(
        None, description="protocol of the other one, such as one with fewer leaks; null: the same protocol"
    )
    claim: str = Field("", description="who expects it, such as 'Cao 2019, table 2'")

    def other(self, corpus: str, protocol: str) -> tuple[str, str]:
        """Return the corpus and protocol of ``than`` where ``better`` runs on these."""
        return self.than_corpus or corpus, self.than_protocol or protocol


class Robustness(Strict):
    """Conditions under which runs predict their test utterances once more, for the report."""

    conditions: dict[str, tuple[float, ...]] = Field({}, description="module: strengths, mild to strong; []: its own")
    tests: bool = added(False, description="also all conditions of the tests that a system should pass (ser assess)")
    systems: tuple[str, ...] | None = Field(None, min_length=1, description="systems of the runs; null: all")
    seed: NonNegativeInt = Field(0, description="of all that is drawn, such as noise")


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
    metrics: Metrics = Field(("WA", "UA"), min_length=1, description=METRICS)
    sweeps: dict[str, Sweep] = Field(default_factory=dict, description="figures over systems of the runs, by file name")
    contrasts: dict[str, Contrast] = Field(
        default_factory=dict,
        exclude_if=lambda contrasts: not contrasts,
        description="title: two systems of the runs; those under one protocol on one corpus are corrected together",
    )
    use: tuple[Use, ...] = added((), description="what is trained for use besides; these runs have no test part")
    robustness: Robustness | None = added(None, description="what the test utterances are disturbed by; null: nothing")
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

    def ran(self, system: str) -> list[tuple[str, str]]:
        """Return every corpus and protocol on which the blocks run a system, each once, in order."""
        blocks = [block for block in self.runs if system in block.systems]
        return list(dict.fromkeys(setting for block in blocks for setting in product(block.corpora, block.protocols)))

    def settings(self, contrast: Contrast) -> list[tuple[str, str]]:
        """Return every corpus and protocol on which a contrast can be measured: ``better`` is run on them."""
        others, apart = self.ran(contrast.than), contrast.than_corpus or contrast.than_protocol
        return [
            setting
            for setting in self.ran(contrast.better)
            if contrast.protocol in (None, setting[1])
            and (other := contrast.other(*setting)) in others
            and not (apart and other == setting)
        ]


class Devices(Strict):
    """How jobs use the GPUs and the memory of a machine. It affects no result: a change reruns nothing."""

    jobs_per_gpu: int = Field(1, ge=1, description="jobs that may compute on one GPU at a time")
    fold_data: Literal["auto", "memory", "mapped"] = Field("auto", description=FOLD_DATA)


class Tracking(Strict):
    """Where else the epochs of running trainings go. It affects no result: a change reruns nothing."""

    tensorboard: bool | str = Field(
        False, description="write TensorBoard event files: true: to results/tensorboard; or the folder to write to"
    )
    mlflow: str | None = Field(
        None, description="address of an MLflow server, http(s)://…, or of a folder, file:///…; null: none"
    )


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
    tracking: Tracking = Tracking()
