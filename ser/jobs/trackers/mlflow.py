"""MLflow through its own client: one MLflow run per fold, with the recipe as parameters and the epochs as metrics.

An address is http(s)://…, or file:///… for a folder. A login comes from MLFLOW_TRACKING_USERNAME and …_PASSWORD, or
…_TOKEN. A server that does not answer costs a training some seconds once, then the tracker is off.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from filelock import FileLock

from ser.jobs.trackers.interface import Row, TrackedRun

EVERY = 2.0  # seconds between two requests, so that short epochs share one
MOST = 1000  # metrics in one request: the limit of MLflow
PARAMETERS, LONGEST = 100, 500  # in one request; characters of one, which older servers take
ENVIRONMENT = {  # what the user has not set
    "MLFLOW_DISABLE_TELEMETRY": "true",  # the only network that is asked for is the address
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",  # by default a server that is gone holds a training for minutes
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ALLOW_FILE_STORE": "true",
}


class MLflow:
    """One run of the MLflow experiment that has the name of ours."""

    name = "MLflow"

    def __init__(self, run: TrackedRun, address: str, experiment: str):
        self.run, self.address, self.experiment = run, address, experiment
        self.client: Any = None
        self.id = ""  # of MLflow's run
        self.waiting: list[Any] = []  # metrics that are not sent yet
        self.sent = self.last = 0.0  # monotonic seconds of the last request; last epoch that the server has

    def start(self, rows: Sequence[Row]) -> None:
        """Create the run, or continue that of an earlier attempt, of which no epoch is sent twice."""
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        from mlflow import MlflowClient

        self.client = MlflowClient(tracking_uri=self.address)
        experiment = self._experiment()
        unfinished = self.client.search_runs(
            [experiment],
            filter_string=f"tags.training = '{self.run.key}' and attributes.status != 'FINISHED'",
            order_by=["attributes.start_time DESC"],
        )
        continued = unfinished.pop(0) if rows and unfinished else None
        for one in unfinished:
            if one.info.status == "RUNNING":  # it was killed
                self.client.set_terminated(one.info.run_id, "KILLED")
        if continued is None:
            self._create(experiment)
        else:
            self.id = continued.info.run_id
            self.client.update_run(self.id, status="RUNNING")
            steps = [metric.step for metric in self.client.get_metric_history(self.id, "seconds")]
            self.last = max(steps, default=0)
        for row in rows:
            self._add(row)
        self._send()

    def epoch(self, row: Row) -> None:
        """Add the metrics of one epoch."""
        self._add(row)
        if time.monotonic() - self.sent >= EVERY:
            self._send()

    def end(self, finished: bool) -> None:
        """Send what is left and set the status."""
        if self.id:
            self._send()
            self.client.set_terminated(self.id, "FINISHED" if finished else "FAILED")

    def _experiment(self) -> str:
        """Return the id of the experiment; parallel trainings may want to create it at the same moment."""
        from mlflow.exceptions import MlflowException

        parts = urlsplit(self.address)
        folder = Path(unquote(parts.path))
        if parts.scheme == "file":
            folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock") if parts.scheme == "file" else nullcontext():
            found = self.client.get_experiment_by_name(self.experiment)
            if found is not None:
                return str(found.experiment_id)
            try:
                return str(self.client.create_experiment(self.experiment))
            except MlflowException:  # another training was first
                found = self.client.get_experiment_by_name(self.experiment)
                if found is None:
                    raise
                return str(found.experiment_id)

    def _create(self, experiment: str) -> None:
        from mlflow.entities import Param

        one = self.run
        tags = {"experiment": self.experiment, "training": one.key, "selection": one.selection, **one.run}
        if one.commit:
            tags["commit"] = one.commit
        name = f"{one.run['system']}, {one.run['corpus']}, {one.run['protocol']}, seed {one.run['seed']}, fold"
        created = self.client.create_run(
            experiment, tags={key: str(value) for key, value in tags.items()}, run_name=f"{name} {one.run['fold']}"
        )
        self.id = created.info.run_id
        parameters = [Param(key, value[:LONGEST]) for key, value in flat(one.recipe)]
        for first in range(0, len(parameters), PARAMETERS):
            self.client.log_batch(self.id, params=parameters[first : first + PARAMETERS])

    def _add(self, row: Row) -> None:
        from mlflow.entities import Metric

        epoch, now = int(row["epoch"] or 0), int(1000 * time.time())
        if epoch > self.last:
            given = {name: value for name, value in row.items() if name != "epoch" and value is not None}
            self.waiting += [Metric(name, float(value), now, epoch) for name, value in given.items()]

    def _send(self) -> None:
        while self.waiting:
            self.client.log_batch(self.id, metrics=self.waiting[:MOST])
            del self.waiting[:MOST]
        self.sent = time.monotonic()


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the values of nested mappings as text, each with its path, such as ``training.learning_rate``."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        elif value is not None:
            yield f"{prefix}{name}", str(value)
