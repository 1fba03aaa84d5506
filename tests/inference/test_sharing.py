"""A bundle goes to the hub as one commit and comes back the same; a small server stands in for the hub."""

import json
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from hub_server import COMMIT, OTHER, Hub, running
from tiny_project import Project

from ser.commands import prediction, sharing
from ser.errors import SerError
from ser.inference import bundle

pytest.importorskip("huggingface_hub")

MODEL, TOKEN = "someone/emotions", "hf_secret"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    with running(monkeypatch, tmp_path / "cache") as found:
        Hub.model, Hub.files, Hub.token = MODEL, {}, TOKEN
        yield found


@pytest.fixture
def written(project: Project, tmp_path: Path) -> Path:
    """The bundle of an estimator."""
    folder = project.train("SVM-eGeMAPS")
    prediction.bundle(folder, tmp_path / "svm")
    return tmp_path / "svm"


@pytest.fixture
def pushed(server: ThreadingHTTPServer, written: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    del server
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    sharing.push(written, MODEL)
    return written


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.usefixtures("server")
def test_a_bundle_comes_back_as_it_went(
    written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    sharing.push(written, MODEL)
    assert Hub.files == contents(written)
    monkeypatch.delenv("HF_TOKEN")  # reading needs no login
    sharing.pull(MODEL, tmp_path / "back")
    assert contents(tmp_path / "back") == contents(written)
    sharing.pull(f"{MODEL}@{OTHER}", tmp_path / "back.zip")
    assert bundle.read(tmp_path / "back.zip").name == "SVM-eGeMAPS"
    printed = capsys.readouterr()
    assert f"{MODEL}@{OTHER}\n" in printed.out
    assert f"back: SVM-eGeMAPS, trained on tiny, commit {OTHER}" in printed.out
    assert TOKEN not in printed.out + printed.err


def test_the_files_are_one_commit_of_a_login(pushed: Path) -> None:
    commits = [body for path, body in Hub.made.items() if "/commit/" in path]
    assert [path for path in Hub.made if "/commit/" in path] == [f"/api/models/{MODEL}/commit/main"]
    sent = {line["value"]["path"] for line in commits[0] if line["key"] in ("file", "lfsFile")}
    assert sent == set(contents(pushed))
    assert commits[0][0]["value"]["summary"] == "Add SVM-eGeMAPS, trained on tiny"
    assert Hub.made["/api/repos/create"]["name"] == MODEL.split("/")[1]
    assert Hub.tokens == {f"Bearer {TOKEN}"}


@pytest.mark.usefixtures("server")
def test_a_branch_and_a_private_model_are_made(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    sharing.push(written, MODEL, revision="trial", private=True)
    created = Hub.made["/api/repos/create"]
    assert created.get("private") is True or created.get("visibility") == "private"
    assert f"/api/models/{MODEL}/branch/trial" in Hub.made
    assert f"/api/models/{MODEL}/commit/trial" in Hub.made
    assert Hub.branches == {"main": COMMIT, "trial": OTHER}
    sharing.pull(f"{MODEL}@trial", tmp_path / "back")
    assert f"/api/models/{MODEL}/revision/trial" in Hub.asked
    assert all(f"/resolve/{OTHER}/" in one for one in Hub.asked if "/resolve/" in one)


@pytest.mark.parametrize("name", ["bundle.json", "model.safetensors", "README.md"])
def test_a_changed_byte_is_refused_and_nothing_is_written(name: str, pushed: Path, tmp_path: Path) -> None:
    content = bytearray((pushed / name).read_bytes())
    content[content.find(b"tiny") if name == "bundle.json" else len(content) // 2] ^= 1
    Hub.sent = {name: bytes(content)}  # on the way
    with pytest.raises(SerError, match=f"{name} has not the hash"):
        sharing.pull(MODEL, tmp_path / "back")
    Hub.sent, Hub.files[name] = {}, bytes(content)  # by another commit, whose hash the hub announces
    Hub.branches["main"] = "c" * 40
    with pytest.raises(SerError, match=f"{name} has changed since the bundle was written"):
        sharing.pull(MODEL, tmp_path / "back")
    assert [path.name for path in tmp_path.iterdir() if "back" in path.name] == []


@pytest.mark.usefixtures("server")
def test_a_changed_bundle_is_not_pushed(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    (written / "README.md").write_text("better")
    with pytest.raises(SerError, match=r"README\.md has changed"):
        sharing.push(written, MODEL)
    assert Hub.made == {}


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("token", [None, "hf_wrong"])
def test_without_a_login_nothing_is_made(token: str | None, written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(
        SerError, match=f"model '{MODEL}': the hub wants a login .*`hf auth login`, or set HF_TOKEN"
    ) as it:
        sharing.push(written, MODEL)
    assert "\n" not in str(it.value)
    assert "hf_wrong" not in str(it.value)
    assert Hub.made == {}


def test_what_is_no_bundle_is_named(pushed: Path, tmp_path: Path, server: ThreadingHTTPServer) -> None:
    for model, message in (
        ("emotions", "'emotions' is no name on the hub, which is OWNER/NAME"),
        ("someone/else", "model 'someone/else', revision main: there is no such model"),
        (f"{MODEL}@trial", f"model '{MODEL}', revision trial: the model has no such branch, tag or commit"),
    ):
        with pytest.raises(SerError, match=message):
            sharing.pull(model, tmp_path / "back")
    with pytest.raises(SerError, match="exists already"):
        sharing.pull(MODEL, pushed)
    with pytest.raises(SerError, match="is no bundle; make one with `ser bundle`"):
        sharing.push(tmp_path, MODEL)
    del Hub.files["README.md"]
    with pytest.raises(SerError, match=rf"{OTHER} is incomplete: it has no README\.md"):
        sharing.pull(MODEL, tmp_path / "back")
    Hub.files.clear()
    Hub.branches["main"] = "d" * 40
    with pytest.raises(SerError, match=r"is no bundle of ser: it has no bundle\.json"):
        sharing.pull(MODEL, tmp_path / "back")
    server.shutdown()
    server.server_close()
    with pytest.raises(SerError, match="the hub cannot be reached or refuses"):
        sharing.pull(MODEL, tmp_path / "back")


def test_a_name_in_a_record_that_is_a_path_is_refused(pushed: Path, tmp_path: Path) -> None:
    """A bundle from elsewhere writes no file outside its folder."""
    from ser.files import embedded_checksum
    from ser.files.atomic import write_text

    record = json.loads((pushed / "bundle.json").read_text())
    record["checksums"]["../evil"] = "0" * 64
    write_text(tmp_path / "bundle.json", json.dumps(record | {embedded_checksum.KEY: embedded_checksum.BLANK}))
    Hub.files["bundle.json"] = (tmp_path / "bundle.json").read_bytes()
    Hub.files["../evil"] = b"evil"
    Hub.branches["main"] = "e" * 40
    with pytest.raises(SerError, match=r"the file \.\./evil is missing"):
        sharing.pull(MODEL, tmp_path / "back")
    assert not (tmp_path / "evil").exists()


def test_the_card_has_the_head_that_the_hub_reads(written: Path) -> None:
    text = (written / "README.md").read_text()
    head = yaml.safe_load(text.split("---\n")[1])
    assert (head["library_name"], head["pipeline_tag"]) == ("ser", "audio-classification")
    assert (head["license"], head["license_name"]) == ("other", "see-the-card")  # openSMILE
    assert head["datasets"] == ["tiny"]
    assert head["metrics"] == ["accuracy", "recall"]
    (result,) = head["model-index"][0]["results"]
    wa, ua = result["metrics"]
    assert (wa["type"], wa["name"], ua["type"], ua["args"]) == ("accuracy", "WA", "recall", {"average": "macro"})
    assert f"| WA | {100 * wa['value']:.1f} % |" in text
    assert f"| UA | {100 * ua['value']:.1f} % |" in text
    from huggingface_hub import ModelCard

    card = ModelCard(text)
    assert card.data.eval_results[0].metric_name == "WA"
