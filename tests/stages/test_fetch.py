"""Fetching: complete or not at all, from an archive or from the adapter itself."""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser.corpora import ravdess, table
from ser.corpus import Source
from ser.errors import SerError
from ser.stages.fetch import FetchJob, fetch


def archive(path: Path, *names: str) -> Path:
    sound = io.BytesIO()
    soundfile.write(sound, np.full(8000, 0.1), 16_000, format="WAV")
    with zipfile.ZipFile(path, "w") as file:
        for name in names:
            file.writestr(name, sound.getvalue() if name.endswith("wav") else "path,emotion\na.wav,sad\n")
    return path


def bring(corpus: str, archive: Path | str | None, root: Path, adapter: str = "table") -> None:
    options = {"table": "t.csv"} if adapter == "table" else {}
    fetch(FetchJob(corpus=corpus, adapter=adapter, archive=archive and str(archive), options=options, root=root))


def test_an_archive_becomes_a_folder_with_its_record(tmp_path: Path) -> None:
    packed, root = archive(tmp_path / "mine.zip", "a.wav", "t.csv"), tmp_path / "raw/own"
    bring("own", packed, root=root)
    release = json.loads((root / "release.json").read_text())
    assert release["from"] == str(packed)
    assert release["md5"] == hashlib.md5(packed.read_bytes()).hexdigest()
    assert (release["corpus"], release["adapter"], release["files"]) == ("own", "table", 2)
    assert release["bytes"] == (root / "a.wav").stat().st_size + (root / "t.csv").stat().st_size
    assert sorted(path.name for path in root.parent.iterdir()) == ["own"]


def test_fetching_again_replaces_what_was_fetched(tmp_path: Path) -> None:
    root = tmp_path / "raw/own"
    bring("own", archive(tmp_path / "1.zip", "a.wav", "b.wav"), root=root)
    (root / "release.json").unlink()  # as a workflow engine does before it runs the job again
    bring("own", archive(tmp_path / "2.zip", "a.wav"), root=root)
    assert not (root / "b.wav").exists()
    assert (root / "release.json").exists()


def test_a_users_own_files_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/mine.wav").touch()
    with pytest.raises(SerError, match="will not replace"):
        bring("own", archive(tmp_path / "1.zip", "a.wav"), root=tmp_path / "own")
    assert [path.name for path in (tmp_path / "own").iterdir()] == ["mine.wav"]


def test_a_failed_attempt_leaves_nothing_and_the_earlier_release(tmp_path: Path) -> None:
    root = tmp_path / "raw/own"
    bad = archive(tmp_path / "bad.zip", "a.wav", "../evil.wav")
    with pytest.raises(SerError, match="unsafe"):
        bring("own", bad, root=root)
    assert list((tmp_path / "raw").iterdir()) == []
    bring("own", archive(tmp_path / "1.zip", "a.wav"), root=root)
    for wrong in (bad, archive(tmp_path / "no.zip", "t.csv"), tmp_path / "none.zip"):
        with pytest.raises(SerError):
            bring("own", wrong, root=root)
    assert (root / "a.wav").exists()
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["own"]


def test_a_folder_around_the_release_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "Actor_01/03-01-06-02-01-01-01.wav"
    packed = archive(tmp_path / "r.zip", f"deep/speech/{name}", "__MACOSX/._x")
    with pytest.raises(SerError, match="MD5"):  # not the published archive
        bring("ravdess", packed, root=tmp_path / "raw/ravdess", adapter="ravdess")
    source = Source(packed.as_uri(), (hashlib.md5(packed.read_bytes()).hexdigest(),))
    monkeypatch.setattr(ravdess, "CARD", ravdess.CARD.__class__(**{**vars(ravdess.CARD), "source": source}))
    bring("ravdess", "official", root=tmp_path / "raw/ravdess", adapter="ravdess")
    assert (tmp_path / "raw/ravdess" / name).is_file()


def test_a_corpus_that_writes_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def release(root: Path, **_: object) -> None:
        soundfile.write(root / "a.wav", np.full(8000, 0.1), 16_000)

    monkeypatch.setattr(table, "release", release, raising=False)
    bring("made", None, root=tmp_path / "made")
    made = json.loads((tmp_path / "made/release.json").read_text())
    assert (made["files"], made["md5"], made["from"]) == (1, None, "written by ser.corpora.table")


def test_nothing_to_fetch_is_an_error_that_names_what_can_be_set(tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"archive: official.*root"):
        bring("ravdess", None, root=tmp_path / "ravdess", adapter="ravdess")
    with pytest.raises(SerError, match="no public address"):
        bring("own", "official", root=tmp_path / "own")
