"""Stage ``transcribe``: what was said in one shard's utterances, as the corpus has it or as a recogniser hears it."""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from ser import catalog
from ser.config.options import uses_device
from ser.errors import SerError, offenders, unknown
from ser.jobs.progress import progress
from ser.tables import contracts
from ser.text.tokens import tokens

GIVEN = "the corpus's own transcripts"


def transcribe(
    *,
    manifest: Path,
    shard: int,
    out: Path,
    audio: Path | None = None,
    recogniser: str | None = None,
    options: Mapping[str, Any] | None = None,
    device: str = "auto",
) -> None:
    """Write the TRANSCRIPTS table of ``shard`` to ``out``, in the order of the manifest.

    Without a ``recogniser`` the text is the manifest's. With one it is what ``ser.recognisers.<recogniser>``, loaded
    with ``options``, hears in the AUDIO table ``audio`` of the same shard; nothing heard is a legal transcript. device:
    auto, cpu or cuda, for a recogniser that can choose. The notes hold provenance, one line, and a recogniser's name,
    options (JSON) and versions (JSON). SerError, naming the utterances, where the corpus has no text for them.
    """
    rows = contracts.read(contracts.MANIFEST, manifest, {"shard": shard})
    names, given = rows["utterance"].to_pylist(), rows["text"].to_pylist()
    if recogniser is None:
        texts, notes = _given(names, given, manifest), {"provenance": GIVEN}
    elif audio is None:
        raise SerError(f"the recogniser '{recogniser}' hears recordings: give it the audio shard {shard}.")
    else:
        texts, notes = _heard(names, audio, recogniser, dict(options or {}), device)
    columns = [names, texts, [tokens(text) for text in texts], [text or "" for text in given]]
    contracts.write(contracts.TRANSCRIPTS, pa.table(columns, schema=contracts.TRANSCRIPTS.schema), out, notes)


def _given(names: list[str], texts: list[str | None], manifest: Path) -> list[str]:
    missing = [name for name, text in zip(names, texts, strict=True) if text is None]
    if missing:
        raise SerError(
            f"{manifest}: the corpus has no transcript of {len(missing)} utterances: {offenders(missing)}. Exclude "
            "them, or let a recogniser listen: an entry under 'transcripts', named by the system's "
            "inputs.words.transcript."
        )
    return [text for text in texts if text is not None]


def _heard(
    names: list[str], audio: Path, recogniser: str, options: dict[str, Any], device: str
) -> tuple[list[str], dict[str, str]]:
    """Return the text of every utterance in ``audio``, which must be those of ``names``, and the notes."""
    module = catalog.load("recognisers", recogniser)
    known = catalog.keywords("recognisers", recogniser, "load") or {}
    for option in options:
        if option not in known:
            raise unknown(f"option of {recogniser}", option, known)
    table = contracts.read(contracts.AUDIO, audio)
    if table["utterance"].to_pylist() != names:
        raise SerError(f"{audio} does not hold the utterances that the manifest has in this shard; resample again.")
    given = {"device": device} if uses_device("recognisers", recogniser, options) else {}
    listener = module.load(**{**given, **options})
    texts = []
    for row, name in enumerate(progress(names, total=len(names), unit="utterances")):
        signal = np.frombuffer(table["samples"][row].as_buffer(), dtype="<f4")
        try:
            texts.append(listener.recognise(signal, table["rate"][row].as_py()))
        except SerError as error:
            raise SerError(f"{audio}: utterance {name}: {error}") from error
    notes = {
        "recogniser": recogniser,
        "options": json.dumps(options, sort_keys=True),
        "versions": json.dumps({name: version(name) for name in module.DEPENDS}),
        "provenance": listener.provenance,
    }
    return texts, notes
