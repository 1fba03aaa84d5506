"""What a run needs besides its own folder to be used: settings of its corpus, its recogniser, weights of extractors.

A run holds recipe, protocol, classes, weights, statistics and vocabulary. The rest is in ``data/<corpus>`` of the
project that trained it, and is read from there, so that a run stores nothing twice.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
from safetensors import SafetensorError, safe_open

from ser import catalog, layout
from ser.config import extractors
from ser.config.joins import normalises_by_corpus
from ser.config.options import local_files, with_options
from ser.config.recipe import Inputs, Recipe
from ser.config.schema import Feature, Protocol, Transcript
from ser.errors import SerError
from ser.files import embedded_checksum
from ser.inference import bundle
from ser.inference.trained import MINIMUM_SECONDS, AudioSettings, Contents, FeatureChain, Trained
from ser.layout import Run
from ser.tables import contracts
from ser.version import VERSION

CARD = "run.json"
DEPTH = len(Path(layout.RUN).parts) - 1  # folders from a run's own to the project's


def is_run(folder: Path) -> bool:
    """Return whether ``folder`` is that of a finished run."""
    return (folder / CARD).is_file()


def read(folder: Path, weights: Mapping[str, Path] | None = None) -> Trained:
    """Return the system that the run in ``folder`` trained.

    weights: by feature, the file that its extractor reads, where the configuration named one. SerError where the run is
    unfinished or damaged, or something of ``data/<corpus>`` is missing or not what the run was trained with.
    """
    card = record(folder)
    try:
        run = {name: card[name] for name in Run._fields}
        recipe = _portable(Recipe.model_validate(card["recipe"]))
        if catalog.model_kind(recipe.model) == "external":
            raise SerError(
                f"{folder}: '{run['system']}' is a table of predictions, without answers for other recordings."
            )
        protocol = Protocol.model_validate(card["protocol_record"])
        if protocol.target.dimensions:
            raise SerError(
                f"{folder}: '{run['system']}' estimates {', '.join(protocol.target.dimensions)}; only systems "
                "that tell classes apart can be used on other recordings."
            )
        if protocol.target.kind == "several":
            raise SerError(
                f"{folder}: '{run['system']}' gives an utterance several labels; only systems that give one can be "
                "used on other recordings."
            )
        classes, notes = card["classes"], {name: card["features"][name] for name in _features(recipe)}
        about = {name: card[name] for name in ("code", "commit", "finished", "counts", "folds")}
        about |= {"dev_speakers": card["dev_speakers"]} if "dev_speakers" in card else {}
    except (KeyError, ValueError) as error:
        raise SerError(
            f"{folder / CARD} is not a run card that this version reads ({error!r}); train again."
        ) from error
    vocabulary, names = header(folder)
    _check_statistics(recipe, protocol, names, folder)
    files: dict[str, Path] = {}
    data = project(folder)
    chains = {
        name: _chain(name, noted, data, str(run["corpus"]), weights or {}, files) for name, noted in notes.items()
    }
    contents = Contents(
        ser=VERSION,
        run=run,
        recipe=recipe,
        protocol=protocol,
        classes=tuple(classes),
        vocabulary=vocabulary,
        features=chains,
        transcript=_transcript(recipe.inputs, chains.values(), data, str(run["corpus"])),
        audio=_audio(data / layout.manifest(str(run["corpus"])), folder),
        versions=card.get("versions", {}),
        members=members(data / layout.manifest(str(run["corpus"]))),
        about=about,
    )
    return Trained(str(folder), contents, folder / "model.safetensors", files)


def record(folder: Path) -> dict[str, Any]:
    """Return the content of ``run.json`` in ``folder``; SerError where it is missing or damaged."""
    path = folder / CARD
    if not path.is_file():
        raise SerError(f"{path} does not exist: the run is not trained.")
    embedded_checksum.verify(path)
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise SerError(f"{path} is not JSON ({error}); delete its folder and train again.") from error


def _portable(recipe: Recipe) -> Recipe:
    """Return ``recipe``; of a folder that a network was built from, which no prediction reads, the name alone."""
    model = recipe.options.get("model")
    if model is None or recipe.from_hub:
        return recipe
    return recipe.model_copy(update={"options": {**recipe.options, "model": Path(str(model)).name}})


def project(folder: Path) -> Path:
    """Return the folder that holds the ``results`` and ``data`` of the run in ``folder``."""
    return folder.absolute().parents[DEPTH]


def _features(recipe: Recipe) -> list[str]:
    """Return the features that a recipe reads, each once."""
    return list(dict.fromkeys(view.feature for view in recipe.inputs.views().values()))


def header(folder: Path) -> tuple[tuple[str, ...], set[str]]:
    """Return the words that the model knows, in the order of its table, and the names of its tensors."""
    path = folder / "model.safetensors"
    try:
        embedded_checksum.verify(path)
        with safe_open(path, framework="np") as file:
            header = json.loads((file.metadata() or {})["ser"])
            names = set(file.keys())
    except FileNotFoundError as error:
        raise SerError(f"{path} does not exist; train the run again.") from error
    except (SafetensorError, KeyError, ValueError, OSError) as error:
        raise SerError(f"{path} is not the weights of a run ({error}); train it again.") from error
    return tuple(header["vocabulary"]), names


def _check_statistics(recipe: Recipe, protocol: Protocol, names: set[str], folder: Path) -> None:
    """Raise SerError where a view normalises by a corpus, or by statistics of the train part that the weights lack."""
    if normalises_by_corpus(protocol, recipe.inputs):
        raise SerError(
            f"{folder}: its protocol normalises by the statistics of a corpus, which new recordings do not have; "
            "train under one with 'normalisation: train'."
        )
    for modality, view in recipe.inputs.views().items():
        fitted = view.normalise == "statistics" and protocol.normalisation == "train"
        if fitted and f"statistics.{modality}.mean" not in names:
            raise SerError(
                f"{folder}: its weights lack the statistics of inputs.{modality}; a run of an estimator has none, so "
                "its view must have 'normalise: none'."
            )


def _chain(
    name: str, notes: Mapping[str, str], data: Path, corpus: str, weights: Mapping[str, Path], files: dict[str, Path]
) -> FeatureChain:
    """Return how a feature was computed, and add to ``files`` what its extractor reads."""
    options = json.loads(notes["options"])
    where = f"feature {name} of the run"
    trained = extractors.trained(notes["extractor"])
    for option, rule in trained.items():
        path = weights.get(name, data / layout.trained_weights(corpus, rule))
        options[option] = str(_same(name, option, notes, path.expanduser()))
    entry = with_options(Feature(extractor=notes["extractor"], options=options), where)
    read = {path.absolute() for path in local_files(entry)}
    own = {}
    for option, value in entry.options.items():
        file = Path(value).expanduser().absolute() if isinstance(value, str | Path) else None
        if file is not None and file in read:
            own[option] = f"{name}.{option}{'.safetensors' if file.suffix in bundle.PICKLED else file.suffix}"
            files[own[option]] = file
    module = entry.load()
    return FeatureChain(
        extractor=entry.extractor,
        options={option: value for option, value in options.items() if option not in own},
        dims=module.dims(**entry.options),
        dtype=notes["dtype"],
        hop=json.loads(notes["hop"]),
        versions=json.loads(notes["versions"]),
        provenance=notes["provenance"],
        files=own,
    )


def _same(name: str, option: str, notes: Mapping[str, str], path: Path) -> Path:
    """Return ``path`` if it has the weights that the feature was extracted with, by their provenance."""
    hint = f"name the file with --weights {name}=FILE"
    if not path.is_file():
        raise SerError(f"{path} does not exist: feature {name} needs its {option}; {hint}.")
    module = Feature(extractor=notes["extractor"]).load()
    if (found := module.provenance(**{option: path})) != notes["provenance"]:
        raise SerError(
            f"{path} is not what feature {name} was extracted with ({notes['provenance']}): {found}; {hint}."
        )
    return path


def _transcript(inputs: Inputs, chains: Iterable[FeatureChain], data: Path, corpus: str) -> Transcript | None:
    """Return where the text comes from: the recogniser of the run's transcripts, or None as recogniser for given."""
    names = [name for chain in chains if (name := extractors.transcript(chain.feature())) is not None]
    names += [] if inputs.words is None else [inputs.words.transcript]
    if not names:
        return None
    folder = data / layout.transcripts(corpus, names[0])
    shards = layout.shards(folder, None)
    if not shards:
        raise SerError(f"{folder} has no transcripts: which recogniser the run was trained with is recorded there.")
    notes = contracts.metadata(shards[0])
    if "recogniser" not in notes:
        return Transcript(recogniser=None)
    return Transcript(recogniser=notes["recogniser"], options=json.loads(notes["options"]))


def members(manifest: Path) -> tuple[str, ...]:
    """Return the corpora that a corpus joins, by its manifest; none where it joins none or the manifest is missing."""
    notes = contracts.metadata(manifest) if manifest.is_file() else {}
    return tuple(json.loads(notes.get("joins", "{}")))


def _audio(manifest: Path, folder: Path) -> AudioSettings:
    """Return what the keys of the corpus made of its recordings; utterances as short as its shortest are accepted.

    Prints a warning where the manifest was written after the run in ``folder``: the keys may have changed in between.
    """
    if not manifest.is_file():
        raise SerError(f"{manifest} does not exist: how the corpus's recordings were read is recorded there.")
    if manifest.stat().st_mtime > (folder / CARD).stat().st_mtime:
        print(
            f"warning: {manifest} is newer than {folder}: check that its keys 'channel' and 'trim' are those that the "
            "run was trained with.",
            file=sys.stderr,
            flush=True,
        )
    notes = contracts.metadata(manifest)
    shortest = pc.min(contracts.select(manifest, ["seconds"])["seconds"]).as_py()
    return AudioSettings(
        channel=notes.get("channel", "mix"),
        trim=notes.get("trim", "none"),
        minimum_seconds=min(MINIMUM_SECONDS, shortest),
    )
