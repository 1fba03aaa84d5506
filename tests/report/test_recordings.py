"""The section of warnings: one row per corpus and check, with examples and the remedy."""

from contextlib import chdir
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ser import layout
from ser.report.sections import recordings
from ser.tables import contracts
from ser.tables.measures import MEASURES

HEAD = "check,utterance,audio,found,remedy\n"


def made(home: Path, *corpora: str) -> list[list[dict[str, Any]]]:
    experiment = SimpleNamespace(selected=lambda _: list(corpora))
    with chdir(home):
        tables = recordings.tables(SimpleNamespace(plan=SimpleNamespace(experiment=experiment), warning=""))
    return [list(table.rows) for table in tables]


def test_warnings_are_counted_by_check_and_name_at_most_five(tmp_path: Path) -> None:
    path = tmp_path / layout.warnings("mine")
    path.parent.mkdir(parents=True)
    clipped = "".join(f"clipped,u{n},u{n}.wav,3.1 % of its samples stand at a limit,leave it out\n" for n in range(7))
    path.write_text(f"{HEAD}{clipped}silence,,,41 % of the sound is silence,cut it\n")
    empty = tmp_path / layout.warnings("clean")
    empty.parent.mkdir()
    empty.write_text(HEAD)
    sound, (one, two) = made(tmp_path, "mine", "clean", "not-prepared")
    assert sound == []
    assert (one["corpus"], one["check"], one["utterances"]) == ("mine", "clipped", 7)
    assert one["examples"] == "u0, u1, u2, u3, u4 and 2 more"
    assert one["found"] == "3.1 % of its samples stand at a limit"
    assert (two["check"], two["examples"], two["remedy"]) == ("silence", "the whole corpus", "cut it")


def test_levels_and_silences_are_medians(tmp_path: Path) -> None:
    usual = {"peak": 0.5, "clipped": 0.0, "offset": 0.0, "silent_channels": 0, "speech_band": 0.9}
    usual |= {"correlation": None}
    cells = [
        {
            "utterance": str(n),
            "level": level,
            "silence_before": before,
            "silence_after": 0.25,
            "correlation": None,
            **usual,
        }
        for n, (level, before) in enumerate(((-40.0, 0.5), (-20.0, 1.5), (-33.0, None), (-22.0, 0.75)))
    ]
    contracts.write(MEASURES, cells, tmp_path / layout.measures("mine"), {"corpus": "mine"})
    (row,), strange = made(tmp_path, "mine")
    assert strange == []
    assert row == {
        "corpus": "mine",
        "level": -27.5,
        "level_quietest": -40.0,
        "level_loudest": -20.0,
        "silence_before": 0.75,
        "silence_after": 0.25,
    }
