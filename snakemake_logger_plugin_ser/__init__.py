"""Snakemake's terminal output: a progress bar on a terminal, one short line per job elsewhere.

Snakemake finds a logger by the prefix of its module's name; profiles/default selects this one. A failed job is followed
by the last lines of its own log, once, without its command. A dry run prints what Snakemake prints by itself, reasons
included. The file in .snakemake/log keeps everything, commands too.
"""

import re
import sys
from collections.abc import Mapping
from logging import WARNING, LogRecord
from pathlib import Path

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_logger_plugin_rich import LogHandler as RichHandler

TAIL = 12  # lines of a failed job's log
WIDTH = 300  # characters of such a line
ROUTINE = re.compile(
    r"Select jobs to execute|Assuming unrestricted|Using shell|Provided |Rules claiming|Execute \d+ jobs|Building DAG|"
    r"Using workflow specific profile|Conda environments: ignored|Finished jobid|Config file .* is extended|host:|None$"
)
LOCATION = re.compile(r'^  File ".*\n?|^WorkflowError in file .*, line \d+:\n', re.MULTILINE)
NO_NEWS = re.compile("non-zero exit status|At least one job did not complete")  # the job's own log says more


class LogHandler(LogHandlerBase):
    """The default output for a dry run, rich's for a terminal, plain lines for a file or a pipe."""

    writes_to_stream = True
    writes_to_file = False
    has_filter = False  # Snakemake then attaches its own, which follows --quiet
    has_formatter = False
    needs_rulegraph = False

    def __post_init__(self) -> None:
        terminal = sys.stderr.isatty() and not self.common_settings.dryrun
        self.rich = RichHandler(self.common_settings, None) if terminal else None
        self.jobs: dict[int, str] = {}
        self.done, self.total = 0, 0

    def emit(self, record: LogRecord) -> None:
        """Write one record, or nothing where it is routine."""
        event = getattr(record, "event", None)
        if self.common_settings.dryrun and event is not LogEvent.ERROR:
            text = self.format(record)
            if text and text != "None":
                print(text, flush=True)
        elif self.rich is not None and event not in (LogEvent.JOB_ERROR, LogEvent.ERROR):
            self.rich.emit(record)
        elif text := self.line(record, event):
            if self.rich is None:
                print(text, file=sys.stderr, flush=True)
            else:
                self.rich.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def line(self, record: LogRecord, event: LogEvent | None) -> str:
        """Return the text of a record; empty where there is nothing to say."""
        given, message = vars(record), record.getMessage()
        if event is LogEvent.RUN_INFO:
            counts = {rule: count for rule, count in given["stats"].items() if rule != "total"}
            self.total = sum(counts.values())
            return f"{self.total} jobs: " + ", ".join(f"{rule} {count}" for rule, count in counts.items())
        if event is LogEvent.JOB_INFO:
            self.jobs[given["jobid"]] = described(given["rule_name"], given.get("wildcards") or {})
        if event is LogEvent.JOB_FINISHED:
            self.done += 1
            return f"{self.done}/{self.total} {self.jobs.get(given['job_id'], '')}"
        if event is LogEvent.JOB_ERROR:
            ends = [end_of(Path(log)) for log in given["log"]]
            return "\n".join([f"Error in rule {self.jobs.get(given['jobid'], given['rule_name'])}:", *ends])
        if event is LogEvent.ERROR:
            return "" if NO_NEWS.search(message) else LOCATION.sub("", message).strip()
        routine = event is not None or (record.levelno < WARNING and ROUTINE.match(message))
        return "" if routine else message

    def close(self) -> None:
        """Take the progress bar off the terminal."""
        if self.rich is not None:
            self.rich.close()
        super().close()


def described(rule: str, wildcards: Mapping[str, str]) -> str:
    """Return a job in words, such as ``extract demo mfcc shard 3``."""
    return " ".join(
        [rule, *(f"{name} {value}" if str(value).isdigit() else value for name, value in wildcards.items())]
    )


def end_of(log: Path) -> str:
    """Return the last lines of a log under its name."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return f"  {log}: no log"
    return "\n".join([f"  {log}:", *(f"    {line[:WIDTH]}" for line in lines[-TAIL:])])
