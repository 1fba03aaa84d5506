"""A pretrained encoder of text on the transcript: one vector per utterance.

BERT (Devlin et al. 2019), RoBERTa (Liu et al. 2019), XLM-RoBERTa, DistilBERT, MPNet and ELECTRA, and sentence encoders
that were trained from them (Reimers and Gurevych 2019), as ``transformers`` computes them, in float32. The weights are
not trained here. The mean is that over all tokens, those included that begin and end a text, as in sentence encoders.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from ser.bounds import Count
from ser.features import _text_encoders
from ser.features._frames import Matrix
from ser.features._text_encoders import Pooling, TextReading
from ser.layers.pretrained import Layers

READS = "text"
DTYPE = "float32"
HOP = None
DEPENDS = ("torch", "transformers", "tokenizers")


def dims(*, transcript: str = "given", pooling: Pooling = "mean", **options: Any) -> int:
    """Return the values of the vector: the width of a layer times the number of layers, one after the other."""
    del transcript, pooling
    return TextReading(**options).width()


def files(*, transcript: str = "given", pooling: Pooling = "mean", **options: Any) -> list[Path]:
    """Return the local files of the model: none of one on the hub, which its revision pins."""
    del transcript, pooling
    return TextReading(**options).files()


def provenance(*, transcript: str = "given", pooling: Pooling = "mean", **options: Any) -> str:
    """Return one line on the model, for tables and run cards."""
    del transcript
    how = "mean over the tokens" if pooling == "mean" else "first token"
    return f"{TextReading(**options).provenance()}; {how}"


def extract(
    text: str,
    *,
    model: str,
    revision: str | None = None,
    sha256: str | None = None,
    transcript: str = "given",
    layers: Layers = "last",
    pooling: Pooling = "mean",
    limit: Count | None = None,
    batch: Count = 4096,
    device: Literal["auto", "cpu", "cuda"] = "auto",
) -> Matrix:
    """Return the vector of a transcript, (1, dims), float32.

    model: a folder with config.json, tokenizer.json and weights, or a name on the hub; revision: its commit there;
    sha256: that the file of weights must have; transcript: name under ``transcripts`` of the texts that the stage
    gives; layers: last, all, or numbers, from 0 (the input of the first layer); pooling: mean over the tokens, or the
    first token; limit: tokens that are read of a text, those that begin and end it included, as many as the model can
    where it is None: the rest is cut; batch: tokens that are computed at once. An empty text is that of the tokens that
    begin and end it. SerError for a model that cannot be had or is of another architecture.
    """
    del transcript
    source: dict[str, Any] = {"model": model, "revision": revision, "sha256": sha256, "layers": layers}
    return extract_many([text], **source, pooling=pooling, limit=limit, batch=batch, device=device)[0]


def extract_many(
    texts: Sequence[str], *, transcript: str = "given", pooling: Pooling = "mean", **options: Any
) -> list[Matrix]:
    """Return what ``extract`` does, of several texts, computed in batches by length."""
    del transcript
    return _text_encoders.vectors(texts, TextReading(**options), pooling)


def counts(
    texts: Sequence[str], *, transcript: str = "given", pooling: Pooling = "mean", **options: Any
) -> dict[str, int]:
    """Return how many texts there are, how many are cut at the limit, and how many are empty."""
    del transcript, pooling
    return asdict(_text_encoders.counts(texts, TextReading(**options)))
