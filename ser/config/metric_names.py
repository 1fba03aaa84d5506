"""The names of metrics that an experiment can choose, of classes and of dimensions, read without importing them."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from ser import catalog

OF_CLASSES = catalog.choices("ser.metrics", "METRICS")
OF_DIMENSIONS = catalog.choices("ser.dimension_metrics", "MEASURES")
MetricName = Literal[(*OF_CLASSES, *OF_DIMENSIONS)]  # type: ignore[valid-type]
Metrics = Annotated[tuple[MetricName, ...], AfterValidator(lambda names: tuple(dict.fromkeys(names)))]
METRICS = (
    "entries of METRICS in ser/metrics.py; where the target is dimensions, of MEASURES in ser/dimension_metrics.py, by "
    "default all"
)
