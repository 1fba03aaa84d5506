"""Names and paths that a shell would take apart reach the programs whole, or are refused before anything runs."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
import zipfile
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import yaml

from ser.config.read import resolve
from ser.errors import SerError
from ser.tables import contracts

pytestmark = pytest.mark.usefixtures("read_code")
PROJECT = Path(__file__).parents[1]
NASTY = 'it\'s "my" $(touch pwned) `touch pwned`; touch pwned & {corpus} *'
RUN = {"corpora": ["mine"], "protocols": ["random-folds-all"], "systems": ["SVM-xvector"]}
CONFIG: dict[str, Any] = {
    "experiment": {"name": "mini", "runs": [RUN]},
    "systems": {"SVM-xvector": {"model": "linear_svm", "inputs": {"vector": {"feature": "xvector"}}}},
}


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the workflow in ``folder`` on this project's code."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(PROJECT / "Snakefile"), "--cores", "1"]
    command += [*arguments, "--configfile", "mine.yaml"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def configured(folder: Path, **corpora: dict[str, Any]) -> None:
    (folder / "mine.yaml").write_text(yaml.safe_dump({**CONFIG, "corpora": corpora}))


def record(folder: Path) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(10):
        soundfile.write(folder / f"{number}.wav", 0.1 * rng.standard_normal(6000), 16000)
    rows = "".join(f"{number}.wav,{('sad', 'happy')[number % 2]}\n" for number in range(10))
    (folder / NASTY).with_suffix(".csv").write_text(f"path,emotion\n{rows}")


def test_a_root_full_of_quotes_reaches_every_job_whole(tmp_path: Path) -> None:
    root = tmp_path / NASTY
    record(root)
    table = Path(NASTY).with_suffix(".csv").name
    configured(tmp_path, mine={"adapter": "table", "root": str(root), "options": {"table": table}})
    done = snakemake(tmp_path, "data/mine/audio/0.parquet")
    assert done.returncode == 0, done.stderr
    assert contracts.read(contracts.AUDIO, tmp_path / "data/mine/audio/0.parquet").num_rows == 10
    assert list(tmp_path.rglob("pwned")) == []


def test_an_archive_with_such_a_name_is_unpacked(tmp_path: Path) -> None:
    clip = tmp_path / "clip.wav"
    soundfile.write(clip, np.full(6000, 0.1), 16000)
    archive = tmp_path / f"{NASTY}.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(clip, "subject 1/anger/sentence 1/s1_an_1.wav")
    configured(tmp_path, mine={"adapter": "enterface", "archive": str(archive)})
    done = snakemake(tmp_path, "data/raw/mine/release.json")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "data/raw/mine/subject 1/anger/sentence 1/s1_an_1.wav").is_file()
    assert list(tmp_path.rglob("pwned")) == []


def test_a_secret_reaches_the_server_and_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = tmp_path / "clip.wav"
    soundfile.write(clip, np.full(6000, 0.1), 16000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.write(clip, "subject 1/anger/sentence 1/s1_an_1.wav")
    content, asked = (tmp_path / "a.zip").read_bytes(), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization", "")))
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("SER_MINE_USER", "zoe")
    monkeypatch.setenv("SER_MINE_PASSWORD", "hush-password")
    monkeypatch.setenv("SER_TOKEN", "hush-token")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/a.zip?token=${{SER_TOKEN}}"
    configured(tmp_path, mine={"adapter": "enterface", "archive": address})
    done = snakemake(tmp_path, "data/raw/mine/release.json", "--printshellcmds")
    reported = snakemake(tmp_path, "data/raw/mine/release.json", "--report", "report.html")
    server.shutdown()
    assert done.returncode == reported.returncode == 0, done.stderr + reported.stderr
    assert asked == [("/a.zip?token=hush-token", f"Basic {b64encode(b'zoe:hush-password').decode()}")]
    outputs = [done.stdout, done.stderr, reported.stdout, reported.stderr]
    assert [text for text in outputs if "hush" in text or asked[0][1] in text] == []
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {".snakemake", "logs", "report.html"} <= {path.relative_to(tmp_path).parts[0] for path in kept}
    assert [path for path in kept if b"hush" in path.read_bytes() or asked[0][1].encode() in path.read_bytes()] == []


def test_a_secret_in_the_configuration_stops_the_plan_unprinted(tmp_path: Path) -> None:
    configured(tmp_path, mine={"adapter": "enterface", "archive": "https://zoe:hush-word@host.invalid/a.zip"})
    done = snakemake(tmp_path, "data/raw/mine/release.json", "--printshellcmds")
    assert done.returncode != 0
    assert "SER_ARCHIVE_USER" in done.stderr
    assert "hush-word" not in done.stdout + done.stderr
    kept = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "mine.yaml"]
    assert [path for path in kept if b"hush-word" in path.read_bytes()] == []


def test_paths_of_weights_and_word_vectors_are_quoted(tmp_path: Path) -> None:
    record(tmp_path / "recordings")
    shutil.move(next((tmp_path / "recordings").glob("*.csv")), tmp_path / "recordings/labels.csv")
    weights = tmp_path / NASTY.replace("{corpus}", "")
    vectors = f"{weights}.txt"
    weights.write_bytes(b"")
    Path(vectors).write_bytes(b"")
    configured(tmp_path, mine={"adapter": "table", "root": "recordings", "options": {"table": "labels.csv"}})
    config = yaml.safe_load((tmp_path / "mine.yaml").read_text())
    config |= {
        "features": {"xvector": {"options": {"weights": str(weights)}}},
        "embeddings": {"e": {"source": vectors}},
    }
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
    wanted = ["data/mine/features/xvector/0.parquet", "data/mine/embeddings/e/given.parquet"]
    done = snakemake(tmp_path, *wanted, "--dry-run", "--printshellcmds")
    assert done.returncode == 0, done.stderr
    lines = [shlex.split(line) for line in done.stdout.splitlines() if " ser extract " in line or " ser embed " in line]
    extract, embed = sorted(
        (json.loads(line[line.index("--job") + 1]) for line in lines), key=lambda job: "source" in job
    )
    assert extract["options"] == {"weights": str(weights)}
    assert embed["source"] == vectors


def test_braces_in_the_path_of_an_input_are_no_wildcard(tmp_path: Path) -> None:
    record(tmp_path / "recordings")
    shutil.move(next((tmp_path / "recordings").glob("*.csv")), tmp_path / "recordings/labels.csv")
    (tmp_path / "{corpus}.ckpt").touch()
    configured(tmp_path, mine={"adapter": "table", "root": "recordings", "options": {"table": "labels.csv"}})
    config = yaml.safe_load((tmp_path / "mine.yaml").read_text())
    config |= {"features": {"xvector": {"options": {"weights": "{corpus}.ckpt"}}}}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(config))
    done = snakemake(tmp_path, "data/mine/features/xvector/0.parquet", "--dry-run")
    assert done.returncode != 0
    assert "cannot contain braces" in done.stdout + done.stderr


@pytest.mark.parametrize("name", [NASTY, "$(touch pwned)", "a b", "../up", "-rf", "a;b", "a\nb", "ä", ""])
def test_names_that_become_parts_of_paths_are_refused(name: str) -> None:
    for section in ("systems", "protocols", "corpora", "features", "transcripts", "embeddings"):
        with pytest.raises(SerError, match="cannot be a name"):
            resolve({**CONFIG, "corpora": {"mine": {"adapter": "demo"}}, section: {name: {}}}, PROJECT / "config")
    with pytest.raises(SerError, match=r"experiment\.name"):
        resolve({**CONFIG, "experiment": {**CONFIG["experiment"], "name": name}}, PROJECT / "config")


@pytest.mark.parametrize(
    "change",
    [
        {"embeddings": {"e": {"source": "v.txt", "checksum": "$(touch pwned)"}}},
        {"corpora": {"mine": {"adapter": "$(touch pwned)"}}},
        {"features": {"xvector": {"extractor": "$(touch pwned)"}}},
        {"systems": {"SVM-xvector": {"model": "../models/linear_svm", "inputs": {"vector": {"feature": "xvector"}}}}},
    ],
)
def test_values_that_name_something_known_must_name_it(change: dict[str, Any]) -> None:
    with pytest.raises(SerError):
        resolve({**CONFIG, "corpora": {"mine": {"adapter": "demo"}}, **change}, PROJECT / "config")
