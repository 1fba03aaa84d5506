"""Leave one speaker out: each speaker is tested in one fold.

Li et al. 2018 and many before them on IEMOCAP. The speaker's partner in the same conversation stays in train, so the
session and the dialog leak by design of the rule. session_out avoids this, and so does ``dev="partner"``, which uses
the partner for model selection instead: Lee & Tashev 2015.
"""

from collections.abc import Sequence
from typing import Literal

from ser.corpus import Facts
from ser.errors import SerError
from ser.protocols import _parts

Dev = Literal["speaker", "partner", "none"]
APART = "speaker"  # what is tested is never trained on


def folds(facts: Facts, *, dev: Dev = "speaker", **_: object) -> int:
    """Return the number of speakers; SerError if they are not known or too few."""
    _parts.require("speaker", facts.speakers, *(_parts.TWO if dev == "none" else _parts.THREE))
    if dev == "partner":
        _parts.require("session", facts.sessions, 2, "one to test and for dev, one to train")
    return len(facts.speakers)


def assign(rows: "_parts.Rows", *, dev: Dev = "speaker") -> "_parts.Parts":
    """Yield the parts of each fold; fold i tests the i-th speaker by name.

    dev: "speaker" takes as dev part the next speaker in order who belongs to another session, with one step width for
    all folds, so that every speaker is the dev part once; the next speaker where there are no sessions, or where no
    step width leads out of every session. "partner" takes all others of the speaker's session, so that train has none
    of it; SerError where there are none. "none" leaves no dev part.
    """
    import numpy as np

    speaker = _parts.column(rows, "speaker")
    speakers = sorted(speaker.unique())
    if dev == "partner":
        _parts.column(rows, "session")
    sessions = [frozenset(rows.loc[speaker == name, "session"].dropna()) for name in speakers]
    step = _step(sessions)
    for fold, tested in enumerate(speakers):
        part = np.where(speaker == tested, "test", "train")
        if dev == "speaker":
            part = np.where(speaker == speakers[(fold + step) % len(speakers)], "dev", part)
        elif dev == "partner":
            part = np.where(speaker.isin(_partners(speakers, sessions, fold)), "dev", part)
        yield part


def _partners(speakers: Sequence[str], sessions: Sequence[frozenset[str]], tested: int) -> list[str]:
    """Return the others who share a session with the speaker numbered ``tested``; SerError if there are none."""
    shared = zip(speakers, sessions, strict=True)
    partners = [name for name, where in shared if name != speakers[tested] and where & sessions[tested]]
    if not partners:
        raise SerError(
            f"{speakers[tested]} is alone in session {', '.join(sorted(sessions[tested]))}, so "
            "there is no partner for dev; use dev: speaker or dev: none."
        )
    return partners


def _step(sessions: Sequence[frozenset[str]]) -> int:
    """Return the smallest step that leads every speaker to one of other sessions, or 1."""
    count = len(sessions)
    for step in range(1, count):
        if all(sessions[index].isdisjoint(sessions[(index + step) % count]) for index in range(count)):
            return step
    return 1
