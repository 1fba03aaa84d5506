"""``ser serve`` as a process, for tests."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx


@contextmanager
def serving(run: Path, folder: Path, *options: str) -> Iterator[tuple[httpx.Client, "subprocess.Popen[str]"]]:
    """Yield a client of a new server whose temporary files are in ``folder``, and its process."""
    command = [sys.executable, "-c", "from ser.cli import app; app()", "serve", str(run), "--port", "0", *options]
    environment = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            address = next(word for word in line.split() if word.startswith("http"))
            with httpx.Client(base_url=address, timeout=300, trust_env=False) as client:
                yield client, process
        finally:
            process.kill()
