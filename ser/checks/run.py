"""Run the contract of a module or of an experiment: what ``ser check`` prints, one line per failure."""

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from ser import catalog
from ser.checks.case import Case, failures, one_line
from ser.config import definitions, extractors, read
from ser.config.options import TAKEN_BY, unchecked, with_options
from ser.config.schema import Config, Corpus, Feature, Inputs, Options, Protocol, Recipe, Transcript
from ser.errors import SerError

KINDS = {
    "corpus": "corpora",
    "feature": "features",
    "model": "models",
    "protocol": "protocols",
    "recogniser": "recognisers",
}
NAMED_BY = {  # the key of an entry that names its module
    "corpora": "adapter",
    "features": "extractor",
    "models": "model",
    "protocols": "rule",
    "recognisers": "recogniser",
}
MAY_LEAK: Any = ("speaker", "session", "dialog", "dev speaker")  # a rule with given options promises nothing
Entries = Mapping[str, Any]  # records of the configuration by name


def module(kind: str, name: str, folder: Path, options: Options | None = None, root: Path | None = None) -> list[str]:
    """Return what is wrong with a module of ``KINDS[kind]``.

    options: the only ones to check; None: the defaults, and those of every entry below ``folder`` with this module;
    root: of a corpus.
    """
    plural = KINDS[kind]
    if found := definitions.problems(plural, name):
        return list(found)
    reason = "the annotation is missing or not understood, so no value can be checked"
    lines = [f"option {option}: {reason}" for option in unchecked(plural, name, TAKEN_BY[plural])]
    entries = _shipped(plural, folder) if options is None and root is None else {}
    try:
        catalog.load(plural, name)
        if options is not None or root is not None or not _needed(plural, name):
            entries = {"options": _given(plural, name, options or {}, root), **entries}
    except Exception as error:  # of the user's module
        return [*lines, one_line(error)]
    return lines + list(_failures(plural, name, entries))


def _needed(plural: str, name: str) -> set[str]:
    keywords = catalog.keywords(plural, name, TAKEN_BY[plural]) or {}
    return {option for option, must in keywords.items() if must}


def _shipped(plural: str, folder: Path) -> Entries:
    if plural == "features":
        return {name: entry for name, entry in read.features(folder).items() if entry.options}
    protocols, systems = read.shipped(folder)
    return systems if plural == "models" else protocols if plural == "protocols" else {}


def _given(plural: str, name: str, options: Options, root: Path | None) -> Any:
    """Return an entry for the module with ``options``; of a model the smallest that it can be built with."""
    if plural == "models" and catalog.constant("models", name, "KIND") != "estimator":
        from ser.checks.network import smallest

        return smallest(name, options).recipe
    if plural == "models":
        return Recipe(model=name, inputs=Inputs(), options=options)
    kinds: dict[str, Any] = {
        "corpora": lambda: Corpus(adapter=name, root=None if root is None else str(root), options=options),
        "features": lambda: Feature(extractor=name, options=options),
        "protocols": lambda: Protocol(rule=name, options=options, labels="all", selection="last", leaks=MAY_LEAK),
        "recognisers": lambda: Transcript(recogniser=name, options=options),
    }
    return kinds[plural]()


def _failures(plural: str, name: str, entries: Entries) -> Iterator[str]:
    """Yield what is wrong with those of ``entries`` that name the module."""
    for title, entry in entries.items():
        if getattr(entry, NAMED_BY[plural]) != name or (
            plural == "features" and not _needed(plural, name) <= entry.options.keys()
        ):
            continue  # without weights that the pipeline trains, nothing can be computed
        try:
            case, contract = _case(plural, with_options(entry, plural, name, title))
        except SerError as error:
            yield str(error)
        else:
            yield from (f"{title}: {line}" for line in failures(case, contract.CHECKS))


def _case(plural: str, entry: Any) -> tuple[Any, Any]:
    """Return what the checks of a contract take, and the module with these checks."""
    if plural == "protocols":
        from ser.checks import protocol

        return protocol.SmallProtocol(entry), protocol
    name = getattr(entry, NAMED_BY[plural])
    if plural == "models" and catalog.constant("models", name, "KIND") != "estimator":
        from ser.checks import network

        return network.SmallNetwork(entry), network
    root = Path(entry.root).expanduser() if getattr(entry, "root", None) else None
    kind = "estimator" if plural == "models" else next(kind for kind, many in KINDS.items() if many == plural)
    return Case(plural, name, entry.options, root), catalog.load("checks", kind)


def experiment(path: Path, folder: Path) -> list[str]:
    """Return what is wrong with the experiment in the file ``path``, over the configuration in ``folder``."""
    try:
        config = read.resolve(read.merged(read.read_yaml(folder / "config.yaml"), read.read_yaml(path)), folder)
    except SerError as error:
        return [str(error)]
    return list(dict.fromkeys(_experiment(config)))


def _experiment(config: Config) -> Iterator[str]:
    from ser.training import parameter_count

    selected = config.experiment
    for block in selected.runs:
        yield from (line for pair in product(block.corpora, block.protocols) for line in _folds(config, *pair))
    used: list[tuple[str, str, Entries]] = [("corpora", name, config.corpora) for name in selected.corpora()]
    for name in selected.systems():
        recipe = config.systems[name]
        features = {view.feature: config.features[view.feature] for view in recipe.inputs.views().values()}
        used += [("features", feature, features) for feature in features]
        if recipe.inputs.words is not None:
            used.append(("recognisers", recipe.inputs.words.transcript, config.transcripts))
        used.append(("models", name, config.systems))
        try:
            parameter_count.parameters(recipe, extractors.dims(features), 4)
        except Exception as error:
            yield f"{name}: {one_line(error)}"
    for plural, name, entries in used:
        if (module := getattr(entries[name], NAMED_BY[plural])) is not None:
            yield from _failures(plural, module, {name: entries[name]})


def _folds(config: Config, corpus: str, protocol: str) -> Iterator[str]:
    """Yield why the rule cannot divide the corpus, as far as its facts tell."""
    entry, rule = config.corpora[corpus], config.protocols[protocol]
    root = None if entry.root is None else Path(entry.root).expanduser()
    try:
        allow_subset = root is not None and "subset" in entry.allow
        facts = catalog.load("corpora", entry.adapter).facts(root, allow_subset=allow_subset, **entry.options)
        catalog.load("protocols", rule.rule).folds(facts, **rule.options)
    except Exception as error:
        yield f"{protocol} on {corpus}: {one_line(error)}"
