"""Whatever table ``ser inspect`` accepts: each protocol that it calls possible divides the corpus as promised."""

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import soundfile
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ser.config import read
from ser.config.schema import Corpus
from ser.errors import SerError
from ser.inspection import findings
from ser.preparation.survey import survey
from ser.stages.prepare import PrepareJob, prepare
from ser.stages.split import SplitJob, split
from ser.tables import contracts

PROTOCOLS = read.shipped(read.SHIPPED)[0]
NAMED = tuple(name for name in PROTOCOLS if not name.startswith(("cao", "peng", "xie")))  # with printed class counts
SPEAKERS = st.sampled_from(["Ann", "Bo", "Çağ", "Dee", "Eva", "Fay", "Gus"])
EMOTIONS = st.sampled_from(["angry", "Happy", "neutral", "sad", "bored", ""])

Row = tuple[str, str, str, str]  # emotion, speaker, session, text
rows = st.lists(
    st.tuples(EMOTIONS, SPEAKERS, st.sampled_from(["one", "two", "three", ""]), st.sampled_from(["yes", "no", ""])),
    min_size=8,
    max_size=40,
)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with forty different recordings of 0.3 s."""
    root = tmp_path_factory.mktemp("recordings")
    for number in range(40):
        noise = np.random.default_rng(number).normal(0, 0.1, 2400)
        soundfile.write(root / f"{number:02d}.wav", noise, 8000)
    return root


@given(rows=rows)
@settings(max_examples=8, deadline=None, phases=[Phase.reuse, Phase.generate])
def test_possible_protocols_divide_the_corpus_into_the_promised_folds(recordings: Path, rows: list[Row]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder)
        with (path / "t.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["path", "emotion", "speaker", "session", "text"])
            writer.writerows([f"{number:02d}.wav", *row] for number, row in enumerate(rows))
        options = {"table": str(path / "t.csv")}
        entry = Corpus(
            adapter="table", root=str(recordings), allow=("unlabelled-audio", "contradiction"), options=options
        )
        surveyed = survey("c", entry, recordings, 1)
        expected = {one.name: one.folds for one in findings.possible(surveyed, entry, PROTOCOLS) if one.name in NAMED}
        if all(row[0] == "" for row in rows):
            assert not any(expected.values())
            return
        paths = {name: path / name for name in ("manifest", "recordings", "excluded")}
        prepare(PrepareJob(corpus="c", settings=entry, root=recordings, **paths))
        for name, folds in expected.items():
            job = SplitJob(
                corpus="c",
                name=name,
                protocol=PROTOCOLS[name],
                folds=max(1, folds),
                manifest=path / "manifest",
                out=path / "folds",
            )
            if folds:
                split(job)
                made = contracts.read(contracts.FOLDS, path / "folds").to_pandas()
                assert made["fold"].nunique() == folds, name
            else:
                with pytest.raises(SerError):
                    split(job)
