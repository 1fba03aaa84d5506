"""What an experiment changes of the shipped systems and protocols that its entries are based on."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ser.config.entries import Entry
from ser.config.extractors import trained
from ser.config.schema import Config, Corpus, Feature

REMARKED = ("model", "options", "inputs", "training")  # sections of a recipe whose values have remarks


def changes(config: Config, features: Mapping[str, Feature]) -> dict[str, dict[str, str]]:
    """Return, for each selected entry that is not as shipped, its changed keys with ``shipped value → its value``.

    Entries are named ``corpora.<name>``, ``protocols.<name>`` and ``systems.<name>``. A corpus changes by leaving out
    speakers or utterances, by cutting silence, and by reading one channel. A system also changes with the options of
    the features that it reads, but for paths of weights that the pipeline can train. features: as shipped.
    """
    found: dict[str, dict[str, str]] = {}
    for name in config.experiment.selected("corpora"):
        joins = config.corpora[name].joins
        found[f"corpora.{name}"] = (
            {f"{member}.{key}": text for member in joins for key, text in _prepared(config.corpora[member]).items()}
            if joins
            else _prepared(config.corpora[name])
        )
    for section in ("protocols", "systems"):
        entries, origins = getattr(config, section), config.origins.get(section, {})
        for name in config.experiment.selected(section):
            base = origins.get(name, name)  # of a shipped entry itself
            changed = {"base": "not a shipped entry"} if base is None else _changed(entries[base], entries[name])
            found[f"{section}.{name}"] = changed
    for name in config.experiment.selected("systems"):
        for view in config.systems[name].inputs.views().values():
            if view.feature in features:
                key, old = f"features.{view.feature}", features[view.feature]
                files = [f"{key}.options.{option}" for option in trained(old.extractor)]
                changed = _changed(old, config.features[view.feature], key)
                found[f"systems.{name}"] |= {path: text for path, text in changed.items() if path not in files}
    return {name: changed for name, changed in found.items() if changed}


def _prepared(corpus: Corpus) -> dict[str, str]:
    """Return what a corpus leaves out or changes of its recordings."""
    excluded = {"exclude": f"none → {len(corpus.exclude)} utterances"} if corpus.exclude else {}
    trimmed = {"trim": f"none → {corpus.trim}"} if corpus.trim != "none" else {}
    channel = {"channel": f"mix → {corpus.channel}"} if corpus.channel != "mix" else {}
    subset = {"speakers": "all → a subset"} if "subset" in corpus.allow else {}
    return excluded | subset | trimmed | channel


def remarks(base: Mapping[str, Any], recipe: Mapping[str, Any], own: Collection[str], name: str) -> Any:
    """Return the remarks on a recipe's values: its own, its base's on what is unchanged, and what ``name`` had instead.

    base, recipe: raw, the latter with the base merged in; own: keys of the recipe's own remarks; name: of the base.
    """
    merged = recipe.get("defaults") or {}
    sections = [{key: one.get(key) for key in REMARKED} for one in (base, recipe)]
    changed = dict(_differences(sections[0], sections[1]))
    if not isinstance(merged, Mapping) or not changed:
        return merged
    unchanged = {
        key: text
        for key, text in merged.items()
        if key in own or not any(path == key or path.startswith(f"{key}.") for path in changed)
    }
    return unchanged | {key: f"{name} has {_text(old)}" for key, (old, _) in changed.items() if key not in own}


def _changed(old: Entry, new: Entry, prefix: str = "") -> dict[str, str]:
    return texts(json.loads(old.decisive()), json.loads(new.decisive()), prefix)


def texts(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return the dotted path of every value that differs, with both values as ``old → new``."""
    return {path: f"{_text(before)} → {_text(after)}" for path, (before, after) in _differences(old, new, prefix)}


def _differences(
    old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield the dotted path of every value that differs, with both values; None where there is none."""
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key), new.get(key)
        path = f"{prefix}.{key}" if prefix else key
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _differences(before, after, path)
        elif before != after:
            yield path, (before, after)


def _text(value: object) -> str:
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value)
