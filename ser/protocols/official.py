"""The split that a corpus was published with: one fold, each utterance in the part that its authors gave it."""

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from ser import catalog
from ser.corpus import Facts
from ser.errors import SerError, offenders
from ser.protocols import _parts

REPEATED = True  # what is trained on is never tested
PARTIAL = True  # a corpus may have further test sets, and utterances in none
WORDS = {"train": "train", "dev": "dev"}  # of adapters: ours; the part that is tested is an option


def files(*, adapter: str, root: Path, options: Mapping[str, Any] | None = None, **_: object) -> list[Path]:
    """Return the files that say the split, which is read again when one changes."""
    return list(_module(adapter).official_files(Path(root).expanduser(), **(options or {})))


def folds(facts: Facts, *, adapter: str, **_: object) -> int:
    """Return 1; SerError where the corpus was published without a split."""
    del facts
    _module(adapter)
    return 1


def assign(
    rows: "_parts.Rows", *, adapter: str, root: Path, test: str = "test", options: Mapping[str, Any] | None = None
) -> "_parts.Parts":
    """Yield the part of each utterance; one that the split does not name has none, and is counted.

    adapter: module in ``ser/corpora``; root: of its recordings; options: of the adapter. test: the part that is tested,
    where a corpus has several, such as test1. SerError where there is no such part, or no utterance is in it.
    """
    import numpy as np

    split = dict(_module(adapter).official(Path(root).expanduser(), **(options or {})))
    if test not in (known := set(split.values()) - set(WORDS)):
        raise SerError(
            f"{root}: the split of {adapter} has no part '{test}'; the option 'test' names one of "
            f"{', '.join(sorted(known)) or 'none'}."
        )
    words = {**WORDS, test: "test"}
    part = [words.get(split.get(str(name), ""), _parts.NO_PART) for name in rows["utterance"]]
    counted = Counter(part)
    if missing := [wanted for wanted in ("train", "test") if not counted[wanted]]:
        raise SerError(f"{root}: no utterance of the protocol is in {offenders(missing)} of the split of {adapter}.")
    none = f"{counted[_parts.NO_PART]} of {len(part)} utterances are in no part"
    print(f"official split of {adapter}: {none}", file=sys.stderr)
    yield np.array(part, dtype=object)


def _module(adapter: str) -> ModuleType:
    module = catalog.load("corpora", adapter)
    if not hasattr(module, "official"):
        known = [name for name in catalog.names("corpora") if hasattr(catalog.load("corpora", name), "official")]
        raise SerError(f"{adapter} was published without a split; corpora that have one: {', '.join(known)}.")
    return module
