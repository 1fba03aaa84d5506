"""The head of a card: the block of YAML in which the Hugging Face hub reads licence, data and scores of a model."""

from collections.abc import Mapping
from typing import Any

import yaml

from ser.inference.trained import Trained

# Names of licences on the hub, of those that corpora state; the others are "other".
LICENCES = ("apache-2.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc0-1.0", "mit")
METRICS = {"WA": ("accuracy", None), "UA": ("recall", {"average": "macro"})}  # type on the hub, and its arguments


def head(trained: Trained, corpus: Mapping[str, Any], research_only: bool, scores: Mapping[str, float]) -> str:
    """Return the block with its marks.

    corpus: title, licence and languages, as far as they are known; research_only: whether a library of a feature
    restricts the use; scores: WA and UA of the test part, 0…1.
    """
    run, recipe = trained.contents.run, trained.contents.recipe
    found: dict[str, Any] = {"library_name": "ser", "pipeline_tag": "audio-classification"}
    found |= _licence(str(corpus.get("licence") or ""), research_only)
    if corpus.get("languages"):
        found["language"] = list(corpus["languages"])
    if recipe.from_hub:
        found["base_model"] = recipe.options["model"]
    found |= {"tags": ["speech-emotion-recognition", "ser", trained.name], "datasets": [run["corpus"]]}
    found |= {"metrics": sorted({METRICS[name][0] for name in scores})} if scores else {}
    if scores:
        result = {
            "task": {"type": "audio-classification", "name": "Speech emotion recognition"},
            "dataset": {"type": run["corpus"], "name": corpus.get("title") or run["corpus"], "split": _split(run)},
            "metrics": [_metric(name, value) for name, value in scores.items()],
        }
        found["model-index"] = [{"name": trained.name, "results": [result]}]
    return f"---\n{yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=1000)}---\n"


def _licence(stated: str, research_only: bool) -> dict[str, str]:
    """Return the licence of the recordings, which bounds that of weights fitted on them."""
    name = stated.lower().replace(" ", "-")
    if name in LICENCES and not research_only:
        return {"license": name}
    return {"license": "other", "license_name": "see-the-card", "license_link": "README.md"}


def _split(run: Mapping[str, Any]) -> str:
    return f"test part of fold {run['fold']}, protocol {run['protocol']}"


def _metric(name: str, value: float) -> dict[str, Any]:
    kind, arguments = METRICS[name]
    found: dict[str, Any] = {"type": kind, "name": name, "value": round(float(value), 4)}
    return found if arguments is None else {**found, "args": arguments}
