"""What there is: systems, protocols, corpora and features, as records for a table or for programs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ser import catalog
from ser.config import extractors, read
from ser.config.recipe import Recipe
from ser.config.schema import Protocol
from ser.corpus import Facts
from ser.errors import SerError
from ser.preparation.fold_counts import fold_count

CLASSES = 4  # of the parameter counts; most of the published numbers are on four classes

Entry = dict[str, Any]


def grouping(protocol: Protocol) -> str:
    """Return what the rule of a protocol keeps together and which part validates: the start of its docstring."""
    return (protocol.load().__doc__ or "").split("\n\n")[0].replace("\n", " ").strip()


def systems(folder: Path) -> list[Entry]:
    """Return every shipped recipe: paper, features, parameters at four classes, and which values are our defaults."""
    dims = extractors.dims(read.features(folder))
    return [
        {
            "name": name,
            **recipe.model_dump(mode="json", include={"title", "paper", "published", "model", "defaults"}),
            "features": [view.feature for view in recipe.inputs.views().values()],
            "modalities": list(recipe.inputs.modalities()),
            "parameters": _parameters(recipe, dims),
            "classes": CLASSES,
        }
        for name, recipe in read.shipped(folder)[1].items()
    ]


def _parameters(recipe: Recipe, dims: Mapping[str, int]) -> int | None:
    """Return the parameters at four classes; None without the extra ``train``, and of a model on the hub."""
    if recipe.from_hub:
        return None
    try:
        from ser.training import parameter_count
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        return None
    return parameter_count.parameters(recipe, dims, CLASSES)


def protocols(folder: Path) -> list[Entry]:
    """Return every shipped protocol with its hash, all that decides it, its rule in words and its numbers of folds.

    folds: by corpus, as published; without corpora on which the protocol cannot be, and those of no fixed size.
    """
    cards = {name: catalog.load("corpora", name).CARD for name in catalog.names("corpora")}
    known = {
        name: Facts(card.utterances, card.speakers, card.sessions, tuple(card.labels))
        for name, card in cards.items()
        if card.utterances is not None
    }
    return [
        {
            "name": name,
            "digest": protocol.digest(),
            **protocol.model_dump(mode="json"),
            "grouping": grouping(protocol),
            "folds": {corpus: count for corpus, facts in known.items() if (count := _folds(protocol, facts))},
        }
        for name, protocol in read.shipped(folder)[0].items()
    ]


def _folds(protocol: Protocol, facts: Facts) -> int:
    """Return how many folds the protocol has on a corpus; 0 where it cannot be."""
    try:
        return fold_count(protocol, facts)
    except SerError:
        return 0


def corpora() -> list[Entry]:
    """Return the card of every corpus that has a reader."""
    cards = {name: catalog.load("corpora", name).CARD for name in catalog.names("corpora")}
    return [
        {
            "name": name,
            **{field: getattr(card, field) for field in ("title", "utterances", "licence", "homepage")},
            "speakers": len(card.speakers) or None,
            "labels": dict(card.labels),
        }
        for name, card in cards.items()
    ]


def features(folder: Path) -> list[Entry]:
    """Return every feature: dimensions, seconds per row (null: one row per utterance), and what it is."""
    return [
        {
            "name": name,
            "dims": feature.load().dims(**feature.options),
            "hop": feature.load().HOP,
            "title": feature.title or (feature.load().__doc__ or "").split("\n")[0],
        }
        for name, feature in read.features(folder).items()
    ]
