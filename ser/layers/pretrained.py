"""A pretrained model: a folder, or files of the hub at one commit; its weights, licence and sizes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field

from ser.bounds import Index
from ser.errors import SerError, offenders
from ser.files import hub
from ser.files.published import sha256

Layers = Literal["last", "all"] | Annotated[Sequence[Index], Field(min_length=1)]
CARD = "README.md"  # of a model; begins with a block of YAML
NEEDED = ("config.json", "preprocessor_config.json")  # of an encoder as ``transformers`` stores it
WEIGHTS = ("model.safetensors", "pytorch_model.bin")

# Width of a layer and number of layers, of published models: what can be listed before the weights are there.
SIZES: Mapping[str, tuple[int, int]] = {
    "facebook/wav2vec2-base": (768, 12),
    "facebook/wav2vec2-large-lv60": (1024, 24),
    "facebook/hubert-base-ls960": (768, 12),
    "facebook/hubert-large-ll60k": (1024, 24),
    "microsoft/wavlm-base": (768, 12),
    "microsoft/wavlm-base-plus": (768, 12),
    "microsoft/wavlm-large": (1024, 24),
    "facebook/data2vec-audio-base": (768, 12),
    "facebook/data2vec-audio-large": (1024, 24),
    "facebook/w2v-bert-2.0": (1024, 24),
    **{
        name.format(size): sizes
        for name in ("openai/whisper-{}", "Systran/faster-whisper-{}")
        for size, sizes in {
            "tiny": (384, 4),
            "base": (512, 6),
            "small": (768, 12),
            "medium": (1024, 24),
            "large-v2": (1280, 32),
            "large-v3": (1280, 32),
        }.items()
    },
}


@dataclass(frozen=True)
class Pretrained:
    """A model on disk. name: of the folder, or on the hub; revision: None of a folder."""

    name: str
    revision: str | None
    folder: Path
    weights: Path
    licence: str

    def provenance(self) -> str:
        """Return name, revision, SHA-256 of the weights, and licence."""
        revision = "a folder" if self.revision is None else f"revision {self.revision}"
        return f"{self.name}, {revision}, {self.weights.name} SHA-256 {sha256(self.weights)}, licence {self.licence}"


def is_folder(model: str) -> bool:
    """Return whether ``model`` is a folder; otherwise it is a name on the hub."""
    return Path(model).expanduser().is_dir()


def local_files(model: str, revision: str | None, needed: Sequence[str], weights: Sequence[str]) -> list[Path]:
    """Return the files of a model in a folder that its values depend on; none of a model on the hub.

    SerError for a folder without one of the files ``needed`` or any of ``weights``, and for a model on the hub without
    a commit: when the work is planned.
    """
    if not is_folder(model):
        hub.require_pinned(model, revision)
        return []
    folder = Path(model).expanduser()
    if revision is not None:
        raise SerError(f"model '{model}' is a folder, which has no revision: set 'revision: null'.")
    if missing := [name for name in needed if not (folder / name).is_file()]:
        raise SerError(f"model '{model}': the folder lacks {' and '.join(missing)}.")
    found = [folder / name for name in weights if (folder / name).is_file()]
    if not found:
        raise SerError(f"model '{model}': the folder holds no weights; known: {' or '.join(weights)}.")
    return [*(folder / name for name in needed), found[0]]


def located(
    model: str, revision: str | None, *, needed: Sequence[str], weights: Sequence[str], sha: str | None = None
) -> Pretrained:
    """Return the model in the folder ``model``, or of that name on the hub at the commit ``revision``.

    needed: files that it must have; weights: names of the file of weights, the first that exists is taken; sha: SHA-256
    that it must have. SerError where a file is missing or differs.
    """
    if is_folder(model):
        paths = local_files(model, revision, needed, weights)
        folder = Path(model).expanduser()
        found = Pretrained(folder.resolve().name, None, folder, paths[-1], licence(folder / CARD))
    else:
        found = _from_hub(model, revision, tuple(needed), tuple(weights))
    if sha is not None and (real := sha256(found.weights)) != sha.lower():
        raise SerError(
            f"model '{model}': the SHA-256 of {found.weights.name} is {real}, not {sha} as the configuration says."
        )
    return found


@cache
def _from_hub(model: str, revision: str | None, needed: tuple[str, ...], weights: tuple[str, ...]) -> Pretrained:
    paths = {name: hub.fetched(model, revision, name) for name in (*needed, CARD)}
    if missing := [name for name in needed if paths[name] is None]:
        raise SerError(f"model '{model}', revision {revision}: has no {' and '.join(missing)}.")
    file = next((path for name in weights if (path := hub.fetched(model, revision, name)) is not None), None)
    if file is None:
        raise SerError(f"model '{model}', revision {revision}: has no weights; known: {' or '.join(weights)}.")
    card = paths[CARD]
    return Pretrained(model, revision, file.parent, file, "not stated" if card is None else licence(card))


def licence(card: Path) -> str:
    """Return the licence that a model's card, ``README.md``, states in its first block, or "not stated"."""
    try:
        text = card.read_text(encoding="utf-8")
        head = yaml.safe_load(text.split("---")[1]) if text.startswith("---") else None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, IndexError):
        return "not stated"
    stated = head.get("license") if isinstance(head, dict) else None
    names = [str(name) for name in (stated if isinstance(stated, list) else [stated]) if name]
    return " and ".join(names) or "not stated"


def layer_numbers(layers: Layers, depth: int, model: str) -> tuple[int, ...]:
    """Return the numbers of ``layers`` of a model with ``depth`` of them: 0, the input of the first, to ``depth``."""
    if isinstance(layers, str):
        return (depth,) if layers == "last" else tuple(range(depth + 1))
    if wrong := [number for number in layers if not 0 <= number <= depth]:
        raise SerError(f"layers: model '{model}' has layers 0 to {depth}, not {offenders(wrong)}.")
    if len(set(layers)) < len(layers):
        raise SerError(f"layers: one is listed twice: {offenders(layers)}.")
    return tuple(layers)


def configuration(path: Path) -> Mapping[str, Any]:
    """Return the object in a JSON file such as config.json; empty where it holds something else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SerError(f"{path} cannot be read as JSON: {error}.") from error
    return found if isinstance(found, dict) else {}
