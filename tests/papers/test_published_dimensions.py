"""What others print of dimensions is a CCC of a known corpus, with its set and source."""

from ser import catalog
from ser.papers import published
from ser.papers.published_dimensions import levels


def test_every_row_is_of_a_corpus_that_is_read_here_and_has_a_source() -> None:
    rows = published.read("published_dimensions.csv")
    assert {row["adapter"] for row in rows} <= set(catalog.names("corpora"))
    for level in (one for name in {row["adapter"] for row in rows} for one in levels(name)):
        values = [value for value in (level.valence, level.activation, level.dominance) if value is not None]
        assert values
        assert all(-1 <= value <= 1 for value in values)
        assert level.set
        assert any(letters.isdigit() for letters in level.source)


def test_a_value_that_is_not_printed_is_none() -> None:
    hidden = [level for level in levels("msppodcast") if level.set == "test 3"]
    assert [level.activation for level in hidden] == [None, None]
    assert levels("demo") == []
