"""An archive of an experiment holds what its tables follow from, and its check finds every change."""

import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from rocrate.rocrate import ROCrate
from typer.testing import CliRunner, Result

from ser.cli import app
from ser.errors import SerError
from ser.experiment_archive.checking import check
from ser.experiment_archive.local_paths import without_folders
from ser.experiment_archive.terms import Terms
from ser.files import embedded_checksum
from ser.files.packing import pack
from ser.tables import contracts

RECOMPUTE = (Path(__file__).parents[2] / "docs/recompute.md").read_text(encoding="utf-8")
ORCID = "https://orcid.org/0000-0002-1825-0097"
OPTIONS = ("--author", f"Ada Example {ORCID}", "--author", "B. Example", "--licence", "CC-BY-4.0")
RUN = "results/runs/demo/session-out/SVM_50%/seed0/fold0"


def call(home: Path, *arguments: str) -> Result:
    with chdir(home):
        return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def project(both: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with a finished experiment, 'trial', whose records name folders of this machine."""
    home = tmp_path_factory.mktemp("project")
    shutil.copytree(both.parents[1], home, dirs_exist_ok=True)
    shutil.move(home / "plan.json", home / "results/trial/plan.json")
    for path in home.glob("results/runs/**/run.json"):
        record = json.loads(path.read_text(encoding="utf-8"))
        record["notes"] = [f"weights of {home}/weights/x.safetensors", "/srv/My data/list.csv"]
        path.write_text(json.dumps(record), encoding="utf-8")
        (path.parent / "model.safetensors").write_bytes(b"weights")
    return home


@pytest.fixture(scope="module")
def packed(project: Path) -> Path:
    """Return the archive of the experiment."""
    done = call(project, "archive", "trial", "--out", "trial.zip", *OPTIONS)
    assert done.exit_code == 0, done.output
    return project / "trial.zip"


@pytest.fixture
def unpacked(packed: Path, tmp_path: Path) -> Path:
    """Return a folder with the archive's files."""
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(packed) as file:
        file.extractall(folder)
    return folder


def restate(folder: Path) -> None:
    """Describe changed files as a forger would, so that the change passes."""
    path = folder / "ro-crate-metadata.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    crate = {entity["@id"].replace("%25", "%"): entity for entity in record["@graph"]}
    for name, entity in crate.items():
        if entity["@type"] == "File":
            entity["sha256"] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    crate["ro-crate-metadata.json"]["identifier"] = embedded_checksum.BLANK
    path.write_text(json.dumps(record), encoding="utf-8")
    embedded_checksum.fill(path)


def test_the_archive_passes_its_check_packed_and_unpacked(packed: Path, unpacked: Path) -> None:
    done = call(packed.parent, "verify", "trial.zip")
    assert (done.exit_code, done.stdout) == (0, "")
    found = check(unpacked)
    assert f"{found.files} unchanged files" in done.output
    assert found.experiment == "trial"
    tables = [pq.read_table(path) for path in (unpacked / "results/trial").glob("*.parquet")]
    assert found.values > sum(table.num_rows for table in tables) > 100


def test_the_same_experiment_gives_the_same_bytes(packed: Path, project: Path, tmp_path: Path) -> None:
    copied = tmp_path / "elsewhere"
    shutil.copytree(project, copied, copy_function=shutil.copyfile)
    for path in copied.glob("results/runs/**/run.json"):
        path.write_text(path.read_text(encoding="utf-8").replace(str(project), str(copied)), encoding="utf-8")
    done = call(copied, "archive", "trial", "--out", "again.zip", *OPTIONS)
    assert done.exit_code == 0, done.output
    assert (copied / "again.zip").read_bytes() == packed.read_bytes()


def test_it_has_no_recordings_weights_or_folders_of_this_machine(project: Path, unpacked: Path) -> None:
    files = [path for path in unpacked.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".md", ".csv", ".parquet"}
    for path in files:
        content = path.read_bytes()
        assert str(project).encode() not in content, path
        assert b"/srv" not in content, path
    record = unpacked / RUN / "run.json"
    assert json.loads(record.read_text(encoding="utf-8"))["notes"] == ["weights of weights/x.safetensors", "list.csv"]
    embedded_checksum.verify(record)


def test_the_description_is_that_of_an_ro_crate(unpacked: Path) -> None:
    crate = ROCrate(unpacked)
    root = crate.root_dataset
    assert crate.metadata["conformsTo"] == "https://w3id.org/ro/crate/1.1"
    assert (root["name"], root["datePublished"]) == ("A trial", "2024-05-01")
    assert "24 runs of 2 systems" in root["description"]
    assert root["license"].id == "https://spdx.org/licenses/CC-BY-4.0"
    assert [(one.id, one.type, one["name"]) for one in root["author"]] == [
        (ORCID, "Person", "Ada Example"),
        ("#author-2", "Person", "B. Example"),
    ]
    listed = {one.id.replace("%25", "%"): one for one in root["hasPart"]}
    files = {path.relative_to(unpacked).as_posix(): path for path in unpacked.rglob("*") if path.is_file()}
    assert listed.keys() == files.keys() - {"ro-crate-metadata.json"}
    for name, one in listed.items():
        assert one["contentSize"] == str(files[name].stat().st_size)
        assert re.fullmatch("[0-9a-f]{64}", one["sha256"])
        assert "/" in one["encodingFormat"]
    assert "free of rights" in root["isBasedOn"]["license"]["name"]
    software = {
        (one["name"], one.get("version") or one.get("softwareVersion")) for one in root["mentions"]["instrument"]
    }
    assert {("ser", "0123456789abcdef"), ("torch", "2.4.0"), ("python", "3.11.2")} <= software
    named = json.loads((unpacked / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    ids = {entity["@id"] for entity in named["@graph"]}
    links = set(re.findall(r'\{\s*"@id": "([^"]+)"\s*\}', json.dumps(named)))
    assert links - ids == {"https://w3id.org/ro/crate/1.1"}


def test_without_terms_no_author_and_no_licence_is_claimed() -> None:
    assert Terms().people() == []
    assert Terms().licence_entity()["name"] == "No licence is stated"
    assert Terms(published="2026-01-02").day(["2025-05-05T12:00:00+00:00"]) == "2026-01-02"


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (Terms(licence="no such licence"), "licence 'no such licence'"),
        (Terms(published="yesterday"), "date 'yesterday'"),
        (Terms(authors=[ORCID]), "expected a name"),
    ],
)
def test_terms_that_mean_nothing_are_refused(terms: Terms, message: str) -> None:
    with pytest.raises(SerError, match=message):
        _ = terms.people(), terms.licence_entity(), terms.day(["2025-05-05T12:00:00+00:00"])


def test_a_published_table_follows_from_the_archive_alone(
    unpacked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(unpacked)
    code = re.search(r"```python\n(.*?)```", RECOMPUTE, re.DOTALL).group(1)  # type: ignore[union-attr]
    for shipped, ours in (("session-out-4", "session-out"), ("SVM-ComParE", "Audio-CNN"), ("SVM-eGeMAPS", "SVM_50%")):
        code = code.replace(shipped, ours)
    exec(code, {})
    printed = re.search(r"WA (\S+) UA (\S+)\s+interval (\S+) (\S+)", capsys.readouterr().out)
    table = pd.read_csv("results/trial/tables/intervals.csv").set_index(["protocol", "system", "metric"])
    wa, ua = (table.loc[("session-out", "Audio-CNN", metric)] for metric in ("WA", "UA"))
    computed = [100 * float(text) for text in printed.groups()]  # type: ignore[union-attr]
    assert computed == pytest.approx([wa["value"], ua["value"], ua["low"], ua["high"]], abs=1e-3)


def test_a_changed_byte_of_any_file_is_found(unpacked: Path) -> None:
    for name in (f"{RUN}/predictions.parquet", f"{RUN}/run.json", "results/trial/tables/results.csv", "README.md"):
        path = unpacked / name
        kept = path.read_bytes()
        path.write_bytes(kept[:20] + bytes([kept[20] ^ 1]) + kept[21:])
        with pytest.raises(SerError, match=f"1 files have another SHA-256 than stated: {name}"):
            check(unpacked)
        path.write_bytes(kept)
    metadata = unpacked / "ro-crate-metadata.json"
    metadata.write_text(metadata.read_text(encoding="utf-8").replace("A trial", "A trail"), encoding="utf-8")
    with pytest.raises(SerError, match=r"ro-crate-metadata\.json is not as it was written"):
        check(unpacked)


def test_a_changed_byte_of_the_zip_is_found(packed: Path, tmp_path: Path) -> None:
    content = bytearray(packed.read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "changed.zip").write_bytes(bytes(content))
    assert call(tmp_path, "verify", "changed.zip").exit_code == 2


def test_missing_and_added_files_are_named(unpacked: Path) -> None:
    (unpacked / "notes.txt").write_text("added")
    with pytest.raises(SerError, match=r"1 files are not listed in ro-crate-metadata.json: notes\.txt"):
        check(unpacked)
    (unpacked / "notes.txt").unlink()
    (unpacked / RUN / "run.json").unlink()
    with pytest.raises(SerError, match=r"1 files are missing: .*SVM_50%/seed0/fold0/run.json"):
        check(unpacked)


def better(folder: Path) -> str:
    """Raise one score, with a valid checksum, and return what the error names."""
    path = folder / "results/trial/scores.parquet"
    rows = contracts.read(contracts.SCORES, path).to_pylist()
    rows[0]["value"] += 0.01
    contracts.write(contracts.SCORES, rows, path)
    return "scores: value of demo/.* follows from the predictions"


def better_in_print(folder: Path) -> str:
    path = folder / "results/trial/tables/intervals.csv"
    table = pd.read_csv(path)
    table.loc[2, "value"] += 1
    table.to_csv(path, index=False)
    return r"tables/intervals\.csv: .* has other values than follow from the predictions"


def without_a_run(folder: Path) -> str:
    for path in (folder / RUN).iterdir():
        path.unlink()
    record = json.loads((folder / "ro-crate-metadata.json").read_text(encoding="utf-8"))
    record["@graph"] = [one for one in record["@graph"] if RUN not in one["@id"].replace("%25", "%")]
    (folder / "ro-crate-metadata.json").write_text(json.dumps(record), encoding="utf-8")
    return "24 runs, and there are predictions of 23"


@pytest.mark.parametrize("change", [better, better_in_print, without_a_run])
def test_results_that_do_not_follow_from_the_predictions_are_found(
    change: Callable[[Path], str], unpacked: Path, tmp_path: Path
) -> None:
    message = change(unpacked)
    restate(unpacked)
    with pytest.raises(SerError, match=message):
        check(pack(unpacked, tmp_path / "forged.zip"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("other.zip", None, "is not an archive of an experiment: it has no ro-crate-metadata.json"),
        ("text.zip", b"no zip at all", "is neither a zip nor a tar file"),
    ],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder/plan.json").write_text("{}")
        pack(tmp_path / "folder", tmp_path / name)
    else:
        (tmp_path / name).write_bytes(content)
    done = call(tmp_path, "verify", name)
    assert done.exit_code == 2
    assert message in done.output


@pytest.fixture
def copied(project: Path, tmp_path: Path) -> Path:
    """Return a copy of the project that a test may change."""
    return Path(shutil.copytree(project, tmp_path / "copied", ignore=shutil.ignore_patterns("*.zip")))


def refused(home: Path, experiment: str = "trial") -> str:
    """Return the error of ``ser archive``, which has left nothing."""
    done = call(home, "archive", experiment, "--out", "new.zip")
    assert done.exit_code == 2
    assert not list(home.glob("*new.zip*"))
    return done.output


def test_an_unfinished_experiment_is_refused(copied: Path) -> None:
    assert "no experiment 'trail' in results. Known: trial" in refused(copied, "trail")
    (copied / RUN / "predictions.parquet").unlink()
    text = refused(copied)
    assert "'trial' is not finished: 1 of" in text
    assert f"{RUN}/predictions.parquet" in text


def test_an_experiment_without_its_report_is_refused(copied: Path) -> None:
    shutil.rmtree(copied / "results/trial/tables")
    assert "the report is not made" in refused(copied)


def test_tables_older_than_the_predictions_are_refused(copied: Path) -> None:
    path = copied / RUN / "predictions.parquet"
    table = contracts.read(contracts.PREDICTIONS, path)
    rows = table.to_pylist()
    rows[0]["predicted"] = "sad" if rows[0]["predicted"] != "sad" else "happy"
    contracts.write(contracts.PREDICTIONS, rows, path, contracts.metadata(table))
    text = refused(copied)
    assert "error: experiment 'trial': scores: value of demo/session-out/" in text
    assert "follows from the predictions" in text


def test_names_of_utterances_that_are_paths_are_refused(copied: Path) -> None:
    path = copied / RUN / "predictions.parquet"
    table = contracts.read(contracts.PREDICTIONS, path)
    rows = [{**row, "utterance": f"/home/ada/speech/{row['utterance']}.wav"} for row in table.to_pylist()]
    contracts.write(contracts.PREDICTIONS, rows, path, contracts.metadata(table))
    assert "names in it are paths of this machine" in refused(copied)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/ada/work/data/x.csv", "data/x.csv"),
        ("see /home/ada/work/data/x.csv: row 3", "see data/x.csv: row 3"),
        ("/mnt/My speech/x.csv", "x.csv"),
        ("weights in '/mnt/speech/w.bin', (~/more/w.bin)", "weights in 'w.bin', (w.bin)"),
        (r"C:\Users\Ada\x.csv", "x.csv"),
        (r"read C:\Users\Ada\x.csv", "read x.csv"),
        ("https://example.org/a/b and openai/whisper/x or a/b", "https://example.org/a/b and openai/whisper/x or a/b"),
        ("file:///mnt/speech/x.csv", "x.csv"),
        ("happy / excited, 3 / 4, /i/", "happy / excited, 3 / 4, /i/"),
        (r"(\d+)\w", r"(\d+)\w"),
    ],
)
def test_a_text_keeps_addresses_and_loses_folders(text: str, expected: str) -> None:
    assert without_folders(text, Path("/home/ada/work")) == expected
