"""Run the contract of a module or of an experiment: what ``ser check`` prints, one line per failure."""

import traceback
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from ser import catalog
from ser.checks.planned_folds import planned_folds
from ser.config import definitions, extractors, read
from ser.config.entries import Entry, Options
from ser.config.joins import with_members
from ser.config.learning import learns
from ser.config.options import needed, unchecked, uses_name, with_options
from ser.config.recipe import Inputs, Recipe
from ser.config.schema import Config, Corpus, Feature, Protocol, Transcript
from ser.errors import SerError
from ser.preparation.joined_corpus import corpus_facts, corpus_rows

KINDS: Mapping[str, type[Entry]] = {  # the entry of the configuration that names a module of the kind
    "corpus": Corpus,
    "feature": Feature,
    "model": Recipe,
    "protocol": Protocol,
    "recogniser": Transcript,
}
MAY_LEAK: Any = ("speaker", "session", "dialog", "dev speaker")  # a rule with given options promises nothing


def module(kind: str, name: str, folder: Path, options: Options | None = None, root: Path | None = None) -> list[str]:
    """Return what is wrong with a module of one of the ``KINDS``.

    options: the only ones to check; None: the defaults, and those of every entry below ``folder`` with this module;
    root: of a corpus.
    """
    plural = KINDS[kind].FOLDER
    if found := definitions.problems(plural, name):
        return list(found)
    reason = "the annotation is missing or not understood, so no value can be checked"
    lines = [f"option {option}: {reason}" for option in unchecked(plural, name)]
    entries = _shipped(plural, folder) if options is None and root is None else {}
    try:
        catalog.load(plural, name)
        if options is not None or root is not None or not needed(plural, name):
            entries = {"options": _given(kind, name, options or {}, root), **entries}
    except Exception as error:  # of the user's module
        return [*lines, _one_line(error)]
    return lines + [line for title, entry in entries.items() if entry.module == name for line in failures(entry, title)]


def _shipped(plural: str, folder: Path) -> Mapping[str, Any]:
    if plural == "features":
        return {name: entry for name, entry in read.features(folder).items() if entry.options}
    protocols, systems = read.shipped(folder)
    return systems if plural == "models" else protocols if plural == "protocols" else {}


def _given(kind: str, name: str, options: Options, root: Path | None) -> Any:
    """Return an entry for the module with ``options``; of a network the smallest that it can be built with."""
    if kind == "model" and catalog.model_kind(name) == "network":
        from ser.checks.network import smallest

        return smallest(name, options).recipe
    more: dict[str, dict[str, Any]] = {
        "corpus": {"root": None if root is None else str(root)},
        "model": {"inputs": Inputs()},
        "protocol": {"labels": "all", "selection": "last", "leaks": MAY_LEAK},
    }
    return KINDS[kind](**{KINDS[kind].KEY: name, "options": options, **more.get(kind, {})})


def failures(entry: Any, title: str) -> Iterator[str]:
    """Yield a line for every check that fails: what must hold (the check's docstring), and what happens instead."""
    if isinstance(entry, Feature):
        if not needed("features", entry.module) <= entry.options.keys():
            return  # without weights that the pipeline trains, nothing can be computed
        if uses_name(entry):
            return  # vectors of a file are not computed
    if entry.from_hub or (isinstance(entry, Recipe) and needed("models", entry.module)):
        return  # it is not fetched for a check, and random frames are no waveform
    try:
        case, checks = _contract(with_options(entry, title))
    except SerError as error:
        yield str(error)
        return
    for check in checks:
        try:
            check(case)
        except Exception as error:  # of the user's module: whatever it is, the next check still runs
            wanted = (check.__doc__ or check.__name__).split("\n")[0].rstrip(".")
            yield f"{title}: {wanted}: {_one_line(error)}"


def _contract(entry: Any) -> tuple[Any, Any]:
    """Return what the checks of an entry's module take, and these checks."""
    kind = next(kind for kind, record in KINDS.items() if isinstance(entry, record))
    if kind == "model" and catalog.model_kind(entry.module) == "network":
        from ser.checks import network

        return network.SmallNetwork(entry), network.CHECKS
    if isinstance(entry, Feature) and extractors.transcript(entry) is not None:
        return entry, catalog.load("checks", "text_feature").CHECKS
    of_dimensions = kind == "model" and "majority" not in learns(entry.module)
    estimator = "regression" if of_dimensions else "estimator"
    return entry, catalog.load("checks", estimator if kind == "model" else kind).CHECKS


def _one_line(error: Exception) -> str:
    """Return the text of a SerError, or the type, text and origin of any other error."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    origin = f"{type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"
    return " ".join((str(error) if isinstance(error, SerError) else origin).split())


def experiment(path: Path, folder: Path) -> list[str]:
    """Return what is wrong with the experiment in the file ``path``, over the configuration in ``folder``."""
    try:
        config = read.resolve(read.merged(read.read_yaml(folder / "config.yaml"), read.read_yaml(path)), folder)
    except SerError as error:
        return [str(error)]
    return list(dict.fromkeys(_experiment(config)))


def _experiment(config: Config) -> Iterator[str]:
    from ser.training import parameter_count

    for block in config.experiment.runs:
        yield from (line for pair in product(block.corpora, block.protocols) for line in _folds(config, *pair))
    corpora = with_members(config.corpora, config.experiment.selected("corpora"))
    used: list[tuple[Entry, str]] = [(config.corpora[name], name) for name in corpora if not config.corpora[name].joins]
    for name in config.experiment.selected("systems"):
        recipe = config.systems[name]
        features = {view.feature: config.features[view.feature] for view in recipe.inputs.views().values()}
        used += [(feature, title) for title, feature in features.items()]
        words = recipe.inputs.words
        texts = {transcript for one in features.values() if (transcript := extractors.transcript(one))}
        for transcript in sorted(texts if words is None else texts | {words.transcript}):
            if config.transcripts[transcript].recogniser is not None:
                used.append((config.transcripts[transcript], transcript))
        used.append((recipe, name))
        if recipe.from_hub:
            continue
        try:
            parameter_count.parameters(recipe, extractors.dims(features), 4)
        except Exception as error:
            yield f"{name}: {_one_line(error)}"
    for entry, title in used:
        yield from failures(entry, title)


def _folds(config: Config, corpus: str, protocol: str) -> Iterator[str]:
    """Yield why the rule cannot divide the corpus, as far as its facts tell."""
    corpora, rule = config.corpora, config.protocols[protocol]

    def folder(name: str) -> Path | None:
        return corpora[name].folder

    try:
        planned_folds(rule, corpus_facts(corpora, corpus, folder), corpus_rows(corpora, corpus, folder))
    except Exception as error:
        yield f"{protocol} on {corpus}: {_one_line(error)}"
