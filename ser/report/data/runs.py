"""The record of one run, read from ``run.json`` and ``history.parquet`` in its folder."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ser import layout
from ser.config import extractors
from ser.config.plan import Plan
from ser.config.recipe import Recipe
from ser.config.schema import Feature, Protocol
from ser.errors import SerError
from ser.files import embedded_checksum
from ser.layout import Run
from ser.tables import contracts

# Share of the loss of a constant answer, which is ln(classes), or 1 − CCC = 1 of dimensions, from which on the kept
# weights learned nothing of the train part.
NOT_TRAINED = 0.9


@dataclass(frozen=True, eq=False)
class RunRecord:
    """What one training job recorded, with the recipe and protocol that the plan gives it."""

    run: Run
    adapter: str  # module that reads the corpus; the configuration may name the corpus otherwise
    warning: str  # of the corpus's card; "" for none
    protocol: Protocol
    recipe: Recipe
    classes: tuple[str, ...]
    folds: int  # number of folds of the protocol
    counts: Mapping[str, int]  # utterances of train, dev and test
    parameters: int
    seconds: float  # of training, all attempts together
    epochs_run: int
    best_epoch: int  # from 1
    device: str
    versions: Mapping[str, str]
    commit: str
    notes: tuple[str, ...]  # where weights came from and other remarks on this run's inputs
    history: pd.DataFrame  # the HISTORY table
    data: Mapping[str, str] = field(default_factory=dict)  # folds, feature or words: hash of the training data
    code: str = ""  # hash of the code that decides the outcome
    finished: str = ""  # date and time, UTC
    energy: Mapping[str, float] = field(default_factory=dict)  # device: joules, those of other jobs on it included
    changes: Mapping[str, str] = field(default_factory=dict)  # key: shipped value → this run's
    chosen: Mapping[str, Any] = field(default_factory=dict)  # what an estimator chose on the dev part
    trained: bool = True  # False where the kept weights learned nothing on the train part
    transcripts: tuple[str, ...] = ()  # that the system reads, as words or by features of the text


def read(run: Run, plan: Plan) -> RunRecord:
    """Return the record of ``run``; SerError names the file that is missing, torn, of another version or protocol."""
    path = run.folder / "run.json"
    try:
        embedded_checksum.verify(path)
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SerError(f"{path} does not exist; the train stage writes it.") from error
    except ValueError as error:
        raise SerError(f"{path} is not JSON ({error}); delete its folder and train again.") from error
    history = contracts.read(contracts.HISTORY, run.folder / "history.parquet").to_pandas()
    trained, planned = card.get("protocol_digest"), plan.protocols[run.protocol].digest()
    if trained != planned:
        raise SerError(
            f"{path}: trained under digest {trained} of protocol '{run.protocol}', which is now {planned}; a report "
            "cannot mix two versions of a protocol. Train again."
        )
    try:
        return _record(run, card, history, plan)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SerError(f"{path} is not a run card that this version reads ({error!r}); train again.") from error


def _record(run: Run, card: Mapping[str, Any], history: pd.DataFrame, plan: Plan) -> RunRecord:
    """Return the record in ``card``, the content of a ``run.json``."""
    manifest, commit = layout.manifest(run.corpus), card["commit"] or "unknown"
    corpus = contracts.metadata(manifest) if manifest.is_file() else {}
    same = {name: card[name] for name in ("parameters", "epochs_run", "best_epoch", "device")}
    same |= {name: card[name] for name in ("data", "code", "finished", "chosen") if name in card}
    provenance = {name: notes.get("provenance") for name, notes in card["features"].items()}
    notes = [*card["notes"], *(f"{name}: {text}" for name, text in provenance.items() if text)]
    return RunRecord(
        run=run,
        adapter=corpus.get("adapter", run.corpus),
        warning=card["warning"] or corpus.get("warning", ""),
        protocol=plan.protocols[run.protocol],
        recipe=plan.systems[run.system],
        classes=tuple(card["classes"]),
        folds=plan.folds[run.corpus][run.protocol],
        counts={part: sum(by_class.values()) for part, by_class in card["counts"].items()},
        seconds=float(card["seconds_training"]),
        versions={name: version or "not installed" for name, version in card["versions"].items()},
        commit=f"{commit} with uncommitted changes" if card["dirty"] else commit,
        notes=tuple(dict.fromkeys(notes)),
        history=history,
        energy=card.get("energy_joules", {}),
        changes=_changes(run, plan),
        trained=trained(card),
        transcripts=_transcripts(plan.systems[run.system], card["features"]),
        **same,
    )


def _transcripts(recipe: Recipe, features: Mapping[str, Mapping[str, str]]) -> tuple[str, ...]:
    """Return the transcripts that a run reads; features: name: how it was extracted, as in ``run.json``."""
    found = [] if recipe.inputs.words is None else [recipe.inputs.words.transcript]
    for name in (view.feature for view in recipe.inputs.views().values()):
        if "extractor" in (notes := features.get(name, {})):
            entry = Feature(extractor=notes["extractor"], options=json.loads(notes["options"]))
            found += [text for text in (extractors.transcript(entry),) if text is not None]
    return tuple(dict.fromkeys(found))


def trained(card: Mapping[str, Any]) -> bool:
    """Return whether the train loss of the kept weights is below ``NOT_TRAINED`` of ln(classes).

    card: the content of a ``run.json``. The loss is −ln p of the label, the mean over the train part: a constant answer
    has ln(classes) where the classes are equally frequent. Where the target is dimensions, it is 1 − CCC, of which a
    constant answer has 1. True where the record has no such loss, as of estimators and of older runs.
    """
    found = card.get("train", {})
    if not card["classes"]:
        return "CCC" not in found or 1 - found["CCC"] < NOT_TRAINED
    loss = found.get("loss")
    return loss is None or loss < NOT_TRAINED * math.log(len(card["classes"]))


def _changes(run: Run, plan: Plan) -> dict[str, str]:
    """Return what the run's system, corpus, and protocol if it is a paper's, change of the shipped ones."""
    found = dict(plan.changes.get(f"systems.{run.system}", {}))
    paper = plan.protocols[run.protocol].paper is not None
    for kind, name in (("corpus", f"corpora.{run.corpus}"), ("protocol", f"protocols.{run.protocol}")):
        if kind == "corpus" or paper:
            found |= {f"{kind}.{key}": text for key, text in plan.changes.get(name, {}).items()}
    return found
