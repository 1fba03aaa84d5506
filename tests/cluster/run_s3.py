"""The experiment next to this file with data and results in a bucket: same results as in a folder?

    make test-storage

Runs it locally; then through profiles/s3 against an S3 server on this machine (moto), and compares what the bucket
holds; then asks in a folder that has seen nothing of it whether anything is left to do, and in one with data of its
own. Exit code 0: every check holds.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
from project_copies import HERE, LOCAL, PROJECT, conclude, project_copy, same_results, snakemake

WORK = PROJECT / "build/storage"
EXPERIMENT = ["--configfile", str(HERE / "experiment.yaml")]
BUCKET = "ser"
KEYS = {"SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "key", "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "secret"}


def main() -> None:
    """Run both and print which checks hold."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    local, near, far = (project_copy(WORK / name) for name in ("local", "near", "far"))
    _, done = snakemake(local, "local", [*LOCAL, *EXPERIMENT])
    with server() as address:
        options = [*LOCAL, "--profile", "profiles/s3", "--storage-s3-endpoint-url", address]
        options += ["--default-storage-prefix", f"s3://{BUCKET}", *EXPERIMENT]
        _, stored = snakemake(near, "s3", options, {**os.environ, **KEYS})
        bucket = downloaded(address)
        _, asked = snakemake(far, "far", [*options, "--dry-run"], {**os.environ, **KEYS})
        _, refused = snakemake(local, "refused", [*options, "--dry-run"], {**os.environ, **KEYS})
    idle = "Nothing to be done" in (far / "far.log").read_text()
    refusal = "contains files of a run without s3 storage" in (local / "refused.log").read_text()
    for folder in (local, bucket):
        shutil.rmtree(folder / "data/raw")  # the release is no output, and stays where it was unpacked or written
    checks = [
        ("local: exit code 0", done == 0),
        ("s3: exit code 0", stored == 0),
        same_results(local, bucket),
        ("in a new folder nothing is left to do", asked == 0 and idle),
        ("a folder with data of its own is refused", refused == 1 and refusal),
    ]
    conclude(checks)


@contextmanager
def server() -> Iterator[str]:
    """An S3 server, and the address where it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    with (WORK / "server.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def wait(port: int) -> None:
    """Return when the server answers; it ends the test after a minute."""
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    sys.exit(f"No answer at port {port}: see {WORK / 'server.log'}")


def downloaded(address: str) -> Path:
    """Return a folder with all that the bucket holds."""
    folder = WORK / "bucket"
    shutil.rmtree(folder, ignore_errors=True)
    secrets = dict(zip(("aws_access_key_id", "aws_secret_access_key"), KEYS.values(), strict=True))
    for found in boto3.resource("s3", endpoint_url=address, **secrets).Bucket(BUCKET).objects.all():
        path = folder / found.key
        path.parent.mkdir(parents=True, exist_ok=True)
        found.Object().download_file(path)
    return folder


if __name__ == "__main__":
    main()
