"""Ratings of dimensions: their scale, from the corpus to the manifest, and what is no target."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from ser.config.schema import Corpus
from ser.corpus import Utterance
from ser.errors import SerError
from ser.preparation.ratings import checked, common_scale, noted_scale, off_scale, on_scale
from ser.stages.prepare import PrepareJob, prepare
from ser.tables import contracts

NAN = float("nan")


def prepared(folder: Path, allow: tuple[str, ...] = (), **options: Any) -> Path:
    root = folder / "r"
    root.mkdir(exist_ok=True)
    for number in range(3):
        noise = np.random.default_rng(number).uniform(-0.5, 0.5, 8000)
        soundfile.write(root / f"{number}.wav", noise, 16_000)
    (root / "t.csv").write_text("path,emotion,valence,dominance\n0.wav,sad,1,7\n1.wav,,55,\n2.wav,sad,4,2.5\n")
    settings = Corpus(adapter="table", options={"table": "t.csv", **options}, allow=allow)
    names = {name: folder / f"{name}.parquet" for name in ("manifest", "recordings")}
    names |= {name: folder / f"{name}.csv" for name in ("excluded", "warnings")}
    prepare(PrepareJob(corpus="own", settings=settings, root=root, **names))
    return names["manifest"]


def test_a_rating_off_the_scale_is_a_fault_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(SerError) as error:
        prepared(tmp_path, scale=[1, 7])
    for words in ("off-scale, 1", "t.csv:3", "valence 55", "1…7", "'allow: [off-scale]'"):
        assert words in str(error.value)


def test_where_it_is_allowed_the_rating_goes_and_the_utterance_stays(tmp_path: Path) -> None:
    manifest = prepared(tmp_path, scale=[1, 7], allow=("off-scale",))
    rows = contracts.read(contracts.MANIFEST, manifest).to_pylist()
    assert [row["valence"] for row in rows] == [1.0, None, 4.0]
    assert [row["dominance"] for row in rows] == [7.0, None, 2.5]
    assert "off-scale" in (tmp_path / "warnings.csv").read_text()
    assert noted_scale(contracts.metadata(manifest)) == (1.0, 7.0)


def test_an_unknown_scale_is_not_written(tmp_path: Path) -> None:
    manifest = prepared(tmp_path)
    assert contracts.read(contracts.MANIFEST, manifest)["valence"].to_pylist() == [1.0, 55.0, 4.0]
    assert noted_scale(contracts.metadata(manifest)) is None


def test_both_ends_are_on_the_scale() -> None:
    row = Utterance("u", "u.wav", "t:1", valence=1.0, activation=5.0, dominance=5.01)
    assert [fault.reason for fault in off_scale([row], (1, 5))] == ["dominance 5.01: outside the scale 1…5"]
    found = on_scale(row, (1, 5))
    assert (found.valence, found.activation, found.dominance) == (1.0, 5.0, None)
    assert off_scale([row], None) == []
    checked(np.array([[0.1], [0.7]], dtype=np.float32), ["valence"], (0.1, 0.7))  # not these numbers in float32


def test_members_on_different_scales_are_named() -> None:
    notes = {"a": {"scale": json.dumps([1, 5])}, "b": {"scale": json.dumps([1, 7])}, "c": {}}
    with pytest.raises(SerError, match=r"a 1…5, b 1…7, c unknown"):
        noted_scale(common_scale(notes))
    assert noted_scale(common_scale({"a": notes["a"], "b": notes["a"]})) == (1.0, 5.0)
    assert noted_scale(common_scale({"c": {}, "d": {}})) is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, 2, NAN, NAN, NAN], "valence is missing for 3 of 5 utterances"),
        ([NAN, NAN], "no utterance has a rating of valence"),
        ([2, 2, 2, NAN], "valence is 2 for all 3 utterances"),
        ([2, 3, 0, 9, 9], "valence is outside the scale 1…5 for 3 utterances, such as 0, 9"),
    ],
)
def test_what_is_no_target_is_named_with_its_numbers(values: list[float], words: str) -> None:
    other = np.linspace(1, 5, len(values))
    with pytest.raises(SerError, match=words):
        checked(np.stack([other, values], axis=1), ["dominance", "valence"], (1, 5))


def test_half_of_the_values_are_enough() -> None:
    checked(np.array([[1.0], [2.0], [NAN], [NAN]]), ["valence"], None)
