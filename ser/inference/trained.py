"""What is left of a training: everything that its answers for new recordings depend on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from ser.bounds import Channel
from ser.config.entries import Options
from ser.config.extractors import transcript
from ser.config.options import local_files, with_options
from ser.config.recipe import Recipe
from ser.config.schema import Feature, Protocol, Transcript
from ser.errors import SerError, unknown
from ser.inference.none_rule import Limits
from ser.inference.stated import Assessment, Calibration, CrossValidation, Part

FORMAT = (1, 1)  # of a bundle: a reader refuses another first number; a higher second one only adds keys
MINIMUM_SECONDS = 0.2  # the default of a corpus


class FeatureChain(Part):
    """How a feature is computed from a signal. files: option, and the file in the bundle that is its value."""

    extractor: str
    options: Options = Field(default_factory=dict)
    dims: int
    dtype: str
    hop: float | None
    versions: dict[str, str] = Field(default_factory=dict)
    provenance: str = ""
    files: dict[str, str] = Field(default_factory=dict)

    def feature(self, own: Mapping[str, str] | None = None) -> Feature:
        """Return the entry of the configuration; own: options whose value is a file of the bundle."""
        return Feature(extractor=self.extractor, options=self.options | dict(own or {}))


class AudioSettings(Part):
    """What the corpus's keys made of a recording before its features were extracted."""

    channel: Channel = "mix"
    trim: Literal["none", "speech", "voice"] = "none"
    minimum_seconds: float = MINIMUM_SECONDS


class Contents(Part):
    """The file ``bundle.json``. recipe, protocol: only what decides a result; about: facts for the card.

    members: of a corpus that joins others; estimate, assessment, calibration, limits: of a bundle, where they could be
    made; a run has none.
    """

    format: tuple[int, int] = FORMAT
    ser: str
    run: dict[str, str | int]
    recipe: Recipe
    protocol: Protocol
    classes: tuple[str, ...] = Field(min_length=2)
    vocabulary: tuple[str, ...] = ()
    features: dict[str, FeatureChain]
    transcript: Transcript | None = None
    audio: AudioSettings = AudioSettings()
    versions: dict[str, str | None] = Field(default_factory=dict)
    members: tuple[str, ...] = ()
    about: dict[str, Any] = Field(default_factory=dict)
    estimate: CrossValidation | None = None
    assessment: Assessment | None = None
    calibration: Calibration | None = None
    limits: Limits | None = None
    checksums: dict[str, str] = Field(default_factory=dict, description="file: SHA-256")


@dataclass(frozen=True)
class Trained:
    """A trained system.

    where: for messages; files: by the names in ``contents``; alone: whether it may read no other file, as a bundle;
    kept: what must outlive it.
    """

    where: str
    contents: Contents
    weights: Path
    files: Mapping[str, Path] = field(default_factory=dict)
    alone: bool = False
    kept: object = None

    @property
    def name(self) -> str:
        """Return the name of the system."""
        return str(self.contents.run["system"])

    @property
    def reads_words(self) -> bool:
        """Return whether the system reads the words of a transcript."""
        return self.contents.recipe.inputs.words is not None

    @property
    def reads_text(self) -> bool:
        """Return whether the system reads a transcript, as words or by a feature."""
        chains = self.contents.features.values()
        return self.reads_words or any(transcript(chain.feature()) is not None for chain in chains)

    @property
    def needs_text(self) -> bool:
        """Return whether every utterance must come with its text, because the system learned given transcripts."""
        source = self.contents.transcript
        return self.reads_text and (source is None or source.recogniser is None)

    @property
    def by_speaker(self) -> bool:
        """Return whether a speaker's own recordings give the statistics of a view."""
        views = self.contents.recipe.inputs.views().values()
        return self.contents.protocol.normalisation == "speaker" and any(
            view.normalise == "statistics" for view in views
        )

    def recipe(self) -> Recipe:
        """Return the recipe, its options converted; SerError if its model or an option does not exist here."""
        return with_options(self.contents.recipe, f"{self.where}: the recipe of {self.name}")

    def features(self) -> dict[str, Feature]:
        """Return every feature that the recipe reads, by name, its options converted and with the bundle's files.

        SerError if an extractor or an option does not exist here, or if an option of a bundle names a file that the
        bundle does not have.
        """
        found = {}
        for view in self.contents.recipe.inputs.views().values():
            name = view.feature
            if name not in self.contents.features:
                raise unknown(f"feature in {self.where}", name, self.contents.features)
            chain = self.contents.features[name]
            own = {option: str(self.files[file]) for option, file in chain.files.items()}
            where = f"{self.where}: feature {name}"
            entry = with_options(chain.feature(own), where)
            foreign = {path.absolute() for path in local_files(entry)} - {
                Path(file).absolute() for file in own.values()
            }
            if self.alone and foreign:
                raise SerError(f"{where} reads {min(foreign)}, a file that is not part of a bundle.")
            found[name] = entry
        return found
