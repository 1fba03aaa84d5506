"""Read configuration files, resolve ``base``, and check everything that needs no data.

Systems and protocols come from ``config/systems/*.yaml`` and ``config/protocols/*.yaml``; an experiment may add new
ones, built on a ``base``, but cannot redefine one: experiments share runs under the system's name.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from ser import catalog
from ser.config import chosen_metrics, disturbances, tracking
from ser.config.contrasts import check_contrasts
from ser.config.entries import Strict
from ser.config.extractors import trained, transcript
from ser.config.joins import check_joins, check_normalisation, with_members
from ser.config.learning import check_learning
from ser.config.options import needed, with_options
from ser.config.recipe import Inputs, Recipe
from ser.config.renamed import require_known
from ser.config.schema import Config, Corpus, Devices, Embedding, Experiment, Feature, Protocol, Tracking, Transcript
from ser.config.selection import check_selection
from ser.config.training_options import check_training
from ser.config.validation import Raw, check_values, mapping, record, records, section_of
from ser.config.variants import remarks
from ser.errors import SerError, offenders
from ser.files.addresses import refuse_secrets

PACKAGED = Path(__file__).parents[1] / "_config"  # config/ as a wheel carries it
SHIPPED = PACKAGED if PACKAGED.is_dir() else Path(__file__).parents[2] / "config"
SECTIONS = (
    "experiment",
    "corpora",
    "features",
    "transcripts",
    "embeddings",
    "protocols",
    "systems",
    "devices",
    "tracking",
)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping in a YAML file; SerError with file and line where it is malformed."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:  # ValueError: no such date, endless digits
        raise SerError(f"{path} cannot be read as YAML: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise SerError(f"{path} must hold a mapping of names, it holds a {type(content).__name__}.")
    return content


def library(folder: Path) -> dict[str, dict[str, Any]]:
    """Return all entries of the YAML files in ``folder``; SerError for a name that two files define."""
    entries: dict[str, dict[str, Any]] = {}
    origin: dict[str, Path] = {}
    for path in sorted(folder.glob("*.yaml")):
        for name, entry in read_yaml(path).items():
            if name in entries:
                raise SerError(f"'{name}' is defined in both {origin[name]} and {path}.")
            entries[name], origin[name] = entry, path
    return entries


def resolve(raw: Raw, folder: Path) -> Config:
    """Return the checked configuration from ``raw`` (experiment, corpora, additions) and the files in ``folder``.

    SerError for the first fault: the key, what is wrong, and what is known instead.
    """
    check_values(raw, "config")
    require_known("key", raw, SECTIONS, "config")
    if "experiment" not in raw:
        raise SerError(
            "the configuration has no 'experiment'; give one with --configfile config/experiments/<name>.yaml."
        )
    raw = _with_variants(raw, record(Experiment, raw["experiment"], "experiment"))
    protocols, systems = shipped(folder, raw)
    config = Config(
        experiment=record(Experiment, raw["experiment"], "experiment"),
        corpora=records(Corpus, "corpora", section_of(raw, "corpora"), named_by=Corpus.KEY),
        features=features(folder, raw),
        transcripts=records(Transcript, "transcripts", {"given": {}} | section_of(raw, "transcripts")),
        embeddings=records(Embedding, "embeddings", section_of(raw, "embeddings")),
        protocols=protocols,
        systems=systems,
        origins={
            section: _origins(section_of(raw, section), library(folder / section))
            for section in ("protocols", "systems")
        },
        devices=record(Devices, section_of(raw, "devices"), "devices"),
        tracking=tracking.checked(record(Tracking, section_of(raw, "tracking"), "tracking")),
    )
    for name, corpus in config.corpora.items():
        refuse_secrets(corpus.archive or "", f"corpora.{name}.archive")
    for name, embedding in config.embeddings.items():
        refuse_secrets(embedding.source or "", f"embeddings.{name}.source")
    for name, feature in config.features.items():
        for option, value in feature.options.items():
            if isinstance(value, str) and "://" in value:
                refuse_secrets(value, f"features.{name}.options.{option}")
    return checked(config)


def _origins(added: Raw, shipped: Collection[str]) -> dict[str, str | None]:
    """Return every added entry that is not shipped, with the shipped entry that it is based on; None if on none."""
    found: dict[str, str | None] = {}
    for name in (name for name in added if name not in shipped):
        base = name
        while base in added and base not in shipped:
            base = (added[base] or {}).get("base") or ""
        found[name] = base or None
    return found


def shipped(folder: Path, raw: Raw | None = None) -> tuple[dict[str, Protocol], dict[str, Recipe]]:
    """Return the protocols and systems in ``folder``, with those that ``raw`` adds."""
    protocols, systems = (_entries(section, folder, raw or {}) for section in ("protocols", "systems"))
    return records(Protocol, "protocols", protocols), records(Recipe, "systems", systems)


def features(folder: Path, raw: Raw | None = None) -> dict[str, Feature]:
    """Return the features in ``folder``, what ``raw`` adds or changes, and extractors that need no options by name."""
    entries: Raw = {name: {} for name in catalog.names("features") if needed("features", name) <= set(trained(name))}
    for more in (library(folder / "features"), section_of(raw or {}, "features")):
        entries = merged(entries, {name: mapping(entry, f"features.{name}") for name, entry in more.items()})
    return records(Feature, "features", dict(sorted(entries.items())), named_by=Feature.KEY)


def _with_variants(raw: Raw, experiment: Experiment) -> Raw:
    """Return ``raw`` with a system ``<system>-<variant>`` for every system of a block that names a variant."""
    systems, runs = section_of(raw, "systems"), [dict(block) for block in raw["experiment"]["runs"]]
    for number, block in enumerate(experiment.runs):
        if block.variant is None:
            continue
        where = f"experiment.runs[{number}].variant"
        require_known("variant", [block.variant], experiment.variants, where)
        changed = {name: f"{name}-{block.variant}" for name in block.systems}
        for name, variant in changed.items():
            systems[variant] = {"base": name, "training": experiment.variants[block.variant]}
        runs[number]["systems"] = list(changed.values())
    return {**raw, "systems": systems, "experiment": {**raw["experiment"], "runs": runs}}


def checked(config: Config) -> Config:
    """Return the configuration, with the options that the experiment selects converted to the types of their functions.

    SerError for the first name or option of the experiment that does not exist or has the wrong type.
    """
    experiment = config.experiment
    for number, block in enumerate(experiment.runs):
        where = f"experiment.runs[{number}]"
        require_known("corpus", block.corpora, config.corpora, where)
        require_known("protocol", block.protocols, config.protocols, where)
        require_known("system", block.systems, config.systems, where)
    systems = experiment.selected("systems")
    for title, sweep in experiment.sweeps.items():
        require_known("system of the runs", sweep.systems.values(), systems, f"experiment.sweeps.{title}")
    check_contrasts(config)
    _check_use(config)
    check_selection(config)
    config = disturbances.checked(chosen_metrics.checked(config))
    check_joins(config.corpora, experiment.selected("corpora"))
    check_normalisation(config)
    corpora = with_members(config.corpora, experiment.selected("corpora"))
    for name in corpora:
        if config.corpora[name].root is None and "subset" in config.corpora[name].allow:
            raise SerError(
                f"corpora.{name}: a subset can be accepted only of a folder, whose speakers are known before the plan; "
                "unpack the archive and name the folder as 'root'."
            )
    selected: dict[str, dict[str, Strict]] = {"features": {}, "transcripts": {}}
    read = [name for name in corpora if not config.corpora[name].joins]
    wanted = {"corpora": read, "protocols": experiment.selected("protocols"), "systems": systems}
    for section, names in wanted.items():
        entries = {name: getattr(config, section)[name] for name in names}
        selected[section] = {name: with_options(entry, f"{section}.{name}") for name, entry in entries.items()}
    for name in systems:
        check_training(config, name)
        _select_inputs(selected, config.systems[name].inputs, config, f"systems.{name}.inputs")
    check_learning(config)
    return config.model_copy(update={key: getattr(config, key) | entries for key, entries in selected.items()})


def _check_use(config: Config) -> None:
    """Raise SerError for training for use without runs that estimate it, or without dev speakers of the protocol."""
    experiment = config.experiment
    for number, one in enumerate(experiment.use):
        where = f"experiment.use[{number}]"
        require_known("corpus of the runs", [one.corpus], experiment.selected("corpora"), where)
        require_known("protocol of the runs", [one.protocol], experiment.selected("protocols"), where)
        require_known("system of the runs", one.systems, experiment.selected("systems"), where)
        for system in one.systems:
            if catalog.model_kind(config.systems[system].model) == "external":
                raise SerError(f"{where}: '{system}' is a table of predictions, which cannot be trained.")
            if (one.corpus, one.protocol) not in experiment.ran(system):
                raise SerError(f"{where}: '{system}' does not run on {one.corpus}/{one.protocol}, which estimates it.")
        if shared := sorted({"speaker", "dev speaker"} & set(config.protocols[one.protocol].leaks)):
            raise SerError(
                f"{where}: protocol '{one.protocol}' has the leak '{shared[0]}', and training for use needs dev "
                "speakers of their own; take one that holds speakers out, such as speaker-folds-4."
            )


def _select_inputs(selected: dict[str, dict[str, Strict]], inputs: Inputs, config: Config, where: str) -> None:
    """Add the features and the transcript that a recipe reads to ``selected``; SerError for several transcripts."""
    transcripts = {} if inputs.words is None else {inputs.words.transcript: f"{where}.words"}
    for modality, view in inputs.views().items():
        require_known("feature", [view.feature], config.features, f"{where}.{modality}")
        feature, key = config.features[view.feature], f"features.{view.feature}"
        selected["features"][view.feature] = with_options(feature, key, given=trained(feature.extractor))
        if (name := transcript(feature)) is not None:
            transcripts[name] = f"{key}.options.transcript"
    if len(transcripts) > 1:
        raise SerError(f"{where}: a system reads one transcript, not {offenders(transcripts)}.")
    for name, at in transcripts.items():
        require_known("transcript", [name], config.transcripts, at)
        if config.transcripts[name].recogniser is not None:
            selected["transcripts"][name] = with_options(config.transcripts[name], f"transcripts.{name}")
    if inputs.words is not None and inputs.words.embedding is not None:
        require_known("embedding", [inputs.words.embedding], config.embeddings, f"{where}.words")


def _entries(section: str, folder: Path, raw: Raw) -> dict[str, dict[str, Any]]:
    """Return shipped and added entries, each merged with its ``base``; of a shipped protocol ``leaks`` can be added."""
    shipped, added = library(folder / section), section_of(raw, section)
    twice = {name: mapping(added.pop(name), f"{section}.{name}") for name in sorted(set(shipped) & set(added))}
    for name, entry in twice.items():
        if section != "protocols" or set(entry) != {"leaks"}:
            but = "; only 'leaks' can be declared of it here" if section == "protocols" else ""
            raise SerError(
                f"{section}.{name} is already defined in config/{section}/{but}; "
                f"a variant needs a name of its own, with 'base: {name}'."
            )
    entries = {**shipped, **added}
    found = {name: _with_base(name, entries, section.removesuffix("s"), (), added) for name in entries}
    if section == "protocols":
        stated = {name: found[name].get("leaks", []) for name in shipped}
        origins = _origins(added, shipped)
        for name, base in (*origins.items(), *((name, name) for name in twice)):
            found[name] |= twice.get(name, {})
            if (leaks := stated.get(base or "", [])) != found[name].get("leaks", []):
                found[name]["shipped_leaks"] = leaks
    return found


def _with_base(
    name: str, entries: Mapping[str, dict[str, Any]], kind: str, seen: tuple[str, ...], added: Collection[str]
) -> dict[str, Any]:
    require_known(kind, [name], entries, f"base of {seen[-1]}" if seen else "")
    if name in seen:
        raise SerError(f"{kind} '{name}' is its own base: {' -> '.join((*seen, name))}.")
    entry = mapping(entries[name], f"{kind} {name}")
    base = entry.pop("base", None)
    if not isinstance(base, str | None):
        raise SerError(f"base of {name}: must be the name of a {kind}, it is {base!r}.")
    if base is None:
        return entry
    whole = _with_base(base, entries, kind, (*seen, name), added)
    both = merged(whole, entry)
    if kind == "system" and name in added:
        both["defaults"] = remarks(whole, both, entry.get("defaults") or (), base)
    return both


def merged(base: Raw, change: Raw) -> dict[str, Any]:
    """Return ``base`` merged with ``change``: mappings key by key, everything else replaced."""
    result = dict(base)
    for key, value in change.items():
        old = result.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping) and key != "labels"
        result[key] = merged(old, value) if both and isinstance(old, Mapping) else value
    return result
