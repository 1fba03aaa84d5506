"""The section of warnings: one row per corpus and check, with examples and the remedy."""

from contextlib import chdir
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ser import layout
from ser.report.sections import recordings

HEAD = "check,utterance,audio,found,remedy\n"


def rows(home: Path, *corpora: str) -> list[dict[str, Any]]:
    experiment = SimpleNamespace(selected=lambda _: list(corpora))
    with chdir(home):
        (table,) = recordings.tables(SimpleNamespace(plan=SimpleNamespace(experiment=experiment), warning=""))
    return list(table.rows)


def test_warnings_are_counted_by_check_and_name_at_most_five(tmp_path: Path) -> None:
    path = tmp_path / layout.warnings("mine")
    path.parent.mkdir(parents=True)
    clipped = "".join(f"clipped,u{n},u{n}.wav,3.1 % of its samples stand at a limit,leave it out\n" for n in range(7))
    path.write_text(f"{HEAD}{clipped}silence,,,41 % of the sound is silence,cut it\n")
    empty = tmp_path / layout.warnings("clean")
    empty.parent.mkdir()
    empty.write_text(HEAD)
    one, two = rows(tmp_path, "mine", "clean", "not-prepared")
    assert (one["corpus"], one["check"], one["utterances"]) == ("mine", "clipped", 7)
    assert one["examples"] == "u0, u1, u2, u3, u4 and 2 more"
    assert one["found"] == "3.1 % of its samples stand at a limit"
    assert (two["check"], two["examples"], two["remedy"]) == ("silence", "the whole corpus", "cut it")
