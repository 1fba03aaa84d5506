"""The concordance that trainings select by; not in ``metrics``, so that no change of a report repeats a training."""

import numpy as np
from numpy.typing import NDArray


def mean_ccc(target: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """Return the mean of the dimensions' CCC, -1…1, of values (utterances, dimensions).

    Lin (1989), "A concordance correlation coefficient to evaluate reproducibility", Biometrics 45: 2 cov / (var + var +
    (difference of means)²), moments over n. Where target and prediction are one and the same constant it counts as 0.
    """
    x, y = np.asarray(target, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    covariance = ((x - x.mean(0)) * (y - y.mean(0))).mean(0)
    spread = x.var(0) + y.var(0) + (x.mean(0) - y.mean(0)) ** 2
    return float(np.divide(2 * covariance, spread, out=np.zeros_like(spread), where=spread > 0).mean())
