"""Leave one session out: train and test share no speaker, dialog or session.

The common speaker-independent protocol of IEMOCAP (five folds). Scripted sentences repeat over sessions, so the text
leaks where a protocol includes scripted dialogs.
"""

from typing import Literal

from ser.corpus import Facts
from ser.errors import SerError
from ser.protocols import _parts

Dev = Literal["speaker", "session", "none"]
APART = "session"  # what is tested is never trained on


def folds(facts: Facts, *, dev: Dev = "speaker") -> int:
    """Return the number of sessions; SerError if they are not known or too few."""
    _parts.require("session", facts.sessions, *(_parts.THREE if dev == "session" else _parts.TWO))
    if dev == "speaker" and not facts.speakers:
        raise SerError("dev: speaker needs speakers, and the corpus names none; use dev: session or dev: none.")
    if dev == "speaker":
        _parts.require("speaker", facts.speakers, 3, "a session to test, a speaker for dev, one to train")
    return len(facts.sessions)


def assign(rows: "_parts.Rows", *, dev: Dev = "speaker") -> "_parts.Parts":
    """Yield the parts of each fold; fold i tests the i-th session by name.

    dev: "speaker" takes one speaker of the next session, genders alternating over the folds; "session" the whole next
    session; "none" leaves no dev part.
    """
    import numpy as np

    session = _parts.column(rows, "session")
    sessions = sorted(session.unique())
    for fold, tested in enumerate(sessions):
        following = sessions[(fold + 1) % len(sessions)]
        part = np.where(session == tested, "test", "train")
        if dev == "session":
            part = np.where(session == following, "dev", part)
        elif dev == "speaker":
            speaker = _parts.column(rows, "speaker")
            part = np.where(speaker == _dev_speaker(rows, tested, following, fold), "dev", part)
        yield part


def _dev_speaker(rows: "_parts.Rows", tested: str, following: str, fold: int) -> str:
    """Return a speaker of the session ``following``, who is not in ``tested``; genders alternate over the folds."""
    excluded = set(rows.loc[rows["session"] == tested, "speaker"])
    there = rows.loc[(rows["session"] == following) & ~rows["speaker"].isin(excluded), ["speaker", "gender"]]
    if there.empty:
        raise SerError(
            f"every speaker of session {following} is also in session {tested}, so none is left "
            "for dev; use dev: session or dev: none, or speaker_out."
        )
    genders = sorted(rows["gender"].dropna().unique())
    wanted = there.loc[there["gender"] == genders[fold % len(genders)]] if genders else there
    names = sorted((there if wanted.empty else wanted)["speaker"].unique())
    return str(names[fold // max(len(genders), 1) % len(names)])
