"""The configuration file that ``ser inspect`` proposes, ready to run."""

import csv
import re
import shlex
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ser.corpus import Fault
from ser.errors import SerError, printable
from ser.input_checks import BY_NAME
from ser.inspection.release import Release

SYSTEMS = ("SVM-eGeMAPS", "SVM-ComParE")  # a floor within minutes


def name_of(release: Release) -> str:
    """Return a name for the corpus: the adapter's, or of a table that of its folder, as the configuration allows."""
    if release.adapter != "table":
        return release.adapter
    return re.sub(r"[^A-Za-z0-9]+", "-", release.root.resolve().name).strip("-").lower() or "mine"


def draft(release: Release, protocol: str | None, faults: Sequence[Fault], trim: bool, file: Path | None = None) -> str:
    """Return the text of a YAML file: one corpus, a protocol that is possible, two quick systems.

    Every kind of fault that ``allow`` accepts is a commented line with its count, because leaving utterances out is
    the user's decision. protocol: None where none is known to be possible. trim: whether the silence around the speech
    is to be cut. file: what the text is written to.
    """
    name = name_of(release)
    experiment = {
        "name": name,
        "runs": [{"corpora": [name], "protocols": [protocol or "random-folds-all"], "systems": list(SYSTEMS)}],
    }
    corpus: dict[str, Any] = {} if release.adapter == name else {"adapter": release.adapter}
    corpus["root"] = str(release.root.resolve())
    if release.options:
        corpus["options"] = release.options
    if trim:
        corpus["trim"] = "speech"
    lines = [
        f"#   snakemake --cores 8 --configfile {shlex.quote(str(file or f'{name}.yaml'))}",
        *([] if protocol else ["# No protocol is known to be possible yet; 'ser inspect' says why."]),
        _yaml({"experiment": experiment}),
        _yaml({"corpora": {name: corpus}}, lines=True),  # so that a key can follow
    ]
    counted = Counter(fault.kind for fault in faults)
    allowed = [kind for kind in counted if kind in BY_NAME and BY_NAME[kind].outcome == "allow"]
    settled = [kind for kind in counted if kind in BY_NAME and BY_NAME[kind].outcome == "error"]
    lines += [f"    # {kind}: {BY_NAME[kind].switch}" for kind in settled]
    if allowed:
        lines.append(f"    # allow: [{', '.join(allowed)}]")
        lines += [f"    #   {kind}, {counted[kind]}: {BY_NAME[kind].switch}" for kind in allowed]
    return "\n".join(lines) + "\n"


def write_table(rows: Sequence[tuple[str, str, str]], path: Path) -> None:
    """Write a first table of recordings: path, emotion, speaker; SerError if there is such a file already.

    A recording whose name is not UTF-8 has no row: no table can name it.
    """
    text = [row for row in rows if row[0] == printable(row[0])]
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([("path", "emotion", "speaker"), *text])
    except FileExistsError:
        raise SerError(f"{path}: exists already and is not written over.") from None


def _yaml(entry: dict[str, Any], *, lines: bool = False) -> str:
    """Return an entry in YAML; lines: with a line per key, else with the innermost collections in one line."""
    style = False if lines else None
    return yaml.safe_dump(entry, sort_keys=False, allow_unicode=True, width=120, default_flow_style=style).rstrip("\n")
