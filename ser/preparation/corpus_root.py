"""Whether the root of a corpus is the folder that its rows mean, known before the audio is read."""

import os
from collections import Counter
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from pathlib import Path

from ser.config.schema import Corpus
from ser.corpus import Utterance
from ser.errors import SerError, offenders

NEARLY_ALL = 0.9  # of the recordings: where as many are missing, the root is wrong rather than the recordings lost
TRIED = 200  # missing recordings that are searched for elsewhere below the root


def check_folder(corpus: str, root: Path) -> None:
    """Raise SerError unless ``root`` is a folder, with the last folder above it that is there and what it holds."""
    if root.is_dir():
        return
    above = next(parent for parent in (root.absolute(), *root.absolute().parents) if parent.exists())
    if not above.is_dir():
        raise SerError(
            f"corpora.{corpus}.root: {above} is a file; give the folder with the recordings, and an archive as "
            "'archive'."
        )
    wanted, names = root.absolute().relative_to(above).parts[0], sorted(entry.name for entry in os.scandir(above))
    near = get_close_matches(wanted, names, n=1)
    hint = f" Did you mean '{above / near[0]}'?" if near else ""
    raise SerError(
        f"corpora.{corpus}.root: {root} is not a folder; {above} has no '{wanted}'.{hint} It holds "
        f"{offenders(names) or 'nothing'}."
    )


def check_recordings(corpus: str, settings: Corpus, root: Path, rows: Sequence[Utterance]) -> None:
    """Raise SerError where nearly all recordings that ``rows`` name are not below the root.

    Where ``missing-audio`` is allowed, only where all are missing.
    """
    wanted = list(dict.fromkeys(row.audio for row in rows))
    missing = [audio for audio in wanted if not os.path.isfile(root / audio)]
    allowed = "missing-audio" in settings.allow
    if not missing or len(missing) < len(wanted) * (1 if allowed else NEARLY_ALL):
        return
    present = set(settings.load().audio_files(root, **settings.options))
    raise SerError(
        f"corpora.{corpus}.root: {len(missing)} of {len(wanted)} recordings are not below {root}, such as "
        f"{offenders(missing, 3)}. {_advice(root, missing, present)}"
    )


def _advice(root: Path, missing: Sequence[str], present: Collection[str]) -> str:
    """Return where the root should be, as the places of files of the same names show, or what it holds."""
    places: dict[str, list[str]] = {}
    for audio in present:
        places.setdefault(audio.rpartition("/")[2], []).append(audio)
    votes: Counter[str] = Counter()
    for audio in missing[:TRIED]:
        for found in places.get(audio.rpartition("/")[2], ()):
            if found.endswith(f"/{audio}"):
                votes[f"They are in {root / found.removesuffix(audio)}: give that folder as the root."] += 1
            elif audio.endswith(f"/{found}"):
                votes[_without_folder(root.absolute(), Path(audio.removesuffix(found)))] += 1
            else:
                votes[f"{found} is there: do the paths of the rows begin in another folder?"] += 1
    if votes:
        return votes.most_common(1)[0][0]
    held = sorted(entry.name + "/" * entry.is_dir() for entry in os.scandir(root))
    return f"Is the root the folder in which the paths of the rows begin? It holds {offenders(held) or 'nothing'}."


def _without_folder(root: Path, more: Path) -> str:
    """Return what to do where the rows name the folders ``more``, and the recordings lie in ``root`` without them."""
    count = len(more.parts)
    if root.parts[-count:] == more.parts:
        return f"The root has the folder '{more}' of the rows in it: give {root.parents[count - 1]} as the root."
    return f"They are there without the folder '{more}' that the rows name: move them, or correct the rows."
