"""Tiny encoders of text with random weights, one of each architecture, in folders as their authors publish them."""

from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WIDTH, DEPTH, POSITIONS = 16, 2, 24
CARD = "---\nlanguage: en\nlicense: apache-2.0\n---\n# A tiny model\n"
OWN = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
WORDS = ("no", "yes", "please", "leave", "me", "alone", "good", "morning", "it", "is", "on", "the", "table", ",", "!")
SIZES = {"vocab_size": 4 + len(WORDS), "pad_token_id": 0, "num_attention_heads": 2, "intermediate_size": 32}
SMALL = {**SIZES, "hidden_size": WIDTH, "num_hidden_layers": DEPTH, "max_position_embeddings": POSITIONS}
AFTER_PADDING = {**SMALL, "pad_token_id": 1, "max_position_embeddings": POSITIONS + 2}
DISTILLED = {"dim": WIDTH, "n_layers": DEPTH, "n_heads": 2, "hidden_dim": 32, "max_position_embeddings": POSITIONS}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {  # network, its configuration
    "bert": ("BertModel", SMALL),
    "distilbert": ("DistilBertModel", {"vocab_size": SMALL["vocab_size"], "pad_token_id": 0, **DISTILLED}),
    "electra": ("ElectraModel", {**SMALL, "embedding_size": 8}),
    "mpnet": ("MPNetModel", AFTER_PADDING),
    "roberta": ("RobertaModel", AFTER_PADDING),
    "xlm-roberta": ("XLMRobertaModel", AFTER_PADDING),
}


def save(kind: str, folder: Path, *, head: str = "", **changes: Any) -> Path:
    """Write a random model of a kind into ``folder`` and return it.

    head: class with a head that is saved in place of the bare network; changes: of its configuration.
    """
    network, options = KINDS[kind]
    kinds = getattr(transformers, head or network)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = kinds(kinds.config_class(**{**options, **changes}))
        for parameter in model.parameters():  # the usual initial values hardly distinguish texts
            parameter.data.add_(0.3 * torch.randn(parameter.shape))
    model.save_pretrained(folder)
    tokenizer(folder / "tokenizer.json", padding=options["pad_token_id"])
    (folder / "README.md").write_text(CARD)
    return folder


def tokenizer(path: Path, *, padding: int, begins: bool = True) -> None:
    """Write a tokeniser of whole words, with the tokens that begin and end a text where ``begins``.

    As those of sentence encoders, its file asks for padding and an own limit, which an extractor must not take.
    """
    own = list(OWN)
    own.insert(padding, own.pop(0))
    vocabulary = {word: number for number, word in enumerate((*own, *WORDS))}
    made = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    if begins:
        ends = [(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")]
        made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    made.add_special_tokens(own)
    made.enable_truncation(4)
    made.enable_padding(pad_id=padding, length=4)
    made.save(str(path))
