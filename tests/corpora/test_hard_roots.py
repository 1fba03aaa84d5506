"""A release is the same corpus wherever and however it was unpacked: odd paths, links, line ends, archives, case."""

import os
import shutil
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser.config.schema import Corpus
from ser.corpora import demo, enterface, iemocap
from ser.corpus import Utterance
from ser.errors import SerError
from ser.files.archives import unpack
from ser.stages.prepare import PrepareJob, prepare
from ser.tables import contracts

Change = Callable[[Path, Path], Path]  # from the plain release, in an empty folder: the root to read


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("plain") / "release"
    demo.release(root, utterances=40, jobs=1)
    return root


def composed(release: Path, folder: Path) -> Path:
    return Path(shutil.copytree(release, folder / "Öffentlich – für alle (2)" / "IEMOCAP"))


def decomposed(release: Path, folder: Path) -> Path:
    return Path(shutil.copytree(release, folder / unicodedata.normalize("NFD", "Übung é") / "IEMOCAP"))


def linked_root(release: Path, folder: Path) -> Path:
    (folder / "iemocap").symlink_to(release, target_is_directory=True)
    return folder / "iemocap"


def linked_sessions(release: Path, folder: Path) -> Path:
    for session in release.glob("Session*"):
        (folder / session.name).symlink_to(session, target_is_directory=True)
    return folder


def linked_recordings(release: Path, folder: Path) -> Path:
    root = Path(shutil.copytree(release, folder / "r"))
    shutil.move(root / "Session4/sentences/wav", folder / "elsewhere")
    (root / "Session4/sentences/wav").symlink_to(folder / "elsewhere", target_is_directory=True)
    return root


def read_only(release: Path, folder: Path) -> Path:
    root = Path(shutil.copytree(release, folder / "r"))
    for path in (root, *root.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return root


def windows_line_ends(release: Path, folder: Path) -> Path:
    root = Path(shutil.copytree(release, folder / "r"))
    for path in (*root.rglob("*.txt"), *root.rglob("*.wdseg")):
        path.write_bytes(path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    return root


def with_what_systems_leave(release: Path, folder: Path) -> Path:
    root = Path(shutil.copytree(release, folder / "r"))
    for path in list(root.rglob("*.wav"))[:5] + list(root.rglob("EmoEvaluation/*.txt")):
        (path.parent / f"._{path.name}").write_bytes(b"\0\5\26\7 AppleDouble")
        (path.parent / "Thumbs.db").write_bytes(b"\xd0\xcf")
    return root


class OldZipInfo(zipfile.ZipInfo):
    """A member whose name is stored in code page 437, without the mark of UTF-8."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802
        return self.filename.encode("cp437"), self.flag_bits


def from_a_zip_with_names_in_cp437(release: Path, folder: Path) -> Path:
    with zipfile.ZipFile(folder / "old.zip", "w") as archive:
        for path in release.rglob("*"):
            if path.is_file():
                name = f"IEMOCAP_groß/{path.relative_to(release).as_posix()}"
                archive.writestr(OldZipInfo(name), path.read_bytes())
    assert "IEMOCAP_groß".encode("cp437") in (folder / "old.zip").read_bytes()
    unpack(folder / "old.zip", folder / "r")
    assert os.listdir(folder / "r") == ["IEMOCAP_groß"]
    return folder / "r"


CHANGES = (
    composed,
    decomposed,
    linked_root,
    linked_sessions,
    linked_recordings,
    read_only,
    windows_line_ends,
    with_what_systems_leave,
    from_a_zip_with_names_in_cp437,
)


def rows(root: Path) -> list[Utterance]:
    """Return the rows without what names the place on the disk."""
    return [replace(row, where="", audio=os.path.basename(row.audio)) for row in iemocap.utterances(root)]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_iemocap_has_the_same_rows_and_recordings(plain: Path, tmp_path: Path, change: Change) -> None:
    root = change(plain, tmp_path)
    assert rows(root) == rows(plain)
    assert len(iemocap.audio_files(root)) == len(iemocap.audio_files(plain)) == 40
    assert all((root / row.audio).is_file() for row in iemocap.utterances(root))
    listed = {path.name for path in iemocap.sources(root)}
    assert listed == {path.name for path in iemocap.sources(plain)}


def manifest(root: Path, adapter: str, to: Path, **changes: object) -> contracts.pa.Table:
    paths = {name: to / name for name in ("manifest", "recordings", "excluded")}
    settings = Corpus(adapter=adapter, root=str(root), **changes)  # type: ignore[arg-type]
    prepare(PrepareJob(corpus="c", settings=settings, root=root, **paths))
    return contracts.read(contracts.MANIFEST, paths["manifest"])


def test_a_manifest_does_not_depend_on_the_path_of_the_root(plain: Path, tmp_path: Path) -> None:
    odd = composed(plain, tmp_path)
    options: dict[str, object] = {"options": {"utterances": 40}}
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = manifest(plain, "demo", tmp_path / "a", **options), manifest(odd, "demo", tmp_path / "b", **options)
    assert first.equals(second)
    assert (tmp_path / "a/manifest").read_bytes() == (tmp_path / "b/manifest").read_bytes()


def test_a_missing_recording_and_a_missing_label_file_are_named(plain: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(plain, tmp_path / "r"))
    gone = sorted((root / "Session2/sentences/wav").rglob("*.wav"))[0]
    gone.unlink()
    with pytest.raises(SerError, match=rf"missing-audio, 1: {gone.stem}"):
        manifest(root, "demo", tmp_path, options={"utterances": 40})
    labels = sorted((root / "Session3/dialog/EmoEvaluation").glob("*.txt"))[0]
    unlabelled = len(list((root / "Session3/sentences/wav" / labels.stem).glob("*.wav")))
    labels.unlink()
    with pytest.raises(SerError, match=rf"unlabelled-audio, {unlabelled}: "):
        manifest(root, "demo", tmp_path, options={"utterances": 40})


@pytest.mark.parametrize("name", ["session1", "SESSION1"])
def test_a_release_in_another_case_is_described(plain: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(plain / "Session1", tmp_path / name)
    with pytest.raises(SerError, match=rf"expected the folders Session1.*found {name}"):
        iemocap.utterances(tmp_path)


def clip(root: Path, subject: int, emotion: str, sentence: int) -> Path:
    path = root / f"subject {subject}/{emotion}/sentence {sentence}/s{subject}_{emotion[:2]}_{sentence}.wav"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(subject * 10 + sentence).normal(0, 0.1, 24_000), 48_000)
    return path


def test_enterface_is_the_same_below_odd_paths_and_links(tmp_path: Path) -> None:
    straight, odd = tmp_path / "straight", tmp_path / "Dâta (ß)"
    for subject, emotion, sentence in ((1, "anger", 2), (2, "fear", 1), (7, "surprise", 5)):
        clip(straight, subject, emotion, sentence)
        clip(odd / "original", subject, emotion, sentence)
    linked = odd / "linked"
    linked.mkdir()
    for folder in (odd / "original").iterdir():
        (linked / folder.name).symlink_to(folder, target_is_directory=True)
    expected = enterface.utterances(straight)
    assert len(expected) == 3
    assert enterface.utterances(odd / "original") == expected
    assert enterface.utterances(linked) == expected
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    tables = [
        manifest(root, "enterface", tmp_path / name, allow=("subset",))
        for root, name in ((straight, "a"), (linked, "b"))
    ]
    assert tables[0].equals(tables[1])
