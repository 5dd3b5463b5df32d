from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy import stats


@pytest.fixture(scope="session")
def interval_99() -> Callable[[Sequence[float]], tuple[float, float]]:
    """Student's 99 % interval of the mean of independent, nearly normal replications.

    The seeds of the tests are fixed: a right program fails one such check in a hundred when the seeds are
    chosen, and never afterwards.
    """

    def interval(replications: Sequence[float]) -> tuple[float, float]:
        low, high = stats.t.interval(
            0.99, len(replications) - 1, loc=np.mean(replications), scale=stats.sem(replications)
        )
        return float(low), float(high)

    return interval
