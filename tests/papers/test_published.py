"""The table of the papers' printed results."""

import pytest

from ser.errors import SerError
from ser.papers.published import published


def test_published_numbers_are_in_percent_under_one_name() -> None:
    cao = {(entry.metric, entry.label): entry.percent for entry in published("cao2019", "C-pFSMN-A")}
    assert cao["WA", ""] == 64.34
    assert cao["UA", ""] == 64.51
    assert cao["recall", "neutral"] == 69.89
    xie = published("xie2019", "Feature")
    assert [(entry.table, entry.percent) for entry in xie if entry.metric == "UA"] == [("Table2", 88), ("Table3", 54)]
    assert {entry.label for entry in xie if entry.table == "Table3"} == {
        *("", "angry", "excited", "frustrated", "neutral", "sad")
    }
    assert {entry.metric for entry in published("li2018", "CNN_TF_GAP")} == {"WA", "UA"}


def test_an_unknown_paper_or_system_is_named_with_the_known_ones() -> None:
    with pytest.raises(SerError, match=r"unknown paper 'cao2018'. Did you mean 'cao2019'"):
        published("cao2018", "C-pFSMN-A")
    with pytest.raises(SerError, match=r"unknown system of cao2019 'C-pFSMN-B'.*C-pFSMN-A"):
        published("cao2019", "C-pFSMN-B")
