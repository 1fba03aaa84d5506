"""The card of a bundle: trained on what, how good on whom, under which licences, and what it must not be used for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ser import layout
from ser.evaluation import intervals
from ser.evaluation.predictions import FILE
from ser.inference import trained_run
from ser.inference.card_head import head
from ser.inference.card_stated import stated
from ser.inference.card_subgroups import span, subgroup_lines
from ser.inference.card_tests import tests_of_card
from ser.inference.trained import Trained
from ser.layout import FOR_USE
from ser.tables import contracts

RESEARCH_ONLY = ("opensmile",)  # libraries whose licence allows research and education only
USES = """\
It predicts which label raters or actors would give to an utterance that sounds like its training data. It does not
measure what a person feels. Do not decide about people with it: not in hiring, education, insurance, policing, border
control, medicine or at work. In the European Union the AI Act prohibits emotion recognition at workplaces and in
education, but for medical or safety reasons.
"""
SCOPE = """\
The numbers below are for the corpus and the protocol that are named; for other speakers, languages and microphones they
are usually lower.
"""


def card(trained: Trained) -> str:
    """Return the card in Markdown, with the head that hubs read.

    Results are those of the run's test part, if it has one; the estimate is of all folds and seeds of its system.
    """
    contents, run = trained.contents, trained.contents.run
    folder = trained.weights.parent
    corpus = _corpus(folder, str(run["corpus"]))
    scores = _scores(folder / FILE, trained)
    parts = [head(trained, corpus, bool(_research_only(trained)), scores.values() if scores else {})]
    parts += [f"# {trained.name}, trained on {run['corpus']}\n", USES + SCOPE]
    parts += ["## Training\n", *_training(trained, corpus), ""]
    if scores is not None:
        parts += ["## Results\n", *_results(scores, trained), ""]
    parts += [*stated(trained), *subgroup_lines(trained), *tests_of_card(trained)]
    parts += ["## Licences\n", *_licences(trained, corpus), ""]
    parts += ["## Use\n", "```sh\nser predict recording.wav --model BUNDLE\n```\n", *_needs(trained), ""]
    versions = ", ".join(f"{name} {version}" for name, version in contents.versions.items() if version)
    return "\n".join([*parts, f"Made by ser {contents.ser}; trained with {versions}.", ""])


@dataclass(frozen=True)
class Scores:
    """The predictions of the test part, and WA and UA with their intervals. kind: of the intervals."""

    table: pd.DataFrame
    kind: str
    estimates: Mapping[str, intervals.Estimate]

    def values(self) -> dict[str, float]:
        """Return the value of each metric, 0…1."""
        return {metric: found.value for metric, found in self.estimates.items()}


def _scores(path: Path, trained: Trained) -> Scores | None:
    if not path.is_file():
        return None
    table = contracts.read(contracts.PREDICTIONS, path).drop_columns("probabilities").to_pandas()
    tally = intervals.tally(table, trained.contents.classes)
    return Scores(table, tally.kind, {metric: intervals.estimate(tally, metric) for metric in ("WA", "UA")})


def _corpus(folder: Path, corpus: str) -> dict[str, Any]:
    """Return title, licence, warning and languages, as the manifest has them."""
    manifest = trained_run.project(folder) / layout.manifest(corpus)
    if not manifest.is_file():
        return {}
    languages = sorted({one for one in contracts.select(manifest, ["language"])["language"].to_pylist() if one})
    return {**contracts.metadata(manifest), "languages": languages}


def _training(trained: Trained, corpus: Mapping[str, Any]) -> list[str]:
    contents, protocol, run = trained.contents, trained.contents.protocol, trained.contents.run
    counts = {part: sum(those.values()) for part, those in contents.about.get("counts", {}).items()}
    shared = ", ".join(protocol.leaks) or "nothing that the protocol declares"
    joined = f", which joins {', '.join(contents.members)}" if contents.members else ""
    lines = [
        f"- Corpus: {corpus.get('title', run['corpus'])}{joined}; utterances: "
        + ", ".join(f"{count} {part}" for part, count in counts.items()),
        f"- Classes: {', '.join(contents.classes)}",
        f"- Protocol: {run['protocol']} (digest {protocol.digest()}); train shares with test: {shared}",
        f"- Run: seed {run['seed']}, {_fold(trained)}",
        f"- Audio: 16 kHz, channel {contents.audio.channel}, trim {contents.audio.trim}",
    ]
    if (copies := contents.recipe.training.augmentation) is not None:
        lines.append(f"- Disturbed copies of the train part: {copies}")
    for name, chain in contents.features.items():
        origin = f" ({chain.provenance})" if chain.provenance else ""
        lines.append(f"- Feature {name}: ser.features.{chain.extractor} {json.dumps(chain.options)}{origin}")
    if corpus.get("warning"):
        lines.append(f"- **{corpus['warning']}**")
    return lines


def _fold(trained: Trained) -> str:
    about, run = trained.contents.about, trained.contents.run
    if run["fold"] != FOR_USE:
        return f"fold {run['fold']}"
    speakers = f"{about['dev_speakers']} speaker{'s' if about['dev_speakers'] > 1 else ''}"
    return f"trained for use: no test part, {speakers} in dev, as in the first fold, and all others in train"


def _results(scores: Scores, trained: Trained) -> list[str]:
    """Return WA and UA with intervals, their spread over speakers, and recalls, on the run's test part."""
    table, classes = scores.table, trained.contents.classes
    lines = [f"On the {len(table)} utterances of the test part, with 95 % intervals by {scores.kind}.\n"]
    lines += ["| metric | value | interval |", "|---|---|---|"]
    for metric, found in scores.estimates.items():
        lines.append(f"| {metric} | {100 * found.value:.1f} % | {span(found)} |")
    shares = (table["label"] == table["predicted"]).groupby(table["speaker"]).mean() * 100
    if not shares.empty:
        speakers = f"{shares.min():.1f} to {shares.max():.1f} %, {len(shares)} speakers"
        lines += ["", f"WA of single speakers: {speakers}.", ""]
    return lines + _recalls(table, classes)


def _recalls(table: pd.DataFrame, classes: Sequence[str]) -> list[str]:
    rows = []
    for label in classes:
        those = table[table["label"] == label]
        if len(those):
            rows.append(f"| {label} | {100 * (those['predicted'] == label).mean():.1f} % | {len(those)} |")
    return ["| class | recall | utterances |", "|---|---|---|", *rows]


def _licences(trained: Trained, corpus: Mapping[str, Any]) -> list[str]:
    lines = [f"- Recordings of the corpus: {corpus.get('licence') or 'not stated'}"]
    for name in _research_only(trained):
        lines.append(f"- Feature {name} needs openSMILE, which is free for research and education only (audEERING)")
    module = trained.contents.recipe.load()
    if hasattr(module, "origin"):
        lines.append(f"- Encoder that was trained further: {module.origin(trained.weights)}")
    return [*lines, "- ser: Apache-2.0"]


def _research_only(trained: Trained) -> list[str]:
    """Return the features that need a library which is free for research and education only."""
    chains = trained.contents.features.items()
    return [name for name, chain in chains if any(library in RESEARCH_ONLY for library in chain.versions)]


def _needs(trained: Trained) -> list[str]:
    lines = []
    transcript = trained.contents.transcript
    if transcript is not None:
        own = transcript.recogniser or "no recogniser: give --text, or a CSV with the columns path,text"
        lines.append(f"It reads words, from {own}." if transcript.recogniser else f"It reads words, and has {own}.")
    if trained.by_speaker:
        lines.append("It normalises by speaker: give --speaker, or a CSV with the columns path,speaker.")
    return lines
