"""Why Snakemake would rebuild a file, in one sentence that names the definition or the option that changed."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ser.config.variants import texts
from ser.errors import SerError, offenders
from ser.provenance.code_hash import CODE

JOB = re.compile(r"^(?:local)?(?:rule|checkpoint) (?P<rule>\w+):\n(?P<body>(?:    .*\n)+)", re.MULTILINE)
PARAMS = re.compile(r"before: (?P<before>.*?) now: (?P<now>.*)$")
HASH = re.compile(r"'([0-9a-f]{16})'")
FOLLOWS = "Input files updated by another job"


@dataclass(frozen=True)
class Rebuild:
    """A job that Snakemake would run. outputs: its files; reason: Snakemake's own text."""

    rule: str
    outputs: tuple[str, ...]
    reason: str

    @property
    def follows(self) -> bool:
        """Whether it runs only because another job runs."""
        return self.reason.startswith(FOLLOWS) and "; " not in self.reason


def why(file: str, arguments: Sequence[str] = ()) -> str:
    """Return why ``file`` would be rebuilt, as sentences: one per job that is a cause.

    arguments: of Snakemake, such as ``--configfile mine.yaml``. SerError where Snakemake cannot plan the file.
    """
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--workflow-profile", "none", "--cores", "1", *arguments]
    done = subprocess.run([*command, "--", file], capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    if done.returncode:
        raise SerError(
            f"Snakemake cannot plan {file}: {text.strip().splitlines()[-1] if text.strip() else 'no output'}"
        )
    planned = list(rebuilds(text))
    if not planned:
        return f"{file} is up to date."
    causes = [one for one in planned if not one.follows] or planned
    return "\n".join(_sentence(file, one) for one in causes)


def rebuilds(text: str) -> Iterator[Rebuild]:
    """Yield the jobs in the output of a dry run."""
    for match in JOB.finditer(text):
        fields = dict(re.findall(r"^    (\w+): (.*)$", match["body"], re.MULTILINE))
        yield Rebuild(match["rule"], tuple(fields.get("output", "").split(", ")), fields.get("reason", "").strip())


def _sentence(file: str, cause: Rebuild) -> str:
    what = f"{file} would be rebuilt because "
    if file not in cause.outputs:
        what += f"{cause.outputs[0]} would be rebuilt: "
    return what + _reason(cause) + "."


def _reason(cause: Rebuild) -> str:
    params = PARAMS.search(cause.reason)
    if params is None:
        return cause.reason[:1].lower() + cause.reason[1:].rstrip(".")
    codes = [*HASH.findall(params["before"])[:1], *HASH.findall(params["now"])[:1]]
    if len(codes) < 2:
        return f"a parameter of rule {cause.rule} changed: {_options(params['before'], params['now'])}"
    files = [CODE / f"{code}.json" for code in codes]
    if not all(file.is_file() for file in files):
        listed = f"({' → '.join(codes)}; the definitions of the older code are not recorded)"
        return f"the code of rule {cause.rule} changed {listed}"
    before, now = (json.loads(file.read_text(encoding="utf-8")) for file in files)
    return f"the code of rule {cause.rule} changed: {offenders(changes(before, now))}"


def changes(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """Return the definitions that were changed, added or removed, as text; a moved one is no change."""
    changed = [name for name in before.keys() & now.keys() if before[name] != now[name]]
    gone, new = before.keys() - now.keys(), now.keys() - before.keys()
    moved = {before[name] for name in gone} & {now[name] for name in new}
    added = (f"{name} (new)" for name in sorted(new) if now[name] not in moved)
    removed = (f"{name} (removed)" for name in sorted(gone) if before[name] not in moved)
    return [*sorted(changed), *added, *removed]


def _options(before: str, now: str) -> str:
    """Return what differs between two parameters: option by option where they are JSON."""
    try:
        old, new = (dict(json.loads(text.strip().strip("'"))) for text in (before, now))
    except (ValueError, TypeError):
        return f"{before} → {now}"
    return offenders(f"{option} {change}" for option, change in texts(old, new).items())
