"""Encoders of text through ``transformers``: BERT, RoBERTa, XLM-RoBERTa, DistilBERT, MPNet, ELECTRA.

Each gives a vector per token and layer. Layer 0 is the input of the first layer, layer n the output of the n-th. A text
is divided into tokens by the ``tokenizer.json`` that comes with the weights, which adds the tokens that begin and end a
text. Nothing in a model is executed: weights are safetensors, or a checkpoint that torch reads with ``weights_only``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ser.errors import SerError, unknown
from ser.features._frames import Matrix
from ser.features._torch import computing_device, inference
from ser.layers.pretrained import (
    WEIGHTS,
    Layers,
    Pretrained,
    configuration,
    is_folder,
    layer_numbers,
    local_files,
    located,
)

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer
    from torch import nn

NEEDED = ("config.json", "tokenizer.json")
WIDTH, DEPTH = ("hidden_size", "dim"), ("num_hidden_layers", "n_layers")  # in config.json, the first there

# Width of a layer and number of layers, of published models: what can be listed before the weights are there.
SIZES: Mapping[str, tuple[int, int]] = {
    "sentence-transformers/all-MiniLM-L6-v2": (384, 6),
    "google-bert/bert-base-uncased": (768, 12),
    "FacebookAI/roberta-base": (768, 12),
}

Pooling = Literal["mean", "first"]


@dataclass(frozen=True)
class TextFamily:
    """Names in ``transformers``. network: with a head, and without BERT's pooler, which many published files lack.

    inside: its attribute that is the encoder; offset: whether the first positions are those of padding.
    """

    network: str
    inside: str
    offset: bool = False


FAMILIES: Mapping[str, TextFamily] = {  # by model_type in config.json
    "bert": TextFamily("BertForMaskedLM", "bert"),
    "distilbert": TextFamily("DistilBertForMaskedLM", "distilbert"),
    "electra": TextFamily("ElectraForMaskedLM", "electra"),
    "mpnet": TextFamily("MPNetForMaskedLM", "mpnet", offset=True),
    "roberta": TextFamily("RobertaForMaskedLM", "roberta", offset=True),
    "xlm-roberta": TextFamily("XLMRobertaForMaskedLM", "roberta", offset=True),
}


@dataclass(frozen=True)
class TextReading:
    """The options of an extractor: which model is read, and how.

    model: a folder, or a name on the hub; revision: its commit there; sha256: that the file of weights must have;
    layers: last, all, or their numbers; limit: tokens of a text that are read, None for as many as the model can;
    batch: tokens that are computed at once.
    """

    model: str
    revision: str | None = None
    sha256: str | None = None
    layers: Layers = "last"
    limit: int | None = None
    batch: int = 4096
    device: str = "auto"

    def files(self) -> list[Path]:
        """Return the local files that the values depend on: none of a model on the hub."""
        return local_files(self.model, self.revision, NEEDED, WEIGHTS)

    def located(self) -> Pretrained:
        """Return the model on disk, downloaded where the hub's cache lacks it."""
        return located(self.model, self.revision, needed=NEEDED, weights=WEIGHTS, sha=self.sha256)

    def sizes(self) -> tuple[int, int]:
        """Return the width of a layer and the number of layers; of a published model without its files."""
        if not is_folder(self.model) and self.model in SIZES:
            return SIZES[self.model]
        files = self.files()
        path = files[0] if files else self.located().folder / NEEDED[0]
        config = configuration(path)
        found = [next((config[key] for key in keys if isinstance(config.get(key), int)), 0) for keys in (WIDTH, DEPTH)]
        if 0 in found:
            raise SerError(f"{path} states no {' or '.join(WIDTH)} and {' or '.join(DEPTH)}: it is no text encoder's.")
        return found[0], found[1]

    def numbers(self) -> tuple[int, ...]:
        """Return the numbers of the layers that are read."""
        return layer_numbers(self.layers, self.sizes()[1], self.model)

    def width(self) -> int:
        """Return the values per token: those of all layers that are read, in their order."""
        return self.sizes()[0] * len(self.numbers())

    def provenance(self) -> str:
        """Return one line: the model, its weights, its licence, the layers, and how many tokens are read."""
        found = self.located()
        most = _most(found, self.model, self.limit)
        return f"{found.provenance()}; layers {', '.join(map(str, self.numbers()))}; {most} tokens at most"


@dataclass(frozen=True)
class TextCounts:
    """How many texts there are, how many of them are cut at the limit, and how many have no token of their own."""

    texts: int
    cut: int
    empty: int


def vectors(texts: Sequence[str], reading: TextReading, pooling: Pooling) -> list[Matrix]:
    """Return the vector of each text, (1, width) float32, computed in batches of similar length.

    pooling: the mean over the tokens of a text, or its first token.
    """
    on = computing_device(reading.device)
    found, numbers = tokens(texts, reading), reading.numbers()
    result: list[Matrix] = [np.empty((1, 0), np.float32)] * len(texts)
    for group in _batches([len(one.ids) for one in found], reading.batch):
        values = _computed([found[index].ids for index in group], reading, numbers, pooling, on)
        for index, row in zip(group, values, strict=True):
            result[index] = row[None]
    return result


def counts(texts: Sequence[str], reading: TextReading) -> TextCounts:
    """Return how many of ``texts`` are cut, and how many are empty."""
    found = tokens(texts, reading)
    cut = sum(bool(one.overflowing) for one in found)
    return TextCounts(len(texts), cut, sum(all(one.special_tokens_mask) for one in found))


def tokens(texts: Sequence[str], reading: TextReading) -> "list[Encoding]":
    """Return the tokens of each text, cut at the limit."""
    found = reading.located()
    changed = (found.folder / NEEDED[1]).stat().st_mtime_ns
    tokenizer = _tokenizer(found, changed, reading.model, reading.limit)
    return [tokenizer.encode(text) for text in texts]


def _computed(
    ids: Sequence[Sequence[int]], reading: TextReading, numbers: Sequence[int], pooling: Pooling, device: str
) -> Matrix:
    """Return (texts, layers · width) float32 of the tokens of texts."""
    import torch

    found = reading.located()
    network = _network(found, found.weights.stat().st_mtime_ns, reading.model, device)
    padded = np.full((len(ids), max(map(len, ids))), _padding(configuration(found.folder / NEEDED[0])), np.int64)
    real = np.zeros(padded.shape, np.int64)
    for row, one in enumerate(ids):
        padded[row, : len(one)], real[row, : len(one)] = one, 1
    with inference():
        words, mask = (torch.from_numpy(one).to(device) for one in (padded, real))
        given = network(input_ids=words, attention_mask=mask, output_hidden_states=True)
        states = [*given.hidden_states[:-1], given.last_hidden_state]
        joint = torch.cat([states[number] for number in numbers], dim=-1).double()
        share = mask.unsqueeze(-1).double()
        pooled = joint[:, 0] if pooling == "first" else (joint * share).sum(1) / share.sum(1)
        values: Matrix = pooled.float().cpu().numpy()
    return values


def _batches(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Yield the indices of each batch, by length: at most ``most`` tokens with padding, at least one text."""
    group: list[int] = []
    for index in sorted(range(len(lengths)), key=lambda one: lengths[one]):
        if group and lengths[index] * (len(group) + 1) > most:
            yield group
            group = []
        group.append(index)
    if group:
        yield group


@cache
def _network(found: Pretrained, _changed: int, model: str, device: str) -> "nn.Module":
    """Return the encoder on ``device``; it is loaded once as long as its file does not change."""
    from ser.layers import pretrained_network

    family = _family(found, model)
    return pretrained_network.load(found, model, family.network, family.inside).to(device)


@cache
def _tokenizer(found: Pretrained, _changed: int, model: str, limit: int | None) -> "Tokenizer":
    """Return the tokeniser; SerError for that of another network, or one without tokens that begin a text."""
    from ser.layers import pretrained_network

    most, path = _most(found, model, limit), found.folder / NEEDED[1]
    with pretrained_network.reading(model, path):
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(path))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        largest = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=0)
        own = len(tokenizer.encode("").ids)
    rows = configuration(found.folder / NEEDED[0]).get("vocab_size")
    if not isinstance(rows, int) or largest >= rows:
        raise SerError(f"model '{model}': tokenizer.json has tokens 0 to {largest}, config.json states {rows} tokens.")
    if not own:
        raise SerError(f"model '{model}': tokenizer.json adds no token that begins a text, as text encoders need.")
    if most <= own:
        raise SerError(f"limit: {most} tokens are those that model '{model}' adds to a text; more are needed.")
    tokenizer.enable_truncation(most)
    return tokenizer


def _family(found: Pretrained, model: str) -> TextFamily:
    kind = str(configuration(found.folder / NEEDED[0]).get("model_type"))
    if kind not in FAMILIES:
        raise unknown(f"architecture (model_type) of model '{model}'", kind, FAMILIES)
    return FAMILIES[kind]


def _padding(config: Mapping[str, Any]) -> int:
    """Return the number of the token that fills up a batch, which is masked."""
    return int(config.get("pad_token_id") or 0)


def _most(found: Pretrained, model: str, limit: int | None) -> int:
    """Return how many tokens of a text are read; SerError where the model has fewer positions than ``limit``."""
    family, config = _family(found, model), configuration(found.folder / NEEDED[0])
    stated = config.get("max_position_embeddings")
    if not isinstance(stated, int):
        raise SerError(f"{found.folder / NEEDED[0]} states no max_position_embeddings: it is no text encoder's.")
    positions = stated - (_padding(config) + 1 if family.offset else 0)
    if limit is not None and limit > positions:
        raise SerError(f"limit: model '{model}' reads {positions} tokens at most, not {limit}.")
    return positions if limit is None else limit
