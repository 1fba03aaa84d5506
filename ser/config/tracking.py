"""The trackers that a configuration switches on: checked before the plan, and passed to the trainings."""

import json
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from ser import layout
from ser.config.schema import Tracking
from ser.errors import SerError

SCHEMES = ("http", "https", "file")
PACKAGES = {"tensorboard": "tensorboard", "mlflow": "mlflow-skinny"}  # by key and module


def checked(tracking: Tracking) -> Tracking:
    """Return ``tracking``; SerError for an address that MLflow cannot use here, and for a package that is missing."""
    if tracking.mlflow is not None:
        try:
            parts = urlsplit(tracking.mlflow)
        except ValueError as error:
            raise SerError(f"tracking.mlflow: the address is not valid ({error}).") from None
        if "@" in parts.netloc:
            raise SerError(
                "tracking.mlflow: the address holds a login, which would appear in logs; remove it and set the "
                "environment variables MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD."
            )
        if parts.scheme not in SCHEMES or not (parts.path if parts.scheme == "file" else parts.netloc):
            raise SerError(
                f"tracking.mlflow: '{tracking.mlflow}' is no address of MLflow; known: http://<host>:<port>, "
                "https://<host>, file:///<folder>."
            )
    for key, package in PACKAGES.items():
        if getattr(tracking, key) and find_spec(key) is None:
            raise SerError(f"tracking.{key} needs the package {package}: pip install 'ser[tracking]'.")
    return tracking


def variable(tracking: Tracking, experiment: str) -> str:
    """Return the value of ``ser.jobs.tracking.VARIABLE`` for the jobs of an experiment; empty where all is off."""
    if not (tracking.tensorboard or tracking.mlflow):
        return ""
    folder = layout.TENSORBOARD if tracking.tensorboard is True else tracking.tensorboard or ""
    chosen = {"tensorboard": str(Path(folder).expanduser()) if folder else None, "mlflow": tracking.mlflow}
    return json.dumps({"experiment": experiment, **chosen})
