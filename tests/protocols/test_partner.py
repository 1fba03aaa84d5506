"""Leaving one speaker out with the partner as dev part: no speaker of the test session is trained on."""

import pandas as pd
import pytest

from ser.checks.protocol import assigned
from ser.corpus import Facts
from ser.errors import SerError
from ser.protocols import speaker_out


def pairs() -> pd.DataFrame:
    rows = [
        {"utterance": f"{session}{gender}{take}", "speaker": f"{session}{gender}", "session": session}
        for session in ("S1", "S2", "S3")
        for gender in "FM"
        for take in range(4)
    ]
    return pd.DataFrame(rows)


def test_dev_is_the_partner_and_train_has_nothing_of_the_session() -> None:
    table = pairs()
    assert speaker_out.folds(Facts(24, tuple(table["speaker"].unique()), ("S1", "S2", "S3"), ()), dev="partner") == 6
    parts = assigned(speaker_out, table, dev="partner").merge(table, on="utterance")
    for fold, (session, tested, partner) in enumerate(
        (session, f"{session}{one}", f"{session}{other}")
        for session in ("S1", "S2", "S3")
        for one, other in ("FM", "MF")
    ):
        mine = parts[parts["fold"] == fold]
        who = mine.groupby("part")["speaker"].agg(set)
        assert (who["test"], who["dev"]) == ({tested}, {partner})
        assert set(mine.loc[mine["part"] == "train", "session"]) == {"S1", "S2", "S3"} - {session}
        assert len(mine) == len(table)


def test_a_speaker_without_a_partner_or_a_corpus_without_sessions_is_an_error() -> None:
    table = pairs()
    with pytest.raises(SerError, match="S2F is alone in session S2"):
        assigned(speaker_out, table[table["speaker"] != "S2M"], dev="partner")
    with pytest.raises(SerError, match="the rule needs sessions"):
        assigned(speaker_out, table.assign(session=None), dev="partner")
    with pytest.raises(SerError, match="the rule needs sessions"):
        speaker_out.folds(Facts(24, ("a", "b", "c"), (), ()), dev="partner")
