"""Coverage-guided fuzzing: ``python tests/fuzz/guided.py [--seconds S] [target …]``, all targets without a name.

Each target runs in a process of its own under libFuzzer, which stops it at a crash of native code, an input that takes
longer than ``SLOW`` seconds, or more than ``MEMORY`` MiB. A Python exception other than SerError is kept with its input
under ``.fuzz/<target>/findings`` and the search goes on; inputs that reached new code stay in ``.fuzz/<target>/corpus``
for the next time. Ends with code 1 if anything was found.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

HERE = Path(__file__).parent
KEPT = Path(".fuzz")
SLOW = 20  # seconds for one input
MEMORY = 3000  # MiB of the whole process; torch alone takes 500


def main() -> int:
    """Run the targets one after the other and print a line on each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help="names in fuzz_targets.TARGETS; none: all")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)  # the process of one target
    given = parser.parse_args()
    if given.one:
        return _search(given.targets[0], given.seconds)
    from fuzz_targets import TARGETS

    found = 0
    print(f"{'target':15} {'inputs':>9} {'seconds':>8} {'findings':>8}")
    for name in given.targets or TARGETS:
        found += _run(name, given.seconds)
    return int(found > 0)


def _run(name: str, seconds: int) -> int:
    """Search one target; return the number of findings."""
    folder = KEPT / name
    findings = folder / "findings"
    shutil.rmtree(findings, ignore_errors=True)
    for inner in ("corpus", "findings"):
        (folder / inner).mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with (folder / "log").open("w") as log:
        command = [sys.executable, __file__, "--one", "--seconds", str(seconds), name]
        code = subprocess.run(command, stdout=log, stderr=log, check=False).returncode
    tally = json.loads((folder / "tally.json").read_text()) if (folder / "tally.json").exists() else {"inputs": 0}
    kept = sorted(path for path in findings.iterdir() if path.suffix != ".txt")
    print(f"{name:15} {tally['inputs']:9} {time.monotonic() - began:8.0f} {len(kept):8}", flush=True)
    for path in kept:
        print(f"  {path}")
    if code and not kept:
        print(f"  ended with code {code}, see {folder / 'log'}")
    return len(kept) + int(code != 0 and not kept)


def _search(name: str, seconds: int) -> int:
    """Run libFuzzer on one target; never returns, since libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["ser", "yaml", "tarfile", "zipfile", "csv"]):
        from fuzz_targets import TARGETS

        from ser.errors import SerError

    target, folder = TARGETS[name], KEPT / name
    seeds = target.seeds()
    for seed in seeds:
        (folder / "corpus" / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    words = folder / "dictionary"
    words.write_text("".join('"' + "".join(f"\\x{byte:02x}" for byte in token) + '"\n' for token in target.tokens))
    scratch = Path(tempfile.mkdtemp(dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    inputs = 0

    def one(data: bytes) -> None:
        nonlocal inputs
        inputs += 1
        if inputs % 100 == 0:
            (folder / "tally.json").write_text(json.dumps({"inputs": inputs}))
        try:
            target.parse(data, scratch)
        except SerError:
            pass
        except Exception as error:
            _keep(folder / "findings", data, error)
        finally:
            for path in scratch.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    one(seeds[0])  # what it imports is no part of the time of the first input that libFuzzer counts
    arguments = [f"-max_total_time={seconds}", f"-timeout={SLOW}", f"-rss_limit_mb={MEMORY}", "-max_len=65536"]
    arguments += [f"-dict={words}"] if target.tokens else []  # libFuzzer takes no empty one
    arguments += [f"-artifact_prefix={folder}/findings/", str(folder / "corpus")]
    atheris.Setup([sys.argv[0], *arguments], one)
    try:
        atheris.Fuzz()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


def _keep(findings: Path, data: bytes, error: Exception) -> None:
    """Keep the shortest input for each kind of exception and the function of the project that raises it."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/ser/" in frame.filename]
    source = f"{Path(frames[-1].filename).stem}-{frames[-1].name}" if frames else "target"
    path = findings / f"{type(error).__name__}-{source}"
    if not path.exists() or len(data) < path.stat().st_size:
        path.write_bytes(data)
        path.with_suffix(".txt").write_text("".join(traceback.format_exception(error)))


if __name__ == "__main__":
    sys.exit(main())
