"""Paths of all files below data/ and results/, as the workflow and the stages use them."""

from pathlib import Path
from typing import NamedTuple

RUN = "results/runs/{corpus}/{protocol}/{system}/seed{seed}/fold{fold}"
FOR_USE = -1  # the fold of a run without a test part, which trains on all speakers but those of dev
RUN_FOR_USE = "results/runs/{corpus}/{protocol}/{system}/seed{seed}/use"
DEV_PREDICTIONS = "dev_predictions.parquet"  # of a run for use
CHECKPOINTS = "results/checkpoints"  # one folder per recipe, code and data; removed at the end of the run
TENSORBOARD = "results/tensorboard"  # where tracking.tensorboard is true


class Run(NamedTuple):
    """One system, protocol, corpus, seed and fold."""

    corpus: str
    protocol: str
    system: str
    seed: int
    fold: int

    @property
    def folder(self) -> Path:
        """``results/runs/<corpus>/<protocol>/<system>/seed<s>/fold<f>``, or ``…/seed<s>/use`` of a run for use."""
        return Path((RUN_FOR_USE if self.fold == FOR_USE else RUN).format(**self._asdict()))


def disturbed(folder: Path, condition: str, digest: str) -> Path:
    """``<folder>/robustness/<condition>-<digest>.parquet`` of a run: its predictions under a condition."""
    return folder / "robustness" / f"{condition}-{digest}.parquet"


def epochs(folder: Path) -> Path:
    """``<folder>/epochs.jsonl`` of a run that is being trained: its epochs so far."""
    return folder / "epochs.jsonl"


def manifest(corpus: str) -> Path:
    """``data/<corpus>/manifest.parquet``."""
    return Path("data", corpus, "manifest.parquet")


def measures(corpus: str) -> Path:
    """``data/<corpus>/measures.parquet``: what each utterance sounds like."""
    return Path("data", corpus, "measures.parquet")


def excluded(corpus: str) -> Path:
    """``data/<corpus>/excluded.csv``: the utterances that are left out, and why."""
    return Path("data", corpus, "excluded.csv")


def warnings(corpus: str) -> Path:
    """``data/<corpus>/warnings.csv``: what is strange about a corpus's rows and recordings."""
    return Path("data", corpus, "warnings.csv")


def trained_weights(corpus: str, rule: str) -> Path:
    """``data/<corpus>/<what>.safetensors``: weights of an extractor that the rule ``train_<what>`` makes."""
    return Path("data", corpus, f"{rule.removeprefix('train_')}.safetensors")


def audio(corpus: str) -> Path:
    """Folder of a corpus's audio shards, ``<shard>.parquet``."""
    return Path("data", corpus, "audio")


def features(corpus: str, feature: str) -> Path:
    """Folder of one feature's shards, ``<shard>.parquet``."""
    return Path("data", corpus, "features", feature)


def of_copy(folder: Path, copy: str) -> Path:
    """``<folder>+<copy>``: the shards of a disturbed copy, next to those of the feature in ``folder``."""
    return folder.with_name(f"{folder.name}+{copy}")


def mapped(folder: Path, origin: str, part: str) -> Path:
    """File that trainings map where a feature of a fold is larger than memory, in the folder of the feature's shards.

    origin, part: digests of the shards and of the utterances of which it has the values. The workflow removes
    ``<folder>/mapped`` when all is built.
    """
    return folder / "mapped" / f"{origin}-{part}.values"


def index(folder: Path) -> Path:
    """``<folder>/index.json``, which represents all shards in the folder of a feature or a transcript."""
    return folder / "index.json"


def transcripts(corpus: str, transcript: str) -> Path:
    """Folder of one transcript's shards, ``<shard>.parquet``."""
    return Path("data", corpus, "transcripts", transcript)


def embedding(corpus: str, embedding: str, transcript: str) -> Path:
    """``data/<corpus>/embeddings/<embedding>/<transcript>.parquet``: vectors of the words of a transcript."""
    return Path("data", corpus, "embeddings", embedding, f"{transcript}.parquet")


def folds(corpus: str, protocol: str) -> Path:
    """``data/<corpus>/folds/<protocol>.parquet``."""
    return Path("data", corpus, "folds", f"{protocol}.parquet")


def audit(corpus: str, protocol: str) -> Path:
    """``data/<corpus>/audit/<protocol>.parquet``."""
    return Path("data", corpus, "audit", f"{protocol}.parquet")


def shards(folder: Path, count: int | None) -> list[Path]:
    """Return shards 0 to ``count`` − 1 of ``folder``; None: all that are there, by name."""
    return sorted(folder.glob("*.parquet")) if count is None else [folder / f"{k}.parquet" for k in range(count)]


def shard_count(utterances: int, shard_size: int) -> int:
    """Return the number of shards for ``utterances``, at most ``shard_size`` in each; at least one."""
    return max(1, -(-utterances // shard_size))
